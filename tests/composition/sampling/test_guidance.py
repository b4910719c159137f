"""Orders that tell what a piece should be like: how far they are followed, and what holds whatever the model says."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from tiny_conditioned import make_conditioned
from tiny_model import PROGRAMS, chorale, make_tiny_model
from tiny_pieces import piece_of

from reprise.composition.encoding.events import UNTOLD, Frame
from reprise.composition.encoding.notes_vocabulary import PITCH, STEP
from reprise.composition.models.batches import collate, make_examples
from reprise.composition.models.conditions import NOTHING, Told
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.drawing import sampler
from reprise.composition.sampling.drawing.sampler import Job, sample
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

FOUR = (4, 4)
FREE = SamplingRules(pitch_factor=1.0, top_p=1.0, repeat_limit=10_000, copy_limit=10_000)
KEY = Frame(tonic=2, mode="minor", pitch=60)  # what no mask acts on
LIKE = Told({"onset_density": 1.1, "dissonance": -0.1}, KEY)
MUCH = {"onset_density": 1.7}


@cache
def trained() -> TrainedModel:
    return make_conditioned()


def rows(piece: Piece) -> list[tuple]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


def composed(*orders: Order) -> list[list[tuple]]:
    return [rows(piece) for piece in compose(trained(), orders)]


def one(told: Told = NOTHING, guidance: float = 1.0, **other) -> list[tuple]:
    return composed(Order((1, 2), told=told, guidance=guidance, **({"notes": 40} | other)))[0]


# --- how far an order is followed


def test_what_is_told_matters():
    """Even to weights that nobody trained."""
    assert one() != one(LIKE) != one(LIKE, 3.0) != one()
    assert one(Told(MUCH)) != one() != one(Told(frame=KEY))


@pytest.mark.parametrize("guidance", [0.0, 0.5, 1.0, 7.0])
def test_where_nothing_is_told_guidance_changes_nothing(guidance):
    assert one(guidance=guidance) == one()


@pytest.mark.parametrize("told", [LIKE, Told(MUCH), Told(frame=KEY)])
def test_guidance_of_zero_is_as_if_nothing_were_told(told):
    assert one(told, 0.0) == one()


def test_guidance_of_one_is_the_model_as_it_is():
    """Alone no other logits are needed; beside a piece that needs them, it is made with the very same ones."""
    alone = composed(Order((1,), notes=40, told=LIKE), Order((2,), notes=40, told=LIKE))
    beside = composed(Order((1,), notes=40, told=LIKE), Order((2,), notes=40, told=LIKE, guidance=4.0))
    assert alone[0] == beside[0] and alone[1] != beside[1]


def test_a_piece_does_not_depend_on_what_is_made_beside_it():
    mine = Order((5,), notes=40, told=LIKE, guidance=2.5)
    others = [
        Order((6,), notes=40),
        Order((6,), notes=12, told=LIKE, guidance=0.0),
        Order((7,), bars=2, told=Told({"rhythmic_variety": 1.0}, Frame(0, "major", parts=1)), guidance=9.0),
    ]
    made = [composed(mine, other)[0] for other in others] + [composed(other, mine)[1] for other in others]
    assert all(piece == made[0] for piece in made)


@torch.inference_mode()
@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
def test_logits_are_the_formula(monkeypatch, guidance):
    """Free + g * (told - free), from what the model says of the whole piece when it reads it at once."""
    model, encoding = trained().network, trained().config.encoding
    condition, frame = trained().config.conditions.vector(LIKE.attributes), replace(KEY, parts=3)
    drawn, shape = [], sampler.shape_distribution
    monkeypatch.setattr(
        sampler, "shape_distribution", lambda logits, *a, **b: drawn.append(logits) or shape(logits, *a, **b)
    )
    nothing = np.zeros((0, len(encoding.shape.fields)), np.int64)
    job = Job(FOUR, (3,), nothing, notes=25, conditions=[condition], frame=frame, guidance=guidance, rules=FREE)
    (events,) = sample(model, encoding, [job])

    def read(conditions: list[np.ndarray], frames: list[Frame]) -> list[np.ndarray]:
        batch = collate(make_examples(encoding, [events], [FOUR], conditions, frames))
        hidden = model.hidden(batch)[0]
        return [model.field_logits(f, hidden, batch)[0].numpy() for f in range(len(encoding.shape.fields))]

    told, free = read([condition], [frame]), read([np.zeros_like(condition)], [UNTOLD])
    assert np.abs(told[PITCH] - free[PITCH]).max() > 0.1
    for n in range(len(events)):
        for f in range(len(encoding.shape.fields)):
            found = drawn[n * len(encoding.shape.fields) + f][0]
            expected = free[f][n] + guidance * (told[f][n] - free[f][n])
            allowed = np.isfinite(found)
            assert allowed.any() and found[allowed] == pytest.approx(expected[allowed], abs=1e-4)


def test_an_opening_is_read_with_and_without_what_is_told():
    """A continuation with guidance 0 is that of an order that tells nothing."""
    start = replace(piece_of(*[(12 * beat, 12, 60 + beat % 5, 0) for beat in range(8)]), programs=PROGRAMS)
    assert one(LIKE, 0.0, start=start) == one(start=start) != one(LIKE, 3.0, start=start)
    assert one(LIKE, 3.0, start=start)[:8] == rows(start)


def test_a_guided_job_needs_something_told():
    nothing, told = np.zeros((0, 4), np.int64), np.eye(2)[:1]
    for conditions, frame, guidance, guided in (
        ((), UNTOLD, 2.0, False),
        ([np.zeros(2)], UNTOLD, 2.0, False),
        (told, UNTOLD, 1.0, False),
        (told, UNTOLD, 2.0, True),
        ((), KEY, 0.0, True),
    ):
        job = Job(FOUR, (1,), nothing, notes=1, conditions=conditions, frame=frame, guidance=guidance)
        assert job.guided == guided


# --- bars


@pytest.mark.parametrize("guidance", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("bars", [1, 2, 5])
def test_a_piece_ends_in_exactly_the_bar_it_was_told(bars, guidance):
    orders = [Order((bars, n), bars=bars, told=Told(MUCH, replace(KEY, parts=2)), guidance=guidance) for n in range(6)]
    assert [bars_of(piece) for piece in compose(trained(), orders)] == [bars] * 6


def likes(value: int, field: int = STEP) -> TrainedModel:
    """A model that likes nothing better than one value of a field."""
    made = make_conditioned()
    with torch.no_grad():
        made.network.heads[field].absolute.bias[value] = 50
    return made


def test_a_model_that_likes_to_end_ends_in_the_last_bar_alone():
    """At the first event after its last bar has begun: not sooner, though it could hardly wait."""
    made = likes(trained().config.encoding.end)
    (piece,) = compose(made, [Order((1,), bars=3, told=LIKE)])
    onsets = piece.notes["onset"]
    assert bars_of(piece) == 3 and (onsets >= 8).sum() == 1
    (longer,) = compose(made, [Order((1,), notes=400, told=Told(MUCH, Frame(bars=4)))])
    onsets = longer.notes["onset"]
    assert 12 <= onsets.max() < 16 and (onsets >= 12).sum() == 1, "told of bars, asked for notes"


def test_a_model_that_likes_long_rests_does_not_leap_over_its_last_bar():
    """Of a model that rests two bars after each note: it stays within what it was told, and gets there."""
    encoding = trained().config.encoding
    made = likes(int(encoding.steps.index(np.array(96))))
    orders = [Order((1, n), bars=4, told=Told(MUCH)) for n in range(4)]
    assert [bars_of(piece) for piece in compose(made, orders)] == [4] * 4


def test_a_piece_that_nobody_told_its_bars_does_not_end_itself():
    """One that likes to end, asked for notes."""
    made = likes(trained().config.encoding.end)
    (piece,) = compose(made, [Order((1,), notes=30, told=LIKE)])
    assert len(piece.notes) == 30


def test_bars_that_are_asked_for_are_told():
    """Whoever asks for a length alone tells it too; a frame's own bars come first."""
    orders = [
        Order((1,), bars=3),
        Order((1,), bars=3, told=Told(frame=Frame(bars=3))),
        Order((1,), bars=3, told=Told(frame=Frame(bars=2))),
    ]
    plain, told, shorter = compose(trained(), orders)
    assert rows(plain) == rows(told) and bars_of(plain) == 3
    assert rows(shorter) != rows(plain)


# --- parts


@pytest.mark.parametrize("guidance", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_a_piece_has_exactly_the_parts_it_was_told(parts, guidance):
    orders = [Order((parts, n), bars=4, told=Told(MUCH, Frame(parts=parts)), guidance=guidance) for n in range(6)]
    for piece in compose(trained(), orders):
        assert np.unique(piece.notes["part"]).tolist() == list(range(parts))
        assert piece.programs == PROGRAMS[:parts]


def test_parts_that_nobody_told_are_the_model_s_own():
    (piece,) = compose(trained(), [Order((1,), bars=4, told=LIKE)])
    assert piece.programs == PROGRAMS


def test_a_start_of_more_parts_than_told_is_continued():
    """With the parts that were told; of a model whose parts may strike two notes at once."""
    made = trained()
    made = replace(made, config=replace(made.config, encoding=replace(made.config.encoding, chord=2)))
    start = replace(chorale(50), source="start")
    start = replace(start, notes=start.notes[start.notes["onset"] < 4])
    told = Told(MUCH, Frame(parts=2))
    for piece in compose(made, [Order((1, n), bars=4, start=start, told=told) for n in range(6)]):
        assert rows(piece)[: len(start.notes)] == rows(start)
        assert set(piece.notes["part"][len(start.notes) :]) <= {0, 1}


# --- orders that can't be


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (Told(frame=Frame(parts=0)), "parts: is 0; it must be from 1 to 4"),
        (Told(frame=Frame(parts=5)), "parts: is 5; it must be from 1 to 4"),
        (Told(frame=Frame(parts=-1)), "parts: is -1; it must be from 1 to 4"),
        (Told({"swing": 1.0}), "attribute 'swing': is unknown to the model, which knows onset_density, dissonance, rh"),
    ],
)
def test_an_order_that_can_not_be_is_refused_by_name(told, message):
    with pytest.raises(BadInput, match=message):
        compose(trained(), [Order((1,), notes=5), Order((1,), notes=5, told=told)])


@pytest.mark.parametrize("told", [Told(MUCH), Told(frame=Frame(parts=2)), Told(frame=Frame(bars=4)), LIKE])
def test_a_model_without_conditions_can_not_be_asked(told):
    with pytest.raises(BadInput, match="lstm: has no conditions; only a model that was trained with some can be asked"):
        compose(make_tiny_model("lstm"), [Order((1,), notes=5, told=told)])


def test_a_model_without_conditions_makes_the_same_whatever_the_guidance():
    made = make_tiny_model("lstm")
    pieces = [compose(made, [Order((1,), bars=3, guidance=guidance)])[0] for guidance in (0.0, 1.0, 5.0)]
    assert rows(pieces[0]) == rows(pieces[1]) == rows(pieces[2])
