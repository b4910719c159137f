"""Phrases of a model with latents: what lies between two of them. Draws from the prior are what `compose` makes."""

from dataclasses import replace

import numpy as np
import torch

from reprise.composition.models.batches import collate, make_examples
from reprise.composition.models.trained import TrainedModel
from reprise.composition.models.vae import PhraseVae
from reprise.composition.sampling.drawing.sampler import Job, sample
from reprise.composition.sampling.opening import opening, read_opening
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece


@torch.inference_mode()
def phrase_latent(trained: TrainedModel, piece: Piece) -> np.ndarray:
    """The latent of a piece's first phrase, float[L]: the mean of its posterior.

    Raises:
        BadInput: the model has no latents, or the piece doesn't fit it.
    """
    if not isinstance(trained.network, PhraseVae):
        raise BadInput(f"{trained.config.model}: has no latents; only a vae has")
    encoding = trained.config.encoding
    reading = read_opening(opening(piece, trained.network.phrase_bars), encoding)
    batch = collate(make_examples(encoding, [reading.events], [piece.metre]))
    return trained.network.encode(batch.to(trained.network.start.device))[0][0].numpy(force=True)


def interpolate(
    trained: TrainedModel, first: Piece, second: Piece, steps: int, rules: SamplingRules, seed: tuple[int, ...]
) -> list[Piece]:
    """Phrases on the straight line from the first phrase of one piece to that of another, both ends included.

    All of them are drawn with the same random numbers, so that what differs comes from the latents.

    Raises:
        BadInput: see `phrase_latent`; or fewer than 2 steps are asked for.
    """
    if steps < 2:
        raise BadInput(f"steps: is {steps}; it must be 2 (both ends) or more")
    ends = [phrase_latent(trained, piece) for piece in (first, second)]
    config, bars = trained.config, trained.network.phrase_bars
    nothing = np.zeros((0, len(config.encoding.shape.fields)), np.int64)
    jobs = [
        Job(first.metre, seed, nothing, bars=bars, conditions=[(1 - share) * ends[0] + share * ends[1]], rules=rules)
        for share in np.linspace(0, 1, steps)
    ]
    drawn = sample(trained.network, config.encoding, jobs, trained.index)
    pieces = (
        config.encoding.decode(events, first.metre, config.tempo_bpm, config.programs, f"step {step + 1} of {steps}")
        for step, events in enumerate(drawn)
    )
    name, between = f"{config.model} model, seed {seed[0]}", f"between {first.source} and {second.source}"
    return [replace(cut_at_bar(piece, bars), title=f"{name}, {piece.source}", subtitle=between) for piece in pieces]
