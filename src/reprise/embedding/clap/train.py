"""Training of the small CLAP: captions drawn anew in each epoch, their truth on every clip of the batch computed.

Every draw comes from the seed and the number of the epoch, so a run that was interrupted ends with the same bytes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import Tensor
from tqdm import tqdm

from reprise.checked import checked
from reprise.clips.descriptions.assertions import caption_truth, statements_of
from reprise.clips.descriptions.captions import DescriptionParams, draw_caption, flipped, put_in_words
from reprise.embedding.clap.data import ClapSet
from reprise.embedding.clap.losses import flip_loss, multi_positive_infonce, pair_loss, sigmoid_loss
from reprise.embedding.clap.model import Clap
from reprise.embedding.clap.notes import NoteBatch, collate_notes
from reprise.embedding.clap.text import WordBatch, collate_texts
from reprise.embedding.clap.towers import TowerParams
from reprise.errors import BadInput
from reprise.learning.training import FitParams, RunParams, run_epochs
from reprise.pipeline.tracking import Tracker

WARM_UP = 0.1  # share of the steps in which the learning rate rises
SOUND, NOTES = "sound", "notes"


@checked
class ClapParams(FitParams, RunParams):
    """The `clap` section."""

    batch_size: Annotated[int, Field(ge=2)]  # one clip alone has no false caption
    loss: Literal["sigmoid", "infonce"]
    notes: bool
    pair_weight: Annotated[float, Field(ge=0)]
    flip_weight: Annotated[float, Field(ge=0)]
    anchor_weight: Annotated[float, Field(ge=0)]
    fine_tune: bool
    towers: TowerParams


class _Batch(NamedTuple):
    """B clips, and 2 B captions: one that is true of each clip, then each of these flipped; `truth` says which caption
    is true of which clip, `stated` which statement is true of which clip, `said` which one a caption asserts (1),
    denies (0) or doesn't name (-1).
    """

    spectrograms: Tensor
    features: Tensor
    notes: NoteBatch
    words: WordBatch
    truth: Tensor
    stated: Tensor
    said: Tensor


class _Data:
    """A set ready to be drawn from: features of the frozen backbone and sets of notes beside the clips."""

    def __init__(self, clips: ClapSet, window_s: float, model: Clap, device: torch.device) -> None:
        self.clips, self.notes = clips, clips.note_sets(window_s)
        self.features = frozen_features(model, clips.spectrograms, device)

    def batch(self, rows: np.ndarray, captions: DescriptionParams, rng: np.random.Generator) -> _Batch:
        """The clips `rows` with captions drawn by `rng`."""
        truth = self.clips.described.truth[rows]
        said = [draw_caption(own, captions, rng) for own in truth]
        said += [flipped(caption, own, rng) for caption, own in zip(said, truth)]
        return _Batch(
            torch.from_numpy(self.clips.spectrograms[rows].astype(np.float32)),
            self.features[rows].float(),
            collate_notes([self.notes[row] for row in rows]),
            collate_texts([put_in_words(caption, rng) for caption in said]),
            torch.from_numpy(caption_truth(said, truth)),
            torch.from_numpy(truth),
            torch.from_numpy(statements_of(said)),
        )


@torch.inference_mode()
def frozen_features(model: Clap, spectrograms: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """Features of the backbone for every clip, float16[N, C, S], on the CPU."""
    model.eval()
    parts = [
        model.features(torch.from_numpy(spectrograms[start : start + 64].astype(np.float32)).to(device)).half().cpu()
        for start in range(0, len(spectrograms), 64)
    ]
    return torch.cat(parts)


def train(
    model: Clap,
    train_set: ClapSet,
    validation_set: ClapSet,
    params: ClapParams,
    captions: DescriptionParams,
    window_s: float,
    device: str,
    work: Path,
    tracker: Tracker,
) -> tuple[dict[str, Tensor], list[dict]]:
    """Train the towers of `model`, or go on from the checkpoint in `work`.

    Returns:
        The weights of the epoch with the least validation loss, and the curves: a row an epoch.

    Raises:
        BadInput: a set is too small for one batch.
    """
    if min(len(train_set), len(validation_set)) < params.batch_size:
        raise BadInput(f"clap.batch_size: is {params.batch_size}, more clips than there are to train or to validate on")
    torch.set_num_threads(params.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fabric = Fabric(accelerator=device, devices=1, precision=params.precision)
    fabric.seed_everything(params.seed, verbose=False)
    sets = [_Data(own, window_s, model.to(fabric.device), fabric.device) for own in (train_set, validation_set)]
    model.backbone.requires_grad_(params.fine_tune)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=params.learning_rate, weight_decay=params.weight_decay, fused=True)
    wrapped, optimizer = fabric.setup(model, optimizer)
    steps = params.epochs * (len(train_set) // params.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        params.learning_rate,
        total_steps=max(steps, 4) + 1,
        pct_start=max(WARM_UP, 2 / max(steps, 4)),
        cycle_momentum=False,
    )

    def run(data: _Data, epoch: int, step: Callable[[Tensor], None] | None, bar: tqdm) -> dict[str, float]:
        """The means of all losses over one pass; `step` learns from each batch."""
        model.train(step is not None)
        model.backbone.eval()  # its batch norms keep what training of the recognizer found
        rng = np.random.default_rng(np.random.SeedSequence([params.seed, epoch]))
        torch.manual_seed(int(rng.integers(2**62)))  # of dropout and noise
        order = rng.permutation(len(data.clips))
        found = []
        for index in range(len(order) // params.batch_size):
            rows = order[index * params.batch_size : (index + 1) * params.batch_size]
            batch = data.batch(rows, captions, rng)
            with fabric.autocast():
                losses = batch_losses(model, _on(batch, fabric.device), params)
            if step is not None:
                step(losses["loss"])
            found.append({name: float(value.detach()) for name, value in losses.items()})
            if index % 5 == 0:
                bar.set_postfix_str(f"batch {index}, loss {found[-1]['loss']:.4f}", refresh=False)
        return {name: float(np.mean([row[name] for row in found])) for name in found[0]}

    def learn(loss: Tensor) -> None:
        optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(wrapped, optimizer, max_norm=1.0)
        optimizer.step()
        schedule.step()

    def one_epoch(epoch: int, bar: tqdm) -> dict[str, float]:
        figures = {"train_loss": run(sets[0], epoch + 1, learn, bar)["loss"]}
        with torch.no_grad():
            validation = run(sets[1], 0, None, bar)
        return figures | {f"validation_{name}": value for name, value in validation.items()}

    return run_epochs(
        {"model": model, "optimizer": optimizer, "schedule": schedule},
        model,
        one_epoch,
        lambda figures: -figures["validation_loss"],
        params.epochs,
        params.patience,
        work,
        fabric.device,
        tracker,
    )


def _on(batch: _Batch, device: torch.device) -> _Batch:
    notes = NoteBatch(*(tensor.to(device) for tensor in batch.notes))
    words = WordBatch(*(tensor.to(device) for tensor in batch.words))
    others = {name: own.to(device) for name, own in batch._asdict().items() if isinstance(own, Tensor)}
    return _Batch(notes=notes, words=words, **others)


def batch_losses(model: Clap, batch: _Batch, params: ClapParams) -> dict[str, Tensor]:
    """The loss, and beside it how often a true caption is nearer than its flip, to sound and to notes."""
    features = model.features(batch.spectrograms) if params.fine_tune else batch.features
    texts = model.text(batch.words)
    vectors = {SOUND: model.audio(features, batch.spectrograms)}
    if params.notes:
        vectors[NOTES] = model.notes(batch.notes)
    of_captions = sigmoid_loss if params.loss == "sigmoid" else multi_positive_infonce
    loss, right = torch.zeros((), device=texts.device), {}
    for name, own in vectors.items():
        logits = model.logits(texts, own)
        true, flips = logits[: len(own)].diagonal(), logits[len(own) :].diagonal()
        loss = loss + of_captions(logits, batch.truth) + params.flip_weight * flip_loss(true, flips)
        loss = loss + params.anchor_weight * sigmoid_loss(model.statement_logits(own), batch.stated)
        right[f"flips_{name}"] = (true > flips).float().mean()
    loss = loss + params.anchor_weight * sigmoid_loss(model.statement_logits(texts), batch.said)
    if params.notes:
        loss = loss + params.pair_weight * pair_loss(model.log_scale_pairs.exp() * vectors[SOUND] @ vectors[NOTES].T)
    return {"loss": loss, **right}
