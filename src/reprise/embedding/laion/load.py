"""A LAION-CLAP opened: from a folder of transformers, LAION's own `.pt`, or a hub. Weights are loaded whole or not."""

import hashlib
import json
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoTokenizer, ClapModel, PreTrainedTokenizerBase
from transformers.utils import logging

from reprise.embedding.laion.checkpoint import read_checkpoint
from reprise.embedding.laion.convert import COMPUTED, convert, require_whole
from reprise.embedding.laion.embedder import SPECTROGRAM, Checkpoint, LaionClap
from reprise.errors import BadInput

CONFIG, MODEL_TYPE = "config.json", "clap"
EXTRACTOR = "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # the first that is there is loaded
SMALL_FILES = ("*.json", "*.txt")
BROKEN = {
    "laion/larger_clap_music": "its text tower is broken, all texts have nearly the same vector (mean cosine .9993)",
}
SOUND_ONES = (
    "laion/clap-htsat-unfused, laion/clap-htsat-fused, laion/larger_clap_general or laion/larger_clap_music_and_speech"
)
ROBERTA = "the folder of roberta-base's tokenizer (tokenizer.json, tokenizer_config.json, config.json)"


def load_folder(folder: Path, name: str | None = None) -> LaionClap:
    """One as transformers saves it: config.json, weights, and the files of its tokenizer.

    Args:
        name: for people; the folder's if left out.

    Raises:
        BadInput: a file is missing or damaged, weights and config don't belong together, or it has spectrograms that
        aren't LAION's.
    """
    weights = next((folder / file for file in WEIGHTS if (folder / file).is_file()), None)
    if weights is None:
        raise BadInput(f"{folder}: has no weights; it must hold {' or '.join(WEIGHTS)}")
    if read_json(folder / CONFIG).get("model_type") != MODEL_TYPE:
        raise BadInput(f"{folder / CONFIG}: model_type isn't '{MODEL_TYPE}'; it must be a CLAP of transformers")
    if (folder / EXTRACTOR).is_file():
        _check_spectrogram(folder / EXTRACTOR)
    try:
        with _quiet():
            model, report = ClapModel.from_pretrained(
                folder, local_files_only=True, output_loading_info=True, ignore_mismatched_sizes=True
            )
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError, StrictDataclassError) as error:
        raise BadInput(f"{folder}: can't be loaded ({_in_one_line(error)})") from error
    except (pickle.UnpicklingError, KeyError, IndexError, EOFError) as error:  # of a pickle
        raise BadInput(f"{weights}: holds more than weights, or is damaged; download it again") from error
    require_whole(
        str(weights),
        {
            "missing": set(report["missing_keys"]) - COMPUTED,
            "unknown": set(report["unexpected_keys"]) - COMPUTED,
            "of another shape": {str(key[0]) for key in report["mismatched_keys"]},
            "with an error": set(report["error_msgs"]),
        },
    )
    return LaionClap(
        model.eval(), load_tokenizer(folder, model), Checkpoint(name or folder.resolve().name, sha256_of(weights))
    )


def load_pt(path: Path, tokenizer: Path | None) -> LaionClap:
    """LAION's own checkpoint with the tokenizer in a folder.

    Raises:
        BadInput: there is no tokenizer, or a file is missing, damaged or of another model.
    """
    if tokenizer is None:
        raise BadInput(f"{path}: LAION's checkpoints hold no tokenizer; --tokenizer must name {ROBERTA}")
    model = convert(read_checkpoint(path), str(path))
    return LaionClap(model, load_tokenizer(tokenizer, model), Checkpoint(path.name, sha256_of(path)))


def load_hub(name: str) -> LaionClap:
    """One of LAION's on the Hugging Face hub, downloaded, or taken from an earlier download.

    Raises:
        BadInput: it can't be had, or isn't sound.
    """
    if name in BROKEN:
        raise BadInput(f"{name}: {BROKEN[name]}; take {SOUND_ONES}")
    try:
        with nullcontext() if sys.stderr.isatty() else _quiet():  # a download shows how far it is
            folder = Path(snapshot_download(name, allow_patterns=[*SMALL_FILES, WEIGHTS[0]]))
            if not (folder / WEIGHTS[0]).is_file():
                folder = Path(snapshot_download(name, allow_patterns=[*SMALL_FILES, WEIGHTS[1]]))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise BadInput(
            f"{name}: can't be downloaded ({_in_one_line(error)}); it takes the internet and the name of a model on "
            f"the hub, such as {SOUND_ONES}; without the internet give a folder that was downloaded elsewhere"
        ) from error
    return load_folder(folder, name)


def load_tokenizer(folder: Path, model: ClapModel) -> PreTrainedTokenizerBase:
    """The tokenizer in a folder, which must fit the model.

    Raises:
        BadInput: there is none, or another.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: is no folder; it must be {ROBERTA}")
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the tokenizers' own errors have no class but this
        raise BadInput(
            f"{folder}: has no tokenizer that can be read ({_in_one_line(error)}); it must be {ROBERTA}"
        ) from error
    config = model.config.text_config
    if len(tokenizer) > config.vocab_size or tokenizer.pad_token_id != config.pad_token_id:
        raise BadInput(
            f"{folder}: is another model's tokenizer, with {len(tokenizer):,} pieces and padding "
            f"{tokenizer.pad_token_id}; the model knows {config.vocab_size:,} and {config.pad_token_id}; "
            f"it must be {ROBERTA}"
        )
    return tokenizer


def read_json(path: Path) -> dict:
    """A JSON object in a file.

    Raises:
        BadInput: it isn't there, or is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: is missing or no JSON ({error})") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path}: holds no JSON object")
    return content


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_spectrogram(path: Path) -> None:
    content = read_json(path)
    other = {key: content[key] for key, right in SPECTROGRAM.items() if content.get(key, right) != right}
    if other:
        told = ", ".join(f"{key} is {value}, not {SPECTROGRAM[key]}" for key, value in other.items())
        raise BadInput(f"{path}: has other spectrograms than LAION-CLAP: {told}")


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """No bars and no reports of transformers': what is wrong is raised."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
