"""The grid encoding: exact with strikes, without them a repeated note is one, and a state knows the past alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_checks import check_categories, check_past_only
from tiny_pieces import piece_of

from benchmarks.composition.grid import FRAMES_PER_BAR, VOICES, GridEncoding
from reprise.composition.encoding.events import INTERVAL_SPAN, NO_PITCH
from reprise.errors import BadInput
from reprise.music.piece import Piece

FRAME = 3  # twelfths
GRID, MERGED = GridEncoding(48, 72), GridEncoding(48, 72, strikes=False)


@st.composite
def chorales(draw: st.DrawFn) -> Piece:
    """Four voices of notes and rests on the sixteenth grid."""
    rows = []
    for voice in range(len(VOICES)):
        now = 0
        for rest, length, pitch in draw(
            st.lists(st.tuples(st.integers(0, 2), st.integers(1, 6), st.integers(48, 52)), min_size=1, max_size=8)
        ):
            now += rest
            rows.append((now * FRAME, length * FRAME, pitch, voice))
            now += length
    return piece_of(*rows)


def back(encoding: GridEncoding, piece: Piece) -> Piece:
    return encoding.decode(encoding.encode(piece), piece.tempo_bpm, piece.programs, piece.source)


@given(chorales())
@settings(max_examples=100, deadline=None)
def test_with_strikes_a_piece_comes_back_exactly(piece):
    assert np.array_equal(back(GRID, piece).notes, piece.notes)


@given(chorales())
@settings(max_examples=60, deadline=None)
def test_without_strikes_the_same_pitches_sound_at_every_moment(piece):
    assert np.array_equal(MERGED.encode(piece), GRID.encode(piece)[:, : len(VOICES)])
    assert np.array_equal(MERGED.encode(back(MERGED, piece)), MERGED.encode(piece))


def test_frames_by_hand():
    """Soprano: C for an eighth, C struck again; bass: a sixteenth's rest, then E."""
    piece = piece_of((0, 6, 60, 0), (6, 3, 60, 0), (3, 6, 52, 3))
    rest = GRID.rest
    assert rest == 25
    assert GRID.encode(piece).tolist() == [
        [12, rest, rest, rest, 1, 0, 0, 0],
        [12, rest, rest, 4, 0, 0, 0, 1],
        [12, rest, rest, 4, 1, 0, 0, 0],
    ]
    assert back(MERGED, piece).notes[["onset", "duration", "pitch"]].tolist() == [(0.0, 0.75, 60), (0.25, 0.5, 52)]


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (piece_of((0, 6, 60, 3), (3, 6, 62, 3)), "test: part 3 has two notes at once"),
        (piece_of((0, 6, 60, 0), (4, 3, 62, 3)), "test: has notes off the sixteenth grid"),
        (piece_of((0, 4, 60, 3)), "test: has notes off the sixteenth grid"),
        (piece_of((0, 6, 73, 3)), "test: has pitches outside 48-72"),
        (piece_of((0, 6, 60, 2)), "test: has 3 parts"),
        (replace(piece_of((0, 6, 60, 3)), notes=piece_of((0, 6, 60, 3)).notes[:0]), "test: has no notes"),
    ],
)
def test_what_the_grid_can_not_say_is_refused(piece, message):
    with pytest.raises(BadInput, match=message):
        GRID.encode(piece)


@given(chorales(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_transposed_piece_is_encoded_as_its_events_transposed(piece, data):
    events = GRID.encode(piece)
    down, up = GRID.room(events)
    assert (down, up) == (piece.notes["pitch"].min() - GRID.lowest, GRID.highest - piece.notes["pitch"].max())
    semitones = data.draw(st.sampled_from([-down, 0, 1, up]))
    notes = piece.notes.copy()
    notes["pitch"] += semitones
    assert np.array_equal(GRID.encode(replace(piece, notes=notes)), GRID.transposed(events, semitones))


# --- the state


def random_frames(seed: int, frames: int, encoding: GridEncoding = GRID) -> np.ndarray:
    return np.random.default_rng(seed).integers(encoding.shape.sizes, size=(frames, len(encoding.shape.fields)))


@pytest.mark.parametrize("encoding", [GRID, MERGED])
def test_every_category_lies_within_its_size(encoding):
    check_categories(encoding, random_frames(0, 40, encoding))


@pytest.mark.parametrize("field", range(2 * len(VOICES)))
def test_nothing_of_a_later_frame_or_field_is_known(field):
    events, other = random_frames(field, 30), random_frames(99, 30)
    for n in range(0, 30, 3):
        changed = np.concatenate([events[:n], other[n:]])
        changed[n, :field] = events[n, :field]
        check_past_only(GRID, events, changed, n, field)


def test_references_and_motion_by_hand():
    """Frame 1: C5 G4 rest C4; in frame 2 the soprano has gone to D5."""
    rest, state = GRID.rest, GRID.start([(4, 4)])
    state.push(np.array([[24, 19, rest, 12, 1, 1, 0, 1]]))
    frame = np.array([[26, 19, rest, 12, 1, 0, 0, 0]])
    assert state.references(1, frame)[0, :4].tolist() == [67, 74, NO_PITCH, 60], (
        "own before, soprano now, the rest before"
    )
    assert state.references(0, frame)[0, :4].tolist() == [72, 67, NO_PITCH, 60]
    assert state.references(4, frame).shape == (1, 0)
    alto = state.given(1, frame)[0].tolist()
    assert alto[0] == 1 and alto[-4:-2] == [26, INTERVAL_SPAN + 1 + 2], "the second sixteenth; D5, a tone up; no echo"
    for _ in range(FRAMES_PER_BAR - 1):
        state.push(frame)
    assert state.bar.tolist() == [0] and state.given(0, frame)[0, 0] == 0
    state.push(frame)
    assert state.bar.tolist() == [1]
