"""Endings: chords that close and that don't, by hand; the way that is taken; pieces of a model end as they should."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_conditioned import make_conditioned
from tiny_model import chorale, make_tiny_model
from tiny_pieces import piece_of

from reprise.composition.encoding.events import Frame
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.drawing.sampler import Job
from reprise.composition.sampling.endings import Ending, endings_of, held, with_endings
from reprise.composition.sampling.opening import opening
from reprise.composition.sampling.rules import USUAL
from reprise.music.analysis.keyfinding import Key
from reprise.music.piece import Piece

C, A_MINOR = Key(0, "major"), Key(9, "minor")
ONE, FIVE, SIX, FIVE_65 = (72, 67, 64, 48), (71, 67, 62, 43), (72, 69, 64, 45), (67, 65, 62, 47)
BAR = 48  # twelfths of a beat
FIRST_WAY = replace(USUAL, ending_tries=0)


def chords(*said: tuple[int, int, tuple[int, ...]]) -> Piece:
    """Chords in four parts: onset and duration in twelfths of a beat, pitches from the soprano down."""
    return piece_of(*[(onset, length, pitch, part) for onset, length, own in said for part, pitch in enumerate(own)])


def found(piece: Piece, home: Key | None = C, bars: int = 2, after: float = 0.0) -> list[tuple]:
    return [(own.begins, own.beats, own.authentic) for own in endings_of(piece, home, bars, after)]


# --- what closes


def test_a_dominant_and_a_tonic_close_and_so_they_do_in_an_inversion_of_the_dominant():
    assert found(chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, ONE))) == [(6.0, 2.0, True)]
    assert found(chords((0, BAR, ONE), (48, 24, FIVE_65), (72, 24, ONE))) == [(6.0, 2.0, True)]


def test_a_tonic_after_another_chord_closes_without_a_dominant():
    assert found(chords((0, BAR, SIX), (48, 24, SIX), (72, 24, ONE))) == [(6.0, 2.0, False)]


def test_every_beat_of_the_last_bar_is_looked_at_and_none_of_the_bars_before():
    piece = chords((0, 24, FIVE), (24, 24, ONE), (48, 12, FIVE), (60, 12, ONE), (72, 12, FIVE), (84, 12, ONE))
    assert found(piece) == [(5.0, 3.0, True), (7.0, 1.0, True)]
    assert found(piece, after=5.5) == [(7.0, 1.0, True)], "what is given stays"


@pytest.mark.parametrize(
    "last",
    [
        (72, 67, 64, 52),  # its third in the bass
        (72, 67, 64, 55),  # its fifth in the bass
        (70, 67, 64, 48),  # a seventh
        (72, 67, 63, 48),  # the other mode's third
        SIX,
    ],
)
def test_what_does_not_close(last):
    assert found(chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, last))) == []


def test_a_chord_off_the_beat_does_not_close():
    assert found(chords((0, BAR, ONE), (48, 30, FIVE), (78, 18, ONE))) == []


def test_all_parts_must_sound():
    assert found(chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, ONE[1:]))) == [], "the first one is silent"


def test_a_part_that_lies_on_counts_as_sounding():
    piece = piece_of((0, 48, 72, 0), (0, 48, 48, 1), (48, 48, 67, 0), (48, 24, 43, 1), (72, 24, 48, 1))
    assert found(piece) == [(6.0, 2.0, True)]


def test_minor_closes_with_either_third():
    minor, picardy = (72, 64, 57, 45), (73, 64, 57, 45)
    for last in (minor, picardy):
        assert found(chords((0, BAR, minor), (48, 24, (71, 64, 56, 40)), (72, 24, last)), A_MINOR)


def test_without_a_key_or_notes_nothing_closes():
    assert found(chords((0, BAR, ONE), (48, 48, ONE)), None) == []
    assert found(replace(GOOD, notes=GOOD.notes[:0])) == []


def test_compound_beats_are_dotted():
    piece = replace(chords((0, 36, FIVE), (36, 18, FIVE), (54, 18, ONE)), metre=(6, 8))
    assert found(piece) == [(4.5, 1.5, True)]
    assert found(replace(chords((0, 36, FIVE), (36, 12, FIVE), (48, 24, ONE)), metre=(6, 8))) == [], (
        "an eighth after the beat"
    )


def test_what_sounds_in_the_last_chord_is_held_to_the_end():
    piece = piece_of((0, 48, 72, 0), (0, 48, 48, 1), (48, 20, 67, 0), (48, 12, 43, 1), (60, 12, 48, 1))
    ended = held(piece, Ending(5.0, 3.0, True), 2)
    rows = sorted(ended.notes[["onset", "duration", "pitch"]].tolist())
    assert rows == [(0, 4, 48), (0, 4, 72), (4, 1, 43), (4, 4, 67), (5, 3, 48)]
    assert piece.notes["duration"].max() == 4.0, "the piece itself stays as it was"


# --- which way is taken


GOOD = chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, ONE))
LONGER = chords((0, BAR, ONE), (48, 12, FIVE), (60, 36, ONE))
WEAK = chords((0, BAR, ONE), (48, 12, SIX), (60, 36, ONE))
BAD = chords((0, BAR, ONE), (48, 24, SIX), (72, 24, FIVE))
ENCODING = NotesEncoding.of([GOOD, LONGER, WEAK, BAD])


def taken(*ways: Piece, tries: int = 8, bars: int | None = 2) -> tuple[Piece, Ending | None, list[Job]]:
    """The piece that is taken of these, the first of which was made before the others were tried."""
    events = [ENCODING.encode(way)[:-1] for way in ways]
    jobs = []

    def draw(again: list[Job]) -> list[np.ndarray]:
        jobs.extend(again)
        return [*events[1:], *[events[-1]] * (len(again) - len(events) + 1)]

    rules = replace(USUAL, ending_tries=tries)
    notes = None if bars else 20
    job = Job((4, 4), (1, 2), np.zeros((0, 4), np.int64), notes, bars, rules=rules, frame=Frame(0, "major"))
    (chosen,), (ending,) = with_endings(ENCODING, [job], events[:1], draw)
    return ENCODING.decode(chosen, (4, 4), 120.0, (0,) * 4, ""), ending, jobs


def test_the_way_with_a_dominant_and_the_longest_last_chord_is_taken():
    assert taken(BAD, WEAK, GOOD)[1] == Ending(6.0, 2.0, True)
    assert taken(BAD, GOOD, WEAK, LONGER)[1] == Ending(5.0, 3.0, True)
    assert taken(BAD, WEAK)[1] == Ending(5.0, 3.0, False)
    assert taken(GOOD, BAD)[1] == Ending(6.0, 2.0, True), "the first way counts too"


def test_what_comes_after_the_chord_that_closes_is_left_out():
    goes_on = chords((0, BAR, ONE), (48, 12, FIVE), (60, 12, ONE), (72, 24, FIVE))
    piece, ending, _ = taken(goes_on, BAD)
    assert ending == Ending(5.0, 3.0, True) and piece.notes["onset"].max() == 5.0


def test_where_no_way_closes_the_first_one_stays():
    piece, ending, _ = taken(BAD, BAD, BAD)
    assert ending is None and (piece.notes["pitch"] == BAD.notes["pitch"]).all()


def test_tries_go_on_from_what_comes_before_the_last_bars_each_with_a_seed_of_its_own():
    long = chords((0, BAR, ONE), (48, 48, SIX), (96, 48, FIVE), (144, 48, FIVE))
    _, _, jobs = taken(long, long, tries=3, bars=4)
    assert [job.seed for job in jobs] == [(1, 2, 1), (1, 2, 2), (1, 2, 3)]
    for job in jobs:
        assert len(job.start) == 8 and job.begins == 96 and job.bars == 4


@pytest.mark.parametrize(("tries", "bars"), [(0, 2), (8, None)])
def test_without_tries_or_bars_nothing_is_drawn_and_nothing_changes(tries, bars):
    piece, ending, jobs = taken(GOOD, BAD, tries=tries, bars=bars)
    assert not jobs and ending is None and len(piece.notes) == len(GOOD.notes)


# --- of a model


@pytest.mark.parametrize("trained", [make_tiny_model("lstm"), make_tiny_model("vae"), make_conditioned()])
def test_a_piece_is_as_long_as_asked_and_the_same_whatever_is_made_beside_it(trained):
    order = Order((3, 1), bars=3)
    alone = compose(trained, [order, Order((9,), bars=2)])[0]
    beside = compose(trained, [order, Order((8,), notes=7)])[0]
    assert alone.notes.tolist() == beside.notes.tolist()
    ends = alone.notes["onset"] + alone.notes["duration"]
    assert 8 < ends.max() <= 12
    first = compose(trained, [replace(order, rules=FIRST_WAY), Order((9,), bars=2)])[0]
    early = first.notes["onset"] < 4
    assert alone.notes[alone.notes["onset"] < 4][["onset", "pitch", "part"]].tolist() == (
        first.notes[early][["onset", "pitch", "part"]].tolist()
    )


def test_an_opening_stays_as_it_is():
    start = opening(chorale(30), 2)
    (piece,) = compose(make_tiny_model("lstm"), [Order((1,), bars=3, start=start)])
    given = len(start.notes)
    kept = piece.notes[:given][["onset", "pitch", "part"]].tolist()
    assert kept == start.notes[["onset", "pitch", "part"]].tolist()


def test_random_music_closes_more_often_when_it_is_tried():
    """Notes of C major at random: few pieces close, and more do where 30 ways are looked at."""
    trained = make_tiny_model("lstm")

    def closing(tries: int) -> int:
        rules = replace(USUAL, ending_tries=tries, temperature=0.9)
        made = compose(trained, [Order((5, item), bars=2, rules=rules) for item in range(6)])
        return sum(bool(list(endings_of(piece, C, 2))) for piece in made)

    assert closing(0) <= closing(30)
