"""params.yaml: what is wrong is refused by its dotted key, what is right arrives as the type that the code asks for."""

import json
from dataclasses import fields, replace
from typing import Annotated, Literal

import jsonschema
import numpy as np
import pytest
from pydantic import Field

from reprise.checked import LARGEST_SEED, OneOf, Within, build, checked, require, require_seed
from reprise.clips.params import ClipParams
from reprise.errors import BadInput, ParamsError
from reprise.params import load_section, plain_number, read_yaml
from reprise.recognition.training.augment import AugmentParams
from reprise.recognition.training.train import TrainParams
from reprise.sections import sections
from scripts import params_schema

SECTIONS = sections()


@checked
class Inner:
    rate: float
    wide: bool


@checked
class Outer:
    count: int
    share: float
    name: str
    bounds: tuple[float, float]
    sizes: tuple[int, ...]
    inner: Inner

    def __post_init__(self) -> None:
        require(self.count > 0, "count", self.count, "above 0")


GOOD = """
outer:
  count: 3
  share: 1
  name: piano
  bounds: [0, 1.5]
  sizes: [1, 2, 3]
  inner:
    rate: 1e-3
    wide: true
"""


@pytest.fixture
def load(tmp_path):
    """Section `outer` of GOOD with one text replaced by another."""

    def load(old: str = "", new: str = "") -> Outer:
        assert old in GOOD
        path = tmp_path / "params.yaml"
        path.write_text(GOOD.replace(old, new, 1) if old else GOOD)
        return load_section(Outer, "outer", path)

    return load


def test_values_arrive_with_their_types(load):
    assert load() == Outer(3, 1.0, "piano", (0.0, 1.5), (1, 2, 3), Inner(0.001, True))
    assert type(load().share) is float, "a whole number passes for a float, and becomes one"


def test_scientific_notation_is_a_number(load):
    """PyYAML reads 1e-3 as text; DVC's parser, and so ours, as a number."""
    assert load().inner.rate == 0.001
    assert load("1e-3", "2E5").inner.rate == 200000.0


@pytest.mark.parametrize(
    ("old", "new", "key", "right"),
    [
        ("  count: 3", "  count: 3\n  counts: 4", "outer.counts", "unknown key"),
        ("    rate", "    ratio: 1\n    rate", "outer.inner.ratio", "unknown key"),
        ("  count: 3\n", "", "outer.count", "missing; it must be a whole number"),
        ("    wide: true", "", "outer.inner.wide", "missing; it must be true or false"),
        ("count: 3", "count: 3.0", "outer.count", "a whole number"),
        ("count: 3", "count: true", "outer.count", "a whole number"),
        ("count: 3", "count: '3'", "outer.count", "a whole number"),
        ("count: 3", "count:", "outer.count", "a whole number"),
        ("count: 3", "count: 0", "outer.count", "above 0"),
        ("share: 1", "share: true", "outer.share", "a number"),
        ("share: 1", "share: one", "outer.share", "a number"),
        ("name: piano", "name: 7", "outer.name", "text"),
        ("name: piano", "name: no", "outer.name", None),
        ("wide: true", "wide: 1", "outer.inner.wide", "true or false"),
        ("[0, 1.5]", "[0]", "outer.bounds[1]", "missing; it must be a number"),
        ("[0, 1.5]", "[0, 1, 2]", "outer.bounds", "a list of 2"),
        ("[0, 1.5]", "1.5", "outer.bounds", "a list of 2"),
        ("[0, 1.5]", "[0, high]", "outer.bounds[1]", "a number"),
        ("[1, 2, 3]", "[1, 2.5]", "outer.sizes[1]", "a whole number"),
        ("[1, 2, 3]", "{a: 1}", "outer.sizes", "a list"),
        ("inner:\n    rate: 1e-3\n    wide: true", "inner: 4", "outer.inner", "a mapping"),
    ],
)
def test_what_is_wrong_is_named_by_its_dotted_key(load, old, new, key, right):
    if right is None:  # YAML 1.2: `no` is text, not false
        assert load(old, new).name == "no"
        return
    with pytest.raises(ParamsError) as error:
        load(old, new)
    assert str(error.value).startswith(f"{key}: ") and right in str(error.value)


def test_a_range_error_shows_the_value(load):
    with pytest.raises(ParamsError, match=r"^outer\.count: is -2; it must be above 0$"):
        load("count: 3", "count: -2")


@pytest.mark.parametrize(
    "text",
    [
        "outer: [",
        "- 1\n- 2",
        "",
        "just words",
        "outer: 1\nouter: 2",
        "outer: !!python/object/apply:os.system [true]",
        "outer:\n\tcount: 3",
        "outer: *nothing",
        "outer: 2026-13-45",
        "outer: !!int three",
        "outer: " + "[" * 500,
    ],
)
def test_what_is_no_mapping_in_yaml_names_the_file(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError, match=r"params\.yaml"):
        read_yaml(path)


def test_bytes_that_are_no_text_name_the_file(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"outer: \xff\xfe\x00")
    with pytest.raises(ParamsError, match=r"params\.yaml: not valid YAML"):
        read_yaml(path)


def test_a_missing_file_and_a_missing_section_are_named(tmp_path):
    with pytest.raises(ParamsError, match=r"absent\.yaml: cannot be read"):
        read_yaml(tmp_path / "absent.yaml")
    (tmp_path / "params.yaml").write_text("inner: {}\n")
    with pytest.raises(ParamsError, match="section 'outer' is missing"):
        load_section(Outer, "outer", tmp_path / "params.yaml")


def test_a_dot_leads_into_a_section_of_a_section(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(GOOD)
    assert load_section(Inner, "outer.inner", path) == Inner(0.001, True)
    for name in ("outer.other", "outer.inner.rate.deep", "inner", "outer.count.deep"):
        with pytest.raises(ParamsError, match=f"section '{name}' is missing"):
            load_section(Inner, name, path)
    path.write_text(GOOD.replace("wide: true", "wide: 1"))
    with pytest.raises(ParamsError, match=r"^outer\.inner\.wide: is 1"):
        load_section(Inner, "outer.inner", path)
    with pytest.raises(ParamsError, match=r"^outer\.count: is 3; it must be a mapping"):
        load_section(Inner, "outer.count", path)


@checked
class Small:
    kind: Literal["small"]
    size: Annotated[int, Field(ge=1)]


@checked
class Large:
    kind: Literal["large"]
    size: Annotated[int, Field(ge=100, lt=1000)]
    colour: Annotated[str, OneOf(("red", "blue"))]


@checked
class Shelf:
    boxes: Annotated[tuple[Annotated[Small | Large, Field(discriminator="kind")], ...], Field(min_length=1)]
    width: Annotated[tuple[float, float], Within(0, 10)] = (0.0, 1.0)
    even: Annotated[int, Field(ge=2, multiple_of=2)] = 2
    metre: Annotated[str, Field(pattern="^[0-9]/[0-9]$")] = "4/4"
    share: Annotated[float, Field(gt=0, le=1)] = 1.0


@pytest.mark.parametrize(
    ("shelf", "message"),
    [
        ({"boxes": []}, "shelf.boxes: is []; it must be a list of 1 or more, each item a mapping"),
        ({"boxes": [{"kind": "tiny"}]}, "shelf.boxes[0].kind: is 'tiny'; it must be one of small, large"),
        ({"boxes": [{"size": 3}]}, "shelf.boxes[0].kind: missing; it must be one of large, small"),
        (
            {"boxes": [{"kind": "small", "size": 0}]},
            "shelf.boxes[0].size: is 0; it must be a whole number of 1 or more",
        ),
        (
            {"boxes": [{"kind": "large", "size": 1000, "colour": "red"}]},
            "shelf.boxes[0].size: is 1000; it must be a whole number from 100 to below 1000",
        ),
        (
            {"boxes": [{"kind": "large", "size": 100, "colour": "green"}]},
            "shelf.boxes[0].colour: is 'green'; it must be one of red, blue",
        ),
        (
            {"boxes": [{"kind": "small", "size": 1, "colour": "red"}]},
            "shelf.boxes[0].colour: unknown key; the known ones are kind, size",
        ),
        (
            {"boxes": [{"kind": "small", "size": 1}], "width": [2, 1]},
            "shelf.width: is [2, 1]; it must be [from, to] with 0 <= from <= to <= 10",
        ),
        (
            {"boxes": [{"kind": "small", "size": 1}], "share": 0},
            "shelf.share: is 0; it must be a number above 0, at most 1",
        ),
        (
            {"boxes": [{"kind": "small", "size": 1}], "even": 5},
            "shelf.even: is 5; it must be a whole number of 2 or more, a multiple of 2",
        ),
        (
            {"boxes": [{"kind": "small", "size": 1}], "metre": "four"},
            "shelf.metre: is 'four'; it must be text of the form ^[0-9]/[0-9]$",
        ),
        ([], "shelf: is []; it must be a mapping"),
    ],
)
def test_what_is_said_of_a_value_is_its_place_and_what_would_be_right(shelf, message):
    with pytest.raises(ParamsError) as error:
        build(Shelf, shelf, "shelf")
    assert str(error.value) == message


def test_a_yaml_alias_that_holds_itself_is_refused(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("outer: &a\n  sizes: [*a]\n")
    with pytest.raises(ParamsError, match="outer"):
        load_section(Outer, "outer", path)


# --- the schema


def test_the_schema_for_editors_is_that_of_the_code(pytestconfig):
    text = (pytestconfig.rootpath / "params.yaml").read_text()
    assert params_schema.SCHEMA.read_text() == params_schema.render(text), "python scripts/params_schema.py"
    assert text.startswith(f"# yaml-language-server: $schema={params_schema.SCHEMA.name}\n")


def test_an_independent_validator_takes_params_yaml_and_refuses_what_we_do(pytestconfig):
    schema = json.loads(params_schema.SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    content = read_yaml(pytestconfig.rootpath / "params.yaml")
    assert not list(validator.iter_errors(content))
    for section, key, value in (
        ("clips", "count", 0),
        ("rendering", "reverb_room", [0.1, 8]),
        ("fonts", "clean", "nobody's"),
        ("sampling", "top_p", 0),
        ("corpus", "metres", ["four"]),
        ("spectrogram", "n_fft", 65),
    ):
        wrong = content | {section: content[section] | {key: value}}
        assert [list(error.absolute_path)[:2] for error in validator.iter_errors(wrong)] == [[section, key]]


def test_a_key_is_described_by_its_comment():
    schema = json.loads(params_schema.SCHEMA.read_text())
    assert schema["$defs"]["SpectrogramParams"]["properties"]["n_mels"]["description"] == "mel bands"
    assert schema["properties"]["compute"]["description"].startswith("where the work runs")


def test_errors_of_input_end_the_command_line_with_2():
    assert issubclass(ParamsError, BadInput) and ParamsError.exit_code == 2


@pytest.mark.parametrize("section", SECTIONS)
def test_the_repository_s_own_params_load(pytestconfig, section):
    assert isinstance(
        load_section(SECTIONS[section], section, pytestconfig.rootpath / "params.yaml"), SECTIONS[section]
    )


def test_every_section_of_the_repository_s_params_is_known(pytestconfig):
    content = read_yaml(pytestconfig.rootpath / "params.yaml")
    models = {f"models.{name}" for name in content["models"]}
    assert content.keys() | models == SECTIONS.keys()


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("clips", "seed", -1),
        ("clips", "count", 0),
        ("clips", "validation_share", 0.0),
        ("clips", "test_share", 0.5),
        ("clips", "test_share", float("nan")),
        ("clips", "same_register", (72, 60)),
        ("clips", "same_register", (60, 128)),
        ("clips", "same_register", (60, 62)),  # too narrow to hold a note of every chord
        ("clips", "duration_s", 0.5),
        ("clips", "tail_s", 3.0),
        ("clips", "tempo_bpm", (10.0, 60.0)),
        ("clips", "level_range_db", float("inf")),
        ("clips", "shard_size", 0),
        ("rendering", "sample_rate", 100),
        ("rendering", "plain_probability", -0.1),
        ("rendering", "reverb_probability", 1.1),
        ("rendering", "filter_cents", (0.0, float("nan"))),
        ("rendering", "tuning_cents", (30.0, -30.0)),
        ("rendering", "mix_level_db", (-20.0, 1.0)),
        ("rendering", "audible_db", 0.0),
        ("ceiling", "clips", -1),
        ("samples", "clips", 101),
        ("spectrogram", "n_fft", 1023),
        ("spectrogram", "hop_length", 0),
        ("spectrogram", "n_mels", 4),
        ("spectrogram", "fmin_hz", 12000.0),
        ("spectrogram", "floor_db", 1.0),
        ("corpus", "bars", (0, 4)),
        ("corpus", "test_share", 0.5),
        ("models.training", "window", 4),
        ("models.training", "precision", "64"),
        ("sampling", "pieces", 5),
        ("sampling", "opening_bars", 1000),
        ("music_evaluation", "resamples", 1),
        ("compute", "engine", "threads"),
        ("compute", "workers", -1),
        ("compute", "device", "tpu"),
    ],
)
def test_values_out_of_range_are_refused(pytestconfig, section, key, value):
    good = load_section(SECTIONS[section], section, pytestconfig.rootpath / "params.yaml")
    with pytest.raises(ParamsError):
        replace(good, **{key: value})


def test_clips_without_room_for_a_note_are_refused(pytestconfig):
    """1 s less a tail of 0.5 s is a sixth of a beat at 20 BPM: a labelled part would have no note."""
    good = load_section(ClipParams, "clips", pytestconfig.rootpath / "params.yaml")
    with pytest.raises(ParamsError):
        replace(good, duration_s=1.0, tail_s=0.5, tempo_bpm=(20.0, 20.0))


@pytest.mark.parametrize(
    ("key", "value"),
    [("noise_db", (-50.0, -80.0)), ("noise_db", (float("nan"), -50.0)), ("swap_probability", 1.5), ("crop_frames", 4)],
)
def test_augmentation_out_of_range_is_refused(pytestconfig, key, value):
    good = load_section(TrainParams, "recognizer", pytestconfig.rootpath / "params.yaml").augment
    assert isinstance(good, AugmentParams)
    with pytest.raises(ParamsError, match=key):
        replace(good, **{key: value})


@pytest.mark.parametrize(
    "change", [{"count": 1}, {"count": 4}, {"count": 2, "validation_share": 0.49, "test_share": 0.49}]
)
def test_too_few_clips_for_every_split_are_refused(pytestconfig, change):
    """Rounding leaves a split without a clip; later stages can't do without one."""
    good = load_section(ClipParams, "clips", pytestconfig.rootpath / "params.yaml")
    with pytest.raises(ParamsError, match="count"):
        replace(good, **change)


# --- seeds


SEEDED = [name for name, cls in SECTIONS.items() if "seed" in {field.name for field in fields(cls)}]


@pytest.mark.parametrize("name", SEEDED)
@pytest.mark.parametrize("seed", [-1, 2**32])
def test_every_section_has_the_same_rule_for_its_seed(name, seed, pytestconfig):
    section = load_section(SECTIONS[name], name, pytestconfig.rootpath / "params.yaml")
    assert replace(section, seed=LARGEST_SEED).seed == 2**32 - 1
    with pytest.raises(ParamsError, match=rf"^seed: is {seed}; it must be a whole number from 0 to 4294967295$"):
        replace(section, seed=seed)


def test_seeds_within_the_rule_give_streams_of_their_own():
    """SeedSequence cuts numbers into words of 32 bits: beyond the rule two seeds can be one."""

    def draws(*seed):
        return np.random.default_rng(np.random.SeedSequence(seed)).random(4).tolist()

    assert draws(7, 1) == draws(2**32 + 7, 0)
    with pytest.raises(ParamsError):
        require_seed(2**32 + 7)
    assert draws(7, 1) != draws(LARGEST_SEED, 1) != draws(LARGEST_SEED, 0)


@pytest.mark.parametrize("text", ["5_0", "５０", " 5", "5 ", "+5", "", "-", ".", "nan", "inf", "0x5", "5e"])
def test_what_is_not_in_plain_digits_is_no_number(text):
    for kind in (int, float):
        with pytest.raises(ValueError):
            plain_number(text, kind)


def test_plain_digits_are_a_number():
    assert [plain_number(text, float) for text in ("5", "-0.5", ".5", "5.", "1e-3")] == [5, -0.5, 0.5, 5, 0.001]
    assert plain_number("050", int) == 50
