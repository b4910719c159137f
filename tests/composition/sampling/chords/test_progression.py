"""Progressions: their text, how long each chord lasts, and the chord of a time."""

from dataclasses import replace

import pytest
from tiny_pieces import line

from reprise.composition.sampling.chords.progression import MOST_CHORDS, home_of_opening, parse_chords, progression
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import Key, parse_key

C = parse_key("C major")


def lengths(text: str, metre: tuple[int, int] = (4, 4)) -> list[tuple[str, int]]:
    made = progression(text, metre, C)
    return [(chord.symbol, length) for chord, length in zip(made.chords, made.lengths)]


def test_a_chord_lasts_a_bar_unless_it_has_beats():
    assert lengths("C F G7 C") == [("C", 48), ("F", 48), ("G7", 48), ("C", 48)]
    assert lengths("C:2 F:2 G7 C") == [("C", 24), ("F", 24), ("G7", 48), ("C", 48)]
    assert lengths("C F:1.5", (3, 4)) == [("C", 36), ("F", 18)]
    assert lengths(" C\tF\n") == [("C", 48), ("F", 48)]


def test_between_bar_lines_chords_share_a_bar():
    assert lengths("C F | G7 | C") == [("C", 24), ("F", 24), ("G7", 48), ("C", 48)]
    assert lengths("|C F|G7|C|") == lengths("C F | G7 | C")
    assert lengths("Dm:3 G7 | C") == [("Dm", 36), ("G7", 12), ("C", 48)]
    assert lengths("C F G | C", (3, 4)) == [("C", 12), ("F", 12), ("G", 12), ("C", 36)]
    assert lengths("C:1 F:3 | G") == [("C", 12), ("F", 36), ("G", 48)]


def test_a_beat_is_dotted_in_compound_metres():
    assert lengths("C:1 F:1 | G", (6, 8)) == [("C", 18), ("F", 18), ("G", 36)]
    assert lengths("C:1 F:2 | G", (3, 8)) == [("C", 6), ("F", 12), ("G", 18)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "chords: is empty; it must be some chords"),
        (" | ", "chords: is empty"),
        ("C Foo", r"chords: chord 2: 'Foo' is no chord that is known; it must be a symbol such as C"),
        ("C:0 F", r"chords: chord 1 \('C'\) lasts '0'; it must be a number of beats above 0, at most 64, such as C:2"),
        ("C F:65", r"chords: chord 2 \('F'\) lasts '65'; it must be a number of beats above 0"),
        ("C:", "lasts ''; it must be a number of beats"),
        ("C:-1", "lasts '-1'; it must be a number of beats"),
        ("C:２", "lasts '２'; it must be a number of beats"),
        ("C:nan", "lasts 'nan'; it must be a number of beats"),
        ("C:1:2", "lasts '1:2'; it must be a number of beats"),
        ("C || F", "chords: bar 2 is empty; write its chord again"),
        ("C " * (MOST_CHORDS + 1), f"chords: are {MOST_CHORDS + 1}; they must be at most {MOST_CHORDS}"),
    ],
)
def test_a_wrong_text_is_refused_by_name(text, said):
    with pytest.raises(BadInput, match=said):
        parse_chords(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("C:3 F:2 | G", "chords: bar 1 has 4 beats, but its chords have 5; they must fill the bar"),
        ("C | F:3", "chords: bar 2 has 4 beats, but its chords have 3; they must fill the bar"),
        ("C:4 F | G", "chords: bar 1 has 4 beats, but its chords have 4, and others are to share the rest"),
        ("C D E F G | C", r"chords: chord 1 \('C'\) would last 0.8 beats; it must be a multiple of 1/12 beat"),
        ("C F:1.3", r"chords: chord 2 \('F'\) would last 1.3 beats"),
    ],
)
def test_what_does_not_go_into_the_bars_is_refused_by_name(text, said):
    with pytest.raises(BadInput, match=said):
        progression(text, (4, 4), C)


def test_numerals_need_a_key():
    with pytest.raises(BadInput, match=r"chords: chord 2 \('V7'\) is a numeral, but no key is known .*--key 'C major'"):
        progression("C V7", (4, 4), None)
    assert progression("C G7", (4, 4), None).home is None


def test_the_chord_of_a_time_and_when_it_counts():
    made = progression("C:1.5 F:2.5 | G", (4, 4), C, begins=50)
    assert made.begins == 96 and made.bars == 4 and made.length == 96
    assert [made.place(onset) for onset in (0, 95, 96, 113, 114, 143, 144, 192, 210)] == [
        (-1, -96), (-1, -1), (0, 0), (0, 17), (1, 0), (1, 29), (2, 0), (0, 0), (1, 0),
    ]  # fmt: skip
    assert [made.next_chord(onset) for onset in (-1, 95, 96, 114, 150)] == [96, 96, 114, 144, 192]
    assert [made.next_firm(onset) for onset in (0, 96, 110, 114, 119)] == [96, 108, 114, 120, 120]
    assert [onset for onset in range(84, 145) if made.firm(onset)] == [96, 108, 114, 120, 132, 144]
    assert [(onset, chord.symbol) for onset, chord in made.beginnings(193)] == [
        (96, "C"), (114, "F"), (144, "G"), (192, "C"),
    ]  # fmt: skip


def test_bars_until_all_chords_have_come():
    assert progression("C:2 F:2 G7 C", (4, 4), C).bars == 3
    assert progression("C F:1", (4, 4), C).bars == 2
    assert progression("C", (3, 4), C, begins=37).bars == 3


def test_the_key_of_an_opening_is_the_written_one_or_the_one_it_seems_to_be_in():
    scale = line([60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60])
    assert home_of_opening(scale) == C
    assert home_of_opening(replace(scale, key_fifths=-3, key_mode="minor")) == Key(0, "minor")
    assert home_of_opening(replace(scale, key_fifths=2, key_mode="major")) == Key(2, "major")
    assert home_of_opening(line([60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71])) is None
