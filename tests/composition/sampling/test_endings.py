"""Endings: chords that close and that don't, by hand; the way that is taken; pieces of a model end as they should."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_conditioned import make_conditioned
from tiny_model import chorale, make_tiny_model
from tiny_pieces import piece_of

from reprise.composition.encoding.events import Frame
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.models.conditions import Told
from reprise.composition.sampling import compose as compose_module
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.drawing.sampler import Job
from reprise.composition.sampling.endings.closing import Ending, endings_of, held
from reprise.composition.sampling.endings.tries import ENDING, with_endings
from reprise.composition.sampling.opening import opening, read_opening, transposed
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
    """Where a tonic triad closes the piece."""
    return [(own.begins, own.beats, own.authentic) for own in endings_of(piece, home, bars, after) if own.triad]


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
        (72, 67, 60, 48),  # no third at all
        SIX,
    ],
)
def test_what_does_not_close(last):
    assert found(chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, last))) == []


@pytest.mark.parametrize(
    ("last", "closes"), [((70, 67, 64, 48), True), ((74, 67, 60, 48), True), ((70, 65, 62, 48), False)]
)
def test_another_chord_over_the_tonic_closes_less_well_if_it_has_the_third_or_the_fifth(last, closes):
    ways = list(endings_of(chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, last)), C, 2))
    assert [own.triad for own in ways] == [False] * closes


def test_a_tonic_over_its_fifth_is_no_dominant():
    six_four, nine = (76, 72, 64, 43), (77, 69, 62, 43)
    assert found(chords((0, BAR, ONE), (48, 24, six_four), (72, 24, ONE))) == [(6.0, 2.0, False)]
    assert found(chords((0, BAR, ONE), (48, 24, nine), (72, 24, ONE))) == [(6.0, 2.0, True)]


def test_a_chord_off_the_beat_does_not_close():
    assert found(chords((0, BAR, ONE), (48, 30, FIVE), (78, 18, ONE))) == []


def test_all_parts_must_sound():
    assert found(chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, ONE[1:]))) == [], "the first one is silent"


def test_a_part_that_lies_on_counts_as_sounding():
    piece = piece_of((0, 48, 72, 0), (0, 48, 48, 1), (48, 48, 67, 0), (48, 24, 43, 1), (72, 24, 48, 1))
    assert found(piece) == [(6.0, 2.0, True)]


@pytest.mark.parametrize("last", [(72, 48), (67, 48), (64, 48), (48,)])
def test_one_or_two_parts_may_close_without_a_third_or_fifth(last):
    assert found(chords((0, BAR, (72, 48)[: len(last)]), (48, 24, (71, 43)[-len(last) :]), (72, 24, last)))


def test_a_piece_is_more_than_its_last_chord():
    assert found(chords((0, BAR, ONE)), bars=1) == []
    assert found(chords((0, 24, ONE), (24, 24, ONE)), bars=1) == [(2.0, 2.0, False)]


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
    piece = replace(chords((0, 18, ONE), (18, 6, FIVE), (24, 12, ONE)), metre=(3, 8))
    assert found(piece) == [(2.0, 1.0, True)], "three beats of an eighth"


def test_what_sounds_in_the_last_chord_is_held_to_the_end():
    piece = piece_of((0, 48, 72, 0), (0, 48, 48, 1), (48, 20, 67, 0), (48, 12, 43, 1), (60, 12, 48, 1))
    ended = held(piece, Ending(5.0, 3.0, True, True, True), 2)
    rows = sorted(ended.notes[["onset", "duration", "pitch"]].tolist())
    assert rows == [(0, 4, 48), (0, 4, 72), (4, 1, 43), (4, 4, 67), (5, 3, 48)]
    assert piece.notes["duration"].max() == 4.0, "the piece itself stays as it was"


# --- which way is taken


GOOD = chords((0, BAR, ONE), (48, 24, FIVE), (72, 24, ONE))
LONGER = chords((0, BAR, ONE), (48, 12, FIVE), (60, 36, ONE))
WEAK = chords((0, BAR, ONE), (48, 12, SIX), (60, 36, ONE))
BAD = chords((0, BAR, ONE), (48, 24, SIX), (72, 24, FIVE))
ENCODING = NotesEncoding.of([GOOD, LONGER, WEAK, BAD, chords((0, 24, (77, 70, 60, 42)))])


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
    assert taken(BAD, WEAK, GOOD)[1] == Ending(6.0, 2.0, True, True, True)
    assert taken(BAD, GOOD, WEAK, LONGER)[1] == Ending(5.0, 3.0, True, True, True)
    assert taken(BAD, WEAK)[1] == Ending(5.0, 3.0, True, False, True)
    assert taken(GOOD, BAD)[1] == Ending(6.0, 2.0, True, True, True), "the first way counts too"


def test_a_melody_that_ends_on_the_tonic_is_worth_a_dominant_and_a_triad_more_than_both():
    third_on_top = chords((0, BAR, ONE), (48, 12, FIVE), (60, 36, (76, 67, 60, 48)))
    seventh = chords((0, BAR, ONE), (48, 12, FIVE), (60, 36, (72, 70, 64, 48)))
    assert taken(third_on_top, GOOD)[1] == Ending(6.0, 2.0, True, True, True)
    assert taken(third_on_top, WEAK)[1] == Ending(5.0, 3.0, True, True, False)
    assert taken(seventh, WEAK)[1] == Ending(5.0, 3.0, True, False, True)
    assert taken(BAD, seventh)[1] == Ending(5.0, 3.0, False, True, True)


def test_what_comes_after_the_chord_that_closes_is_left_out():
    goes_on = chords((0, BAR, ONE), (48, 12, FIVE), (60, 12, ONE), (72, 24, FIVE))
    piece, ending, _ = taken(goes_on, BAD)
    assert ending == Ending(5.0, 3.0, True, True, True) and piece.notes["onset"].max() == 5.0


def test_where_no_way_closes_the_first_one_stays():
    piece, ending, _ = taken(BAD, BAD, BAD)
    assert ending is None and (piece.notes["pitch"] == BAD.notes["pitch"]).all()


def test_tries_go_on_from_what_comes_before_the_last_bars_each_with_a_seed_of_its_own():
    long = chords((0, BAR, ONE), (48, 48, SIX), (96, 48, FIVE), (144, 48, FIVE))
    _, _, jobs = taken(long, long, tries=3, bars=4)
    assert [job.seed for job in jobs] == [(1, 2, ENDING, 1), (1, 2, ENDING, 2), (1, 2, ENDING, 3)]
    for job in jobs:
        assert len(job.start) == 8 and job.begins == 96 and job.bars == 4


@pytest.mark.parametrize(("tries", "bars"), [(0, 2), (8, None)])
def test_without_tries_or_bars_nothing_is_drawn_and_nothing_changes(tries, bars):
    piece, ending, jobs = taken(GOOD, BAD, tries=tries, bars=bars)
    assert not jobs and ending is None and len(piece.notes) == len(GOOD.notes)


def test_as_many_are_drawn_at_once_for_a_piece_however_often_others_are_tried():
    """Numbers round otherwise in larger batches."""
    job = taken(BAD, BAD, tries=2)[2][0]

    def batches(*tries: int) -> list[int]:
        sizes = []

        def draw(again: list[Job]) -> list[np.ndarray]:
            sizes.append(len(again))
            return [job.start] * len(again)

        jobs = [replace(job, rules=replace(USUAL, ending_tries=own)) for own in tries]
        with_endings(ENCODING, jobs, [job.start] * len(jobs), draw)
        return sizes

    assert batches(2, 2, 2) == [6] and batches(0, 0, 0) == []
    assert batches(2, 0, 5) == [6, 15] and batches(2, 0, 2) == [6]


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
    assert piece.notes[: len(start.notes)].tolist() == start.notes.tolist()


def test_the_chord_that_closes_is_that_of_the_key_that_sounds(monkeypatch):
    """After an opening far below the range of the model, which reads it and writes on in another key."""
    trained = make_tiny_model("lstm")
    one, five = ([pitch - 24 for pitch in own] for own in (ONE, FIVE))
    whole = chords((0, BAR, one), (48, 12, five), (60, 12, one), (72, 24, five))
    start = opening(whole, 1)
    shifts = read_opening(start, trained.config.encoding).shifts
    assert len({*shifts}) == 1 and shifts[0] % 12
    written = trained.config.encoding.encode(transposed(whole, shifts))[:-1]
    monkeypatch.setattr(compose_module, "sample", lambda network, encoding, jobs, *_: [written] * len(jobs))
    (piece,) = compose(trained, [Order((1,), bars=2, start=start)])
    rows = [(0.0, 4.0, one), (4.0, 1.0, five), (5.0, 3.0, one)]
    expected = [(begins, beats, pitch) for begins, beats, own in rows for pitch in own]
    assert piece.notes[["onset", "duration", "pitch"]].tolist() == expected
    (piece,) = compose(trained, [Order((1,), bars=2, start=start, rules=FIRST_WAY)])
    assert len(piece.notes) == 16, "all that was written"


def test_tries_read_what_comes_before_under_the_latents_that_it_was_written_under(monkeypatch):
    trained, read = make_tiny_model("vae"), []
    step = trained.network.step

    def spy(last, cache, condition):
        read.append(condition.numpy().copy())
        return step(last, cache, condition)

    monkeypatch.setattr(trained.network, "step", spy)
    compose(trained, [Order((3, 1), bars=2 * trained.network.phrase_bars + 1)])
    found = [np.unique(own, axis=0) for own in (np.concatenate(read[:1]), np.concatenate(read))]
    assert {len(conditions) for conditions in read} == {1, USUAL.ending_tries}
    assert len(found[0]) == 1 and len(found[1]) == 3, "one of each phrase"


def test_how_dissonant_a_piece_is_to_be_is_told_until_its_last_bars_alone(monkeypatch):
    trained, drawn = make_conditioned(), []
    sample = compose_module.sample
    monkeypatch.setattr(compose_module, "sample", lambda *given: drawn.append(given[2]) or sample(*given))
    known = trained.config.conditions
    told = {name: known.at(name, 0.9) for name in known.knots}
    assert {"dissonance", "onset_density"} <= told.keys()
    compose(trained, [Order((3,), bars=3, told=Told(told))])
    (first,), tries = drawn
    assert first.conditions[0].tolist() == known.vector(told).tolist()
    del told["dissonance"]
    assert all(job.conditions[0].tolist() == known.vector(told).tolist() for job in tries) and len(tries) == 6
