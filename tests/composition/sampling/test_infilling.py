"""Pieces filled in: what stands stays to the last bit, whatever its rhythm, and nothing else is touched."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_infilling import make_infilling
from tiny_model import chorale, make_tiny_model

from reprise.composition.models.infilling.given import Gap
from reprise.composition.models.infilling.teaching import melody_given
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.drawing.sampler import Job, sample
from reprise.composition.sampling.infilling import Infill, closing, infill, stands, voice_ranges
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput
from reprise.music.piece import Piece, note_table

ONCE = SamplingRules(ending_tries=0)
PROGRAMS = (73, 71, 70, 42)


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return make_infilling()


def line(*notes: tuple[float, float, int], part: int = 0, **other) -> Piece:
    """Notes of one part as (onset, duration, pitch) in beats."""
    return Piece(note_table([(on, lasts, pitch, 70, part) for on, lasts, pitch in notes]), 100.0, PROGRAMS, **other)


SCALE = (72, 74, 76, 77, 79, 77, 76, 74, 72)
MELODIES = {
    "quarters": line(*[(float(beat), 1.0, pitch) for beat, pitch in enumerate(SCALE)]),
    "triplets": line(*[(beat / 3, 1 / 3, pitch) for beat, pitch in enumerate(SCALE)]),
    "quintuplets": line(*[(beat / 5, 1 / 5, pitch) for beat, pitch in enumerate(SCALE)]),
    "uneven": line((0.013, 0.4, 72), (0.71, 0.29, 74), (1.001, 0.777, 76), (2.5, 1.2345, 77)),
    "a trill": line(*[(beat / 16, 1 / 16, 72 + beat % 2) for beat in range(32)], (2.0, 2.0, 71)),
    "an upbeat": line((3.0, 1.0, 67), *[(4.0 + beat, 1.0, pitch) for beat, pitch in enumerate(SCALE)]),
    "long rests": line((0.0, 1.0, 72), (30.0, 1.0, 74), (75.5, 2.0, 72)),
    "one long note": line((0.0, 23.0, 72), (23.0, 1.0, 71)),
    "rests before it": line((10.25, 0.75, 72), (11.0, 1.0, 74)),
}


def rows_of(piece: Piece, *parts: int) -> list[tuple]:
    return [tuple(note) for note in piece.notes[np.isin(piece.notes["part"], parts)].tolist()]


def is_one_line(piece: Piece, part: int) -> bool:
    own = piece.notes[piece.notes["part"] == part]
    return bool((own["onset"][1:] >= own["onset"][:-1] + own["duration"][:-1] - 1e-6).all())


# --- what stands stays


@pytest.mark.parametrize("name", MELODIES)
@pytest.mark.parametrize("shown", [True, False])
def test_the_given_part_stays_and_the_others_lie_beside_it(trained, name, shown):
    melody = MELODIES[name]
    made = infill(trained, [Infill(melody, melody_given(4), (1,), ONCE, shown)])[0]
    assert rows_of(made, 0) == rows_of(melody, 0)
    assert set(made.notes["part"].tolist()) - {0}, "something was written"
    ends = made.notes["onset"] + made.notes["duration"]
    assert ends.max() <= (melody.notes["onset"] + melody.notes["duration"]).max() + 1e-6
    assert all(is_one_line(made, part) for part in (1, 2, 3))
    assert (made.notes["duration"] > 0).all() and made.tempo_bpm == 100.0 and made.metre == (4, 4)


def test_new_notes_begin_with_the_given_ones_off_the_grid(trained):
    """A melody on fifths of a beat: what begins in the same twelfth begins at the same time."""
    melody = MELODIES["quintuplets"]
    given = melody.notes["onset"]
    found = 0
    for seed in range(8):
        made = infill(trained, [Infill(melody, melody_given(4), (seed,), ONCE)])[0]
        for onset in made.notes["onset"][made.notes["part"] > 0]:
            near = given[np.abs(np.floor(given * 12 + 0.5) - np.floor(onset * 12 + 0.5)) < 0.5]
            found += len(near)
            assert not len(near) or onset in near
    assert found


@pytest.mark.parametrize("part", [1, 2, 3])
def test_any_part_may_stand(trained, part):
    piece = chorale(9)
    made = infill(trained, [Infill(piece, melody_given(4, part), (1,), ONCE)])[0]
    assert rows_of(made, part) == rows_of(piece, part)
    assert rows_of(made, *{0, 1, 2, 3} - {part}) != rows_of(piece, *{0, 1, 2, 3} - {part})


def test_several_parts_that_cross_may_stand(trained):
    notes = chorale(9).notes.copy()
    notes["part"] = np.array([1, 0, 2, 3])[notes["part"]]  # the alto lies above the soprano
    piece = replace(chorale(9), notes=notes)
    made = infill(trained, [Infill(piece, Gap((False, False, True, True)), (1,), ONCE)])[0]
    assert rows_of(made, 0, 1) == rows_of(piece, 0, 1)


def test_chords_of_a_part_that_stands_stay(trained):
    melody = MELODIES["quarters"]
    notes = np.concatenate([melody.notes, melody.notes])
    notes["pitch"][len(melody.notes) :] -= 4
    double = replace(melody, notes=notes)
    made = infill(trained, [Infill(double, melody_given(4), (1,), ONCE)])[0]
    assert rows_of(made, 0) == rows_of(double, 0)


@pytest.mark.parametrize(("first", "last"), [(1, 2), (3, 4), (5, 6), (2, 2)])
def test_nothing_changes_but_the_bars_asked_for(trained, first, last):
    piece = chorale(9)
    start, stop = 4.0 * (first - 1), 4.0 * last
    made = infill(trained, [Infill(piece, Gap((True,) * 4, 48 * (first - 1), 48 * last), (1,), ONCE)])[0]

    def outside(own: Piece) -> list[tuple]:
        return [tuple(n) for n in own.notes[(own.notes["onset"] < start) | (own.notes["onset"] >= stop)].tolist()]

    assert outside(made) == outside(piece)
    assert rows_of(made, 0, 1, 2, 3) != rows_of(piece, 0, 1, 2, 3)

    def inside(own: Piece, part: int) -> np.ndarray:
        notes = own.notes[own.notes["part"] == part]
        return notes[(notes["onset"] >= start) & (notes["onset"] < stop)]

    for part in range(4):
        assert is_one_line(made, part)
        new, gone = inside(made, part), inside(piece, part)
        latest = max(stop, float((gone["onset"] + gone["duration"]).max(initial=0)))  # one was held out of the bars
        assert (new["onset"] + new["duration"]).max(initial=0) <= latest + 1e-6


def test_a_note_held_into_the_bars_stays_whole_and_one_held_out_of_them_may_be(trained):
    """A bass note over bars 1-2 stands while bar 2 is written; one from bar 2 into bar 3 may be replaced by such."""
    upper = [(float(beat), 1.0, 72 - beat % 3, 64, 0) for beat in range(16)]
    bass = [(0.0, 7.0, 48, 64, 3), (7.0, 3.0, 50, 64, 3), (10.0, 6.0, 48, 64, 3)]
    piece = Piece(note_table(upper + bass), 90.0, PROGRAMS)
    for seed in range(6):
        made = infill(trained, [Infill(piece, Gap((True,) * 4, 48, 96), (seed,), ONCE)])[0]
        own = made.notes[made.notes["part"] == 3]
        assert (0.0, 7.0, 48) in [tuple(note.tolist())[:3] for note in own]
        new = own[(own["onset"] >= 4) & (own["onset"] < 8)]
        assert not len(new) or (new["onset"].min() >= 7.0 and (new["onset"] + new["duration"]).max() <= 10.0 + 1e-6)


# --- the same again


def test_the_same_seed_gives_the_same_notes_and_another_others(trained):
    order = Infill(MELODIES["quarters"], melody_given(4), (1, 2))
    first, again, other = (infill(trained, [own])[0] for own in (order, order, replace(order, seed=(1, 3))))
    assert first.notes.tobytes() == again.notes.tobytes() != other.notes.tobytes()


def test_what_is_made_beside_it_makes_no_difference(trained):
    order, beside = Infill(MELODIES["quarters"], melody_given(4), (1,)), MELODIES["long rests"]
    one = infill(trained, [order, Infill(chorale(3), melody_given(4, 3), (5,))])[0]
    two = infill(trained, [order, Infill(beside, melody_given(4), (6,))])[0]
    assert one.notes.tobytes() == two.notes.tobytes()


def test_it_matters_what_comes_later():
    """Another last note of the melody, another beginning, where what is heard counts for much."""
    trained = make_infilling()
    with torch.no_grad():
        for reader in (trained.network.before, trained.network.after, trained.network.at_onset):
            reader.read.weight *= 500
    melody = MELODIES["quarters"]
    other = replace(melody, notes=melody.notes.copy())
    other.notes["pitch"][-1] = 67

    def beginnings(own: Piece) -> list[list[tuple]]:
        made = [infill(trained, [Infill(own, melody_given(4), (seed,), ONCE)])[0] for seed in range(16)]
        return [[row for row in rows_of(piece, 1, 2, 3) if row[0] < 4] for piece in made]

    assert beginnings(melody) != beginnings(other)


def test_plain_jobs_know_nothing_of_all_this():
    """Of a model that composes: a job that may end anywhere is another one, but the default is as it was."""
    tiny = make_tiny_model("lstm")
    job = Job((4, 4), (1,), np.zeros((0, 4), np.int64), notes=40)
    first = sample(tiny.network, tiny.config.encoding, [job])[0]
    assert np.array_equal(first, sample(tiny.network, tiny.config.encoding, [replace(job, may_end=False)])[0])
    assert not (first[:, 0] == tiny.config.encoding.end).any() and len(first) == 40


# --- range


def test_what_lies_outside_of_the_voice_is_moved_and_moved_back(trained):
    low = line(*[(float(beat), 1.0, pitch - 24) for beat, pitch in enumerate(SCALE)])
    order = Infill(low, melody_given(4), (1,), ONCE)
    standing = stands(trained, order)
    ranges = voice_ranges(trained)
    shift = standing.shifts[0]
    assert shift > 0 and len(set(standing.shifts)) == 1
    moved = standing.given.notes[:, 2]
    assert moved.min() == ranges[0, 0], "the fewest semitones that do"
    made = infill(trained, [order])[0]
    assert rows_of(made, 0) == rows_of(low, 0)
    new = made.notes[made.notes["part"] > 0]["pitch"]
    encoding = trained.config.encoding
    assert new.min() >= encoding.lowest - shift and new.max() <= encoding.highest - shift


def test_a_melody_wider_than_every_range_is_refused(trained):
    wide = line((0.0, 1.0, 30), (1.0, 1.0, 110))
    with pytest.raises(BadInput, match="part 1 spans MIDI 30-110; no octave of it fits the model's"):
        infill(trained, [Infill(wide, melody_given(4), (1,))])


def test_new_notes_keep_to_the_range_of_the_rules_and_given_ones_need_not(trained):
    rules = SamplingRules(lowest=50, highest=60, ending_tries=0)
    made = infill(trained, [Infill(MELODIES["quarters"], melody_given(4), (1,), rules)])[0]
    new = made.notes[made.notes["part"] > 0]["pitch"]
    assert new.min() >= 50 and new.max() <= 60 and rows_of(made, 0) == rows_of(MELODIES["quarters"], 0)
    with pytest.raises(BadInput, match="lowest, highest: are 1-2; they must leave a range with a pitch of"):
        infill(trained, [Infill(MELODIES["quarters"], melody_given(4), (1,), SamplingRules(lowest=1, highest=2))])


def test_a_model_that_sees_nothing_ahead_is_refused():
    with pytest.raises(BadInput, match="lstm: doesn't see given notes ahead"):
        infill(make_tiny_model("lstm"), [Infill(MELODIES["quarters"], melody_given(4), (1,))])


def test_something_must_stand(trained):
    with pytest.raises(BadInput, match="nothing of it would stand"):
        infill(trained, [Infill(chorale(1), Gap((True,) * 4), (1,))])


# --- endings


def ending(*bass_and_chord: int) -> Piece:
    """Two bars in C major: four quarters of a scale over C, then G, G, and a last half note over what is given."""
    rows = [(float(beat), 1.0, pitch, 64, 0) for beat, pitch in enumerate((72, 74, 76, 77, 76, 74))] + [
        (6, 2, 72, 64, 0)
    ]
    rows += [(float(beat), 1.0, pitch, 64, part) for beat in range(4) for part, pitch in ((1, 64), (2, 55), (3, 48))]
    rows += [(4.0 + beat, 1.0, pitch, 64, part) for beat in range(2) for part, pitch in ((1, 62), (2, 59), (3, 55))]
    rows += [(6.0, 2.0, pitch, 64, part) for part, pitch in enumerate(bass_and_chord, 1)]
    return Piece(note_table(rows), 90.0, PROGRAMS)


def test_of_several_ways_one_that_closes_is_taken(trained):
    standing = stands(trained, Infill(line(*[(float(b), 1.0, 72) for b in range(8)]), melody_given(4), (1,)))
    open_end, closed = ending(65, 57, 53), ending(64, 55, 48)
    assert closing([open_end, closed], standing) is closed
    assert closing([closed, open_end], standing) is closed
    assert closing([open_end, open_end], standing) is open_end, "the first where none closes"


def test_only_where_the_last_bars_are_written_they_are_tried_again(trained):
    piece = chorale(9)
    inner = [Infill(piece, Gap((True,) * 4, 48, 96), (1,), SamplingRules(ending_tries=tries)) for tries in (0, 3)]
    first, again = (infill(trained, [order])[0] for order in inner)
    assert first.notes.tobytes() == again.notes.tobytes()


def test_tries_begin_with_the_same_music(trained):
    """All before the last two bars is as without tries."""
    piece = chorale(9)
    for seed in range(3):
        orders = [Infill(piece, melody_given(4), (seed,), SamplingRules(ending_tries=tries)) for tries in (0, 4)]
        plain, tried = (infill(trained, [order])[0] for order in orders)
        assert [row[:1] + row[2:] for row in rows_of(plain, 1, 2, 3) if row[0] < 16] == [
            row[:1] + row[2:] for row in rows_of(tried, 1, 2, 3) if row[0] < 16
        ]
