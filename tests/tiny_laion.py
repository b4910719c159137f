"""LAION-CLAP on a small scale, with random weights: as transformers saves it, and as LAION's own training did."""

import re
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor
from transformers import ClapConfig, ClapModel, PreTrainedTokenizerFast

WORDS = ["a", "slow", "fast", "violin", "piano", "trumpet", "song", "with", "the", "and", "calm", "loud", "music", "of"]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
VOCABULARY = len(WORDS) + len(SPECIAL)
DEPTHS = {"tiny": (2, 2, 6, 2), "base": (2, 2, 12, 2)}
TO_LAION = (
    (r"^text_model\.", "text_branch."),
    (r"^audio_model\.audio_encoder\.", "audio_branch."),
    (r"\.batch_norm\.", ".bn0."),
    (r"(\.blocks\.\d+)\.layernorm_before\.", r"\1.norm1."),
    (r"(\.blocks\.\d+)\.layernorm_after\.", r"\1.norm2."),
    (r"(\.blocks\.\d+)\.attention\.output\.dense\.", r"\1.attn.proj."),
    (r"(\.blocks\.\d+)\.attention\.self\.", r"\1.attn."),
    (r"(\.blocks\.\d+)\.intermediate\.dense\.", r"\1.mlp.fc1."),
    (r"(\.blocks\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"_projection\.linear1\.", "_projection.0."),
    (r"_projection\.linear2\.", "_projection.2."),
)


def tiny_laion(size: str = "tiny", fused: bool = False, width: int = 8, seed: int = 0) -> ClapModel:
    """A model with the depths of an HTSAT of that size; its vectors differ, and its batch norms do something."""
    torch.manual_seed(seed)
    audio = {
        "patch_embeds_hidden_size": width,
        "hidden_size": width * 8,
        "depths": DEPTHS[size],
        "num_attention_heads": (1, 2, 2, 4),
        "mlp_ratio": 2.0,
        "enable_fusion": fused,
        "fusion_type": "aff_2d" if fused else None,
    }
    text = {
        "vocab_size": VOCABULARY,
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 82,
        "layer_norm_eps": 1e-5,
    }
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=12)).eval()
    with torch.no_grad():
        for own in model.parameters():
            own.add_(torch.randn_like(own) * 0.2)
        norm = model.audio_model.audio_encoder.batch_norm
        norm.running_mean.normal_(-20, 5)
        norm.running_var.uniform_(50, 200)
    return model


def tokenizer_folder(folder: Path) -> Path:
    """A tokenizer with RoBERTa's special pieces at their places."""
    vocabulary = {word: place for place, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, cls_token="<s>", sep_token="</s>", **names).save_pretrained(
        folder
    )
    return folder


def laion_weights(model: ClapModel) -> dict[str, Tensor]:
    """The weights by LAION's names, with those that only LAION's networks have."""
    found: dict[str, Tensor] = {}
    own = model.state_dict()
    for name, value in own.items():
        if name.endswith("token_type_ids"):
            continue
        for pattern, replacement in TO_LAION:
            name = re.sub(pattern, replacement, name)
        if match := re.fullmatch(r"(.*\.attn)\.(query|key|value)\.(weight|bias)", name):
            if match[2] == "query":
                parts = [own[_hf(match[1], part, match[3])] for part in ("query", "key", "value")]
                found[f"{match[1]}.qkv.{match[3]}"] = torch.cat(parts)
        else:
            found[name] = value
    return {f"module.{name}": value for name, value in (found | _only_there(model)).items()}


def _hf(attention: str, part: str, kind: str) -> str:
    inner = attention.removeprefix("audio_branch.").removesuffix(".attn")
    return f"audio_model.audio_encoder.{inner}.attention.self.{part}.{kind}"


def _only_there(model: ClapModel) -> dict[str, Tensor]:
    audio = "audio_branch."
    found = {
        f"{audio}spectrogram_extractor.stft.conv_real.weight": torch.zeros(3, 1, 4),
        f"{audio}spectrogram_extractor.stft.conv_imag.weight": torch.zeros(3, 1, 4),
        f"{audio}logmel_extractor.melW": torch.zeros(3, 64),
    }
    for name in (f"{audio}tscam_conv", f"{audio}head", "audio_transform.sequential.0", "audio_transform.sequential.3"):
        found |= {f"{name}.weight": torch.zeros(2, 2), f"{name}.bias": torch.zeros(2)}
    for place in (0, 3):
        found |= {f"text_transform.sequential.{place}.{kind}": torch.zeros(2) for kind in ("weight", "bias")}
    for stage, depth in enumerate(model.config.audio_config.depths[:-1]):
        found |= {f"{audio}layers.{stage}.blocks.{block}.attn_mask": torch.zeros(2, 2) for block in range(1, depth, 2)}
    return found


def save_pt(path: Path, weights: dict[str, Tensor], **options: object) -> Path:
    """As LAION's training saves: with numpy scalars beside the weights."""
    import numpy as np

    content = {"epoch": 15, "name": "tiny", "state_dict": weights, "best": np.float64(0.9), "scaler": {"scale": 2.0}}
    torch.save(content, path, **options)
    return path


def save_folder(folder: Path, model: ClapModel) -> Path:
    """As transformers saves it."""
    model.save_pretrained(folder)
    return tokenizer_folder(folder)
