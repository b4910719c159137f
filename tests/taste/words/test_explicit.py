"""Words of the lexicon: how much of it, what is denied in part, and all their forms."""

import pytest
from asked_for import programs, wishes

from reprise.taste.words.understanding import understand

PIANO, VIOLIN, CELLO = 0, 40, 42


# --- how much of it


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("faster", "tempo_bpm", 130),
        ("slower, please", "tempo_bpm", 60),
        ("louder", "loudness", "high"),
        ("quieter", "loudness", "low"),
        ("softer", "loudness", "low"),
        ("much lower", "register", "low"),
        ("more dissonant", "dissonance", "high"),
        ("rather low", "register", "low"),
        ("quite slow", "tempo_bpm", 60),
        ("a little slow waltz", "tempo_bpm", 60),
    ],
)
def test_a_comparative_or_a_hedge_is_the_plain_level(text, name, value):
    assert understand(text).value(name) == value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a bit slow", "tempo_bpm", 80),
        ("slow-ish", "tempo_bpm", 80),
        ("a little slow, for piano", "tempo_bpm", 80),
        ("a little slower tune", "tempo_bpm", 80),
        ("moderately fast", "tempo_bpm", 112),
        ("slightly high", "register", "raised"),
        ("somewhat dissonant", "dissonance", "raised"),
        ("really slow", "tempo_bpm", 50),
        ("super-fast", "tempo_bpm", 180),
        ("extremely busy", "density", "highest"),
        ("very deep", "register", "lowest"),
        ("the highest notes", "register", "highest"),
        ("as slow as possible", "tempo_bpm", 45),
        ("as quickly as possible", "tempo_bpm", 200),
        ("as quiet as possible", "loudness", "lowest"),
        ("as low as a cellar", "register", "low"),
    ],
)
def test_degrees_change_the_level(text, name, value):
    assert wishes(text).get(name) == value


@pytest.mark.parametrize(
    ("text", "name", "value", "because"),
    [
        ("not too fast", "tempo_bpm", 100, "not 'too fast'"),
        ("it isn't very slow", "tempo_bpm", 100, "not 'very slow'"),
        ("not that fast", "tempo_bpm", 100, "not 'fast'"),
        ("not too high", "register", "middle", "not 'too high'"),
        ("not so busy", "density", "middle", "not 'so busy'"),
        ("not too soft", "loudness", "middle", "not 'too soft'"),
        ("not so loud", "loudness", "low", "not 'so loud'"),
        ("nothing too loud", "loudness", "low", "not 'too loud'"),
        ("without being too loud", "loudness", "low", "not 'too loud'"),
        ("less loud", "loudness", "low", "'less loud'"),
        ("less staccato", "articulation", "high", "'less staccato'"),
        ("less fast", "tempo_bpm", 80, "'less fast'"),
        ("less slow", "tempo_bpm", 112, "'less slow'"),
        ("allegro ma non troppo", "tempo_bpm", 116, "'allegro ma non troppo'"),
    ],
)
def test_who_wants_less_of_it_gets_the_middle_or_the_other_side(text, name, value, because):
    assert wishes(text) == {name: value} and understand(text).wishes[name].because == because


@pytest.mark.parametrize(
    "text", ["high energy", "low-budget", "high school", "deep thoughts", "a low mood", "lo-fi", "in high spirits"]
)
def test_not_all_that_is_high_or_low_is_a_pitch(text):
    assert wishes(text) == {}


def test_low_volume_and_low_tempo_are_no_pitch_either():
    assert wishes("at low volume") == {"loudness": "low"}
    assert wishes("high tempo") == {"tempo_bpm": 130}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Legato,", "articulation", "high"),
        ("“slow”", "tempo_bpm", 60),
        ("'Slow'", "tempo_bpm", 60),
        ("(LOUD!)", "loudness", "high"),
        ("slow-paced", "tempo_bpm", 60),
        ("mid-tempo", "tempo_bpm", 100),
        ("up-tempo", "tempo_bpm", 130),
        ("uptempo", "tempo_bpm", 130),
        ("downtempo", "tempo_bpm", 80),
        ("non-legato", "articulation", "middle"),
        ("minor-key", "mode", "minor"),
        ("waltzes", "metre", (3, 4)),
        ("duets", "parts", 2),
        ("three-four time", "metre", (3, 4)),
        ("three voices", "parts", 3),
        ("a three-voice fugue", "parts", 3),
        ("a two-part invention", "parts", 2),
        ("mezzo-piano", "loudness", "low"),
    ],
)
def test_words_are_known_in_all_their_forms(text, name, value):
    assert wishes(text) == {name: value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("double-bass", [32]),
        ("piano-led", [PIANO]),
        ("a violin-and-cello duet", [VIOLIN, CELLO]),
        ("vibes, Rhodes, celli and cor anglais", [11, 4, CELLO, 69]),
    ],
)
def test_instruments_are_known_in_all_their_forms(text, expected):
    assert programs(text) == expected


@pytest.mark.parametrize(
    "text",
    ["crescendo", "a diminuendo", "fading out", "it gets louder", "louder and louder", "accelerando", "rubato"],
)
def test_what_would_have_to_change_within_a_piece_is_said(text):
    found = understand(text)
    assert found.wishes == {} and len(found.limits) == 1
    assert found.limits[0].endswith("change within a piece") and found.limits[0].split("'")[1] in text
    assert understand(f"no {text}").limits == ()
