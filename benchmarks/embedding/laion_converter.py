"""Whether LAION's weights in transformers' network give the vectors of LAION's own code: both towers, four layouts.

The weights are random: no published checkpoint is read. LAION's network of each layout is saved as LAION's training
saves it, read and converted by ours, and both are given the same noise and the same word pieces. Beside it: what a
converter gives that takes the default depths for the larger network and loads what happens to fit.

LAION's package pins numpy < 2 and downloads tokenizers, so it comes into a folder of its own and without what it needs
for training:

    pip install --no-deps --target peers laion-clap torchlibrosa ftfy wcwidth
    python -m benchmarks.embedding.laion_converter peers
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from unittest.mock import MagicMock, patch

import numpy as np
import torch
from torch import Tensor, nn
from transformers import ClapModel, PreTrainedTokenizerBase, RobertaConfig, RobertaModel

from benchmarks.machine import RESULTS, describe_machine, write_json
from benchmarks.measure import run_script, table
from reprise.embedding.laion.checkpoint import read_checkpoint
from reprise.embedding.laion.convert import convert, read_config, rename
from reprise.embedding.laion.embedder import MOST_PIECES, SAMPLE_RATE, WINDOW_S, Checkpoint, LaionClap
from reprise.errors import BadInput

LAYOUTS = {
    f"{size}, {kind}": (f"HTSAT-{size}", kind == "fused") for size in ("tiny", "base") for kind in ("unfused", "fused")
}
SOUNDS, TEXTS, VIEWS = 3, 4, 4
ROBERTA = RobertaConfig(vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5)
FILE = RESULTS / "laion_converter.json"


def import_laion(packages: Path) -> object:
    """LAION's `create_model`, with stand-ins for packages that only its training uses.

    Raises:
        BadInput: it isn't installed there.
    """
    if not (packages / "laion_clap").is_dir():
        raise BadInput(f"{packages}: has no laion_clap; the head of this script says how to install it there")
    sys.path += [str(packages), str(packages / "laion_clap")]
    for name in ("h5py", "torchvision", "torchvision.ops", "torchvision.ops.misc", "torchvision.transforms"):
        sys.modules[name] = MagicMock()
    sys.modules["torchvision.ops.misc"].FrozenBatchNorm2d = nn.BatchNorm2d  # one that isinstance takes
    return importlib.import_module("clap_module").create_model


def laion_network(create_model: object, name: str, fused: bool) -> nn.Module:
    """LAION's network of a layout; its weights are random and far enough from 0 that every one of them matters."""
    with patch.object(RobertaModel, "from_pretrained", lambda _: RobertaModel(ROBERTA)):
        network, _ = create_model(name, "roberta", enable_fusion=fused, fusion_type="aff_2d" if fused else "None")
    torch.manual_seed(0)
    with torch.no_grad():
        for own in network.parameters():
            if own.requires_grad and own.ndim:
                own.add_(0.02 * torch.randn_like(own))
        network.audio_branch.bn0.running_mean.normal_(-20, 5)
        network.audio_branch.bn0.running_var.uniform_(50, 200)
    return network.eval()


def save_as_laion(network: nn.Module, path: Path) -> None:
    """As LAION's training saves it."""
    weights = {f"module.{name}": own for name, own in network.state_dict().items()}
    torch.save({"epoch": 1, "name": "random", "state_dict": weights, "best": np.float64(0.5)}, path, pickle_protocol=4)


@torch.inference_mode()
def compare(network: nn.Module, path: Path) -> dict[str, float]:
    """The largest differences of any number of any vector."""
    weights = read_checkpoint(path)
    model = convert(weights, str(path))
    ours = LaionClap(model, MagicMock(spec=PreTrainedTokenizerBase), Checkpoint("random", "0"))
    rng = np.random.default_rng(0)
    sounds = rng.normal(0, 0.1, (SOUNDS, SAMPLE_RATE * WINDOW_S)).astype(np.float32)
    pieces = torch.from_numpy(rng.integers(3, ROBERTA.vocab_size, (TEXTS, MOST_PIECES)))
    pieces[:, 0] = 0
    there = torch.arange(MOST_PIECES) < torch.from_numpy(rng.integers(5, MOST_PIECES, (TEXTS, 1)))
    pieces[~there] = ROBERTA.pad_token_id
    theirs = {"input_ids": pieces, "attention_mask": there.long()}
    of_text = model.get_text_features(pieces, attention_mask=there.long()).pooler_output
    found = {
        "million_weights": sum(own.numel() for own in model.parameters()) / 1e6,
        "unused_keys": len(weights.keys() - _used(weights)),
        "audio": _most(network.get_audio_embedding(_audio(ours, sounds)), torch.from_numpy(ours.embed_audio(sounds))),
        "text": _most(network.get_text_embedding(dict(theirs)), of_text),
    }
    if model.config.audio_config.enable_fusion:
        views = torch.from_numpy(rng.normal(-30, 20, (SOUNDS, VIEWS, 1001, 64))).float()
        longer = torch.tensor([[True], [False], [True]])
        marked = [{"mel_fusion": own, "longer": mark} for own, mark in zip(views, longer)]
        fused = model.get_audio_features(views, is_longer=longer).pooler_output
        found["fused_views"] = _most(network.get_audio_embedding(marked), fused)
    return found | {"in_default_depths_cosine": in_default_depths(weights, model, ours, sounds)}


def _used(weights: Mapping[str, Tensor]) -> set[str]:
    """The names of the weights that find a place."""
    return {name for name, own in weights.items() if rename({name: own})}


def _audio(ours: LaionClap, sounds: np.ndarray) -> list[dict[str, Tensor]]:
    """What LAION's network takes: waves where it makes spectrograms itself, four equal views where it takes those."""
    if ours.extractor.truncation != "fusion":
        return [{"waveform": torch.from_numpy(sound)} for sound in sounds]
    views = [ours.extractor([sound], sampling_rate=SAMPLE_RATE)["input_features"][0] for sound in sounds]
    return [{"mel_fusion": torch.from_numpy(own).float(), "longer": torch.tensor([False])} for own in views]


def in_default_depths(weights: dict[str, Tensor], model: ClapModel, ours: LaionClap, sounds: np.ndarray) -> float:
    """The least cosine of a sound's vector and that of a network with HTSAT-tiny's depths, loaded with strict=False."""
    config = read_config(weights)
    config.audio_config.depths = (2, 2, 6, 2)
    careless = ClapModel(config).eval()
    careless.load_state_dict(model.state_dict(), strict=False)
    other = LaionClap(careless, ours.tokenizer, Checkpoint("careless", "0"))
    return float((ours.embed_audio(sounds) * other.embed_audio(sounds)).sum(axis=1).min())


def _most(theirs: Tensor, ours: Tensor) -> float:
    return float((theirs - ours).abs().max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, metavar="DIR", help="the folder with LAION's package")
    create_model = import_laion(parser.parse_args().packages.resolve())
    torch.manual_seed(0)
    rows = []
    for layout, (name, fused) in LAYOUTS.items():
        network = laion_network(create_model, name, fused)
        with tempfile.TemporaryDirectory() as folder:
            save_as_laion(network, Path(folder) / "random.pt")
            found = compare(network, Path(folder) / "random.pt")
        rows.append({"layout": layout, **{name: float(f"{value:.3g}") for name, value in found.items()}})
    versions = {name: version(name) for name in ("transformers", "laion_clap", "torchlibrosa")}
    write_json(FILE, {"machine": describe_machine(), "peers": versions, "rows": rows})
    columns = list(rows[-1])
    print(table(columns, [[row.get(column, "-") for column in columns] for row in rows]))


if __name__ == "__main__":
    run_script(main)
