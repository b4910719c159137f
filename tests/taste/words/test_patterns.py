"""Tempos, lengths, keys and dynamics, however they are written, and what only looks like one."""

import pytest
from asked_for import wishes

from reprise.taste.words.understanding import understand

# --- tempos


@pytest.mark.parametrize(
    ("text", "bpm", "because"),
    [
        ("60-80 BPM", 70, "'60-80 bpm', the middle of it"),
        ("60 – 80bpm", 70, "'60 – 80bpm', the middle of it"),
        ("between 60 and 80 bpm", 70, "'between 60 and 80 bpm', the middle of it"),
        ("tempo: 90 to 100", 95, "'tempo: 90 to 100', the middle of it"),
        ("around 90 bpm", 90, "'90 bpm'"),
        ("bpm: 72", 72, "'bpm: 72'"),
        ("ninety bpm", 90, "'ninety bpm'"),
        ("slow, at one hundred and twenty beats a minute", 120, "'one hundred and twenty beats a minute'"),
        ("♩ = 72", 72, "'♩ = 72'"),
        ("♩=72", 72, "'♩=72'"),
        ("♩. = 60", 90, "'♩. = 60'"),
        ("half note = 50", 100, "'half note = 50'"),
        ("M. M. 66", 66, "'m. m. 66'"),
    ],
)
def test_forms_of_tempos(text, bpm, because):
    wish = understand(text).wishes["tempo_bpm"]
    assert (wish.value, wish.because) == (bpm, because)


def test_a_number_of_something_else_is_no_tempo():
    assert wishes("mid tempo 16 bar loop") == {"tempo_bpm": 100, "bars": 16}
    assert wishes("tempo 4/4") == {"metre": (4, 4)}
    assert wishes("120 bpm 16 bars") == {"tempo_bpm": 120, "bars": 16}
    assert wishes("Nocturne no. 2 - 90 bpm") == {"tempo_bpm": 90}


# --- lengths


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("thirty seconds", "seconds", 30),
        ("a thirty-second jingle", "seconds", 30),
        ("a ninety-five second piece", "seconds", 95),
        ("two minutes", "seconds", 120),
        ("a two-minute piece", "seconds", 120),
        ("half a minute", "seconds", 30),
        ("a minute of music", "seconds", 60),
        ("about a minute", "seconds", 60),
        ("a minute and a half", "seconds", 90),
        ("one and a half minutes", "seconds", 90),
        ("two minutes and a half", "seconds", 150),
        ("1.5 minutes", "seconds", 90),
        ("1,5 minutes", "seconds", 90),
        ("1:30", "seconds", 90),
        ("1 min 30 s", "seconds", 90),
        ("2 minutes and 15 seconds", "seconds", 135),
        ("20-30 seconds", "seconds", 25),
        ("two or three minutes", "seconds", 150),
        ("a couple of minutes", "seconds", 120),
        ("a quarter of an hour", "seconds", 900),
        ("half an hour", "seconds", 1800),
        ("eight bars", "bars", 8),
        ("a sixteen-bar blues", "bars", 16),
        ("8 to 16 bars", "bars", 12),
        ("bars: 8", "bars", 8),
        ("1m30s", "seconds", 90),
        ("a hundred bars", "bars", 100),
        ("10,000 bars", "bars", 10_000),
    ],
)
def test_forms_of_lengths(text, name, value):
    assert wishes(text) == {name: value}


@pytest.mark.parametrize(
    "text",
    [
        "in a minute",
        "wait a minute",
        "a minute detail",
        "at 1:30 pm",
        "thirty-second notes",
        "a second theme",
        "in the 30s",
        "3/4/2024",
        "1/2 minute",
    ],
)
def test_not_every_minute_or_second_is_a_length(text):
    assert wishes(text) == {}


# --- keys


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Cm", "C minor"),
        ("F#m, slow", "F# minor"),
        ("A-minor", "A minor"),
        ("a waltz, A minor, for piano", "A minor"),
        ("a waltz (A minor)", "A minor"),
        ("in A harmonic minor", "A minor"),
    ],
)
def test_keys_are_read_without_in_and_with_more_words(text, key):
    assert wishes(text)["key"] == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("in C", "C major"),
        ("in c, slow", "C major"),
        ("in F#", "F# major"),
        ("in B flat", "Bb major"),
        ("in Bb", "Bb major"),
        ("a fugue in A.", "A major"),
        ("in A flat", "Ab major"),
        ("in G for strings", "G major"),
        ("key: D", "D major"),
        ("in the key of E", "E major"),
    ],
)
def test_a_tonic_alone_is_taken_for_major_and_said(text, key):
    wish = understand(text).wishes["key"]
    assert wish.value == key and wish.because.endswith("', taken for major")


def test_a_tonic_alone_has_the_mode_of_another_word():
    wish = understand("a minor tune in D").wishes["key"]
    assert (wish.value, wish.because) == ("D minor", "'in d', minor by another word")


@pytest.mark.parametrize(
    "text",
    [
        "in a minute",
        "in a loud way",
        "in a flat in London",
        "in b-movie style",
        "in B movie style",
        "in d'amour style",
        "in g-funk style",
        "in the key of life",
        "written in C++",
        "loudness in dB",
        "in Europe",
        "Am I right?",
        "a minor tune",
        "A minor detail",
    ],
)
def test_not_every_letter_is_a_key(text):
    assert "key" not in wishes(text)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("in E dorian", "key", "E minor"),
        ("D mixolydian", "key", "D major"),
        ("in F Lydian", "key", "F major"),
        ("in B locrian", "key", "B minor"),
        ("a dorian tune", "mode", "minor"),
        ("in a phrygian mode", "mode", "minor"),
        ("phrygian dominant", "mode", "major"),
        ("ionian", "mode", "major"),
        ("in A aeolian", "key", "A minor"),
    ],
)
def test_of_other_modes_the_nearer_one_is_told_and_said(text, name, value):
    found = understand(text)
    assert found.value(name) == value
    (limit,) = found.limits
    assert limit.endswith(f"the composer knows major and minor alone, so it is told {value}")
    assert understand(f"not {text}").limits == ()


# --- dynamics


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("pp", "lowest"),
        ("ppp", "lowest"),
        ("mp", "low"),
        ("mf", "middle"),
        ("ff!", "highest"),
        ("(p)", "low"),
        ("“f”", "high"),
        ("dynamics: p", "low"),
    ],
)
def test_dynamics_are_read_as_scores_write_them(text, level):
    assert wishes(text) == {"loudness": level}


@pytest.mark.parametrize("text", ["an mp3", "Mr P and Mrs F", "FF", "p", "plan f", "app"])
def test_not_every_p_is_a_dynamic(text):
    assert wishes(text) == {}


def test_a_limit_of_what_does_not_count_is_not_said():
    assert understand("in C minor or D dorian").limits == ()
    assert understand("an aeolian harp").wishes == {}
