"""The network: it hears what comes, whatever else is heard beside it, and learns to use it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_infilling import make_infilling, save_infilling
from tiny_model import chorale
from tiny_pieces import piece_of

from reprise.composition.encoding.notes_vocabulary import DURATION, PART, PITCH, STEP
from reprise.composition.evaluation.likelihood import score
from reprise.composition.models.backbones import LstmParams
from reprise.composition.models.batches import collate
from reprise.composition.models.fit import InfillingParams, fit_model
from reprise.composition.models.infilling.given import Gap
from reprise.composition.models.infilling.network import Hearing, InfillingModel
from reprise.composition.models.infilling.teaching import GapParams, infilling_examples, melody_given
from reprise.composition.models.train import TrainingParams
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.drawing.reading import ModelReading
from reprise.composition.sampling.infilling import encoding_of
from reprise.errors import ParamsError
from reprise.learning.training import FitParams
from reprise.music.piece import Piece
from reprise.pipeline.tracking import Tracker

GAPS = GapParams(melody=0.4, part=0.15, parts=0.15, bars=0.2, most_bars=4)


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return make_infilling()


@torch.inference_mode()
def logits(trained: TrainedModel, pieces: list[Piece], gap: Gap, shown: bool = True) -> list[list[np.ndarray]]:
    """Of each piece, by itself, the logits of each field, float[N, S]."""
    encoding, found = encoding_of(trained), []
    for piece in pieces:
        example = infilling_examples(encoding, [encoding.encode(piece)], [piece.metre], [gap], shown)
        batch = collate(example)
        hidden = trained.network.hidden(batch)[0]
        found.append([trained.network.field_logits(field, hidden, batch)[0].numpy() for field in range(4)])
    return found


def with_pitch(piece: Piece, part: int, place: int, pitch: int) -> Piece:
    """The piece with another pitch of the note of a part, counted from the last one."""
    notes = piece.notes.copy()
    notes["pitch"][np.flatnonzero(notes["part"] == part)[place]] = pitch
    return replace(piece, notes=notes)


def test_a_later_given_note_changes_what_is_expected_earlier(trained):
    """From the first event on; and that it does is what the BiLSTM is for, as the notes after the next are seen by it
    alone."""
    piece = chorale(2)
    other = with_pitch(piece, 0, -1, 79)
    first, changed = logits(trained, [piece, other], melody_given(4))
    for field in (STEP, PART, PITCH, DURATION):
        assert np.abs(first[field][:5] - changed[field][:5]).max() > 1e-6


def test_a_later_note_that_is_not_given_changes_nothing_earlier(trained):
    piece = chorale(2)
    other = with_pitch(piece, 3, -1, 50)
    first, changed = logits(trained, [piece, other], melody_given(4))
    last = int(np.flatnonzero(piece.notes["part"] == 3)[-1])
    for field in (STEP, PART, PITCH, DURATION):
        assert np.array_equal(first[field][:last], changed[field][:last])


def test_who_is_not_shown_the_given_notes_knows_the_past_alone(trained):
    piece = chorale(2)
    other = with_pitch(piece, 0, -1, 79)
    last = int(np.flatnonzero(piece.notes["part"] == 0)[-1])
    first, changed = logits(trained, [piece, other], melody_given(4), shown=False)
    for field in (STEP, PART, PITCH, DURATION):
        assert np.array_equal(first[field][:last], changed[field][:last])
    for one, two in zip(first, logits(trained, [piece], Gap((True,) * 4))[0]):
        assert np.array_equal(one, two), "as if nothing stood"


@torch.inference_mode()
def test_event_by_event_as_all_at_once(trained):
    """The sampler's way of reading gives the logits of training."""
    encoding, piece = encoding_of(trained), chorale(3)
    events = encoding.encode(piece)
    assert isinstance(trained.network, InfillingModel)
    for gap in (melody_given(4), melody_given(4, 3), Gap((True,) * 4, 48, 96), Gap((True,) * 4)):
        from reprise.composition.models.infilling.given import given_in, note_categories, setting_of

        setting = setting_of(given_in(encoding, events, gap), (4, 4))
        hearing = Hearing(trained.network, [note_categories(encoding, setting, (4, 4))])
        reading = ModelReading(hearing, encoding, [(4, 4)], [setting])
        whole = logits(trained, [piece], gap)[0]
        for n, event in enumerate(events):
            reading.step(np.zeros((1, 0)))
            for field in range(4):
                assert np.allclose(reading.logits(field, event[None])[0], whole[field][n], atol=1e-4)
            reading.push(event[None])


@torch.inference_mode()
def test_padding_changes_nothing(trained):
    encoding = encoding_of(trained)
    pieces = [chorale(4), chorale(5)]
    examples = infilling_examples(
        encoding, [encoding.encode(piece) for piece in pieces], [(4, 4)] * 2, [melody_given(4), Gap((True,) * 4)]
    )
    alone = [trained.network.hidden(collate([example]))[0][0] for example in examples]
    together = trained.network.hidden(collate(examples))[0]
    for row, own in enumerate(alone):
        assert torch.allclose(together[row, : len(own)], own, atol=1e-5)


def test_it_is_saved_and_loaded_whole(tmp_path):
    folder = save_infilling(tmp_path)
    loaded = load_model(folder)
    assert loaded.config.infilling and isinstance(loaded.network, InfillingModel)
    assert '"infilling": true' in (folder / "config.json").read_text()
    first = make_infilling().network.state_dict()
    assert all(torch.equal(first[name], own) for name, own in loaded.network.state_dict().items())


# --- what stands in training


def test_what_stands_is_drawn_as_often_as_asked():
    rng = np.random.default_rng(1)
    gaps = [GAPS.draw(4, 12, 48, rng) for _ in range(4000)]
    melody = sum(gap.parts == (False, True, True, True) for gap in gaps)
    bars = [gap for gap in gaps if gap.stop < 1 << 20]
    nothing = sum(all(gap.parts) for gap in gaps) - len(bars)
    assert melody / 4000 == pytest.approx(0.4 + 0.15 / 4, abs=0.03)
    assert len(bars) / 4000 == pytest.approx(0.2, abs=0.03) and nothing / 4000 == pytest.approx(0.1, abs=0.03)
    assert {(gap.stop - gap.start) // 48 for gap in bars} == {1, 2, 3, 4} and max(gap.start for gap in bars) == 11 * 48
    assert all(any(gap.parts) for gap in gaps), "something is always to be written"


def test_shares_above_one_are_refused():
    with pytest.raises(ParamsError, match=r"melody, part, parts, bars: is 1\.1"):
        GapParams(melody=0.5, part=0.2, parts=0.2, bars=0.2, most_bars=4)


def canon(seed: int) -> Piece:
    """Eight bars of two parts, where the lower one plays now what the upper one plays a beat later, an octave below."""
    rng = np.random.default_rng(seed)
    upper = rng.choice([60, 62, 64, 65, 67, 69, 71, 72], 33)
    rows = [(12 * beat, 12, int(upper[beat]), 0) for beat in range(32)]
    rows += [(12 * beat, 12, int(upper[beat + 1]) - 12, 1) for beat in range(32)]
    return piece_of(*rows, source=f"canon {seed}")


def fit(folder, precision="32-true", **changes) -> tuple[TrainedModel, list[dict]]:
    pieces = {"train": [canon(seed) for seed in range(24)], "validation": [canon(seed) for seed in range(50, 54)]}
    fits = {"epochs": 2, "patience": 9, "batch_size": 8, "learning_rate": 0.02, "weight_decay": 0.0} | changes
    params = InfillingParams(LstmParams(1, 32, 0.0, "lstm"), FitParams(**fits), GAPS)
    training = TrainingParams(seed=1, threads=1, precision=precision, encoding="notes", window=384, transpose=2)
    return fit_model("infilling", params, training, pieces, "cpu", folder, Tracker())


def test_two_trainings_give_the_same_weights(tmp_path):
    first, second = fit(tmp_path / "a")[0], fit(tmp_path / "b")[0]
    states = first.network.state_dict(), second.network.state_dict()
    assert all(torch.equal(own, states[1][name]) for name, own in states[0].items())
    assert first.config.infilling and first.config.encoding.framed


def test_it_trains_in_bfloat16_too(tmp_path):
    _, curves = fit(tmp_path / "32")
    trained, of_mixed = fit(tmp_path / "16", precision="bf16-mixed")
    assert all(weight.dtype == torch.float32 for weight in trained.network.parameters())
    assert of_mixed[-1]["validation_nats"] == pytest.approx(curves[-1]["validation_nats"], rel=0.02)


@pytest.mark.slow
def test_it_learns_to_look_ahead(tmp_path):
    """Only who sees the melody ahead can know the lower part of the canon."""
    trained, curves = fit(tmp_path, epochs=24)
    assert curves[-1]["validation_nats"] < curves[0]["validation_nats"] / 2
    encoding, pieces = encoding_of(trained), [canon(seed) for seed in range(60, 64)]
    nats = {}
    for shown in (True, False):
        examples = infilling_examples(
            encoding, [encoding.encode(piece) for piece in pieces], [(4, 4)] * 4, [melody_given(2)] * 4, shown
        )
        nats[shown] = sum(own.nats[:, PITCH].sum() for own in score(trained.network, examples)) / (4 * 32)
    assert nats[True] < 1.0 < nats[False], "of eight pitches one is two nats"
