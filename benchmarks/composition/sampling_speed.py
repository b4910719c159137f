"""How fast our models sample, with and without their cache, beside `generate` of Hugging Face transformers.

One core, one piece at a time, from nothing; loading isn't counted. All take turns, each round with another seed.

- with the cache: `compose`, as the pipeline calls it, guards against copies and long repeats included. What the cache
  holds is keys and values for the Transformer, the state for the LSTM.
- recomputed: the same `compose` with a model that reads the whole piece again for every note. It makes the same music.
- GPT-2 by transformers: random weights, as many layers and as nearly as many parameters as our Transformer, the values
  of all our fields as its vocabulary, one token a field; it draws from the whole distribution, and what it makes need
  not be music. A note is `fields` tokens.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks.machine import need, report
from benchmarks.measure import per_second, run_script, speedup, table, take_turns, with_spread
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.models.tuple_model import TupleModel
from reprise.composition.sampling.compose import Order, compose

MODELS = Path("models/composer")
OURS, LSTM = "our Transformer", "our LSTM"
RECOMPUTED = "recomputed"
PEER = "GPT-2 by transformers"
Peer = Callable[[int], object]  # makes one piece from a seed


class Recomputing(nn.Module):
    """A model whose `step` keeps what was read and no more, and runs the backbone over all of it for each event."""

    def __init__(self, model: TupleModel) -> None:
        super().__init__()
        self.model, self.heads = model, model.heads
        self.condition_size, self.phrase_bars = model.condition_size, model.phrase_bars
        self.draw_condition = model.draw_condition

    def step(self, read: Tensor | None, cache: Tensor | None, condition: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `TupleModel.step`; the cache is int64[B, N, K], the events read so far."""
        x = self.model.start.expand(len(condition), 1, -1)
        if read is not None:
            cache = read[:, None] if cache is None else torch.cat([cache, read[:, None]], dim=1)
            x = torch.cat([x, self.model.read(cache)], dim=1)
        return self.model.backbone(x)[0][:, -1], cache


def ours(trained: TrainedModel, notes: int) -> Peer:
    """A piece of so many notes by a model of ours."""
    return lambda seed: compose(trained, [Order(seed=(seed,), notes=notes)])[0]


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def make_gpt2(trained: TrainedModel, tokens: int) -> GPT2LMHeadModel:
    """A GPT-2 of random weights, as close in parameters to the model's model as a width can make it."""
    shape, backbone = trained.config.encoding.shape, trained.config.backbone

    def config(width: int) -> GPT2Config:
        return GPT2Config(
            vocab_size=sum(shape.sizes) + 1,  # and one to begin with
            n_positions=tokens + 1,
            n_embd=width,
            n_layer=backbone.layers,
            n_head=backbone.heads,
            bos_token_id=sum(shape.sizes),
            eos_token_id=None,
        )

    wanted = parameters(trained.network)
    with torch.device("meta"):
        widths = range(backbone.heads, 4 * backbone.width, backbone.heads)
        width = min(widths, key=lambda width: abs(parameters(GPT2LMHeadModel(config(width))) - wanted))
    return GPT2LMHeadModel(config(width)).eval()


def gpt2(model: GPT2LMHeadModel, tokens: int) -> Peer:
    """So many tokens by `generate`, with its cache."""
    start = torch.tensor([[model.config.bos_token_id]])

    def sample(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return model.generate(
            start,
            attention_mask=torch.ones_like(start),
            do_sample=True,
            use_cache=True,
            top_k=0,
            min_new_tokens=tokens,
            max_new_tokens=tokens,
        )

    return sample


def measure(transformer: TrainedModel, lstm: TrainedModel, notes: int, rounds: int) -> dict:
    """For each peer its notes a second, its parameters, and how many times faster our Transformer is."""
    fields = len(transformer.config.encoding.shape.fields)
    other = make_gpt2(transformer, fields * notes)
    peers: dict[str, Peer] = {}
    for name, trained in ((OURS, transformer), (LSTM, lstm)):
        peers[name] = ours(trained, notes)
        peers[f"{name}, {RECOMPUTED}"] = ours(replace(trained, network=Recomputing(trained.network)), notes)
    peers[PEER] = gpt2(other, fields * notes)
    sizes = dict.fromkeys(peers, parameters(lstm.network))
    sizes |= {name: parameters(transformer.network) for name in peers if name.startswith(OURS)}
    sizes[PEER] = parameters(other)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            for peer in peers.values():  # the turn that builds and loads what is left
                peer(0)
            seconds = take_turns(peers, range(1, rounds + 1))
    finally:
        torch.set_num_threads(threads)
    return {
        name: {
            "parameters": sizes[name],
            "notes_per_second": per_second([notes] * rounds, took),
            "our_transformer_is_faster": speedup(seconds[OURS], took),
        }
        for name, took in seconds.items()
    }


def show(found: dict[str, dict]) -> str:
    rows = [
        (
            name,
            f"{row['parameters']:,}",
            with_spread(row["notes_per_second"], 1),
            with_spread(row["our_transformer_is_faster"]),
        )
        for name, row in found.items()
    ]
    return table(("sampled by", "parameters", "notes/s", "our Transformer is faster"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=200, help="notes a piece (200)")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each (10)")
    parser.add_argument("--quick", action="store_true", help="a few notes, nothing written")
    args = parser.parse_args()
    if args.quick:
        args.notes, args.rounds = 10, 2
    transformer, lstm = (load_model(need(MODELS / name, "make it with ./run")) for name in ("transformer", "lstm"))
    found = measure(transformer, lstm, args.notes, args.rounds)
    print(show(found))
    fields = transformer.config.encoding.shape.fields
    figures = {"notes": args.notes, "fields": len(fields), "transformers": version("transformers"), "peers": found}
    report("sampling_speed", figures, args.quick)


if __name__ == "__main__":
    run_script(main)
