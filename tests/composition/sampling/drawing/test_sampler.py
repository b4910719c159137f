"""Sampling: the arithmetic of temperature and its cuts, and what holds for every note made."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny_model import make_tiny_model
from torch import nn

from reprise.composition.encoding.binning import Binning
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_state import NotesState
from reprise.composition.encoding.notes_vocabulary import DURATION, PART, PITCH, STEP
from reprise.composition.evaluation.originality import longest_copied_run
from reprise.composition.models.trained import MODELS, make_model
from reprise.composition.models.tuple_model import TupleModel
from reprise.composition.sampling.drawing.distribution import restrict, shape_distribution
from reprise.composition.sampling.drawing.sampler import MOST_NOTES, Job, sample
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import ParamsError, RepriseError
from reprise.music.analysis.copies import CopyIndex
from reprise.music.piece import Piece

NEUTRAL = SamplingRules(pitch_factor=1.0, top_p=1.0, returns=0.0)  # every field as the model says
FREE = replace(NEUTRAL, repeat_limit=10_000)
LOGITS = np.array([[5.0, 2.0, 1.0]])


def job(
    seed: int,
    encoding: NotesEncoding,
    start: np.ndarray | None = None,
    rules: SamplingRules = NEUTRAL,
    **length,
) -> Job:
    nothing = np.zeros((0, len(encoding.shape.fields)), np.int64)
    return Job((4, 4), (seed,), nothing if start is None else start, rules=rules, **length)


def shape(logits: np.ndarray = LOGITS, temperature: float = 1.0, **cuts) -> list[float]:
    return shape_distribution(logits, temperature, **cuts)[0].tolist()


# --- returns


def carried_on(trained, returns: float, temperature: float) -> float:
    """A part has a bar twice; how often it goes on as at first in its next note, by a model that knows nothing."""
    encoding, rules = trained.config.encoding, replace(NEUTRAL, returns=returns, temperature=temperature)
    low, quarter = encoding.lowest + 20, int(encoding.durations.index(np.array(12)))
    step = int(encoding.steps.index(np.array(12)))
    start = np.array(
        [
            [step if beat else 0, 0, low + height - encoding.lowest, quarter]
            for beat, height in enumerate((0, 2, 4, 5) * 2)
        ]
    )
    jobs = [job(seed, encoding, start, rules, notes=len(start) + 1) for seed in range(40)]
    added = np.array([events[-1] for events in sample(trained.network, encoding, jobs)])
    own = added[added[:, PART] == 0]
    assert len(own) > 5
    return float((own[:, PITCH] == start[0, PITCH]).mean())


def test_returns_are_carried_on_more_often_the_more_that_is_asked_at_any_temperature():
    trained = make_tiny_model()
    learnt, more, most = (carried_on(trained, returns, 1.0) for returns in (0.0, 3.0, 20.0))
    assert learnt < more < most and most > 0.95
    assert carried_on(trained, 20.0, 8.0) > 0.95


def second_parts(trained, rules: SamplingRules) -> list[int]:
    """The first part goes from G to A over a C of the second; pitch classes to which a model that knows nothing then
    moves the second one.
    """
    encoding = trained.config.encoding
    quarter, step = int(encoding.durations.index(np.array(12))), int(encoding.steps.index(np.array(12)))
    g, c = 67 - encoding.lowest, 60 - encoding.lowest
    start = np.array([[0, 0, g, quarter], [0, 1, c, quarter], [step, 0, g + 2, quarter]])
    made = sample(
        trained.network, encoding, [job(seed, encoding, start, rules, notes=4) for seed in range(400)]
    )  # fmt: skip
    added = [events[-1] for events in made]
    return [int(event[PITCH] + encoding.lowest) % 12 for event in added if event[STEP] == 0 and event[PART] == 1]


def test_parallels_are_avoided_where_that_is_asked():
    trained = make_tiny_model()
    free, guarded = second_parts(trained, NEUTRAL), second_parts(trained, replace(NEUTRAL, avoid_parallels=1))
    assert 2 in free and len(guarded) > 20 and 2 not in guarded


# --- one distribution


@pytest.mark.parametrize(
    ("temperature", "shares"),
    [(1.0, (0.936, 0.047, 0.017)), (0.5, (0.997, 0.0025, 0.0003)), (2.0, (0.736, 0.164, 0.100))],
)
def test_temperature_by_hand(temperature, shares):
    """exp(5 / T), exp(2 / T) and exp(1 / T), made to sum to 1."""
    assert shape(temperature=temperature) == pytest.approx(shares, abs=6e-4)


def test_temperature_zero_takes_the_likeliest_and_of_equal_ones_the_first():
    assert shape(temperature=0) == [1, 0, 0]
    assert shape(np.array([[1.0, 3.0, 3.0, -np.inf]]), 0) == [0, 1, 0, 0]
    assert shape(temperature=1e-320) == [1, 0, 0] and shape(temperature=1e-9) == [1, 0, 0]


SHARES = np.log([[0.1, 0.5, 0.15, 0.25]])


def test_top_k_by_hand():
    assert shape(SHARES, top_k=2) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert shape(SHARES, top_k=1) == pytest.approx([0, 1, 0, 0])
    assert shape(SHARES, top_k=9) == shape(SHARES) == pytest.approx([0.1, 0.5, 0.15, 0.25])


def test_top_p_by_hand():
    """.5 alone is enough for .5; for .6 it takes .25 too; for .76 also .15."""
    assert shape(SHARES, top_p=0.5) == pytest.approx([0, 1, 0, 0])
    assert shape(SHARES, top_p=0.6) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert shape(SHARES, top_p=0.76) == pytest.approx([0, 5 / 9, 15 / 90, 25 / 90])
    assert shape(SHARES, top_p=1e-9) == pytest.approx([0, 1, 0, 0]), "the likeliest always"


def test_min_p_by_hand():
    """Half as probable as .5 is .25."""
    assert shape(SHARES, min_p=0.49) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert shape(SHARES, min_p=0.29) == pytest.approx([0, 5 / 9, 15 / 90, 25 / 90])
    assert shape(SHARES, min_p=1) == pytest.approx([0, 1, 0, 0])


def test_the_tail_is_cut_off_after_the_temperature():
    """At T = 2 the shares are as .316, .707, .387 and .5: .387 is more than half of .707, at T = 1 it isn't."""
    roots = np.sqrt([0.1, 0.5, 0.15, 0.25])
    kept = roots * (roots > 0.54 * roots[1])
    assert np.count_nonzero(kept) == 3
    assert shape(SHARES, 2.0, min_p=0.54) == pytest.approx((kept / kept.sum()).tolist())


def test_each_row_is_shaped_by_settings_of_its_own():
    """The rows of the tests above, together."""
    rows = [(0.0, 0, 1.0, 0.0), (1.0, 2, 1.0, 0.0), (1.0, 0, 0.76, 0.0), (2.0, 0, 1.0, 0.54), (0.5, 0, 1.0, 0.0)]
    together = shape_distribution(np.repeat(SHARES, len(rows), axis=0), *map(np.array, zip(*rows)))
    for found, settings in zip(together, rows):
        assert found.tolist() == shape_distribution(SHARES, *settings)[0].tolist()
    assert together[0].tolist() == [0, 1, 0, 0] and together[1] == pytest.approx([0, 2 / 3, 0, 1 / 3])


def test_what_is_refused_has_no_share():
    assert shape(np.array([[-np.inf, 1.0, 1.0]]), 100.0) == [0, 0.5, 0.5]


def test_a_guard_that_would_leave_nothing_is_not_applied():
    allowed, further = np.array([[True, True, False], [True, False, False]]), np.array([[False, True, True]] * 2)
    assert restrict(allowed, further).tolist() == [[False, True, False], [True, False, False]]


# --- a model whose shares are known: steps of one or two beats, two parts, four pitches, two durations

KNOWN = NotesEncoding(60, 63, 2, Binning((0, 12, 24)), Binning((12, 48)), (64,), ((4, 4),), 4, (0, 0))
KNOWN_SHARES = {STEP: (1e-30, 0.7, 0.3, 1e-30), PART: (0.6, 0.4), PITCH: (0.4, 0.3, 0.2, 0.1), DURATION: (0.8, 0.2)}


def known_model(shares: dict = KNOWN_SHARES, encoding: NotesEncoding = KNOWN) -> TupleModel:
    model = make_model(replace(make_tiny_model("lstm").config, encoding=encoding))
    with torch.no_grad():
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        for field, values in shares.items():
            model.heads[field].absolute.bias.copy_(torch.tensor(values).log())
    return model.eval()


def frequencies(rules: SamplingRules, jobs: int = 20) -> list[np.ndarray]:
    """How often each value of each field comes in music of 100 notes a job."""
    made = sample(known_model(), KNOWN, [job(seed, KNOWN, rules=rules, notes=100) for seed in range(jobs)])
    events = np.concatenate(made)
    return [np.bincount(column, minlength=size) / len(events) for column, size in zip(events.T, KNOWN.shape.sizes)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_values_come_as_often_as_their_shares(temperature):
    """Of 2,000 notes; the standard deviation of a share is at most .011."""
    found = frequencies(replace(FREE, temperature=temperature))
    for field, values in KNOWN_SHARES.items():
        expected = np.array(values) ** (1 / temperature)
        assert np.abs(found[field] - expected / expected.sum()).max() < 0.04


def test_a_field_can_have_a_temperature_of_its_own():
    found = frequencies(replace(FREE, temperature=0.0, field_temperature=(("pitch", 1.0),)))
    assert np.abs(found[PITCH] - KNOWN_SHARES[PITCH]).max() < 0.04
    assert found[DURATION].tolist() == [1, 0]


def test_the_temperature_of_pitches_follows_that_of_all_fields():
    """Half of it is .5 where that of the others is 1: shares of pitches squared; and a field's own comes first."""
    found = frequencies(replace(FREE, pitch_factor=0.5))
    squares = np.square(KNOWN_SHARES[PITCH])
    assert np.abs(found[PITCH] - squares / squares.sum()).max() < 0.04
    assert np.abs(found[DURATION] - KNOWN_SHARES[DURATION]).max() < 0.04
    rules = SamplingRules(temperature=0.5, pitch_factor=0.6, field_temperature=(("part", 2.0),))
    assert rules.temperatures(("step", "part", "pitch")) == {"step": 0.5, "part": 2.0, "pitch": 0.3}
    rules = replace(rules, field_temperature=(("pitch", 0.9),))
    assert rules.temperatures(("step", "pitch")) == {"step": 0.5, "pitch": 0.9}


def test_sequences_of_a_batch_are_drawn_by_their_own_rules():
    """A share of each: the likeliest alone, one pitch alone by its range, and any."""
    rules = [replace(FREE, temperature=0.0), replace(FREE, lowest=62, highest=62), FREE]
    made = sample(known_model(), KNOWN, [job(7, KNOWN, rules=own, notes=200) for own in rules])
    assert set(made[0][:, PITCH]) == {0} and set(made[1][:, PITCH]) == {2} and set(made[2][:, PITCH]) == {0, 1, 2, 3}
    alone = [sample(known_model(), KNOWN, [job(7, KNOWN, rules=own, notes=200)])[0] for own in rules]
    assert all(np.array_equal(*pair) for pair in zip(made, alone))


def test_cuts_reach_every_field():
    assert (frequencies(replace(FREE, top_k=2), 2)[PITCH] > 0).tolist() == [True, True, False, False]
    assert (frequencies(replace(FREE, min_p=0.3), 2)[DURATION] > 0).tolist() == [True, False]
    assert (frequencies(replace(FREE, top_p=0.65), 2)[PITCH] > 0).tolist() == [True, True, False, False]


def test_the_likeliest_notes_at_temperature_zero():
    (events,) = sample(known_model(), KNOWN, [job(0, KNOWN, rules=replace(FREE, temperature=0), notes=5)])
    assert events.tolist() == [[1, 0, 0, 0]] * 5


# --- random weights: what holds for every note


NARROW = replace(NEUTRAL, temperature=3.0, lowest=50, highest=66)


def crowded(model: str) -> tuple[TupleModel, NotesEncoding]:
    """A model that likes chords within a part, in a vocabulary that has them of three notes."""
    trained = make_tiny_model(model)
    network = trained.network
    with torch.no_grad():
        network.heads[STEP].absolute.bias[0] += 3
        network.heads[PART].absolute.bias[3] += 2
    return network, replace(trained.config.encoding, chord=3)


def order_of(events: np.ndarray, encoding: NotesEncoding) -> list[list[int]]:
    onsets = np.cumsum(encoding.steps.value(events[:, STEP]))
    return np.stack([onsets, events[:, PART], events[:, PITCH]], axis=1).tolist()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rules", [NEUTRAL, NARROW])
def test_every_note_is_in_order_and_in_range(model, rules):
    network, encoding = crowded(model)
    for events in sample(network, encoding, [job(seed, encoding, rules=rules, notes=150) for seed in range(4)]):
        assert len(events) == 150 and (events[:, STEP] < encoding.end).all()
        order = order_of(events, encoding)
        assert all(before < after for before, after in pairwise(order))
        pitches = events[:, PITCH] + encoding.lowest
        assert rules.lowest <= pitches.min() and pitches.max() <= rules.highest
        struck = Counter(map(tuple, (before[:2] for before in order)))
        assert max(struck.values()) == encoding.chord, "as many notes of a part at once as in training, no more"


def test_masks_hold_when_one_pitch_is_left():
    network, encoding = crowded("lstm")
    rules = SamplingRules(lowest=60, highest=60)
    (events,) = sample(network, encoding, [job(0, encoding, rules=rules, notes=60)])
    assert set(events[:, PITCH] + encoding.lowest) == {60}
    assert max(Counter(map(tuple, order_of(events, encoding))).values()) == 1


def test_an_encoding_that_allows_nothing_is_named_with_its_field(monkeypatch):
    """Shares of nothing would be 0 / 0."""
    allowed = NotesState.allowed

    def nothing(state, field, event, top):
        return allowed(state, field, event, top) & (field != KNOWN.shape.pitch)

    monkeypatch.setattr(NotesState, "allowed", nothing)
    with pytest.raises(RepriseError, match="encoding notes: its state allows no value of the field pitch"):
        sample(known_model(), KNOWN, [job(1, KNOWN, notes=2)])


@pytest.mark.parametrize("rules", [{"lowest": 0, "highest": 1}, {"lowest": 126, "highest": 127}])
def test_rules_without_a_pitch_are_refused(rules):
    network, encoding = crowded("lstm")
    with pytest.raises(ParamsError, match=r"lowest, highest: is .*pitch of the model's own"):
        sample(network, encoding, [job(0, encoding, rules=SamplingRules(**rules), notes=5)])


@pytest.mark.parametrize("model", MODELS)
def test_music_ends_after_so_many_notes_or_bars(model):
    trained = make_tiny_model(model)
    encoding = trained.config.encoding
    jobs = [job(0, encoding, notes=1), job(1, encoding, bars=3), job(2, encoding, notes=77), job(3, encoding, bars=1)]
    found = sample(trained.network, encoding, jobs)
    assert len(found[0]) == 1 and len(found[2]) == 77
    for events, bars in ((found[1], 3), (found[3], 1)):
        last = np.cumsum(encoding.steps.value(events[:, STEP]))[-1]
        assert (bars - 1) * 48 <= last < bars * 48, "no step is longer than a beat here"


def test_a_start_comes_first_and_counts():
    trained = make_tiny_model("transformer")
    encoding, start = trained.config.encoding, trained.training[0][:20]
    jobs = [job(0, encoding, start, notes=30), job(1, encoding, start, bars=1), job(2, encoding, notes=10)]
    long, short, fresh = sample(trained.network, encoding, jobs)
    assert len(long) == 30 and np.array_equal(long[:20], start)
    within = np.cumsum(encoding.steps.value(start[:, STEP])) < 48
    assert np.array_equal(short, start[within]), "a start longer than the bars asked for is cut"
    assert len(fresh) == 10


# --- guards


def test_a_part_strikes_a_pitch_at_most_so_often_in_a_row():
    longest = {}
    for limit in (1, 3, 50):
        rules = SamplingRules(repeat_limit=limit, temperature=0.0, copy_limit=10_000)
        (events,) = sample(known_model(), KNOWN, [job(0, KNOWN, rules=rules, notes=60)])
        runs, count = [0], 0
        for before, now in zip([-1, *events[:, PITCH]], events[:, PITCH]):
            count = count + 1 if now == before else 1
            runs.append(count)
        longest[limit] = max(runs)
        assert set(events[:, PART]) == {0}
    assert longest == {1: 1, 3: 3, 50: 50}


def test_repeats_are_counted_by_part():
    """Whatever the order of the parts, each plays the likeliest pitch three times, then once the next one."""
    rules = SamplingRules(repeat_limit=3, temperature=0.0, field_temperature=(("part", 1.0),))
    (events,) = sample(known_model(), KNOWN, [job(0, KNOWN, rules=rules, notes=80)])
    for part in (0, 1):
        pitches = events[events[:, PART] == part, PITCH].tolist()
        assert len(pitches) > 10 and pitches == ([0, 0, 0, 1] * 80)[: len(pitches)]


def played(events: np.ndarray, encoding: NotesEncoding) -> Piece:
    return encoding.decode(events, (4, 4), 100.0, (0,) * encoding.parts, "made")


WIDE = replace(KNOWN, highest=83)  # four usual pitches and twenty rare ones


@pytest.mark.parametrize("limit", [2, 3, 4])
@pytest.mark.parametrize("chords", [False, True])
def test_no_longer_run_is_copied_than_the_limit(limit, chords):
    """Few usual pitches and steps, so that long runs of the training pieces come by chance."""
    steps = (0.5, 0.3, 0.2, 1e-30) if chords else KNOWN_SHARES[STEP]
    model = known_model(KNOWN_SHARES | {STEP: steps, PITCH: (*KNOWN_SHARES[PITCH], *(1e-4,) * 20)}, WIDE)
    training = sample(model, WIDE, [job(100 + seed, WIDE, rules=FREE, notes=50) for seed in range(2)])
    index = CopyIndex([played(events, WIDE) for events in training])
    jobs = [job(seed, WIDE, rules=replace(FREE, copy_limit=limit), notes=80) for seed in range(4)]
    free, guarded = sample(model, WIDE, jobs), sample(model, WIDE, jobs, index)
    assert max(longest_copied_run(played(events, WIDE), index) for events in free) > limit, "without the index"
    assert max(longest_copied_run(played(events, WIDE), index) for events in guarded) == limit
    for events in guarded:
        assert all(before < after for before, after in pairwise(order_of(events, WIDE)))


def test_a_copied_start_is_not_copied_on():
    trained = make_tiny_model("lstm")
    encoding, start = trained.config.encoding, trained.training[2][:40]
    rules = SamplingRules(temperature=0.0, copy_limit=8)
    (events,) = sample(trained.network, encoding, [job(0, encoding, start, rules, notes=41)], trained.index)
    follows = trained.training[2][40]
    assert events[40, [STEP, PITCH]].tolist() != follows[[STEP, PITCH]].tolist()
    assert longest_copied_run(played(events, encoding), trained.index) == 40, "that of the start"


# --- chance


def test_the_same_seed_gives_the_same_music_another_one_other_music():
    trained = make_tiny_model("vae")
    encoding = trained.config.encoding

    def made(*seeds: int) -> list[list]:
        jobs = [job(seed, encoding, notes=40) for seed in seeds]
        return [events.tolist() for events in sample(trained.network, encoding, jobs)]

    first = made(1, 2, 3)
    assert made(1, 2, 3) == first
    assert len({str(events) for events in first}) == 3
    assert made(7, 7)[0] == made(7, 7)[1]


@pytest.mark.parametrize("model", MODELS)
def test_a_sequence_does_not_depend_on_what_is_made_beside_it(model):
    """Whatever the others start from and wherever they end; in double precision, so that rounding decides nothing.

    In single precision a sequence made alone differs where a draw falls within rounding of a border.
    """
    trained = make_tiny_model(model)
    encoding = trained.config.encoding
    network = trained.network.double()
    if model == "vae":
        step = network.step
        network.step = lambda read, cache, latents: step(read, cache, latents.double())
    starts = [trained.training[i][:length] for i, length in enumerate((5, 30, 17))]
    own = job(3, encoding, starts[0], notes=50)
    beside = [
        [],
        [job(4, encoding, starts[1], notes=60)],
        [job(5, encoding, notes=10), job(6, encoding, starts[2], bars=9)],
    ]
    found = [sample(network, encoding, [own, *others])[0].tolist() for others in beside]
    assert found[0] == found[1] == found[2] and len(found[0]) == 50


def test_latents_that_are_given_steer_the_first_phrases(monkeypatch):
    """Two latents of phrases of two bars; from the third phrase on they are drawn, for each sequence its own."""
    trained = make_tiny_model("vae")
    encoding, network, seen = trained.config.encoding, trained.network, []
    step, state_bars = network.step, []

    def spy(read, cache, latents):
        seen.append(latents.numpy().copy())
        return step(read, cache, latents)

    monkeypatch.setattr(network, "step", spy)
    given = np.arange(8.0).reshape(2, 4)
    nothing = np.zeros((0, 4), np.int64)
    jobs = [Job((4, 4), (seed,), nothing, bars=6, conditions=given) for seed in (1, 2)]
    found = sample(network, encoding, jobs)
    for row, events in enumerate(found):
        state_bars = np.append(0, np.cumsum(encoding.steps.value(events[:, STEP])) // 48)
        own = np.stack(seen)[: len(state_bars), row]
        for phrase in (0, 1):
            assert (own[state_bars // 2 == phrase] == given[phrase]).all()
        third = own[state_bars // 2 == 2]
        assert (third == third[0]).all() and not (third[0] == given[1]).any()
    assert not np.array_equal(seen[-1][0], seen[-1][1])


def test_progress_is_told_after_each_event():
    steps = []
    jobs = [job(0, KNOWN, rules=FREE, notes=7), job(1, KNOWN, rules=FREE, notes=3)]
    sample(known_model(), KNOWN, jobs, advance=lambda: steps.append(1))
    assert len(steps) == 7


# --- what is refused


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"temperature": -1.0}, "temperature: is -1.0"),
        ({"temperature": math.nan}, "temperature: is nan"),
        ({"temperature": math.inf}, "temperature: is inf"),
        ({"field_temperature": (("pitch", -0.1),)}, r"field_temperature: is \[\('pitch', -0\.1\)\]"),
        ({"top_k": -1}, "top_k: is -1"),
        ({"top_p": 0.0}, "top_p: is 0.0"),
        ({"top_p": 1.1}, "top_p: is 1.1"),
        ({"top_p": math.nan}, "top_p: is nan"),
        ({"min_p": 2.0}, "min_p: is 2.0"),
        ({"min_p": -0.5}, "min_p: is -0.5"),
        ({"key": "H major"}, "key: is 'H major'"),
        ({"lowest": 70, "highest": 60}, "lowest: is 70"),
        ({"highest": 128}, "highest: is 128"),
        ({"lowest": -1}, "lowest: is -1"),
        ({"repeat_limit": 0}, "repeat_limit: is 0"),
        ({"copy_limit": 1}, "copy_limit: is 1"),
    ],
)
def test_bad_rules_are_refused_by_name(rules, named):
    with pytest.raises(ParamsError, match=f"^{named}"):
        SamplingRules(**rules)


@pytest.mark.parametrize("length", [{}, {"notes": 5, "bars": 5}, {"notes": 0}, {"bars": 0}, {"notes": MOST_NOTES + 1}])
def test_a_length_is_so_many_notes_or_bars(length):
    with pytest.raises(ParamsError, match=r"^(notes|bars): is "):
        job(0, KNOWN, **length)
