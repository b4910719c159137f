"""Frames: what a state tells of a piece as a whole, and that an encoding without frames stays as it was."""

from dataclasses import replace

import numpy as np
import pytest
from state_checks import check_categories, check_past_only
from tiny_pieces import piece_of, random_piece

from reprise.composition.encoding.events import INTERVAL_SPAN, INTERVALS, NO_PITCH, UNTOLD, Frame
from reprise.composition.encoding.hearing.keys import DEGREES, MEMORIES, MODES, KeyTracker
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_state import NotesState
from reprise.composition.encoding.notes_vocabulary import BARS_LEFT, DURATION, PART, PITCH, STEP
from reprise.errors import BadInput

FOUR = (4, 4)
G_MINOR = Frame(tonic=7, mode="minor", bars=3, parts=2, pitch=62)
CHORD = piece_of((0, 12, 60, 0), (0, 12, 64, 1), (0, 12, 67, 2), (12, 36, 62, 0), (48, 48, 60, 0))


@pytest.fixture
def framed() -> NotesEncoding:
    return NotesEncoding.of([CHORD], framed=True)


@pytest.fixture
def plain() -> NotesEncoding:
    return NotesEncoding.of([CHORD])


def step_of(encoding: NotesEncoding, twelfths: int) -> int:
    return int(encoding.steps.index(np.array(twelfths)))


def note(encoding: NotesEncoding, step: int, part: int, pitch: int = 60) -> np.ndarray:
    """An event so many twelfths after the last one, a beat long, int64[1, F]."""
    duration = int(encoding.durations.index(np.array(12)))
    return np.array([[step_of(encoding, step), part, pitch - encoding.lowest, duration]])


def told(state: NotesState, field: int = STEP, event: np.ndarray | None = None) -> list[list[int]]:
    """The categories of bars left and of parts, of each sequence: with the keys' modes they end the place."""
    nothing = np.zeros((len(state.rows), len(state.encoding.shape.fields)), np.int64)
    known = state.given(field, nothing if event is None else event)
    place = 3 + state.compared + state.encoding.keys  # position, metre, since a rest, what still sounds, modes
    return known[:, place : place + 2].tolist()


# --- what is told


def test_the_bars_left_are_counted_down_by_hand(framed):
    """Of three bars: after the first there are two, told as 3; after the last none, told as 1, and beyond it too."""
    state, seen = framed.start([FOUR], [Frame(bars=3)]), []
    assert told(state) == [[3, 0]]
    for _ in range(4):
        ahead = note(framed, 48, 0)
        seen.append(told(state, PART, ahead)[0][0])  # of where the next event begins
        state.push(ahead)
    assert seen == [2, 1, 1, 1]


@pytest.mark.parametrize(
    ("bars", "category"), [(None, 0), (1, 1), (2, 2), (17, 17), (18, BARS_LEFT - 1), (500, BARS_LEFT - 1)]
)
def test_many_bars_count_as_the_last_category(framed, bars, category):
    assert told(framed.start([FOUR], [Frame(bars=bars)])) == [[category, 0]]


def test_parts_are_told_as_they_are(framed):
    frames = [Frame(parts=parts) for parts in (None, 1, 2, 3)]
    assert told(framed.start([FOUR] * 4, frames)) == [[0, parts] for parts in range(4)]


def test_the_home_key_is_one_more_key_and_stays(framed):
    state = framed.start([FOUR] * 3, [G_MINOR, Frame(tonic=0, mode="major"), UNTOLD])
    assert state.key.tonics[:, :MEMORIES].tolist() == [[NO_PITCH] * MEMORIES] * 3, "nothing sounded yet"
    for _ in range(2):
        assert state.key.tonics[:, -1].tolist() == [7, 0, NO_PITCH]
        assert state.key.modes[:, -1].tolist() == [2, 1, 0]
        at = 3 + state.compared
        given = state.given(STEP, np.zeros((3, 4), np.int64))
        assert given[:, at + MEMORIES].tolist() == [2, 1, 0], "the last of the modes"
        references = state.references(PITCH, np.zeros((3, 4), np.int64))
        assert references[:, -1].tolist() == [7, 0, NO_PITCH], "the last of the tonics"
        state.push(np.repeat(note(framed, 12, 0, 65), 3, axis=0))
    assert (state.key.tonics[:, :MEMORIES] == 5).all(), "what is heard, F alone, is followed beside it"


def test_a_pitch_is_compared_with_the_mean_pitch(framed):
    """References: own part, 3 parts, 2 notes before, the mean pitch, then the tonics."""
    state = framed.start([FOUR] * 2, [G_MINOR, UNTOLD])
    near = state.references(PITCH, np.zeros((2, 4), np.int64))[:, : -framed.keys]
    assert near.tolist() == [[NO_PITCH] * 6 + [62], [NO_PITCH] * 7]
    assert framed.shape.references[PITCH] == 7 + MEMORIES + 1 and framed.shape.tonics[PITCH] == MEMORIES + 1


def test_what_is_read_of_a_note_by_hand(framed):
    """A at 69 in G minor, 7 semitones above the mean pitch: of the home key its degree, of the mean its interval."""
    state = framed.start([FOUR] * 2, [G_MINOR, UNTOLD])
    event = np.repeat(note(framed, 0, 1, 69), 2, axis=0)
    read = state.push(event)
    fields, near, keys = 4, 7, MEMORIES + 1
    intervals, degrees = read[:, -fields - near : -fields], read[:, -fields - near - keys : -fields - near]
    assert intervals.tolist() == [[0] * 6 + [7 + INTERVAL_SPAN + 1], [0] * 7]
    assert degrees[:, -1].tolist() == [1 + 2, 0], "a tone above G, and of no key nothing"
    assert degrees[:, :-1].tolist() == [[1] * MEMORIES] * 2, "the tonic of what is heard"
    assert read.shape[1] == len(framed.shape.read)


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_every_category_lies_within_its_size(parts, monkeypatch):
    """Of a state that is told as much as can be: all bars, all parts, the last key."""
    encoding = NotesEncoding.of([random_piece(seed, 40, parts) for seed in range(3)], framed=True)
    piece, start = random_piece(1, 40, parts), NotesEncoding.start
    events = encoding.encode(piece)
    for frame in (UNTOLD, Frame(11, "minor", 999, parts, 127), Frame(0, "major", 1, 1, 0)):
        monkeypatch.setattr(NotesEncoding, "start", lambda self, metres, f=frame: start(self, metres, [f]))
        check_categories(encoding, events, FOUR)
        check_past_only(encoding, events, np.concatenate([events[:5], events[6:7], events[6:]]), 5, STEP)


def test_half_a_key_is_told_as_half_a_key(framed):
    """A tonic without a mode, and a mode without a tonic: what is absent stays untold."""
    state = framed.start([FOUR] * 2, [Frame(tonic=4), Frame(mode="minor")])
    assert state.key.tonics[:, -1].tolist() == [4, NO_PITCH] and state.key.modes[:, -1].tolist() == [0, 2]


# --- nothing told, and no frames


def test_no_frames_are_untold_frames(framed):
    events = framed.encode(CHORD)[:, None]
    without, untold = framed.start([FOUR]), framed.start([FOUR], [UNTOLD])
    top = np.array([framed.highest])
    for event in events:
        for field in range(4):
            assert np.array_equal(without.given(field, event), untold.given(field, event))
            assert np.array_equal(without.references(field, event), untold.references(field, event))
            assert np.array_equal(without.allowed(field, event, top), untold.allowed(field, event, top))
        assert np.array_equal(without.push(event), untold.push(event))


def test_the_shape_grows_by_what_a_frame_says(plain, framed):
    """Of place: a mode, bars left, parts. Of what is read: those, a degree, an interval. Of a pitch: two references."""
    assert not plain.framed and framed.framed
    assert framed.shape.fields == plain.shape.fields and framed.shape.sizes == plain.shape.sizes
    place = 3 + 3 + MEMORIES
    for small, large in zip(plain.shape.given, framed.shape.given):
        assert large == (*small[:place], MODES, BARS_LEFT, framed.parts + 1, *small[place:])
    assert sorted(framed.shape.read) == sorted(
        (*plain.shape.read, MODES, BARS_LEFT, framed.parts + 1, DEGREES, INTERVALS)
    )
    assert framed.shape.references[PITCH] == plain.shape.references[PITCH] + 2
    assert framed.shape.tonics[PITCH] == plain.shape.tonics[PITCH] + 1


def test_an_unframed_encoding_is_as_before(plain):
    """Sizes by hand: 48 places in a bar, one metre, up to 17 beats since a rest, 3 parts that sound up to 4 beats, 3
    keys, 5 references near.
    """
    assert plain.shape.given[STEP][:9] == (48, 1, 18, 49, 49, 49, 3, 3, 3)
    read = (48, 1, 18, 49, 49, 49, 3, 3, 3, 4, 12, 13, 13, 13, *(INTERVALS,) * 6, *plain.shape.sizes)
    assert plain.shape.read == read
    assert plain.shape.references == (0, 0, 9, 0) and plain.shape.tonics == (0, 0, 3, 0)


def test_an_unframed_encoding_reads_what_a_framed_one_reads_without_the_frame(plain, framed):
    """The categories told of an untold frame taken out, both states say the same."""
    small, large = plain.start([FOUR]), framed.start([FOUR])
    place, near = 3 + 3 + MEMORIES, 6
    for event in framed.encode(CHORD)[:, None]:
        for field in range(4):
            given = large.given(field, event)
            assert given[0, place : place + 3].tolist() == [0, 0, 0]
            assert np.array_equal(np.delete(given, range(place, place + 3), axis=1), small.given(field, event))
        references = large.references(PITCH, event)
        assert np.array_equal(np.delete(references, [near, -1], axis=1), small.references(PITCH, event))
        read = large.push(event)
        degrees = place + 3 + 2 + MEMORIES  # bar, pitch class, degrees of what is heard
        told_of = [*range(place, place + 3), degrees, degrees + 1 + near]
        assert not read[0, told_of].any()
        assert np.array_equal(np.delete(read, told_of, axis=1), small.push(event))


def test_an_encoding_without_frames_tells_nothing_of_one(plain):
    """Its features have no place for it."""
    state, untold = plain.start([FOUR], [replace(G_MINOR, parts=None)]), plain.start([FOUR])
    for event in plain.encode(CHORD)[:, None]:
        for field in range(4):
            assert np.array_equal(state.given(field, event), untold.given(field, event))
            assert np.array_equal(state.references(field, event), untold.references(field, event))
        assert np.array_equal(state.push(event), untold.push(event))


# --- what may come next


def parts_allowed(state: NotesState, event: np.ndarray) -> list[int]:
    top = np.full(len(event), state.encoding.highest)
    (allowed,) = state.allowed(PART, event, top)
    return np.flatnonzero(allowed).tolist()


def test_no_more_parts_than_told(framed):
    for parts, known in ((None, [0, 1, 2]), (3, [0, 1, 2]), (2, [0, 1]), (1, [0])):
        state = framed.start([FOUR], [Frame(parts=parts)])
        for _ in range(3):
            assert parts_allowed(state, note(framed, 12, 0)) == known
            state.push(note(framed, 12, 0))


def test_nothing_comes_together_with_the_last_part_told(framed):
    """A chord is full when the last of the told parts has struck as many notes as a part may, here one."""
    assert framed.chord == 1
    for parts, possible in ((None, True), (3, True), (2, False)):
        state = framed.start([FOUR], [Frame(parts=parts)])
        state.push(note(framed, 0, 0))
        top = np.array([framed.highest])
        assert state.allowed(STEP, note(framed, 0, 0), top)[0, step_of(framed, 0)]
        state.push(note(framed, 0, 1))
        assert state.allowed(STEP, note(framed, 0, 0), top)[0, step_of(framed, 0)] == possible


def test_missing_parts_come_first_from_the_second_bar_on(framed):
    state = framed.start([FOUR], [Frame(parts=3)])
    state.push(note(framed, 0, 0))
    state.push(note(framed, 12, 0))
    assert parts_allowed(state, note(framed, 12, 0)) == [0, 1, 2], "in the first bar any"
    state.push(note(framed, 36, 0))  # the second bar
    assert parts_allowed(state, note(framed, 12, 0)) == [1, 2]
    state.push(note(framed, 12, 2))
    assert parts_allowed(state, note(framed, 12, 0)) == [1]
    assert parts_allowed(state, note(framed, 0, 0)) == [], "nothing is left together with a full chord"
    state.push(note(framed, 12, 1))
    assert parts_allowed(state, note(framed, 12, 0)) == [0, 1, 2], "all have sounded"


def test_a_missing_part_that_would_break_the_order_waits(framed):
    """Together with a note of part 1 only part 2 may come, though part 0 is missing."""
    state = framed.start([FOUR], [Frame(parts=3)])
    state.push(note(framed, 48, 2))
    assert parts_allowed(state, note(framed, 12, 0)) == [0, 1]
    state.push(note(framed, 12, 1))
    assert parts_allowed(state, note(framed, 0, 0)) == [2]
    assert parts_allowed(state, note(framed, 12, 0)) == [0]


def test_parts_that_nobody_told_may_stay_away(framed):
    state = framed.start([FOUR], [Frame(bars=9, tonic=0, mode="major", pitch=60)])
    for _ in range(4):
        state.push(note(framed, 48, 0))
        assert parts_allowed(state, note(framed, 12, 0)) == [0, 1, 2]


# --- a selection, and what is kept of an encoding


def test_a_selected_state_keeps_its_frames(framed):
    frames, rows = [G_MINOR, UNTOLD, Frame(0, "major", 5, 3, 70)], np.array([2, 0, 2])
    state, fresh = framed.start([FOUR] * 3, frames), framed.start([FOUR] * 3, [frames[row] for row in rows])
    for event in framed.encode(CHORD)[:5, None]:
        event = np.repeat(event, 3, axis=0)
        state.push(event)
        fresh.push(event)
    chosen, event = state.select(rows), np.repeat(note(framed, 12, 1), 3, axis=0)
    top = np.full(3, framed.highest)
    for field in (STEP, PART, PITCH, DURATION):
        assert np.array_equal(chosen.given(field, event), fresh.given(field, event))
        assert np.array_equal(chosen.references(field, event), fresh.references(field, event))
        assert np.array_equal(chosen.allowed(field, event, top), fresh.allowed(field, event, top))
    assert told(chosen, STEP) == [[4, 3], [2, 2], [4, 3]]
    assert chosen.references(PITCH, event)[:, -1].tolist() == [0, 7, 0]


def test_homes_of_a_tracker_stay_in_a_selection():
    tracker = KeyTracker(3, [(7, 2), (0, 1), (NO_PITCH, 0)])
    tracker.push(np.array([[62]] * 3), np.ones((3, 1)))
    chosen = tracker.select(np.array([1, 1, 0]))
    assert chosen.tonics[:, -1].tolist() == [0, 0, 7] and chosen.modes[:, -1].tolist() == [1, 1, 2]
    chosen.push(np.array([[62]] * 3), np.ones((3, 1)))
    assert chosen.tonics[:, -1].tolist() == [0, 0, 7], "and when it goes on"
    assert chosen.degrees(np.array([[62]] * 3))[:, -1].tolist() == [3, 3, 8]


def test_a_tracker_without_homes_has_no_further_key():
    tracker = KeyTracker(2)
    tracker.push(np.array([[60]] * 2), np.ones((2, 1)))
    assert tracker.tonics.shape == tracker.modes.shape == (2, MEMORIES)


def test_events_do_not_depend_on_frames(plain, framed):
    """A piece is encoded and decoded alike: a frame is no event."""
    events = framed.encode(CHORD)
    assert np.array_equal(events, plain.encode(CHORD))
    assert np.array_equal(framed.decode(events, FOUR, 100.0, (0, 0, 0), "").notes, CHORD.notes)


def test_an_unknown_metre_is_refused_with_frames_too(framed):
    with pytest.raises(BadInput, match="metre: is in 3/4; the model knows 4/4"):
        framed.start([(3, 4)], [G_MINOR])
