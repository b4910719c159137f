"""From wishes to numbers: levels, lengths, parts, instruments, limits, and what is said of it all."""

from dataclasses import replace

import pytest
from tiny_conditioned import make_conditioned
from tiny_model import make_tiny_model

from reprise.errors import BadInput
from reprise.taste.plan import LEVELS, REGISTERS, Plan, plan
from reprise.taste.words.understanding import Understood, understand

METRES = ((2, 4), (3, 4), (4, 4), (6, 8))


@pytest.fixture(scope="module")
def config():
    """That of a model that knows four metres and up to four parts."""
    config = make_conditioned().config
    return replace(config, encoding=replace(config.encoding, metres=METRES))


@pytest.fixture(scope="module")
def of(config):
    """The plan of a text."""
    return lambda text, **settings: plan(understand(text), config, **settings)


def asking(name: str, value: object) -> Understood:
    return Understood().told(name, value, "a test")


# --- levels


@pytest.mark.parametrize(("wish", "attribute"), [("density", "onset_density"), ("dissonance", "dissonance")])
def test_higher_levels_tell_the_composer_higher_values_within_what_it_learnt(config, wish, attribute):
    levels = ("lowest", "low", "middle", "raised", "high", "highest")
    told = [plan(asking(wish, level), config).told.attributes for level in levels]
    values = [one[attribute] for one in told]
    assert all(one.keys() == {attribute} for one in told)
    assert values == sorted(values) and values[0] < values[2] < values[-1]
    knots = config.conditions.knots[attribute]
    assert knots[0] <= values[0] and values[-1] <= knots[-1]
    assert LEVELS["middle"] == 0.5 and knots[3] <= values[2] <= knots[4]  # the median of the training pieces


def test_higher_registers_are_higher_pitches(config):
    levels = ("lowest", "low", "middle", "raised", "high", "highest")
    pitches = [plan(asking("register", level), config).register for level in levels]
    assert pitches == sorted(set(pitches)) and all(21 <= pitch <= 108 for pitch in pitches)
    assert pitches == [plan(asking("register", level), config).told.frame.pitch for level in levels]


def test_longer_articulation_is_a_larger_share(config):
    shares = [plan(asking("articulation", level), config).articulation for level in ("low", "middle", "high")]
    assert 0 < shares[0] < shares[1] < shares[2] == 1


def test_louder_is_struck_harder_and_sounds_louder(config):
    plans = [plan(asking("loudness", level), config) for level in ("lowest", "low", "middle", "high", "highest")]
    velocities, decibels = [one.velocity for one in plans], [one.level_db for one in plans]
    assert velocities == sorted(set(velocities)) and velocities[0] >= 1 and velocities[-1] <= 127
    assert decibels == sorted(set(decibels)) and decibels[-1] < 0


def test_who_asks_for_nothing_gets_what_is_usual(config):
    found = plan(Understood(), config)
    assert found.told.attributes == {}
    assert (found.told.frame.tonic, found.told.frame.mode, found.told.frame.pitch) == (None, None, None)
    assert (found.metre, found.tempo_bpm, found.programs) == ((4, 4), 96, (0,))
    assert (found.register, found.articulation) == (None, None)
    assert found.lines[0] == "nothing of it was understood"
    assert all(line.endswith("(usual)") for line in found.lines[1:])


def test_the_composer_is_told_only_of_attributes_that_it_knows(config):
    knots = {name: own for name, own in config.conditions.knots.items() if name != "dissonance"}
    other = replace(config, conditions=replace(config.conditions, knots=knots))
    assert plan(understand("dissonant and sparse"), other).told.attributes.keys() == {"onset_density"}


def test_a_single_line_has_no_dissonance(of):
    assert "dissonance" in of("dissonant, for two").told.attributes
    assert of("a dissonant, busy solo").told.attributes.keys() == {"onset_density"}


def test_a_wish_that_has_no_effect_is_not_shown_as_one(of):
    assert not any(line.startswith("dissonance high (") for line in of("a dissonant solo").lines)


# --- key, metre, tempo


def test_a_key_and_a_mode_alone(of):
    frame = of("in F# minor").told.frame
    assert (frame.tonic, frame.mode) == (6, "minor")
    frame = of("minor").told.frame
    assert (frame.tonic, frame.mode) == (None, "minor")


def test_a_metre_that_the_composer_knows_is_kept_and_another_refused_by_name(of):
    assert of("a waltz").metre == (3, 4)
    with pytest.raises(BadInput, match=r"^metre: is 5/4; the composer knows 2/4, 3/4, 4/4, 6/8$"):
        of("in 5/4")
    with pytest.raises(BadInput, match=r"^metre: is 0/4; "):
        of("in 0/4")


def test_a_composer_that_knows_no_common_time_has_its_own_metre(config):
    other = replace(config, encoding=replace(config.encoding, metres=((3, 4),)), metre=(3, 4))
    assert plan(Understood(), other).metre == (3, 4)


def test_tempos_are_exact_and_those_beyond_midi_are_refused(config):
    assert plan(asking("tempo_bpm", 71.5), config).tempo_bpm == 71.5
    for bpm in (3.9, 6001, 0, -1):
        with pytest.raises(BadInput, match=rf"^tempo: is {bpm:g} BPM; it must be 4 to 6000$"):
            plan(asking("tempo_bpm", bpm), config)


# --- length


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("30 seconds at 120 BPM in 4/4", 15),  # a bar lasts 2 s
        ("30 seconds at 60 BPM in 3/4", 10),  # 3 s
        ("30 seconds at 60 BPM in 6/8", 10),  # three quarter notes
        ("21 seconds at 60 BPM", 5),  # of 4 s: 5.25
        ("1 second", 4),  # the least
        ("7 bars", 7),
        ("1 bar", 1),
        ("200 bars", 200),
        ("16 bars, 5 seconds", 16),
    ],
)
def test_lengths_become_bars(of, text, bars):
    assert of(text).bars == bars


@pytest.mark.parametrize(("seconds", "bars"), [(15, 6), (60, 24), (1, 4)])
def test_without_a_wish_a_piece_lasts_as_long_as_is_usual(of, seconds, bars):
    assert of("music at 96 BPM", seconds=seconds).bars == bars  # of 2.5 s


@pytest.mark.parametrize(
    ("text", "bars"),
    [("0 bars", "0"), ("201 bars", "201"), ("9999 seconds at 96 BPM", "4,000"), ("9999 bars", "9,999")],
)
def test_what_is_too_long_or_nothing_is_refused(of, text, bars):
    with pytest.raises(BadInput, match=rf"^length: is {bars} bars; it must be 1 to 200 \(500 s at 96 BPM in 4/4\)$"):
        of(text)


@pytest.mark.parametrize("text", ["a quarter of an hour", "an hour long", "1000000 bars", "20 minutes in 3/4"])
def test_who_asks_for_too_much_is_told_how_long_a_piece_may_be(of, text):
    with pytest.raises(BadInput, match=r"^length: is [\d,]+ bars; it must be 1 to 200 \(\d+ s at 96 BPM in \d/4\)$"):
        of(text)


def test_a_slower_piece_may_last_longer(of):
    assert of("ten minutes at 60 BPM").bars == 150
    with pytest.raises(BadInput, match=r"\(250 s at 192 BPM in 4/4\)$"):
        of("ten minutes at 192 BPM")


def test_no_seconds_at_all_are_refused(of):
    with pytest.raises(BadInput, match=r"^length: "):
        of("0 seconds")


def test_the_composer_is_told_how_many_bars_there_are(of):
    assert of("24 bars").told.frame.bars == 24
    assert of("40 bars").told.frame.bars == 40


# --- parts and instruments


@pytest.mark.parametrize(
    ("text", "parts", "programs"),
    [
        ("for violin", 4, (40,)),
        ("a violin solo", 1, (40,)),
        ("violin and cello", 4, (40, 42)),
        ("a duet for violin and cello", 2, (40, 42)),
        ("a trio", 3, (0,)),
        ("violin, viola, cello, flute and oboe", 4, (40, 41, 42, 73)),
        ("a violin and cello solo", 1, (40,)),
        ("sweet", 4, (0, 46, 48)),
        ("a sweet solo", 1, (0,)),
    ],
)
def test_at_most_one_instrument_a_part_plays(of, text, parts, programs):
    found = of(text)
    assert (found.told.frame.parts, found.programs) == (parts, programs)


def test_no_more_parts_than_the_composer_knows(config):
    other = replace(config, encoding=replace(config.encoding, parts=2))
    assert plan(understand("a quartet"), other).told.frame.parts == 2
    assert plan(understand("violin, viola and cello"), other).programs == (40, 41)
    assert plan(Understood(), other).told.frame.parts == 2


def test_who_wants_no_piano_gets_none(of):
    assert 0 not in of("slow music without piano").programs


def test_who_wants_none_of_a_tastes_instruments_gets_none_of_them(of):
    assert not {0, 46, 48} & set(of("sweet music, no piano, no harp, no strings").programs)


def test_only_who_plays_is_named(of):
    lines = of("a sweet solo").lines
    assert [line for line in lines if line.startswith("Acoustic Grand Piano")]
    assert not [line for line in lines if line.startswith(("Orchestral Harp", "String Ensemble"))]


def test_an_instrument_without_a_part_is_not_shown_as_playing(of):
    assert "Oboe (from 'oboe')" not in of("violin, viola, cello, flute and oboe").lines


# --- lines


def test_each_choice_is_said_with_its_reason(of):
    lines = of("a slow, high waltz in D minor for cello, 8 bars, with drums").lines
    assert lines == (
        "tempo 60 BPM (from 'slow')",
        "metre 3/4 (from 'waltz')",
        "4 parts (usual)",
        "8 bars (from '8 bars')",
        "key D minor (from 'in d minor')",
        "register high (from 'high')",
        "Cello (from 'cello')",
        "there are no drums in this music",
    )


def test_seconds_and_tastes_are_reasons_too(of):
    lines = of("sour music of 30 seconds").lines
    assert "tempo 90 BPM (from sour, by the crossmodal table)" in lines
    assert "11 bars (from '30 seconds')" in lines  # of 2.67 s
    assert "Violin (from sour, by the crossmodal table)" in lines


def test_one_is_one(of):
    lines = of("a solo of 1 bar").lines
    assert "1 part (from 'solo')" in lines and "1 bar (from '1 bar')" in lines


def test_a_model_that_takes_no_orders_is_refused():
    with pytest.raises(BadInput, match=r"^transformer: takes no orders; it must be a model with conditions"):
        plan(Understood(), make_tiny_model().config)


def test_a_plan_is_the_same_each_time(of):
    text = "bitter music, 20 seconds"
    assert isinstance(of(text), Plan) and of(text) == of(text)
    assert REGISTERS["low"] == of(text).register
