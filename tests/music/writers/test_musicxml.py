"""Notation: exact round trips through MusicXML, and what a reader can check by hand in what is written."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import music21
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music21.musicxml.xmlToM21 import MusicXMLImporter

from reprise.errors import ScoreError
from reprise.music.piece import Piece, note_table
from reprise.music.readers.modes import MODES
from reprise.music.readers.musicxml.scores import read_musicxml
from reprise.music.writers.engraving import engrave
from reprise.music.writers.musicxml import musicxml_bytes

METRES = [(4, 4), (3, 4), (6, 8), (5, 16), (2, 2), (7, 8), (3, 32), (12, 8)]


def imported(content: bytes | str) -> music21.stream.Score:
    importer = MusicXMLImporter()
    importer.xmlRootToScore(ElementTree.fromstring(content), importer.stream)
    return importer.stream


def read(content: bytes) -> Piece:
    return read_musicxml(content, "x")


def rows(piece: Piece) -> list[tuple[float, float, int, int]]:
    """(onset, duration, pitch, part) of each note."""
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


@st.composite
def pieces(draw, beat: int = 12) -> Piece:
    """Up to 4 parts of notes that overlap as they like, on a grid of 1/12 beat; many of them unisons."""
    programs = draw(st.lists(st.integers(0, 127), min_size=1, max_size=4))
    metre = draw(st.sampled_from(METRES))
    first = draw(st.integers(0, 6 * beat))  # sometimes a pickup, sometimes empty bars
    one = st.tuples(
        st.integers(first, first + 6 * beat), st.integers(1, 5 * beat), st.integers(0, 127) | st.integers(58, 62)
    )
    notes = [
        (onset / beat, duration / beat, pitch, 64, part)
        for part in range(len(programs))
        for onset, duration, pitch in draw(st.lists(one, min_size=1, max_size=12))
    ]
    key = draw(st.integers(-7, 7)), draw(st.sampled_from([None, *MODES]))
    return Piece(note_table(notes), float(draw(st.integers(20, 300))), tuple(programs), metre, "", *key)


def voices_of(content: bytes) -> list[tuple[int, list[tuple[str, int, str]]]]:
    """(length, [(voice, duration, tuplet)]) of each measure, in divisions of a beat."""
    measures = []
    for bar in ElementTree.fromstring(content).iter("measure"):
        found = []
        for element in bar.iter("note"):
            if element.find("chord") is None:
                tuplets = [tuplet.get("type") for tuplet in element.iter("tuplet")]
                found.append((element.findtext("voice", "1"), int(element.findtext("duration")), "".join(tuplets)))
        measures.append(found)
    return measures


@given(pieces())
@settings(deadline=None, max_examples=40)
def test_a_round_trip_through_musicxml_is_exact(piece):
    again = read(musicxml_bytes(piece))
    for field in ("onset", "duration", "pitch", "part"):
        np.testing.assert_array_equal(again.notes[field], piece.notes[field])
    assert (again.programs, again.metre, again.tempo_bpm) == (piece.programs, piece.metre, piece.tempo_bpm)
    assert (again.key_fifths, again.key_mode) == (piece.key_fifths, piece.key_mode)


@given(pieces(beat=24))
@settings(deadline=None, max_examples=25)
def test_every_voice_fills_its_measure_and_every_tuplet_ends(piece):
    content = musicxml_bytes(piece)
    divisions = int(ElementTree.fromstring(content).findtext(".//divisions"))
    lengths = [Fraction(end - start, 24) for start, end in engrave(piece).measures]
    for number, found in enumerate(voices_of(content)):
        for voice in {voice for voice, _, _ in found}:
            assert (
                sum(duration for name, duration, _ in found if name == voice)
                == divisions * lengths[number % len(lengths)]
            )
            marks = "".join(mark for name, _, mark in found if name == voice)
            assert marks.replace("startstop", "") == ""


def test_32nd_notes_and_triplets_share_a_bar():
    notes = [(i / 8, 1 / 8, 60, 64, 0) for i in range(8)] + [((3 + i) / 3, 1 / 3, 60, 64, 0) for i in range(3)]
    content = musicxml_bytes(Piece(note_table(notes), 100.0, (0,), (2, 4), key_fifths=0))
    assert rows(read(content)) == [(onset, duration, pitch, part) for onset, duration, pitch, _, part in notes]
    assert [element.text for element in ElementTree.fromstring(content).iter("type")] == ["32nd"] * 8 + ["eighth"] * 3


def test_played_times_go_to_the_nearest_printed_ones_and_no_note_is_lost():
    """A note of 1.958 beats is a half note; one of a thousandth of a beat is the shortest that fits: 1/12 beat."""
    notes = note_table([(0.01, 1.958, 60, 64, 0), (3.0, 0.001, 62, 64, 0)])
    assert rows(read(musicxml_bytes(Piece(notes, 100.0, (0,))))) == [(0, 2, 60, 0), (3, 1 / 12, 62, 0)]


def test_an_empty_bar_of_any_metre_is_a_rest_that_fills_it():
    for metre in METRES:
        bar = Fraction(4 * metre[0], metre[1])
        notes = note_table([(float(bar), 1.0, 60, 64, 0), (0.0, 1 / 8, 60, 64, 1)])
        silent = imported(musicxml_bytes(Piece(notes, 100.0, (0, 0), metre))).parts[0].measure(1)
        assert sum(rest.quarterLength for rest in silent.recurse().getElementsByClass("Rest")) == bar


def test_a_note_over_the_bar_line_is_tied_and_one_long_enough_is_dotted():
    content = musicxml_bytes(Piece(note_table([(3.0, 4.0, 60, 64, 0)]), 100.0, (0,), (4, 4), key_fifths=0))
    symbols = [
        (element.findtext("type"), element.find("dot") is not None, [tie.get("type") for tie in element.iter("tie")])
        for element in ElementTree.fromstring(content).iter("note")
        if element.find("rest") is None
    ]
    assert symbols == [("quarter", False, ["start"]), ("half", True, ["stop"])]


def test_a_pickup_is_a_measure_of_its_own_and_a_late_start_is_not():
    def first_measure(onset: float) -> tuple[str, str]:
        notes = note_table([(onset, 1.0, 60, 64, 0), (4.0, 4.0, 62, 64, 0)])
        bar = ElementTree.fromstring(musicxml_bytes(Piece(notes, 100.0, (0,)))).find(".//measure")
        return bar.get("number"), bar.get("implicit")

    assert first_measure(3.0) == ("0", "yes") and first_measure(1.0) == ("1", "no")


@pytest.mark.parametrize(
    ("fifths", "names"),
    [(0, ["C#", "E-", "B-"]), (4, ["C#", "D#", "A#"]), (-4, ["D-", "E-", "B-"])],
)
def test_pitches_are_spelled_in_the_key(fifths, names):
    """In C major, E major and A flat major; the black keys of C major are those that its neighbours and A minor use."""
    notes = note_table([(float(i), 1.0, pitch, 64, 0) for i, pitch in enumerate((61, 63, 58))])
    content = musicxml_bytes(Piece(notes, 100.0, (0,), key_fifths=fifths))
    assert [n.pitch.name for n in imported(content).recurse().notes] == names
    assert [n.pitch.midi for n in imported(content).recurse().notes] == [61, 63, 58]


def test_accidentals_are_shown_once_a_bar_and_not_for_the_key():
    notes = note_table([(i / 2, 0.5, pitch, 64, 0) for i, pitch in enumerate((66, 65, 65, 66))])
    content = musicxml_bytes(Piece(notes, 100.0, (0,), key_fifths=1))
    shown = [element.findtext("accidental") for element in ElementTree.fromstring(content).iter("note")][:4]
    assert shown == [None, "natural", None, "sharp"]


def test_parts_have_their_instrument_s_name_and_a_clef_of_their_range():
    piece = Piece(note_table([(0.0, 4.0, 76, 64, 0), (0.0, 4.0, 40, 64, 1)]), 100.0, (40, 42), key_fifths=0)
    root = ElementTree.fromstring(musicxml_bytes(piece))
    assert [element.text for element in root.iter("part-name")] == ["Violin", "Cello"]
    assert [element.text for element in root.iter("sign")] == ["G", "F"]


def test_four_parts_of_a_choir_are_soprano_alto_tenor_and_bass():
    """And they sound as their programs say when they are read again, whichever voices of General MIDI they are."""
    notes = note_table([(0.0, 4.0, pitch, 64, part) for part, pitch in enumerate((72, 67, 60, 48))])
    content = musicxml_bytes(Piece(notes, 100.0, (52, 52, 53, 54), key_fifths=0))
    assert [part.partName for part in imported(content).parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert read(content).programs == (52, 52, 53, 54)


def test_the_titles_are_the_only_thing_above_the_music():
    """In music21, which is independent of what is written around its own export; none where the piece has none."""
    piece = Piece(note_table([(0.0, 4.0, 60, 64, 0)]), 100.0, (0,), key_fifths=0)
    content = musicxml_bytes(replace(piece, title="lstm composer, seed 7", subtitle="after B <&> \udce9\x01.mid"))
    found = imported(content).metadata
    assert (found.title, found.composer) == ("lstm composer, seed 7", "after B <&> ??.mid")
    root = ElementTree.fromstring(content)
    assert [element.tag for element in root] == ["work", "identification", "part-list", "part"]
    plain = ElementTree.fromstring(musicxml_bytes(piece))
    assert [element.tag for element in plain] == ["part-list", "part"]


@pytest.mark.parametrize(("tonic", "sharps"), [(62, 2), (61, -5), (66, 6)])
def test_without_a_key_signature_the_likely_one_is_written(tonic, sharps):
    """A D major scale has two sharps; that on C sharp is written on D flat, with five flats, not seven sharps."""
    notes = note_table([(float(i), 1.0, tonic + above, 64, 0) for i, above in enumerate((0, 2, 4, 5, 7, 9, 11, 12))])
    again = read(musicxml_bytes(Piece(notes, 100.0, (0,))))
    assert (again.key_fifths, again.key_mode) == (sharps, None)


def test_the_mode_is_written_and_music21_reads_the_key():
    piece = Piece(note_table([(0.0, 4.0, 62, 64, 0), (0.0, 4.0, 61, 64, 0)]), 100.0, (0,), (4, 4), "", -1, "minor")
    content = musicxml_bytes(piece)
    assert ElementTree.fromstring(content).findtext(".//key/mode") == "minor"
    (key,) = imported(content).recurse().getElementsByClass(music21.key.Key)
    assert (key.tonic.name, key.mode, key.sharps) == ("D", "minor", -1)
    assert ElementTree.fromstring(musicxml_bytes(replace(piece, key_mode=None))).find(".//mode") is None


@pytest.mark.parametrize("fifths", [-7, 0, 7])
def test_a_mode_changes_nothing_else(fifths):
    """Every pitch class, spelled and with its accidentals by the signature alone."""
    notes = note_table([(i / 2, 0.5, 60 + i, 64, 0) for i in range(12)])
    plain = musicxml_bytes(Piece(notes, 100.0, (0,), key_fifths=fifths))
    for mode in MODES:
        content = musicxml_bytes(Piece(notes, 100.0, (0,), key_fifths=fifths, key_mode=mode))
        assert re.sub(rb"\s*<mode>\w+</mode>", b"", content) == plain


def test_every_program_is_read_again():
    for start in range(0, 128, 16):
        programs = tuple(range(start, start + 16))
        notes = note_table([(0.0, 4.0, 60, 64, part) for part in range(16)])
        assert read(musicxml_bytes(Piece(notes, 100.0, programs))).programs == programs


def test_nine_overlapping_notes_take_at_most_four_voices():
    notes = note_table([(i / 2, 6 - i / 2, 50 + 2 * i, 64, 0) for i in range(9)])
    piece = Piece(notes, 100.0, (0,))
    content = musicxml_bytes(piece)
    assert {voice for measure in voices_of(content) for voice, _, _ in measure} == {"1", "2", "3", "4"}
    assert rows(read(content)) == rows(piece)


def test_the_bytes_depend_on_the_music_alone():
    """Neither on the process, its hash seed and the day, nor on where the piece came from."""
    script = """
import hashlib
from reprise.music.writers.musicxml import musicxml_bytes
from reprise.music.piece import Piece, note_table
notes = note_table([(i / 3, 1.5, 50 + i, 64, i % 2) for i in range(40)])
print(hashlib.sha256(musicxml_bytes(Piece(notes, 100.0, (0, 40), (3, 4), "elsewhere"))).hexdigest())
"""
    notes = note_table([(i / 3, 1.5, 50 + i, 64, i % 2) for i in range(40)])
    content = musicxml_bytes(Piece(notes, 100.0, (0, 40), (3, 4), "here"))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(content).hexdigest()
    assert b"date" not in content and b"music21" not in content.lower()


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        (Piece(note_table([]), 100.0, ()), "no notes"),
        (Piece(note_table([(0.0, 1.0, 60, 64, 0)]), 100.0, (0,), (4, 5)), "metre 4/5"),
        (Piece(note_table([(0.0, 1.0, 128, 64, 0)]), 100.0, (0,)), "pitch outside 0-127"),
        (Piece(note_table([(0.0, 1.0, 60, 64, 0)]), 0.0, (0,)), "tempo of 0 BPM"),
        (Piece(note_table([(0.0, 1.0, 60, 64, 0)]), 100.0, (0,), key_fifths=9), "9 sharps"),
    ],
)
def test_what_can_t_be_written_is_refused(piece, why):
    with pytest.raises(ScoreError, match=why):
        musicxml_bytes(piece)
