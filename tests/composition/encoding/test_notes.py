"""The notes encoding: pieces come back as they were, and a state knows the past alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_checks import check_categories, check_past_only
from tiny_pieces import cut_at_next_strike, piece_of, random_piece

from reprise.composition.encoding.binning import Binning
from reprise.composition.encoding.notes import MARGIN, MOST_VELOCITIES, NotesEncoding
from reprise.composition.encoding.notes_vocabulary import DURATION, PART, PITCH, STEP, VELOCITY, bar_length
from reprise.errors import BadInput, ParamsError
from reprise.music.piece import Piece

METRES = ((2, 4), (3, 4), (4, 4), (6, 8))
LONGEST = 24  # twelfths: the shortest of the bars above, so every step and duration has a bin

ROWS = st.lists(
    st.tuples(
        st.integers(0, LONGEST), st.integers(1, LONGEST), st.integers(55, 62), st.integers(0, 2), st.integers(60, 64)
    ),
    min_size=1,
    max_size=30,
)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    """Chords, unisons of two parts, rests, held notes, several velocities, a first note anywhere in the first bar."""
    onset, rows = 0, []
    for step, *rest in draw(ROWS):
        onset += step
        rows.append((onset, *rest))
    return piece_of(*cut_at_next_strike(rows), metre=draw(st.sampled_from(METRES)))


def back(encoding: NotesEncoding, piece: Piece) -> Piece:
    events = encoding.encode(piece)
    return encoding.decode(events, piece.metre, piece.tempo_bpm, piece.programs, piece.source)


def onsets(piece: Piece) -> list[int]:
    return (piece.notes["onset"] * 12).round().astype(int).tolist()


# --- there and back


@given(pieces())
@settings(max_examples=150, deadline=None)
def test_a_piece_of_the_vocabulary_comes_back_exactly(piece):
    other = back(NotesEncoding.of([piece]), piece)
    assert np.array_equal(other.notes, piece.notes)
    assert (other.metre, other.tempo_bpm, other.programs, other.source) == (
        piece.metre,
        piece.tempo_bpm,
        piece.programs,
        piece.source,
    )


def test_events_by_hand():
    """An upbeat on the fourth beat, then two parts together in unison a quarter later."""
    piece = piece_of((36, 12, 60, 0), (48, 24, 62, 0), (48, 12, 62, 1))
    encoding = NotesEncoding.of([piece])
    assert encoding.steps.centres[:4] == (0, 12, 36, 48) and encoding.durations.centres[:3] == (12, 24, 48)
    assert (encoding.lowest, encoding.highest, encoding.parts) == (60 - MARGIN, 62 + MARGIN, 2)
    assert encoding.trained_range == (60, 62)
    assert encoding.shape.fields == ("step", "part", "pitch", "duration")
    assert encoding.encode(piece).tolist() == [[2, 0, 6, 0], [1, 0, 8, 1], [0, 1, 8, 0], [encoding.end, 0, 0, 0]]


def test_steps_without_a_bin_of_their_own_do_not_add_up():
    """A bin for each of 0, 3, 6 and 12 twelfths: a third of a beat, 4, is taken for 3, 6, 3, 3, 6, 3."""
    encoding = NotesEncoding.of([piece_of((0, 12, 60, 0), (3, 12, 61, 0), (9, 12, 62, 0), (21, 12, 63, 0))])
    piece = piece_of(*[(4 * i, 3, 60 + i % 2, 0) for i in range(7)])
    assert onsets(back(encoding, piece)) == [0, 3, 9, 12, 15, 21, 24]


@given(pieces(), pieces())
@settings(max_examples=100, deadline=None)
def test_whatever_the_vocabulary_onsets_stay_near_and_chords_together(vocabulary, piece):
    encoding = replace(NotesEncoding.of([piece]), steps=NotesEncoding.of([vocabulary]).steps)
    widest = np.diff(np.append(encoding.steps.centres[: encoding.steps.index(np.array(LONGEST)) + 2], 0)[:-1]).max()
    events = encoding.encode(piece)[:-1]
    reached = np.cumsum(encoding.steps.value(events[:, STEP]))
    order = np.stack([reached, events[:, PART], events[:, PITCH]], axis=1).tolist()
    assert order == sorted(order) and len({*map(tuple, order)}) == len(order), "in order, no two notes alike"
    true = np.unique(onsets(piece))
    assert all(np.abs(reached - onset).min() <= widest for onset in true)
    assert len(np.unique(reached)) <= len(true)


def test_a_chord_after_a_long_rest_stays_together():
    """100 twelfths have no bin: the nearest is 96, for all three notes; then 5 further the nearest bin is 1."""
    encoding = NotesEncoding.of([piece_of((0, 12, 60, 0), (1, 12, 61, 0), (48, 12, 65, 0))])
    assert 96 in encoding.steps.centres and 100 not in encoding.steps.centres
    chord = piece_of((100, 12, 60, 0), (100, 12, 62, 0), (100, 12, 65, 0), (101, 12, 60, 0))
    assert onsets(back(encoding, chord)) == [96, 96, 96, 97]


@pytest.mark.parametrize("rest", [96, 240, 288, 600, 1000, 5000])
def test_notes_apart_stay_apart_after_a_long_rest(rest):
    """The nearest bin of a long rest may lie past the notes after it; 24 sixteenths of one part are no chord."""
    encoding = NotesEncoding.of([piece_of((0, 3, 60, 0), (3, 3, 62, 0), (3 + rest, 3, 64, 0))])
    scale = piece_of((0, 3, 60, 0), *((rest + 3 * i, 3, 60 + i % 5, 0) for i in range(24)))
    found = onsets(back(encoding, scale))
    assert len(set(found)) == 25 and abs(found[-1] - onsets(scale)[-1]) <= 0.1 * rest


def test_of_notes_alike_the_longest_stays():
    piece = piece_of((0, 12, 60, 0), (0, 24, 60, 0), (0, 6, 60, 0), (0, 6, 60, 1))
    other = back(NotesEncoding.of([piece]), piece)
    assert other.notes[["duration", "part"]].tolist() == [(2.0, 0), (0.5, 1)]


def test_a_note_ends_where_its_part_strikes_its_pitch_again():
    piece = piece_of((0, 48, 60, 0), (12, 12, 60, 0), (0, 48, 60, 1))
    other = back(NotesEncoding.of([piece]), piece)
    assert other.notes[["onset", "duration", "part"]].tolist() == [(0.0, 1.0, 0), (0.0, 4.0, 1), (1.0, 1.0, 0)]


def test_the_first_event_that_ends_a_piece_ends_it():
    piece = piece_of((0, 12, 60, 0), (12, 12, 62, 0))
    encoding = NotesEncoding.of([piece])
    one = encoding.encode(piece)
    end = one[-1:]
    decoded = encoding.decode(np.concatenate([one[:1], end, one]), (4, 4), 100.0, (0,), "")
    assert decoded.notes["pitch"].tolist() == [60]
    assert len(encoding.decode(end, (4, 4), 100.0, (0,), "").notes) == 0
    assert len(encoding.decode(one[:0], (4, 4), 100.0, (0,), "").notes) == 0
    assert encoding.mask(one).tolist() == [[True] * 4, [True] * 4, [True, False, False, False]]


# --- velocities


def test_one_velocity_is_no_field():
    encoding = NotesEncoding.of([piece_of((0, 12, 60, 0, 80), (12, 12, 62, 0, 80))])
    assert encoding.drops_velocity and "velocity" not in encoding.shape.fields
    louder = piece_of((0, 12, 60, 0, 100))
    assert back(encoding, louder).notes["velocity"].tolist() == [80], "all that the vocabulary knows"


def test_some_velocities_are_kept():
    piece = piece_of((0, 12, 60, 0, 30), (12, 12, 62, 0, 100))
    encoding = NotesEncoding.of([piece])
    assert encoding.shape.fields[VELOCITY] == "velocity" and encoding.velocities == (30, 100)
    assert back(encoding, piece).notes["velocity"].tolist() == [30, 100]


def test_many_velocities_share_bins():
    piece = piece_of(*[(12 * i, 12, 60, 0, 20 + i) for i in range(91)])  # 20-110
    encoding = NotesEncoding.of([piece])
    assert len(encoding.velocities) == MOST_VELOCITIES
    errors = np.abs(back(encoding, piece).notes["velocity"] - piece.notes["velocity"])
    assert 0 < errors.max() <= 90 / (MOST_VELOCITIES - 1) / 2 + 0.5


# --- transposition


@given(pieces(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_transposed_piece_is_encoded_as_its_events_transposed(piece, data):
    encoding = NotesEncoding.of([piece])
    events = encoding.encode(piece)
    down, up = encoding.room(events)
    assert down == MARGIN and up == MARGIN, "of the vocabulary's own piece"
    semitones = data.draw(st.integers(-down, up))
    notes = piece.notes.copy()
    notes["pitch"] += semitones
    assert np.array_equal(encoding.encode(replace(piece, notes=notes)), encoding.transposed(events, semitones))


def test_margins_stay_within_midi():
    encoding = NotesEncoding.of([piece_of((0, 12, 2, 0), (12, 12, 127, 0))])
    assert (encoding.lowest, encoding.highest, encoding.trained_range) == (0, 127, (2, 127))


# --- what is refused


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (piece_of((0, 12, 53, 0), (0, 12, 68, 0)), r"test: has pitches 53-68; the model knows 54-68"),
        (piece_of((0, 12, 60, 2)), "test: has 3 parts; the model knows 2"),
        (piece_of((0, 12, 60, 0), metre=(5, 8)), "test: is in 5/8; the model knows 3/4, 4/4"),
        (replace(piece_of((0, 12, 60, 0)), notes=piece_of((0, 12, 60, 0)).notes[:0]), "test: has no notes"),
    ],
)
def test_what_the_vocabulary_lacks_is_named(piece, message):
    known = [piece_of((0, 12, 60, 0), (0, 12, 62, 1)), piece_of((0, 12, 60, 0), metre=(3, 4))]
    with pytest.raises(BadInput, match=message):
        NotesEncoding.of(known).encode(piece)


def test_no_pieces_and_an_unknown_metre_are_refused():
    with pytest.raises(BadInput, match="no training piece"):
        NotesEncoding.of([])
    with pytest.raises(BadInput, match="metre: is in 3/4; the model knows 4/4"):
        NotesEncoding.of([piece_of((0, 12, 60, 0))]).start([(4, 4), (3, 4)])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lowest", -1),
        ("highest", 128),
        ("parts", 0),
        ("steps", Binning((3, 6))),
        ("velocities", ()),
        ("metres", ()),
        ("metres", ((0, 4),)),
    ],
)
def test_a_vocabulary_that_can_not_be_is_refused(field, value):
    with pytest.raises(ParamsError, match=field):
        replace(NotesEncoding.of([piece_of((0, 12, 60, 0))]), **{field: value})


# --- the state


def vocabulary(parts: int = 3) -> NotesEncoding:
    return NotesEncoding.of([random_piece(seed, 40, parts, metre) for seed, metre in enumerate(METRES)])


def test_what_is_known_of_an_event_by_hand():
    """3/4: C, then E a beat later, held by part 1; what is known of a third note another beat later."""
    piece = piece_of((0, 12, 60, 0), (12, 36, 64, 1), (24, 12, 62, 0), metre=(3, 4))
    encoding = NotesEncoding.of([piece])
    events, state = encoding.encode(piece), encoding.start([(3, 4)])

    def place(field: int, event: np.ndarray) -> list[int]:
        """Position in the bar, metre, and how long the two parts sound; they never came to rest."""
        position, metre, still, *sounding = state.given(field, event)[0, :5].tolist()
        assert still == 0
        return [position, metre, *sounding]

    assert place(STEP, events[:1]) == [0, 0, 0, 0]
    state.push(events[:1])
    assert place(STEP, events[1:2]) == [0, 0, 12, 0], "where the last note began"
    assert place(PART, events[1:2]) == [12, 0, 0, 0], "where this one begins"
    state.push(events[1:2])
    step = encoding.steps.index(np.array(12))
    assert place(PART, events[2:3]) == [24, 0, 0, 24]
    assert state.given(PITCH, events[2:3])[0, -10:].tolist() == [step, *[0] * 9], (
        "its fields before, no echo, nobody moved, no motif comes again"
    )
    assert state.references(PITCH, events[2:3])[0, :5].tolist() == [60, 60, 64, 64, 60], (
        "own, each part, the two before"
    )
    assert state.references(STEP, events[2:3]).shape == state.references(DURATION, events[2:3]).shape == (1, 0)
    read = state.push(events[2:3])
    assert read[0, :5].tolist() == [24, 0, 0, 12, 24] and read[0, -4:].tolist() == events[2].tolist()


def test_the_beats_since_all_parts_came_to_rest_are_counted():
    """A note of two beats, then quarters: the rest is over where the first of them begins."""
    piece = piece_of((0, 24, 60, 0), (24, 12, 62, 0), (36, 12, 64, 0), (48, 24, 65, 0), (72, 12, 67, 0))
    encoding = NotesEncoding.of([piece])
    state, found = encoding.start([(4, 4)]), []
    for event in encoding.encode(piece)[:-1, None]:
        state.push(event)
        found.append(int(state.given(STEP, event)[0, 2]))
    assert found == [0, 1, 2, 3, 1]


def test_what_would_carry_on_a_return_by_hand():
    """C D E F in one bar, C D at the same beats of the next: E comes then, as long as it was."""
    pitches = (60, 62, 64, 65, 60, 62)
    encoding = NotesEncoding.of([piece_of(*((12 * beat, 12, pitch, 0) for beat, pitch in enumerate(range(59, 69))))])
    piece = piece_of(*((12 * beat, 12, pitch, 0) for beat, pitch in enumerate(pitches)))
    state, quarter = encoding.start([(4, 4)]), int(encoding.durations.index(np.array(12)))
    events = encoding.encode(piece)
    for event in events[:-1, None]:
        found = state.returning(PITCH, event)
        assert found is not None and not found.any(), "nothing has come again yet"
        state.push(event)
    follows = events[:1].copy()
    follows[:, PITCH] = 64 - encoding.lowest
    pitch, duration = state.returning(PITCH, follows), state.returning(DURATION, follows)
    assert np.flatnonzero(pitch).tolist() == [64 - encoding.lowest]
    assert np.flatnonzero(duration).tolist() == [quarter]
    follows[:, PITCH] += 1
    duration = state.returning(DURATION, follows)
    assert duration is not None and not duration.any(), "another pitch carries nothing on"
    assert state.returning(STEP, follows) is None and state.returning(PART, follows) is None


def test_the_bar_of_the_last_event_counts_on():
    encoding = vocabulary()
    state = encoding.start([(4, 4), (3, 4)])
    beat = np.array([[encoding.steps.index(np.array(12)), 0, 0, 0]] * 2)
    bars = []
    for _ in range(6):
        state.push(beat)
        bars.append(state.bar.tolist())
    assert bars == [[0, 0], [0, 0], [0, 1], [1, 1], [1, 1], [1, 2]]


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_every_category_lies_within_its_size(parts):
    encoding = vocabulary(parts)
    for seed, metre in enumerate(METRES):
        events = encoding.encode(random_piece(seed, 40, parts, metre))
        assert (events < encoding.shape.sizes).all()
        check_categories(encoding, events, metre)


@pytest.mark.parametrize("field", range(4))
def test_nothing_of_a_later_event_or_field_is_known(field):
    """Fields from `field` on of event n, and all events after it, are changed at random."""
    encoding, rng = vocabulary(), np.random.default_rng(field)
    events = encoding.encode(random_piece(9, 40))
    for n in range(0, len(events) - 1, 5):
        changed = events.copy()
        changed[n, field:] = rng.integers([encoding.end, 3, 10, 3])[field:]
        changed[n + 1 :] = rng.integers([encoding.end, 3, 10, 3], size=changed[n + 1 :].shape)
        check_past_only(encoding, events, changed, n, field)


def test_a_selected_state_says_what_a_fresh_one_says():
    encoding, rows, steps = vocabulary(), np.array([2, 0, 2]), 15
    pieces = [random_piece(seed, 40, 3, metre) for seed, metre in enumerate(METRES[:3])]
    events = np.stack([encoding.encode(piece)[:steps] for piece in pieces])
    state, fresh = encoding.start(METRES[:3]), encoding.start([METRES[row] for row in rows])
    for n in range(steps - 1):
        state.push(events[:, n])
        fresh.push(events[rows, n])
    chosen, event, top = state.select(rows), events[rows, -1], np.full(3, encoding.highest)
    for field in range(4):
        assert np.array_equal(chosen.given(field, event), fresh.given(field, event))
        assert np.array_equal(chosen.references(field, event), fresh.references(field, event))
        assert np.array_equal(chosen.classes(field, event), fresh.classes(field, event))
        assert np.array_equal(chosen.allowed(field, event, top), fresh.allowed(field, event, top))
    chosen.last[:] = 0
    assert (state.last != 0).all(), "it has arrays of its own"


# --- the order of events


def test_what_keeps_the_order_by_hand():
    """Two parts, pitches 54-68, two notes of a part at once; the last note is 60 of part 0."""
    encoding = replace(NotesEncoding.of([piece_of((0, 12, 60, 0), (12, 12, 62, 1))]), chord=2)
    state, top = encoding.start([(4, 4)]), np.array([encoding.highest])
    nothing, together, later = (np.array([[step, 0, 0, 0]]) for step in (0, 0, 1))
    assert state.allowed(STEP, nothing, top)[0].tolist() == [True] * encoding.end + [False], "no piece without a note"
    state.push(np.array([[0, 0, 6, 0]]))
    assert state.allowed(STEP, nothing, top).all()
    assert state.allowed(PART, together, top).all() and state.allowed(PITCH, later, top).all()
    assert np.flatnonzero(state.allowed(PITCH, together, top)[0]).tolist() == list(range(7, 15))
    assert state.allowed(PITCH, np.array([[0, 1, 0, 0]]), top).all(), "another part may have any pitch"
    assert state.allowed(PART, together, np.array([60]))[0].tolist() == [False, True], "part 0 can't go higher"
    assert state.allowed(PART, later, np.array([60])).all()
    state.push(np.array([[0, 0, 7, 0]]))
    assert state.allowed(PART, together, top)[0].tolist() == [False, True], "part 0 has struck two notes"
    state.push(np.array([[0, 1, 14, 0]]))
    assert not state.allowed(STEP, nothing, top)[0, 0], "nothing comes after the highest pitch of the last part"
    assert state.allowed(STEP, nothing, top)[0, 1:].all()
    state.push(np.array([[1, 1, 5, 0]]))
    assert state.allowed(STEP, nothing, top)[0, 0], "what a part strikes later counts anew"
    state.push(np.array([[0, 1, 6, 0]]))
    assert not state.allowed(STEP, nothing, top)[0, 0], "nothing comes after two notes of the last part"


@given(pieces())
@settings(max_examples=60, deadline=None)
def test_every_piece_is_allowed(piece):
    encoding = NotesEncoding.of([piece])
    state, top = encoding.start([piece.metre]), np.array([encoding.highest])
    for event in encoding.encode(piece)[:, None]:
        for field in (STEP, PART, PITCH, DURATION):
            assert state.allowed(field, event, top)[0, event[0, field]] or event[0, STEP] == encoding.end
        state.push(event)


def test_bars_by_hand():
    assert [bar_length(metre) for metre in ((4, 4), (3, 4), (6, 8), (2, 2), (5, 16))] == [48, 36, 36, 48, 15]
