"""MusicGen (Copet et al., Simple and controllable music generation, NeurIPS 2023) through transformers.

Checkpoints come from a folder or from the Hugging Face hub, such as `facebook/musicgen-small` and, fine-tuned for
tastes, `csc-unipd/tasty-musicgen-small`. Each text is generated alone, seeded before: a row of a batch isn't what its
text alone gives.
"""

import math
import pickle
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer, MusicgenConfig, MusicgenForConditionalGeneration

from reprise.errors import BadInput
from reprise.taste.generator import Generated

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
RIGHT = "a folder with a MusicGen checkpoint, or the name of one on the Hugging Face hub, as facebook/musicgen-small"
SHORTEST_S = 0.1  # of fewer tokens than codebooks nothing comes
MOST_TOKENS = 1500  # training saw no more; beyond, positions mean nothing and nothing complains
SAMPLING = {"do_sample": True, "top_k": 250, "temperature": 1.0, "guidance_scale": 3.0}  # as audiocraft does
COMPUTED = "decoder.model.decoder.embed_positions.weights"  # sines, which some checkpoints hold and some don't


class _Whole(MusicgenForConditionalGeneration):
    """Tells of every weight of a checkpoint that it has no place for: transformers lets any of them pass whose name
    holds `decoder`, since MusicGen's text encoder is half of a T5.
    """

    def _adjust_missing_and_unexpected_keys(self, loading_info: Any) -> None:
        pass


class MusicGen:
    """A MusicGen checkpoint as a `Generator`.

    Args:
        source: a folder, or a name on the hub. duration_s: of the music, to the next whole token.
        revision: the commit on the hub, where another than the newest is wanted. device: as torch names it.

    Raises:
        BadInput: there is no such checkpoint, the hub can't be reached, a weight is missing, unknown or of another
            shape, or the music would be longer than the checkpoint can make.
    """

    def __init__(self, source: str, duration_s: float, revision: str | None = None, device: str = "cpu") -> None:
        model, self.tokenizer = _load(source, revision)
        self.name = f"MusicGen ({source})"
        self.sample_rate = model.config.audio_encoder.sampling_rate
        self.tokens = _tokens(duration_s, model.config, source)
        self.model = model.to(device).eval()

    @torch.inference_mode()
    def generate(self, text: str, seed: int) -> Generated:
        """See `Generator`; torch's own random state is left as it was."""
        if not text.strip():
            raise BadInput("text: is empty; it must say what music is wanted")
        inputs = self.tokenizer([text], return_tensors="pt").to(self.model.device)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            channels = self.model.generate(
                input_ids=inputs.input_ids,
                attention_mask=inputs.attention_mask,
                max_new_tokens=self.tokens,
                **SAMPLING,
            )[0]
        return Generated(channels.mean(dim=0).float().cpu().numpy(), self.sample_rate)


def _tokens(duration_s: float, config: MusicgenConfig, source: str) -> int:
    """How many tokens to draw: one a frame, and those by which the last codebook lags behind the first."""
    frame_rate = config.audio_encoder.sampling_rate / config.audio_encoder.hop_length
    lag = config.decoder.num_codebooks // config.decoder.audio_channels - 1
    tokens = math.ceil(duration_s * frame_rate) + lag
    if duration_s < SHORTEST_S or tokens > MOST_TOKENS:
        raise BadInput(
            f"duration_s: is {duration_s:g}; it must be from {SHORTEST_S} to {(MOST_TOKENS - lag) / frame_rate:g} s, "
            f"which are the {MOST_TOKENS:,} tokens that {source} can make"
        )
    return tokens


def _load(source: str, revision: str | None) -> tuple[Any, Any]:
    """The network and the tokenizer of a checkpoint; no weight may be left over or made up."""
    if not Path(source).is_dir() and (Path(source).exists() or not HUB_ID.fullmatch(source)):
        raise BadInput(f"{source}: is no folder and no name on the hub; it must be {RIGHT}")
    try:
        config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
        if not isinstance(config, MusicgenConfig):
            raise BadInput(f"{source}: is a checkpoint of {config.model_type}; it must be {RIGHT}")
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision, trust_remote_code=False)
        model, found = _Whole.from_pretrained(
            source, revision=revision, output_loading_info=True, ignore_mismatched_sizes=True
        )
    except (
        OSError,
        ValueError,
        RuntimeError,
        KeyError,
        SafetensorError,
        pickle.UnpicklingError,
    ) as error:  # without a network, and for what can't be read
        where = "the folder" if Path(source).is_dir() else "the hub, which needs a network the first time"
        raise BadInput(f"{source}: can't be loaded from {where} ({_first_line(error)}); it must be {RIGHT}") from error
    unfit = sorted({str(key) for keys in found.values() for key in keys} - {COMPUTED})
    if unfit:
        raise BadInput(
            f"{source}: {len(unfit)} weights are missing, unknown or of another shape, such as {unfit[0]}; it must be "
            f"{RIGHT}, whole"
        )
    return model, tokenizer


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
