"""What of a person's score is given, what is refused by name, and which parts come out."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_infilling import make_infilling
from tiny_model import chorale
from tiny_pieces import piece_of

from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.rules import SamplingRules
from reprise.composition.use.infill import to_fill, to_harmonise, write_around
from reprise.errors import BadInput
from reprise.music.excerpts import first_parts
from reprise.music.piece import NOTE, Piece

RULES = SamplingRules(ending_tries=0)


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return make_infilling()


def melody(low: int = 72) -> Piece:
    return piece_of(*[(12 * beat, 12, low + (0, 2, 4, 5)[beat % 4], 0) for beat in range(12)], source="tune.mid")


def rows_of(piece: Piece, part: int) -> list[tuple]:
    return [tuple(note)[:4] for note in piece.notes[piece.notes["part"] == part].tolist()]


# --- harmonise


def test_a_melody_gets_three_parts_under_it(trained):
    task = to_harmonise(trained, melody())
    made = write_around(trained, task, RULES, 1)[0]
    assert task.told["voice"] == task.told["part"] == 1 and task.told["parts"] == 4
    assert rows_of(made, 0) == rows_of(melody(), 0) and set(made.notes["part"].tolist()) == {0, 1, 2, 3}
    assert made.programs == (0, *trained.config.programs[1:]) and made.title == "infilling model, seed 1"
    assert made.subtitle == "after tune.mid" and made.tempo_bpm == 100.0


def test_a_low_melody_is_a_bass_and_gets_parts_over_it(trained):
    task = to_harmonise(trained, melody(43))
    assert task.told["voice"] == 4 and "read_higher_by_semitones" not in task.told
    made = write_around(trained, task, RULES, 1)[0]
    assert rows_of(made, 3) == rows_of(melody(43), 0)


def test_the_voice_can_be_chosen(trained):
    task = to_harmonise(trained, melody(43), voice=1)
    assert task.told["voice"] == 1 and task.told["read_higher_by_semitones"] > 0


def test_of_a_score_of_four_parts_any_is_given_as_itself(trained):
    for part in (1, 2, 3, 4):
        task = to_harmonise(trained, chorale(9), part)
        assert task.told["voice"] == part
        made = write_around(trained, task, RULES, 1)[0]
        assert rows_of(made, part - 1) == rows_of(chorale(9), part - 1)


def test_the_highest_part_is_given_unless_told(trained):
    notes = chorale(9).notes.copy()
    notes["part"] = 3 - notes["part"]
    assert to_harmonise(trained, first_parts(replace(chorale(9), notes=notes), 4)).told["part"] == 4


@pytest.mark.parametrize(("parts", "kept"), [(2, (0, 3)), (3, (0, 2, 3)), (4, (0, 1, 2, 3))])
def test_fewer_parts_are_the_outer_ones_of_the_same_music(trained, parts, kept):
    whole = write_around(trained, to_harmonise(trained, melody()), RULES, 1)[0]
    made = write_around(trained, to_harmonise(trained, melody(), parts=parts), RULES, 1)[0]
    assert len(made.programs) == parts
    for place, voice in enumerate(kept):
        assert rows_of(made, place) == rows_of(whole, voice)


def test_under_a_bass_come_outer_parts_first(trained):
    assert to_harmonise(trained, melody(43), parts=2).kept == (0, 3)
    assert to_harmonise(trained, chorale(9), 2, parts=2).kept == (1, 3)
    assert to_harmonise(trained, chorale(9), 2, parts=3).kept == (0, 1, 3)


def test_more_pieces_begin_with_the_same(trained):
    task = to_harmonise(trained, melody())
    few, many = write_around(trained, task, RULES, 1), write_around(trained, task, RULES, 1, count=3)
    assert few[0].notes.tobytes() == many[0].notes.tobytes() != many[1].notes.tobytes()
    assert many[2].title == "infilling model, seed 1, piece 3"


# --- harmonise: bad input


EMPTY = Piece(np.zeros(0, NOTE), 100.0, (0,), (4, 4), "empty.mid")
CHORDS = piece_of((0, 12, 72, 0), (0, 12, 76, 0), (12, 12, 74, 0), source="chords.mid")
WIDE = piece_of((0, 12, 20, 0), (12, 12, 110, 0), source="wide.mid")
LONG = piece_of((0, 12, 72, 0), (48000, 12, 74, 0), source="long.mid")
PIANO = piece_of(*[(12 * beat, 12, pitch, 0) for beat in range(8) for pitch in (60, 64)], source="piano.mid")
HELD = piece_of((0, 48, 72, 0), (12, 12, 76, 0), (24, 12, 74, 0), source="held.mid")


@pytest.mark.parametrize(
    ("piece", "options", "said"),
    [
        (EMPTY, {}, "empty.mid: has no notes"),
        (CHORDS, {}, "chords.mid: part 1 sounds several notes at once; it must be one line: choose another"),
        (HELD, {}, "held.mid: part 1 sounds several notes at once"),
        (piece_of((0, 12, 72, 0), source="one.mid"), {}, "one.mid: part 1 has 1 note; a melody must have two or more"),
        (replace(melody(), metre=(5, 8)), {}, "tune.mid: is in 5/8; the model knows 4/4"),
        (melody(), {"part": 2}, "part: is 2; tune.mid has notes in part 1"),
        (melody(), {"voice": 5}, "voice: is 5; it must be from 1 to 4, the parts that the model has"),
        (melody(), {"parts": 9}, "parts: is 9; it must be from 2 to 4, the parts that the model has"),
        (WIDE, {}, "wide.mid: part 1 spans MIDI 20-110; no octave of it fits the model's"),
        (LONG, {}, "long.mid: has 1,001 bars; at most 1,000 are read"),
    ],
)  # fmt: skip
def test_what_can_not_be_harmonised_is_refused_by_name(trained, piece, options, said):
    with pytest.raises(BadInput) as refused:
        to_harmonise(trained, piece, **options)
    assert said in str(refused.value)


# --- fill


def test_bars_are_written_and_all_else_stays(trained):
    piece = chorale(9)
    task = to_fill(trained, piece, 3, 4)
    made = write_around(trained, task, RULES, 1)[0]
    for part in range(4):
        outside = [row for row in rows_of(made, part) if not 8 <= row[0] < 16]
        assert outside == [row for row in rows_of(piece, part) if not 8 <= row[0] < 16]
    assert made.programs == piece.programs and task.told["bars"] == "3-4"


def test_a_score_of_fewer_parts_keeps_them(trained):
    """Soprano and bass: they are the model's outer voices, and no others come in."""
    notes = chorale(9).notes
    outer = notes[np.isin(notes["part"], (0, 3))].copy()
    outer["part"] = np.where(outer["part"] == 3, 2, 0)  # the part between has no notes
    piece = Piece(outer, 90.0, (73, 0, 42), (4, 4), "outer.mid")
    task = to_fill(trained, piece, 3, 4)
    assert task.kept == (0, 3) and task.back == (0, 2)
    made = write_around(trained, task, RULES, 1)[0]
    assert set(made.notes["part"].tolist()) <= {0, 2} and made.programs == (73, 0, 42)
    assert [row for row in rows_of(made, 2) if row[0] < 8] == [row for row in rows_of(piece, 2) if row[0] < 8]


FIVE = piece_of(*[(12 * beat, 12, 70 - 6 * part, part) for beat in range(16) for part in range(5)], source="five.mid")


@pytest.mark.parametrize(
    ("piece", "bars", "said"),
    [
        (EMPTY, (1, 1), "empty.mid: has no notes"),
        (chorale(9), (9, 8), "bars: are 9-8; they must lie within 1-6, the bars of chorale 9, in order"),
        (chorale(9), (5, 7), "bars: are 5-7; they must lie within 1-6"),
        (chorale(9), (0, 2), "bars: are 0-2; they must lie within 1-6"),
        (chorale(9), (1, 6), "bars: are 1-6, all of chorale 9; some of it must stand"),
        (FIVE, (2, 2), "five.mid: has 5 parts; the model knows 4"),
        (PIANO, (2, 2), "piano.mid: part 1 strikes 2 notes at once; the model's parts strike one"),
        (replace(chorale(9), metre=(3, 4)), (2, 2), "is in 3/4; the model knows 4/4"),
    ],
)  # fmt: skip
def test_what_can_not_be_filled_is_refused_by_name(trained, piece, bars, said):
    with pytest.raises(BadInput) as refused:
        to_fill(trained, piece, *bars)
    assert said in str(refused.value)
