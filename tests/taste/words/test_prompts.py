"""Prompts: the built-in sets, tastes by name, and every way in which a file of prompts can be wrong."""

import json
import re

import pytest

from reprise.errors import BadInput
from reprise.taste.words.prompts import LONGEST, MOST, TASTES, Prompt, load_prompts, tastes_in
from reprise.taste.words.understanding import understand

GOOD = {"id": 1, "instrument": "piano", "description": "sweet music"}


@pytest.fixture
def refused(tmp_path):
    """What is said of a file with this content, which must be refused; its name stands in front."""
    path = tmp_path / "own.json"

    def refuse(content) -> str:
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        with pytest.raises(BadInput) as caught:
            load_prompts(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ") and "\n" not in message
        return message.removeprefix(f"{path}: ")

    return refuse


def load(tmp_path, content) -> tuple[Prompt, ...]:
    path = tmp_path / "own.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return load_prompts(path)


# --- built-in sets


def test_the_base_prompts_are_those_of_the_earlier_study():
    assert [(prompt.id, prompt.text) for prompt in load_prompts("base")] == [
        (taste, f"{taste} music, ambient for fine restaurant") for taste in ("sweet", "sour", "salty", "bitter")
    ]


def test_a_hundred_descriptive_prompts_name_a_taste_each_25_of_them_the_same():
    prompts = load_prompts("descriptive")
    tastes = [prompt.tastes for prompt in prompts]
    assert {taste: tastes.count((taste,)) for taste in TASTES} == dict.fromkeys(TASTES, 25)
    assert len({prompt.id for prompt in prompts}) == len({prompt.description for prompt in prompts}) == 100
    assert all(prompt.id.startswith(prompt.tastes[0]) for prompt in prompts)


def test_every_instrument_of_the_descriptive_prompts_is_one_that_can_play():
    for prompt in load_prompts("descriptive"):
        named = [word.strip() for word in prompt.instrument.split(",")]
        assert len(understand(prompt.instrument).instruments) == len(named), prompt


# --- tastes


@pytest.mark.parametrize(
    ("text", "tastes"),
    [
        ("Sweet music", ("sweet",)),
        ("honeyed, sugary", ("sweet",)),
        ("SOUR", ("sour",)),
        ("an acidic bite", ("sour",)),
        ("salted almonds", ("salty",)),
        ("bitterness", ("bitter",)),
        ("bitter, salty, sour and sweet", ("bitter", "salty", "sour", "sweet")),
        ("not sweet but sour", ("sour",)),
        ("acid jazz", ()),
        ("ambient for a fine restaurant", ()),
        ("unsweetened, a basalt cliff, an embittered man, four placid assaults", ()),
        ("", ()),
    ],
)
def test_tastes_are_told_by_whole_words(text, tastes):
    assert tastes_in(text) == tastes


def test_a_dance_is_no_taste():
    assert tastes_in("a lively saltarello") == ()


# --- files


def test_a_prompt_has_its_fields_and_one_text(tmp_path):
    first, second = load(tmp_path, [GOOD, {"id": "b-2.x_y", "description": "  low\n and  slow "}])
    assert first == Prompt("1", "piano", "sweet music") and first.text == "sweet music, piano"
    assert second == Prompt("b-2.x_y", "", "low and slow") and second.text == "low and slow"


def test_a_byte_order_mark_and_other_scripts_are_read(tmp_path):
    rows = [{"id": "ключ", "description": "süße Musik, сладкая, 甘い"}]
    found = load(tmp_path, b"\xef\xbb\xbf" + json.dumps(rows, ensure_ascii=False).encode())
    assert found == (Prompt("ключ", "", "süße Musik, сладкая, 甘い"),)


def test_the_longest_description_is_read_with_its_instruments(tmp_path):
    (prompt,) = load(tmp_path, [{"id": 1, "instrument": "piano", "description": "a" * LONGEST}])
    assert len(prompt.description) == LONGEST
    understand(prompt.text)


def test_whatever_is_read_can_be_understood(tmp_path):
    """Else a run stops in the middle, with an error that names no row."""
    rows = [{"id": 1, "instrument": "b" * length, "description": "a" * LONGEST} for length in (20, LONGEST)]
    (prompt,) = load(tmp_path, rows[:1])
    understand(prompt.text)
    try:
        (prompt,) = load(tmp_path, rows[1:])
    except BadInput as error:
        assert "row 1: " in str(error)
    else:
        understand(prompt.text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b'[{"id": 1,',
        b"[" * 100_000,
        '[{"id": 1, "description": "süß"}]'.encode("latin-1"),
        '[{"id": 1, "description": "sweet"}]'.encode("utf-16"),
        b"\x00\xff\xfe",
        b'[{"id": ' + b"9" * 5000 + b', "description": "sweet"}]',
    ],
    ids=["empty", "text", "cut off", "nested", "latin-1", "utf-16", "binary", "huge number"],
)
def test_what_isnt_json_in_utf_8_is_refused(refused, content):
    assert refused(content).startswith("not readable as JSON (")


@pytest.mark.parametrize("content", [{}, GOOD, "sweet", 3, None, [], [GOOD] * (MOST + 1)], ids=lambda _: "")
def test_what_isnt_a_list_of_prompts_is_refused(refused, content):
    assert refused(content).startswith("must be a list of 1 to 10,000 prompts, each an object with id, instrument")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "has NoneType"),
        ("sweet music", "has str"),
        ([GOOD], "has list"),
        ({}, "has nothing"),
        ({"id": 1}, "has id"),
        ({"description": "sweet"}, "has description"),
        (GOOD | {"Instrument": "piano"}, "has id, instrument, description, Instrument"),
        (GOOD | {"tempo": {"bpm": [1, {"deep": []}]}}, "has id, instrument, description, tempo"),
    ],
)
def test_odd_and_missing_fields_are_refused_by_row(refused, row, said):
    right = "it must be an object with id, instrument, description"
    assert refused([GOOD, row]) == f"row 2: {said}; {right}"


@pytest.mark.parametrize("number", [None, True, 1.5, [], {}, "", "a b", "a/b", "../up", "a\n", "x" * 101, -(10**200)])
def test_an_id_is_a_whole_number_or_a_plain_name(refused, number):
    assert refused([GOOD, GOOD | {"id": number}]).startswith("row 2: id is ")


@pytest.mark.parametrize("field", ["instrument", "description"])
@pytest.mark.parametrize("value", [None, 3, True, ["piano"], {"a": {"b": []}}, "x" * (LONGEST + 1), "x" * 10_000])
def test_a_text_is_a_text_and_not_too_long(refused, field, value):
    assert refused([GOOD, GOOD | {"id": 2, field: value}]).startswith(f"row 2: {field} isn't a text of at most ")


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_description_is_refused(refused, text):
    assert refused([GOOD, GOOD | {"id": 2, "description": text}]).startswith("row 2: description is empty")


def test_what_no_file_can_hold_is_refused(refused):
    """Half of a surrogate pair is JSON, but no text: the manifest couldn't be written."""
    assert refused(b'[{"id": 1, "description": "sweet \\ud800"}]').startswith("row 1: description ")


@pytest.mark.parametrize("ids", [(1, 1), ("a", "a"), (7, "7")])
def test_two_prompts_with_one_id_are_refused(refused, ids):
    rows = [GOOD | {"id": "first"}, *(GOOD | {"id": number} for number in ids)]
    assert re.match(rf"row 3 has the id '{ids[0]}' of row 2; each needs its own$", refused(rows))


def test_no_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"none\.json: no such file; .* or one of base, descriptive"):
        load_prompts(tmp_path / "none.json")
    with pytest.raises(BadInput, match="not readable as JSON"):
        load_prompts(tmp_path)
    with pytest.raises(BadInput):
        load_prompts("a\0b")
