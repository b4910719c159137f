"""The VAE: which latent steers which event, what it costs, and that its bound is one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_model import make_tiny_model
from tiny_pieces import piece_of
from torch.distributions import Normal, kl_divergence

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.models import vae
from reprise.composition.models.batches import Batch, collate, make_examples
from reprise.composition.models.trained import make_model
from reprise.composition.models.vae import LatentParams, kl
from reprise.errors import ParamsError

TRAINED = make_tiny_model("vae")
ENCODING, VAE = TRAINED.config.encoding, TRAINED.network
LATENT = TRAINED.config.latent


def batch_of(*lengths: int) -> Batch:
    events = [TRAINED.training[i][:length] for i, length in enumerate(lengths)]
    return collate(make_examples(ENCODING, events, [(4, 4)] * len(events)))


def test_the_divergence_is_that_of_torch():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    assert torch.allclose(kl(mean, log_variance), expected, atol=1e-6)


@torch.inference_mode()
def test_phrases_follow_the_bars_of_the_events_before():
    """Phrases of two bars in two sequences: rows of latents in their order, padding in the last phrase."""
    batch = batch_of(84, 50)
    means, log_variances, phrase_of = VAE.encode(batch)
    first = batch.bar[0] // 2
    assert len(first.unique()) >= 2 and phrase_of[0].tolist() == first.tolist()
    second = batch.bar[1, :50] // 2
    assert second[-1] > 0 and phrase_of[1, :50].tolist() == (second + len(first.unique())).tolist()
    assert (phrase_of[1, 50:] == phrase_of[1, 49]).all()
    assert len(means) == len(log_variances) == phrase_of.max() + 1


@torch.inference_mode()
def test_a_phrase_without_events_has_no_row():
    """A rest of four bars: the second of the three phrases is empty."""
    piece = piece_of((0, 12, 60, 0), (12, 12, 62, 0), (4 * 48 + 12, 12, 60, 0), (4 * 48 + 24, 12, 62, 0))
    encoding = NotesEncoding.of([piece])
    network = make_model(replace(TRAINED.config, encoding=encoding)).eval()
    batch = collate(make_examples(encoding, [encoding.encode(piece)], [(4, 4)]))
    means, _, phrase_of = network.encode(batch)
    assert batch.bar[0].tolist() == [0, 0, 0, 4, 4] and phrase_of[0].tolist() == [0, 0, 0, 1, 1] and len(means) == 2


@torch.inference_mode()
def test_a_posterior_reads_the_events_that_its_latent_steers():
    """Event n is read in row n + 1; changing what is read of it changes the posterior of row n's phrase alone."""
    batch = batch_of(60)
    means, _, phrase_of = VAE.encode(batch)
    border = int((phrase_of[0] == 0).sum())  # the first event that phrase 1 steers
    for event in (border - 1, border, 58):
        read = batch.read.clone()
        read[0, event + 1, -1] = 1 - read[0, event + 1, -1].clamp(max=1)
        others, _, _ = VAE.encode(replace(batch, read=read))
        changed = (others != means).any(dim=1).nonzero().flatten().tolist()
        assert changed == [phrase_of[0, event].item()]


@torch.inference_mode()
def test_a_latent_steers_from_its_phrase_on():
    batch = batch_of(60)
    means, _, phrase_of = VAE.encode(batch)
    border = int((phrase_of[0] == 0).sum())
    moved = means.clone()
    moved[1] += 1
    before, after = (VAE.hidden_with(batch, latents[phrase_of])[0] for latents in (means, moved))
    assert torch.equal(before[:border], after[:border]) and not torch.allclose(before[border], after[border], atol=1e-3)


@torch.inference_mode()
def test_windows_of_one_event_can_be_read():
    example = make_examples(ENCODING, [TRAINED.training[0]], [(4, 4)])[0]
    hidden, cost = VAE.hidden(collate([example.window(30, 1)]))
    assert hidden.shape == (1, 1, 16) and torch.isfinite(cost).all()


@torch.inference_mode()
def test_the_bound_lies_above_the_nats():
    """-log p by importance sampling (Burda et al. 2016) lies below the mean of nats + KL; with many samples nearly so
    for each sequence, as its posterior is broad."""
    torch.manual_seed(0)
    (example,) = make_examples(ENCODING, [TRAINED.training[0][:25]], [(4, 4)])
    batch = collate([example] * 400)
    mean, log_variance, phrase_of = VAE.encode(batch)
    z = vae.drawn(mean, log_variance)
    nats = VAE.nats(batch, VAE.hidden_with(batch, z[phrase_of])).sum(dim=(1, 2))
    posterior, prior = Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)
    ratio = (prior.log_prob(z) - posterior.log_prob(z)).sum(1).view(400, -1).sum(1)  # of each sequence's phrases
    true = -(torch.logsumexp(ratio - nats, 0) - np.log(400)).item()
    bound = (nats + kl(mean, log_variance).sum(1).view(400, -1).sum(1)).mean().item()
    assert true < bound < true + 5
    _, cost = VAE.hidden(batch)
    assert cost[0].item() == pytest.approx(kl(mean, log_variance).view(400, -1).sum(1)[0].item(), rel=1e-4)


def test_what_training_minimises_by_hand(monkeypatch):
    """The nats; plus, as annealing goes on, the KL of each dimension of all phrases, at least the free nats."""
    latent = LatentParams(size=4, phrase_bars=2, anneal=0.5, free_nats=0.02, forget=0.0)
    network = make_model(
        replace(TRAINED.config, backbone=replace(TRAINED.config.backbone, dropout=0.0), latent=latent)
    ).train()
    monkeypatch.setattr(vae, "drawn", lambda mean, log_variance: mean)
    batch = batch_of(60, 30)
    mean, log_variance, phrase_of = network.encode(batch)
    nats = network.nats(batch, network.hidden_with(batch, mean[phrase_of])).sum().item()
    by_dimension = kl(mean, log_variance).mean(dim=0)
    assert by_dimension.min() < 0.02 < by_dimension.max(), "the free nats matter here for some"
    cost = len(mean) * by_dimension.clamp(min=0.02).sum().item()
    for done, weight in ((0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.9, 1.0)):
        assert network(batch, done).item() == pytest.approx(nats + weight * cost, rel=1e-5)
    network.eval()
    assert network(batch, 0.0).item() == pytest.approx(nats + kl(mean, log_variance).sum().item(), rel=1e-5)


def test_forgotten_events_are_not_read(monkeypatch):
    network = make_model(replace(TRAINED.config, latent=replace(LATENT, forget=0.999))).train()
    network.drop.p = 0.0
    seen = []
    monkeypatch.setattr(network.backbone, "forward", lambda x, cache=None: (seen.append(x), (x, None))[1])
    batch = batch_of(40)
    torch.manual_seed(0)
    network.hidden_with(batch, torch.zeros(1, 40, 4))
    network.eval()
    network.hidden_with(batch, torch.zeros(1, 40, 4))
    trained, evaluated = (x[0] - network.before.read(torch.zeros(4)) for x in seen)
    assert (trained.abs().sum(1) < 1e-6).sum() >= 38 and (evaluated[1:].abs().sum(1) > 1e-3).all()


@pytest.mark.parametrize(
    ("field", "value"),
    [("size", 0), ("phrase_bars", 0), ("anneal", 0.0), ("free_nats", -1.0), ("forget", 1.0), ("forget", float("nan"))],
)
def test_params_out_of_range_are_named(field, value):
    with pytest.raises(ParamsError, match=f"^{field}: is {value!r}"):
        replace(LATENT, **{field: value})
