"""What texts ask for: each kind of explicit word, denials, tastes, limits, an embedder for the rest, overrides."""

import numpy as np
import pytest
from asked_for import programs, wishes

from reprise.errors import BadInput
from reprise.taste.words.understanding import Understood, overridden, understand

LEVELLED = ("density", "register", "articulation", "dissonance", "loudness")
PIANO, GUITAR, STRINGS, VIOLIN, CELLO, FLUTE, TRUMPET, CHOIR = 0, 24, 48, 40, 42, 73, 56, 52


# --- words


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a slow tune", "tempo_bpm", 60),
        ("Largo", "tempo_bpm", 50),
        ("played very slowly", "tempo_bpm", 50),
        ("ADAGIO", "tempo_bpm", 65),
        ("andante", "tempo_bpm", 80),
        ("at a moderate tempo", "tempo_bpm", 100),
        ("lively", "tempo_bpm", 130),
        ("presto!", "tempo_bpm", 180),
        ("a sparse texture", "density", "low"),
        ("with many notes", "density", "high"),
        ("very low", "register", "lowest"),
        ("deep", "register", "low"),
        ("in the middle register", "register", "middle"),
        ("high-pitched", "register", "high"),
        ("shrill", "register", "highest"),
        ("staccato", "articulation", "low"),
        ("short notes", "articulation", "low"),
        ("non legato", "articulation", "middle"),
        ("long notes", "articulation", "high"),
        ("smoothly", "articulation", "high"),
        ("nothing dissonant", "dissonance", "low"),
        ("a little rough", "dissonance", "raised"),
        ("some tension", "dissonance", "raised"),
        ("clashing harmony", "dissonance", "high"),
        ("pianissimo", "loudness", "lowest"),
        ("gently", "loudness", "low"),
        ("mezzoforte", "loudness", "middle"),
        ("forte", "loudness", "high"),
        ("very loud", "loudness", "highest"),
        ("minor", "mode", "minor"),
        ("in the major mode", "mode", "major"),
        ("a waltz", "metre", (3, 4)),
        ("a jig", "metre", (6, 8)),
        ("a march", "metre", (2, 4)),
        ("unaccompanied", "parts", 1),
        ("for two", "parts", 2),
        ("a trio", "parts", 3),
        ("four-part harmony", "parts", 4),
        ("for 3 voices", "parts", 3),
    ],
)
def test_a_word_is_obeyed_alone(text, name, value):
    assert wishes(text) == {name: value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for piano", [PIANO]),
        ("grand piano", [PIANO]),
        ("a Spanish guitar", [GUITAR]),
        ("electric guitar", [27]),
        ("bass guitar", [33]),
        ("upright bass", [32]),
        ("a church organ", [19]),
        ("a Hammond organ", [16]),
        ("an English horn and a French horn", [69, 60]),
        ("muted trumpet", [59]),
        ("bass clarinet", [71]),
        ("music box and harp", [10, 46]),
        ("flute, violin, flute", [FLUTE, VIOLIN]),
        ("chiptune", [80]),
        ("an electric piano", [4]),
        ("a panorama of harpoons in celloville", []),
    ],
)
def test_instruments_are_named_in_the_order_of_the_text(text, expected):
    assert programs(text) == expected


def test_of_two_patterns_that_overlap_the_longer_counts():
    assert wishes("very slow") == {"tempo_bpm": 50}
    assert wishes("non legato") == {"articulation": "middle"}
    assert wishes("moderately loud") == {"loudness": "middle"}
    assert wishes("mildly dissonant") == {"dissonance": "raised"}
    assert wishes("a low-energy piece at high-noon, slow-moving") == {}  # no words of their own
    assert programs("acoustic bass") == [32]
    assert wishes("pianoforte") == {} and programs("pianoforte") == [PIANO]


def test_of_two_words_for_one_thing_the_first_counts():
    assert wishes("slow at first, fast in the end") == {"tempo_bpm": 60}
    assert wishes("loud, then quiet") == {"loudness": "high"}


def test_each_wish_says_which_word_it_is_from():
    found = understand("A Slow waltz")
    assert {name: wish.because for name, wish in found.wishes.items()} == {"tempo_bpm": "'slow'", "metre": "'waltz'"}


# --- numbers


@pytest.mark.parametrize(
    ("text", "bpm"),
    [
        ("at 120 BPM", 120),
        ("90bpm", 90),
        ("at tempo 72", 72),
        ("slow, at 160 bpm", 160),
        ("160 bpm, slow", 160),
        ("a slow adagio of 100 BPM, very slow", 100),
        ("sweet music at 100 bpm", 100),
    ],
)
def test_a_tempo_in_numbers_counts_above_all_words(text, bpm):
    assert understand(text).value("tempo_bpm") == bpm


def test_of_two_tempos_in_numbers_the_first_counts():
    assert wishes("120 BPM at first, then 90 BPM") == {"tempo_bpm": 120}


def test_a_tempo_keeps_its_fraction():
    assert wishes("132.5 BPM") == {"tempo_bpm": 132.5}


@pytest.mark.parametrize("text", ["1000 BPM", "3 BPM"])
def test_a_tempo_of_any_size_is_read(text):
    assert wishes(text) == {"tempo_bpm": float(text.split()[0])}


@pytest.mark.parametrize("text", ["tempo 72", "tempo: 72", "a tempo of 72", "72 beats per minute"])
def test_a_tempo_is_read_however_it_is_written(text):
    found = understand(text)
    assert found.value("tempo_bpm") == 72 and found.limits == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("in C major", "C major"),
        ("in the key of D minor", "D minor"),
        ("in F# minor", "F# minor"),
        ("in f sharp minor", "F# minor"),
        ("in E flat major", "Eb major"),
        ("in B-flat major", "Bb major"),
        ("in b♭ minor", "Bb minor"),
        ("in A♯ major", "Bb major"),
        ("in d-moll", "D minor"),
        ("in C-Dur", "C major"),
        ("in a minor, slow", "A minor"),
    ],
)
def test_keys(text, key):
    assert understand(text).value("key") == key and understand(text).value("mode") is None


@pytest.mark.parametrize("text", ["sad music in a minor key", "in a minor mood", "in a minor mode"])
def test_a_minor_key_is_not_a_minor(text):
    assert wishes(text) == {"mode": "minor"}


@pytest.mark.parametrize(
    "text", ["120 BPM, C minor", "key: C minor", "C minor, slow", "a fugue (C minor)", "in Cm", "in the key of C minor"]
)
def test_a_key_is_read_without_in_too(text):
    assert understand(text).value("key") == "C minor"


@pytest.mark.parametrize(
    ("text", "metre"), [("in 3/4", (3, 4)), ("a 12/8 feel", (12, 8)), ("5 / 4", (5, 4)), ("waltz in 4/4", (4, 4))]
)
def test_metres(text, metre):
    assert understand(text).value("metre") == metre


@pytest.mark.parametrize("text", ["1/16 notes on the piano", "1/8 notes", "a 24/7 groove"])
def test_note_values_are_no_metres(text):
    assert "metre" not in wishes(text)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("16 bars", "bars", 16),
        ("an 8 bar loop", "bars", 8),
        ("8 measures", "bars", 8),
        ("30 seconds", "seconds", 30),
        ("30s", "seconds", 30),
        ("a 20 second jingle", "seconds", 20),
        ("a 90-second piece", "seconds", 90),
        ("an 8-bar loop", "bars", 8),
        ("30 sec", "seconds", 30),
        ("2 minutes", "seconds", 120),
        ("a 1-minute piece", "seconds", 60),
    ],
)
def test_lengths(text, name, value):
    assert wishes(text) == {name: value}


# --- denials


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("not loud", "loudness", "low"),
        ("not too loud", "loudness", "low"),
        ("never quiet", "loudness", "high"),
        ("it isn't loud", "loudness", "low"),
        ("it isn’t loud", "loudness", "low"),
        ("don't play it loud", "loudness", "low"),
        ("not at all loud", "loudness", "low"),
        ("without dissonance", "dissonance", "low"),
        ("never smooth", "articulation", "low"),
        ("not low", "register", "high"),
        ("anything but sparse", "density", "high"),
    ],
)
def test_what_is_denied_asks_for_the_opposite(text, name, value):
    assert wishes(text) == {name: value}


@pytest.mark.parametrize("text", ["not slow", "not minor", "not a waltz", "no solo", "no 3/4", "not 16 bars"])
def test_what_has_no_opposite_is_not_asked_for(text):
    assert wishes(text) == {}


def test_a_denial_ends_with_its_word():
    assert wishes("not loud, high") == {"loudness": "low", "register": "high"}
    assert wishes("notloud") == {} and wishes("a knot, loud") == {"loudness": "high"}


@pytest.mark.parametrize(
    ("text", "excluded", "playing"),
    [
        ("without piano", (PIANO,), []),
        ("no piano, just strings", (PIANO,), [STRINGS]),
        ("strings without a piano", (PIANO,), [STRINGS]),
        ("no piano, no violin, only cello", (PIANO, VIOLIN), [CELLO]),
        ("(no piano) strings", (PIANO,), [STRINGS]),
        ("without piano or violin", (PIANO, VIOLIN), []),
        ("no piano and no violin", (PIANO, VIOLIN), []),
        ("neither piano nor violin", (PIANO, VIOLIN), []),
        ("everything except piano", (PIANO,), []),
        ("but not for piano", (PIANO,), []),
    ],
)
def test_an_instrument_that_is_denied_does_not_play(text, excluded, playing):
    found = understand(text)
    assert found.excluded == excluded and [program for program, _ in found.instruments] == playing


def test_a_taste_does_not_bring_back_what_was_denied():
    assert programs("sour music without violin") == [FLUTE, 80]


@pytest.mark.parametrize(("text", "taste"), [("not sweet but bitter", "bitter"), ("no bitterness, sweet", "sweet")])
def test_a_taste_that_is_denied_is_not_followed(text, taste):
    assert understand(text).wishes == understand(taste).wishes


# --- plurals and groups


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two violins and a cello", [VIOLIN, CELLO]),
        ("guitars", [GUITAR]),
        ("flutes and trumpets", [FLUTE, TRUMPET]),
        ("French horns", [60]),
        ("choirs", [CHOIR]),
    ],
)
def test_several_of_an_instrument_are_that_instrument(text, expected):
    assert programs(text) == expected


def test_a_bass_is_some_bass():
    assert programs("piano and bass") in ([PIANO, 32], [PIANO, 33])


def test_a_string_quartet_is_played_by_strings():
    strings = {VIOLIN, 41, CELLO, 43, STRINGS}
    assert understand("a string quartet").value("parts") == 4
    assert programs("a string quartet") and set(programs("a string quartet")) <= strings


# --- tastes


def test_a_taste_fills_what_no_word_says():
    found = understand("sweet music, ambient for fine restaurant")
    assert found.tastes == ("sweet",)
    assert {name: wish.value for name, wish in found.wishes.items()} == {
        "tempo_bpm": 70,
        "density": "low",
        "register": "high",
        "articulation": "high",
        "dissonance": "low",
        "loudness": "low",
    }
    assert [program for program, _ in found.instruments] == [0, 46, 48]
    assert {wish.because for wish in found.wishes.values()} == {"sweet, by the crossmodal table"}


def test_words_count_above_the_taste():
    found = understand("bitter music: fast, high and loud, for flute, in C major")
    expected = {"tempo_bpm": 130, "register": "high", "loudness": "high", "key": "C major"}
    assert {name: found.value(name) for name in expected} == expected
    assert found.instruments == ((FLUTE, "'flute'"),)
    assert found.value("articulation") == "high" and found.value("dissonance") == "high"  # bitter's


def test_of_several_tastes_all_are_named_and_one_is_followed():
    found = understand("a sweet and sour sauce")
    assert found.tastes == ("sweet", "sour")
    assert found.wishes == understand("sweet").wishes


def test_of_several_tastes_the_first_in_the_text_is_followed():
    assert understand("bitter at first, then sweet").wishes == understand("bitter").wishes


def test_a_text_without_taste_leaves_the_rest_open():
    found = understand("ambient for fine restaurant")
    assert found == Understood()


# --- limits


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("loud drums", 1),
        ("a singer and a drum kit", 2),
        ("vocals over heavy beats", 2),
        ("no drums", 0),
        ("without drums", 0),
        ("no vocals", 0),
        ("a drumlin in rapture", 0),
        ("no drums or vocals", 0),
        ("without any heavy drums", 0),
        ("120 beats per minute", 0),
    ],
)
def test_drums_and_words_can_not_be_had(text, limits):
    assert len(understand(text).limits) == limits


@pytest.mark.parametrize("text", ["a choir of 40", "for 24 voices", "an orchestra of 100 players", "for 12 musicians"])
def test_more_parts_than_there_are_is_said(text):
    (limit,) = understand(text).limits
    assert limit.endswith("there are at most four parts") and any(character.isdigit() for character in limit)


@pytest.mark.parametrize(
    "text", ["a brass quintet", "a sextet", "for five instruments", "5 voices", "a five-part fugue"]
)
def test_a_group_that_is_too_large_is_said(text):
    assert len(understand(text).limits) == 1


@pytest.mark.parametrize("text", ["a piece of 100 bars", "an overture of 1812", "the end of 40 days"])
def test_not_every_number_counts_parts(text):
    assert understand(text).limits == ()


# --- odd texts


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u3000"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(BadInput, match=r"^prompt: has 0 characters; it must have 1 to 2,000$"):
        understand(text)


def test_a_very_long_text_is_refused_and_a_long_one_read():
    with pytest.raises(BadInput, match=r"^prompt: has 10,000 characters"):
        understand("x" * 10_000)
    assert understand("slow " * 400).value("tempo_bpm") == 60


@pytest.mark.parametrize(
    "text",
    ["悲しいピアノ曲", "🎹🎵", "музыка", "موسيقى هادئة", "a\0b", "(((", "\\d+[", "%s {0}", "ǅ", "İ", "e\u0301", "."],
)
def test_other_scripts_and_odd_signs_ask_for_nothing(text):
    assert understand(text) == Understood()


def test_a_text_is_read_across_lines_and_in_capitals():
    assert understand("VERY\n  SLOW,\tFOR\nGRAND\r\nPIANO") == understand("very slow, for grand piano")


# --- the embedder


class Fake:
    """Phrases are vectors of two numbers made by hand; it keeps what it was asked."""

    name = "fake"

    def __init__(self, vector: tuple[float, float], **phrases: tuple[float, float]) -> None:
        self.vector, self.phrases = vector, {name.replace("_", " "): vector for name, vector in phrases.items()}
        self.asked: list[str] = []

    def embed_text(self, texts):
        self.asked += texts
        return np.array([self.vector, *(self.phrases.get(text, (0.0, 0.0)) for text in texts[1:])], np.float32)


def test_the_nearer_pole_is_taken_where_it_is_nearer_by_enough():
    embedder = Fake((1, 0), slow_music=(0.8, 0.6), fast_music=(0, 1), low_music=(0.6, 0.8), high_music=(0.8, 0.6))
    found = understand("like a snail", embedder)
    assert {name: wish.value for name, wish in found.wishes.items()} == {"tempo_bpm": 60}  # .8 against 0, .6 to .8
    assert found.wishes["tempo_bpm"].because == "'like a snail', nearest to 'slow music' for fake"


def test_either_pole_can_be_found():
    poles = {"quiet_music": (1.0, 0.0), "loud_music": (0.0, 1.0), "minor_music": (0.0, 1.0), "major_music": (1.0, 0.0)}
    found = understand("like thunder", Fake((0, 1), **poles))
    assert {name: wish.value for name, wish in found.wishes.items()} == {"loudness": "high", "mode": "minor"}


def test_the_embedder_is_asked_only_for_axes_without_words():
    embedder = Fake((1, 0), fast_music=(1, 0), loud_music=(1, 0), high_music=(1, 0))
    found = understand("slow and quiet, like an eagle", embedder)
    assert {name: wish.value for name, wish in found.wishes.items()} == {
        "tempo_bpm": 60,
        "loudness": "low",
        "register": "high",
    }
    assert not {"slow music", "fast music", "quiet music", "loud music"} & set(embedder.asked)
    assert {"low music", "high music", "staccato music", "legato music"} <= set(embedder.asked)


def test_a_key_leaves_no_mode_to_ask_for():
    embedder = Fake((1, 0), major_music=(1, 0))
    assert understand("a sunrise in D minor", embedder).value("mode") is None
    assert not {"minor music", "major music"} & set(embedder.asked)


def test_a_taste_counts_above_the_embedder():
    embedder = Fake((1, 0), fast_music=(1, 0), major_music=(1, 0))
    found = understand("bitter music", embedder)
    assert found.value("tempo_bpm") == 60 and found.value("mode") == "major"
    assert set(embedder.asked[1:]) == {"minor music", "major music"}


def test_nothing_is_asked_where_no_words_are_left():
    embedder = Fake((1, 0), fast_music=(1, 0))
    understand("slow, low", embedder)
    understand("!? ...", embedder)
    assert embedder.asked == []


def test_the_embedder_hears_the_words_that_were_not_obeyed_and_those_whole():
    embedder = Fake((1, 0))
    understand("a low tune in yellow and grey", embedder)
    assert embedder.asked[0] == "a tune in yellow and grey"
    embedder = Fake((1, 0))
    understand("yellow and low", embedder)
    assert embedder.asked[0] == "yellow and"


# --- overrides


def test_the_words_of_an_override_count_above_those_of_the_text():
    found = overridden(understand("a slow, quiet cello in D minor"), "90 BPM, loud, for flute")
    expected = {"tempo_bpm": 90, "loudness": "high", "key": "D minor"}
    assert {name: wish.value for name, wish in found.wishes.items()} == expected
    assert found.instruments == ((FLUTE, "'flute'"),)


def test_an_override_counts_above_a_taste_and_leaves_the_rest_of_it():
    sour = understand("sour music")
    found = overridden(sour, "legato")
    assert found.value("articulation") == "high"
    assert {name: found.value(name) for name in found.wishes if name != "articulation"} == {
        name: sour.value(name) for name in sour.wishes if name != "articulation"
    }
    assert found.instruments == sour.instruments


def test_an_override_can_leave_an_instrument_out():
    assert [program for program, _ in overridden(understand("sour music"), "no violin").instruments] == [FLUTE, 80]


def test_what_an_override_leaves_out_stays_out():
    assert overridden(understand("piano"), "no piano").excluded == (PIANO,)


def test_a_mode_in_an_override_counts_above_a_key():
    found = overridden(understand("in D major"), "minor")
    assert found.value("mode") == "minor" and found.value("key") in (None, "D minor")


def test_a_length_in_an_override_counts_above_another_kind_of_length():
    found = overridden(understand("16 bars"), "20 seconds")
    assert found.value("seconds") == 20 and found.value("bars") is None


def test_only_explicit_words_of_an_override_count_above_the_text():
    found = overridden(understand("a slow cello at 50 BPM"), "sour, staccato")
    assert found.value("tempo_bpm") == 50 and found.value("articulation") == "low"
    assert found.instruments == ((CELLO, "'cello'"),)


def test_what_an_override_asks_for_in_vain_is_said():
    assert len(overridden(understand("piano"), "loud, with drums").limits) == 1


@pytest.mark.parametrize("text", ["purple", "no drums", "not slow"])
def test_an_override_that_says_nothing_is_refused(text):
    with pytest.raises(BadInput, match=rf"^override: nothing in '{text}' is understood"):
        overridden(understand("piano"), text)


@pytest.mark.parametrize("text", ["", "x" * 2001])
def test_an_empty_or_long_override_is_refused(text):
    with pytest.raises(BadInput):
        overridden(understand("piano"), text)


@pytest.mark.parametrize("text", ["music like in the 1980s", "80s synth pop", "a song of the 2010s"])
def test_decades_are_no_lengths(text):
    assert "seconds" not in understand(text).wishes


def test_all_of_a_denied_list_is_denied():
    found = understand("no piano, violin or drums, for flute")
    assert set(found.excluded) == {0, 40} and [program for program, _ in found.instruments] == [73]
    assert [program for program, _ in understand("no piano, just strings").instruments] == [48]


def test_two_minutes_are_no_two_parts():
    assert "parts" not in understand("music for two minutes").wishes
