"""The encoding that sees ahead: what it tells of the given notes, and which values keep them."""

import numpy as np
import pytest
from tiny_model import chorale
from tiny_pieces import piece_of

from reprise.composition.encoding.events import NO_PITCH
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_state import NotesState
from reprise.composition.encoding.notes_vocabulary import DURATION, PART, PITCH, STEP
from reprise.composition.models.batches import make_examples
from reprise.composition.models.infilling.ahead import AheadEncoding, AheadState
from reprise.composition.models.infilling.given import FAR, Gap, Given, Setting
from reprise.composition.models.infilling.lookout import FREE, RESTS, STANDS, Lookout
from reprise.composition.models.infilling.teaching import infilling_examples, melody_given, with_every_step
from reprise.errors import BadInput

PIECES = [chorale(seed) for seed in range(4)]
ENCODING = AheadEncoding.over(with_every_step(NotesEncoding.of(PIECES, framed=True)))
EVENTS = [ENCODING.encode(piece) for piece in PIECES]
METRES = [piece.metre for piece in PIECES]
TOP = np.array([127])


def given(*notes: tuple[int, int, int, int], free: tuple[int, ...] = (1, 2, 3), **other) -> Given:
    """Notes as (onset, part, pitch, duration); the parts that are free."""
    table = np.array(sorted(notes), np.int64).reshape(-1, 4)
    end = int((table[:, 0] + table[:, 3]).max(initial=0)) if len(table) else FAR
    gap = Gap(tuple(part in free for part in range(4)), *other.pop("span", ()))
    return Given(table, gap, other.pop("end", end), **other)


def state_of(own: Given, shown: bool = True) -> AheadState:
    return ENCODING.start([(4, 4)], [Setting(given=own, shown=shown)])


def event(step: int, part: int = 0, pitch: int = 60, lasting: int = 12) -> np.ndarray:
    """A note so many twelfths after the one before."""
    lengths = ENCODING.durations.index(np.array(lasting))
    return np.array([[ENCODING.steps.index(np.array(step)), part, pitch - ENCODING.lowest, lengths]], np.int64)


# --- its shape


def test_every_category_lies_within_its_size_and_the_last_is_a_place():
    gaps = [melody_given(4), melody_given(4, 3), Gap((True,) * 4, 48, 144), Gap((True,) * 4)]
    examples = infilling_examples(ENCODING, EVENTS, METRES, gaps)
    shape = ENCODING.shape
    for example in examples:
        assert example.read.shape[1] == len(shape.read) + 1
        assert (example.read[:, :-1] < shape.read).all()
        for field in range(len(shape.fields)):
            assert example.given[field].shape[1] == len(shape.given[field]) + 1
            assert (example.given[field][:, :-1] < shape.given[field]).all() and (example.given[field] >= 0).all()
            assert example.references[field].shape[1] == shape.references[field]
            assert (example.given[field][:, -1] < len(example.beside)).all()
    assert [example.beside.shape[0] for example in examples][3] == 1


def test_the_steps_of_a_bar_are_all_there():
    assert ENCODING.steps.centres[:49] == tuple(range(49))


def test_the_events_of_the_plain_encoding_are_its_events():
    plain = NotesEncoding.of(PIECES, framed=True)
    for piece, events in zip(PIECES, EVENTS):
        own = plain.encode(piece)
        assert np.array_equal(own[:, PART:], events[:, PART:])
        assert plain.last_onset(own[:-1]) == ENCODING.last_onset(events[:-1])


def test_without_a_setting_it_tells_and_allows_what_the_plain_state_does():
    state, plain = ENCODING.start([(4, 4)]), NotesState(ENCODING, [(4, 4)])
    for own in EVENTS[0]:
        row = own[None]
        for field in range(len(ENCODING.shape.fields)):
            told = plain.given(field, row)
            assert np.array_equal(state.given(field, row)[:, : told.shape[1]], told)
            assert np.array_equal(state.allowed(field, row, TOP), plain.allowed(field, row, TOP))
        plain.push(row), state.push(row)
        assert state.onset == plain.onset


def test_an_unknown_metre_is_refused():
    with pytest.raises(BadInput, match="3/4"):
        ENCODING.start([(3, 4)])


# --- what it tells


def test_what_stands_now_and_next():
    """A melody of two half notes with a beat's rest between them, the bass free in the second bar alone."""
    own = given((0, 0, 72, 24), (36, 0, 74, 24), (0, 3, 48, 48), free=(3,), span=(48, 96))
    seen = Lookout([own], 4)

    def at(time: int) -> tuple[list[int], list[int], list[int]]:
        return tuple(seen.moment(name, np.array([time]))[0].tolist() for name in ("does", "now", "at"))

    assert at(0) == ([STANDS, RESTS, RESTS, STANDS], [72, NO_PITCH, NO_PITCH, 48], [36, FAR, FAR, FAR])
    assert at(30)[0][0] == RESTS and at(36)[1][0] == 74
    assert at(47)[0][3] == STANDS and at(48)[0][3] == FREE
    assert seen.moment("places", np.array([0])) == 0 and seen.moment("places", np.array([1])) == 2


def test_a_later_part_is_seen_before_it_comes():
    """The bass stands: at an onset it comes last, but the first pitch already has it among its references."""
    state = state_of(given((0, 3, 48, 12), (12, 3, 50, 12), free=(0, 1, 2)))
    references = state.references(PITCH, event(0, 0))[0]
    assert 48 in references and 50 in references
    hidden = state_of(given((0, 3, 48, 12), free=(0, 1, 2)), shown=False)
    assert 48 not in hidden.references(PITCH, event(0, 0))[0]


def test_what_is_seen_depends_on_what_is_given_and_not_on_the_rest():
    """Another note of the melody, later, changes what is told earlier; another note of the bass doesn't."""
    rows = [(12 * beat, 12, 60 + beat % 5, 0) for beat in range(16)] + [
        (12 * beat, 12, 48 + beat % 3, 3) for beat in range(16)
    ]
    changed_melody = [row if row[0] != 96 or row[3] else (96, 12, 67, 0) for row in rows]
    changed_bass = [row if row[0] != 96 or not row[3] else (96, 12, 53, 3) for row in rows]
    pieces = [piece_of(*own, parts=4) for own in (rows, changed_melody, changed_bass)]
    events = [ENCODING.encode(piece) for piece in pieces]
    first, melody, bass = infilling_examples(ENCODING, events, [(4, 4)] * 3, [melody_given(4)] * 3)
    before = slice(0, 14)  # the events of the first seven beats
    assert np.array_equal(first.beside, bass.beside) and not np.array_equal(first.beside, melody.beside)
    for field in range(4):
        assert np.array_equal(first.given[field][before], bass.given[field][before])
        assert np.array_equal(first.references[field][before], bass.references[field][before])


def test_of_what_stands_only_when_it_comes_counts():
    example = infilling_examples(ENCODING, EVENTS[:1], METRES[:1], [melody_given(4)])[0]
    melody = (EVENTS[0][:, PART] == 0) & (EVENTS[0][:, STEP] < ENCODING.end)
    assert example.mask[:, :PITCH][:-1].all() and not example.mask[melody, PITCH:].any()
    others = ~melody
    others[-1] = False
    assert example.mask[others].all()


def test_a_plain_example_has_nothing_beside_it():
    example = make_examples(ENCODING, EVENTS[:1], METRES[:1])[0]
    assert example.beside.shape == (0, 0)


# --- which values keep what stands


def test_no_step_leaps_over_the_next_given_note():
    state = state_of(given((0, 0, 72, 12), (18, 0, 74, 12)))
    steps = np.flatnonzero(state.allowed(STEP, event(0), TOP)[0])
    assert steps.tolist() == [0], "the first given note comes at once, and no part may come before the first"
    state.push(event(0, 0, 72))
    steps = ENCODING.steps.value(np.flatnonzero(state.allowed(STEP, event(0), TOP)[0])).tolist()
    assert steps == list(range(19))


def test_at_a_given_onset_earlier_parts_may_come_and_then_the_given_note_alone():
    state = state_of(given((0, 2, 55, 12), free=(0, 1, 3)))
    assert np.flatnonzero(state.allowed(PART, event(0), TOP)[0]).tolist() == [0, 1, 2]
    assert np.flatnonzero(state.allowed(PITCH, event(0, 2), TOP)[0]).tolist() == [55 - ENCODING.lowest]
    assert np.flatnonzero(state.allowed(DURATION, event(0, 2), TOP)[0]).tolist() == [ENCODING.durations.index(12)]
    assert state.allowed(PITCH, event(0, 1), TOP).sum() > 10


@pytest.mark.parametrize("far", [50, 100, 500, 2000])
def test_a_given_note_after_a_long_rest_comes_just_then(far):
    """Steps beyond a bar share bins: the one that comes nearest leads to the note itself."""
    state = state_of(given((0, 0, 72, 12), (far, 0, 74, 12), free=()))
    state.push(event(0, 0, 72))
    steps = np.flatnonzero(state.allowed(STEP, event(0), TOP)[0])
    assert len(steps) == 1
    row = event(0, 0, 74)
    row[0, STEP] = steps[0]
    state.push(row)
    assert state.onset == far and state.came.all()


def test_a_part_begins_nothing_while_it_sounds_and_lasts_until_it_stands_again():
    own = given((0, 0, 72, 48), (0, 3, 48, 30), (60, 3, 50, 12), free=(3,), span=(12, 60), until=(72,) * 4)
    state = state_of(own)
    state.push(event(0, 0, 72, 48)), state.push(event(0, 3, 48, 30))
    steps = ENCODING.steps.value(np.flatnonzero(state.allowed(STEP, event(0), TOP)[0]))
    assert steps.min() == 30 and steps.max() == 57, "a bin beyond a bar leads to the next given note"
    lengths = ENCODING.durations.value(np.flatnonzero(state.allowed(DURATION, event(36, 3), TOP)[0]))
    assert lengths.max() == 24


def test_a_piece_ends_when_all_that_stands_has_come():
    state = state_of(given((0, 0, 72, 12)))
    assert not state.allowed(STEP, event(0), TOP)[0, ENCODING.end]
    state.push(event(0, 0, 72))
    steps = np.flatnonzero(state.allowed(STEP, event(0), TOP)[0])
    assert steps[-1] == ENCODING.end and ENCODING.steps.value(steps[:-1]).max() < 12, (
        "under the last note, not after it"
    )


def test_new_notes_keep_to_their_range():
    state = state_of(given((0, 0, 72, 12), ranges=((50, 60),) * 4))
    state.push(event(0, 0, 72))
    pitches = np.flatnonzero(state.allowed(PITCH, event(0, 1), TOP)[0]) + ENCODING.lowest
    assert pitches.min() == 50 and pitches.max() == 60


def test_rows_chosen_go_on_as_they_were():
    settings = [Setting(given=given((0, 0, 72, 12), (24, 0, 74, 12))), Setting()]
    state = ENCODING.start([(4, 4)] * 2, settings)
    rows = np.concatenate([event(0, 0, 72), event(0, 0, 60)])
    state.push(rows)
    chosen = state.select(np.array([1, 0, 0]))
    for field in range(4):
        again = np.concatenate([rows[[1]], rows[[0]], rows[[0]]])
        assert np.array_equal(chosen.given(field, again), state.given(field, rows)[[1, 0, 0]])
        assert np.array_equal(
            chosen.allowed(field, again, TOP.repeat(3)), state.allowed(field, rows, TOP.repeat(2))[[1, 0, 0]]
        )
