"""What a model can be told of a piece: attributes as a vector, all of a piece by hand, and what is left out."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_conditioned import passages
from tiny_model import chorale
from tiny_pieces import piece_of

from reprise.composition.encoding.events import Frame
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.models.conditions import (
    ATTRIBUTES,
    KNOTS,
    NOTHING,
    OTHERS,
    Conditions,
    OmissionParams,
    Teaching,
    Told,
    told_examples,
    told_of,
)
from reprise.composition.models.train import TrainingParams, TrainingSet
from reprise.errors import BadInput, ParamsError

SCALE = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
UNEVEN = (-1.0, -0.5, 0.0, 0.0, 0.0, 1.0, 3.0, 5.0)
KNOWN = Conditions({"onset_density": SCALE, "dissonance": UNEVEN})
FRAME = Frame(tonic=9, mode="minor", bars=2, parts=2, pitch=60)
TOLD = Told({"onset_density": 1.5, "dissonance": 0.2, "rhythmic_variety": 1.0}, FRAME)
VALUES = st.floats(-1e9, 1e9)


# --- the vector


def test_a_vector_by_hand():
    """2.25 lies a quarter of the way from knot 2 to knot 3; 2 lies half way from knot 5 (1) to knot 6 (3)."""
    vector = KNOWN.vector({"onset_density": 2.25, "dissonance": 2.0})
    assert vector.tolist() == [0, 0, 0.75, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0]
    assert KNOWN.size == len(vector) == 2 * KNOTS


@pytest.mark.parametrize("knot", range(KNOTS))
def test_a_value_at_a_knot_is_that_knot_alone(knot):
    assert KNOWN.vector({"onset_density": SCALE[knot]})[:KNOTS].tolist() == np.eye(KNOTS)[knot].tolist()


@given(VALUES, VALUES)
def test_what_is_told_is_shared_out_whole(density, dissonance):
    """A partition of unity: shares from 0 to 1 of at most two knots side by side, 1 in all."""
    shares = KNOWN.vector({"onset_density": density, "dissonance": dissonance}).reshape(2, KNOTS)
    assert (shares >= 0).all() and shares.sum(axis=1) == pytest.approx(1)
    for row in shares:
        used = np.flatnonzero(row)
        assert len(used) <= 2 and np.ptp(used) == len(used) - 1


@given(st.floats(0, 7), st.floats(0, 7))
def test_on_an_even_scale_the_value_comes_back(first, second):
    """And near values have near vectors: none is told apart by where a bin ends."""
    one, other = (KNOWN.vector({"onset_density": value})[:KNOTS] for value in (first, second))
    assert one @ SCALE == pytest.approx(first, abs=1e-9)
    assert np.abs(one - other).max() <= abs(first - second) + 1e-9


def test_beyond_the_ends_a_value_counts_as_the_end():
    for value, end in ((-3.0, 0), (0.0, 0), (7.0, 7), (1e9, 7)):
        assert KNOWN.vector({"onset_density": value})[:KNOTS].tolist() == np.eye(KNOTS)[end].tolist()


def test_what_is_not_told_is_all_zeros():
    assert not KNOWN.vector({}).any() and len(KNOWN.vector({})) == KNOWN.size
    alone = KNOWN.vector({"dissonance": -1.0})
    assert not alone[:KNOTS].any() and alone[KNOTS:].sum() == 1


def test_an_attribute_that_the_model_does_not_know_is_named():
    with pytest.raises(BadInput, match="attribute 'swing': is unknown to the model, which knows onset_density, diss"):
        KNOWN.vector({"dissonance": 0.0, "swing": 1.0})
    with pytest.raises(BadInput, match="'rhythmic_variety'"):
        KNOWN.vector({"rhythmic_variety": 1.0})


# --- scales


def pieces_told(*values: float, name: str = "dissonance") -> list[Told]:
    return [Told({name: value}) for value in values]


def test_knots_are_quantiles_of_the_pieces():
    """Eight values: a knot each. Of two values the others lie between, as far apart."""
    values = (0.3, 0.1, 0.2, 0.5, 0.4, 0.8, 0.7, 0.6)
    assert Conditions.of(pieces_told(*values)).knots == {"dissonance": tuple(sorted(values))}
    found = Conditions.of(pieces_told(0.0, 7.0)).knots
    assert found == {"dissonance": SCALE}


def test_an_attribute_that_does_not_differ_has_no_scale():
    told = [Told({"onset_density": 1.0, "dissonance": float(value)}) for value in range(3)]
    assert list(Conditions.of(told).knots) == ["dissonance"]
    only_some = [*pieces_told(0.0, 1.0), *pieces_told(2.0, 2.0, name="onset_density"), NOTHING]
    assert list(Conditions.of(only_some).knots) == ["dissonance"], "undefined for some, and that alone is no difference"


@pytest.mark.parametrize(
    "told", [[], [NOTHING] * 3, pieces_told(1.0), pieces_told(0.5, 0.5), pieces_told(0.1, 0.10001)]
)
def test_pieces_that_do_not_differ_are_refused(told):
    with pytest.raises(BadInput, match="training pieces don't differ in any attribute"):
        Conditions.of(told)


def test_the_value_at_a_quantile():
    assert [KNOWN.at("onset_density", share) for share in (0.0, 0.5, 1.0)] == pytest.approx([0, 3.5, 7])
    assert KNOWN.at("dissonance", 2 / 7) == pytest.approx(0.0) and KNOWN.at("dissonance", 6.5 / 7) == pytest.approx(4.0)


def test_as_many_pieces_lie_below_a_quantile_as_it_says():
    """At the knots; between them it is a straight line."""
    values = np.random.default_rng(0).normal(size=1000)
    found = Conditions.of(pieces_told(*values))
    for share in np.linspace(0, 1, KNOTS):
        assert (values < found.at("dissonance", share)).mean() == pytest.approx(share, abs=0.005)
    between = np.mean([found.at("dissonance", share) for share in (3 / 7, 4 / 7)])
    assert found.at("dissonance", 0.5) == pytest.approx(between)


@pytest.mark.parametrize(
    ("knots", "message"),
    [
        ({"swing": SCALE}, "knots: is 'swing'; it must be one of onset_density, dissonance, rhythmic_variety"),
        ({"dissonance": SCALE[:-1]}, r"knots\.dissonance: .*8 of them, ascending"),
        ({"dissonance": SCALE[::-1]}, r"knots\.dissonance"),
        ({"dissonance": (1.0,) * KNOTS}, r"knots\.dissonance"),
    ],
)
def test_scales_that_can_not_be_are_refused(knots, message):
    with pytest.raises(ParamsError, match=message):
        Conditions(knots)


# --- what is told of a piece


def test_all_that_is_told_of_a_piece_by_hand():
    """A minor in 3/4, part 0 in quarters and two eighths over a held A; times in twelfths of a beat.

    Onsets at beats 0, 1, 2, 2.5, 3 until 6: five in six beats. Steps 1, 1, .5, .5: a bit. Mean pitch, by beats:
    (69 + 72 + 76 / 2 + 71 / 2 + 69 * 3 + 57 * 6) / 12 = 763.5 / 12. Against the A: A none; C a beat of a minor
    third, E half a beat of a fifth, B half a beat of a major second.
    """
    piece = piece_of(
        (0, 12, 69, 0), (12, 12, 72, 0), (24, 6, 76, 0), (30, 6, 71, 0), (36, 36, 69, 0), (0, 72, 57, 2), metre=(3, 4)
    )
    told = told_of(piece)
    assert told.attributes == {
        "onset_density": pytest.approx(5 / 6),
        "rhythmic_variety": pytest.approx(1.0),
        "dissonance": pytest.approx(-(0.594 + 0.5 * 1.240 + 0.5 * -0.582) / 2),
    }
    assert told.frame == Frame(tonic=9, mode="minor", bars=2, parts=2, pitch=64), "part 1 has no note: it isn't told"


def test_what_is_undefined_for_a_piece_is_not_told():
    """One note is a line that has no rhythm."""
    told = told_of(piece_of((0, 12, 60, 0)))
    assert told.attributes == {"onset_density": 1.0}
    assert told.frame == Frame(0, "major", 1, 1, 60)
    every = told_of(piece_of(*[(12 * step, 12, 60 + step, 0) for step in range(12)]))
    assert (every.frame.tonic, every.frame.mode) == (None, None), "all twelve notes as long: in no key"
    assert every.attributes == {"onset_density": 1.0, "rhythmic_variety": 0.0}


@pytest.mark.parametrize("semitones", [-13, -3, 0, 5, 24])
def test_a_transposed_piece_is_told_of_as_it_sounds(semitones):
    """Key and mean pitch move, the rest stays: what is told of the piece's own notes moved."""
    piece = chorale(3)
    notes = piece.notes.copy()
    notes["pitch"] += semitones
    moved, expected = told_of(piece).transposed(semitones), told_of(replace(piece, notes=notes))
    assert moved.frame == expected.frame and moved.attributes == pytest.approx(expected.attributes)


def test_what_is_not_told_is_not_transposed():
    assert NOTHING.transposed(5) == NOTHING
    frame = TOLD.transposed(-10).frame
    assert frame == replace(FRAME, tonic=11, pitch=50)
    assert Told(frame=Frame(bars=3)).transposed(1) == Told(frame=Frame(bars=3))


def test_examples_hold_what_is_told_of_their_pieces():
    pieces = passages()[:4]
    encoding, told = NotesEncoding.of(pieces, framed=True), [told_of(piece) for piece in pieces]
    conditions, events = Conditions.of(told), [encoding.encode(piece) for piece in pieces]
    for example, one in zip(told_examples(encoding, conditions, pieces, events), told):
        known = {name: value for name, value in one.attributes.items() if name in conditions.knots}
        assert np.array_equal(example.condition[0], conditions.vector(known).astype(np.float32))
        assert (example.condition == example.condition[0]).all()
        home = example.references[2][:, -1]
        assert (home == one.frame.tonic).all()
    for example in told_examples(encoding, None, pieces, events):
        assert example.condition.shape[1] == 0 and (example.references[2][:, -1] < 0).all()


def test_examples_leave_out_an_attribute_without_a_scale():
    pieces = [chorale(1)]
    encoding = NotesEncoding.of(pieces)
    events = [encoding.encode(pieces[0])]
    (example,) = told_examples(encoding, Conditions({"dissonance": SCALE}), pieces, events)
    assert example.condition.shape[1] == KNOTS and example.condition[0].sum() == 1


# --- what is left out


def left(one: float, all_: float, draws: int = 400) -> list[Told]:
    conditions = Conditions(dict.fromkeys(ATTRIBUTES, SCALE))
    teaching, rng = Teaching(conditions, OmissionParams(one, all_)), np.random.default_rng(0)
    return [teaching.omit(TOLD, rng) for _ in range(draws)]


def test_nothing_is_left_out_where_that_is_never():
    assert all(told == TOLD for told in left(0.0, 0.0))


def test_everything_is_left_out_where_that_is_always():
    assert all(told == NOTHING for told in left(0.0, 1.0))
    assert all(told == NOTHING for told in left(1.0, 0.0))


def test_shares_are_left_out_each_on_its_own():
    """Of 4,000: 30 % of each thing, of two things together 49 % of neither; a key goes as a whole."""
    draws = left(0.3, 0.0, 4000)
    told = {name: np.array([name in one.attributes for one in draws]) for name in ATTRIBUTES}
    told |= {name: np.array([getattr(one.frame, name) is not None for one in draws]) for name in OTHERS}
    told["key"] = np.array([one.frame.tonic is not None for one in draws])
    assert [one.frame.mode is not None for one in draws] == told["key"].tolist()
    names = list(told)
    assert len(names) == 7
    for i, name in enumerate(names):
        assert told[name].mean() == pytest.approx(0.7, abs=0.03)
        for other in names[:i]:
            assert (told[name] & told[other]).mean() == pytest.approx(0.49, abs=0.03)


def test_at_times_nothing_at_all_is_told():
    """Of 2,000 a quarter; the others are told everything."""
    found = Counter(told == NOTHING for told in left(0.0, 0.25, 2000))
    assert found[True] / 2000 == pytest.approx(0.25, abs=0.04)
    assert all(told in (NOTHING, TOLD) for told in left(0.0, 0.25))


def test_what_is_told_stays_as_it_was():
    for told in left(0.5, 0.1):
        assert all(TOLD.attributes[name] == value for name, value in told.attributes.items())
        for name in ("tonic", "mode", *OTHERS):
            assert getattr(told.frame, name) in (None, getattr(FRAME, name))


def test_an_attribute_that_the_model_does_not_know_is_never_told():
    teaching = Teaching(KNOWN, OmissionParams(0.0, 0.0))
    told = teaching.omit(TOLD, np.random.default_rng(0))
    assert set(told.attributes) == {"onset_density", "dissonance"} and told.frame == FRAME


@pytest.mark.parametrize(("one", "all_", "name"), [(-0.1, 0.0, "one"), (1.1, 0.0, "one"), (0.0, 2.0, "all")])
def test_shares_that_can_not_be_are_refused(one, all_, name):
    with pytest.raises(ParamsError, match=name):
        OmissionParams(one, all_)


# --- in training


PARAMS = TrainingParams(seed=1, threads=1, precision="32-true", encoding="notes", window=500, transpose=6)


def training_set(omission: OmissionParams) -> TrainingSet:
    pieces = passages()[:4]
    encoding, told = NotesEncoding.of(pieces, framed=True), [told_of(piece) for piece in pieces]
    events, metres = [encoding.encode(piece) for piece in pieces], [piece.metre for piece in pieces]
    return TrainingSet(encoding, events, metres, told, Teaching(Conditions.of(told), omission))


def examples_of(omission: OmissionParams, epoch: int) -> list:
    batches = training_set(omission).batches(PARAMS, 2, np.random.default_rng(epoch))
    return [example for batch in batches for example in batch]


def test_a_transposed_training_piece_is_told_its_own_key():
    """Its home key's degree of the last note: whatever it is transposed by, the same as in the piece as it was."""
    data = training_set(OmissionParams(0.0, 0.0))
    expected = sorted(
        (len(events), (int(events[-2, 2]) + data.encoding.lowest - told.frame.tonic) % 12)
        for events, told in zip(data.events, data.told)
    )
    lowest = set()
    for epoch in range(3):
        found = []
        for example in examples_of(OmissionParams(0.0, 0.0), epoch):
            last = int(example.events[-2, 2]) + data.encoding.lowest
            found.append((len(example), (last - int(example.references[2][-1, -1])) % 12))
            lowest.add(int(example.events[:-1, 2].min()))
        assert sorted(found) == expected
    assert len(lowest) > 4, "they were transposed"


def test_what_is_left_out_is_drawn_anew_for_each_epoch_and_comes_back():
    def told(epoch: int) -> list:
        return [example.condition[0].tolist() for example in examples_of(OmissionParams(0.5, 0.0), epoch)]

    assert told(1) == told(1) and told(1) != told(2)


def test_without_teaching_nothing_is_told():
    everything = examples_of(OmissionParams(1.0, 1.0), 0)
    assert all(not example.condition.any() for example in everything)
    assert all((example.references[2][:, -1] < 0).all() for example in everything)
    data = training_set(OmissionParams(0.0, 0.0))
    plain = TrainingSet(data.encoding, data.events, data.metres)
    for batch in plain.batches(PARAMS, 2, np.random.default_rng(0)):
        assert all(example.condition.shape[1] == 0 for example in batch)
