"""LAION-CLAP's own weights as those of transformers' ClapModel, whose layout is read off the weights.

Nothing is taken on trust: widths, depths, heads and whether views are fused all show in names and shapes; what LAION's
networks hold and transformers' don't is listed, and every other key must find its place.
"""

import re
from collections.abc import Iterable, Mapping

from huggingface_hub.errors import StrictDataclassError
from torch import Tensor
from transformers import ClapConfig, ClapModel

from reprise.errors import BadInput

AUDIO, TEXT = "audio_branch.", "text_branch."
# What ClapModel has no place for, and no embedding needs.
UNUSED = {
    "filters of the spectrogram": r"audio_branch\.(spectrogram_extractor|logmel_extractor)\.",
    "classifier of AudioSet": r"audio_branch\.(tscam_conv|head)\.",
    "masks, computed anew": r"audio_branch\.layers\.\d+\.blocks\.\d+\.attn_mask$",
    "layers behind the embedding of sound, for another loss": r"audio_transform\.",
    "layers behind the embedding of text, for another loss": r"text_transform\.",
}
COMPUTED = {"text_model.embeddings.position_ids", "text_model.embeddings.token_type_ids"}  # by ClapModel itself
RENAMED = (
    (r"^text_branch\.", "text_model."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"\.bn0\.", ".batch_norm."),
    (r"(\.blocks\.\d+)\.norm1\.", r"\1.layernorm_before."),
    (r"(\.blocks\.\d+)\.norm2\.", r"\1.layernorm_after."),
    (r"(\.blocks\.\d+)\.attn\.proj\.", r"\1.attention.output.dense."),
    (r"(\.blocks\.\d+)\.attn\.", r"\1.attention.self."),
    (r"(\.blocks\.\d+)\.mlp\.fc1\.", r"\1.intermediate.dense."),
    (r"(\.blocks\.\d+)\.mlp\.fc2\.", r"\1.output.dense."),
    (r"^(audio|text)_projection\.0\.", r"\1_projection.linear1."),
    (r"^(audio|text)_projection\.2\.", r"\1_projection.linear2."),
)
QKV = re.compile(r"(.+\.attention\.self)\.qkv\.(weight|bias)")
ROBERTA_HEAD = 64  # channels of a head of any RoBERTa
SPEC_SIZE = 256  # side of the picture into which LAION folds a spectrogram
NAMED = 20  # keys at most that an error names


def convert(weights: Mapping[str, Tensor], source: str) -> ClapModel:
    """A ClapModel in evaluation mode with LAION's weights.

    Args:
        weights: by LAION's names. source: what to call them in errors.

    Raises:
        BadInput: they aren't of an HTSAT with a RoBERTa, a key is missing or has no place, or a shape doesn't fit.
    """
    try:
        model = ClapModel(read_config(weights))
    except KeyError as error:
        raise BadInput(f"{source}: has no weight {error}; it must be LAION-CLAP, an HTSAT and a RoBERTa") from error
    except (ValueError, TypeError, IndexError, ZeroDivisionError, StrictDataclassError) as error:
        raise BadInput(f"{source}: has weights of another shape than an HTSAT and a RoBERTa ({error})") from error
    found = rename(weights)
    expected = model.state_dict()
    faults = {
        "missing": expected.keys() - found.keys() - COMPUTED,
        "unknown": found.keys() - expected.keys(),
        "of another shape": {key for key in found.keys() & expected.keys() if found[key].shape != expected[key].shape},
    }
    require_whole(source, faults)
    model.load_state_dict({key: expected[key] for key in COMPUTED & expected.keys()} | found)
    return model.eval()


def require_whole(source: str, faults: Mapping[str, Iterable[str]]) -> None:
    """Refuse weights of which any key has a fault.

    Raises:
        BadInput: it names them.
    """
    told = []
    for fault, keys in faults.items():
        names = sorted(keys)
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            told.append(f"{len(names)} {fault}: {', '.join(names[:NAMED])}{more}")
    if told:
        raise BadInput(f"{source}: its weights can't be loaded whole; {'; '.join(told)}")


def rename(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by transformers' names, without those in `UNUSED`."""
    unused = re.compile("|".join(f"(?:{pattern})" for pattern in UNUSED.values()))
    found: dict[str, Tensor] = {}
    for name, own in weights.items():
        if unused.match(name):
            continue
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        if together := QKV.fullmatch(name):
            for part, third in zip(("query", "key", "value"), own.chunk(3)):
                found[f"{together[1]}.{part}.{together[2]}"] = third
        else:
            found[name] = own
    return found


def read_config(weights: Mapping[str, Tensor]) -> ClapConfig:
    """The layout of both towers.

    Raises:
        KeyError: a weight that shows it is missing. ValueError, TypeError: it has another number of dimensions.
    """
    projection = len(weights["audio_projection.2.weight"])
    return ClapConfig(text_config=_text_layout(weights), audio_config=_audio_layout(weights), projection_dim=projection)


def _text_layout(weights: Mapping[str, Tensor]) -> dict:
    embeddings = f"{TEXT}embeddings."
    vocabulary, width = weights[f"{embeddings}word_embeddings.weight"].shape
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "max_position_embeddings": len(weights[f"{embeddings}position_embeddings.weight"]),
        "type_vocab_size": len(weights[f"{embeddings}token_type_embeddings.weight"]),
        "num_hidden_layers": _count(weights, f"{TEXT}encoder.layer."),
        "num_attention_heads": max(width // ROBERTA_HEAD, 1),
        "intermediate_size": len(weights[f"{TEXT}encoder.layer.0.intermediate.dense.weight"]),
        "layer_norm_eps": 1e-5,
    }


def _audio_layout(weights: Mapping[str, Tensor]) -> dict:
    layers = f"{AUDIO}layers."
    patches = weights[f"{AUDIO}patch_embed.proj.weight"]
    width, channels, patch = patches.shape[:3]
    stages = _count(weights, layers)
    tables = [weights[f"{layers}{stage}.blocks.0.attn.relative_position_bias_table"] for stage in range(stages)]
    fused = any(".fusion_model." in name for name in weights)
    layout = {
        "patch_embeds_hidden_size": width,
        "hidden_size": width * 2 ** (stages - 1),
        "patch_size": patch,
        "patch_stride": (patch, patch),
        "patch_embed_input_channels": channels,
        "spec_size": SPEC_SIZE,
        "num_mel_bins": len(weights[f"{AUDIO}bn0.weight"]),
        "depths": [_count(weights, f"{layers}{stage}.blocks.") for stage in range(stages)],
        "num_attention_heads": [table.shape[1] for table in tables],
        "window_size": (round(len(tables[0]) ** 0.5) + 1) // 2,  # the table has (2 w - 1)^2 rows
        "mlp_ratio": len(weights[f"{layers}0.blocks.0.mlp.fc1.weight"]) / width,
        "enable_fusion": fused,
        "layer_norm_eps": 1e-5,
    }
    if fused:
        layout["fusion_type"] = "aff_2d"
        layout["aff_block_r"] = width // len(weights[f"{AUDIO}patch_embed.fusion_model.local_att.0.weight"])
    return layout


def _count(weights: Mapping[str, Tensor], before: str) -> int:
    """How many numbers, from 0 on, follow `before` in the names."""
    found = {name[len(before) :].partition(".")[0] for name in weights if name.startswith(before)}
    missing = next(number for number in range(len(found) + 1) if str(number) not in found)
    if missing < max(len(found), 1):
        raise KeyError(f"{before}{missing}")
    return missing
