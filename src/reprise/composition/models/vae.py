"""A variational autoencoder over phrases: each phrase of a few bars has a latent that the tuple model reads beside the
past.

The latent z_k of phrase k steers the prediction of every event whose predecessor lies in it, so which latent applies
follows from the past alone and the pieces' likelihood is bounded by sum log p(event | past, z) - sum KL(q(z_k |
phrase) || N(0, I)) (Kingma & Welling 2014). The posterior q reads exactly the events that its latent steers: what is
drawn from it knows the notes to come. So it serves the bound, which charges for that, and a prediction takes its
latents from the prior. Shapes: B sequences, N events, P phrases in all of them, L latent dimensions.
"""

from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from reprise.checked import checked
from reprise.composition.encoding.events import EventShape
from reprise.composition.models.backbones import AnyBackbone
from reprise.composition.models.batches import Batch
from reprise.composition.models.tuple_model import AddCondition, CategorySum, TupleModel


@checked
class LatentParams:
    """The latents of a VAE and how they are kept from being ignored.

    Attributes:
        size: dimensions of a latent. phrase_bars: bars a phrase.
        anneal: share of the training in which the weight of the KL rises from 0 to 1 (Bowman et al. 2016).
        free_nats: KL of each dimension that costs nothing in training (Kingma et al. 2016, eq. 15).
        forget: share of events that the backbone doesn't get to read in training (Bowman et al. 2016, word dropout).
    """

    size: Annotated[int, Field(ge=1, le=4096)]
    phrase_bars: Annotated[int, Field(ge=1, le=64)]
    anneal: Annotated[float, Field(gt=0, le=1)]
    free_nats: Annotated[float, Field(ge=0)]
    forget: Annotated[float, Field(ge=0, lt=1)]


class PhraseVae(TupleModel):
    """The tuple model with a latent for each phrase as its condition."""

    is_bound = True

    def __init__(self, shape: EventShape, params: AnyBackbone, latent: LatentParams) -> None:
        super().__init__(shape, params)
        self.latent, self.phrase_bars, self.forget = latent, latent.phrase_bars, latent.forget
        self.phrase_read = CategorySum(shape.read, params.width)
        self.encoder = nn.LSTM(params.width, params.width // 2, batch_first=True, bidirectional=True)
        self.posterior = nn.Linear(params.width, 2 * latent.size)
        self.condition_size = latent.size
        self.before, self.after = (AddCondition(latent.size, params.width) for _ in range(2))

    def forward(self, batch: Batch, done: float) -> Tensor:
        """In training the nats and the annealed KL beyond the free nats; else the bound itself."""
        mean, log_variance, phrase_of = self.encode(batch)
        nats = self.nats(batch, self.hidden_with(batch, drawn(mean, log_variance)[phrase_of])).sum()
        cost = kl(mean, log_variance)  # [P, L]
        if not self.training:
            return nats + cost.sum()
        weight = min(done / self.latent.anneal, 1.0)
        return nats + weight * len(cost) * cost.mean(dim=0).clamp(min=self.latent.free_nats).sum()

    def hidden(self, batch: Batch) -> tuple[Tensor, Tensor]:
        mean, log_variance, phrase_of = self.encode(batch)
        costs = torch.zeros(len(phrase_of), device=mean.device)
        sequence_of = torch.zeros(len(mean), dtype=torch.long, device=mean.device)
        sequence_of[phrase_of] = torch.arange(len(phrase_of), device=mean.device)[:, None].expand_as(phrase_of)
        costs = costs.index_add(0, sequence_of, kl(mean, log_variance).sum(dim=1))
        return self.hidden_with(batch, drawn(mean, log_variance)[phrase_of]), costs

    def hidden_from_past(self, batch: Batch) -> Tensor:
        """See `TupleModel.hidden_from_past`: every latent is 0, the mean of its prior, as the posterior knows more."""
        return self.hidden_with(batch, torch.zeros(*batch.bar.shape, self.condition_size, device=batch.first.device))

    def conditions_of(self, batch: Batch) -> np.ndarray:
        """The mean of each phrase's posterior; 0 for a phrase without events."""
        means, _, phrase_of = self.encode(batch)
        phrases = (batch.bar[0] // self.phrase_bars).numpy(force=True)
        latents = np.zeros((phrases.max() + 1, self.condition_size))
        latents[phrases] = means.numpy(force=True)[phrase_of[0].cpu()]
        return latents

    def draw_condition(self, rng: np.random.Generator) -> np.ndarray:
        """A draw from the prior."""
        return rng.standard_normal(self.condition_size)

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The posterior of every phrase: mean and log-variance, float[P, L], and each event's phrase, int64[B, N].

        What pads a sequence belongs to its last phrase, but isn't read.
        """
        counted = batch.mask[..., 0]
        own = (
            counted[:, 1:] & counted[:, :-1]
        )  # event i is read in row i + 1; the last one of a sequence isn't read at all
        bars = torch.where(counted, batch.bar, 0)
        bars = torch.where(counted, bars, bars.amax(dim=1, keepdim=True))
        phrases = bars // self.phrase_bars + torch.arange(len(bars), device=bars.device)[:, None] * (bars.max() + 1)
        found, phrase_of = phrases.unique(return_inverse=True)
        read = batch.read[:, 1:][own]  # [M, K]
        owner = phrase_of[:, :-1][own]  # ascending
        lengths = torch.bincount(owner, minlength=len(found))
        place = torch.arange(len(owner), device=owner.device) - (lengths.cumsum(0) - lengths)[owner]
        padded = torch.zeros(len(found), int(lengths.max().clamp(min=1)), self.start.shape[0], device=owner.device)
        padded = padded.index_put((owner, place), self.drop(self.phrase_read(read)))
        packed = nn.utils.rnn.pack_padded_sequence(
            padded, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
        )
        _, (last, _) = self.encoder(packed)
        told = self.posterior(torch.cat([last[0], last[1]], dim=1))
        mean, log_variance = told.to(self.start.dtype).chunk(2, dim=1)  # bfloat16 is too coarse for a KL
        return mean, log_variance.clamp(-10, 4), phrase_of


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A draw from each N(mean, variance)."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of N(mean, variance) from N(0, 1) in nats, by dimension (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
