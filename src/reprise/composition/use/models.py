"""The models in a folder, each in a folder of its own: which there are, and which is best.

No model is loaded for that, nor torch.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from reprise.errors import BadInput

MODELS_FOLDER = Path("models/composer")
CONFIG = "config.json"  # `weights.CONFIG`, which would bring torch


def find_models(folder: Path, ahead: bool = False) -> dict[str, Path]:
    """The folders in `folder` that hold a model that composes, or with `ahead` one that sees given notes ahead, by
    their names.

    Raises:
        BadInput: there is none.
    """
    found = {name: own for name, own in _models(folder).items() if sees_ahead(own) == ahead}
    if not found:
        raise BadInput(f"{folder}: no model there, in a folder of its own; make some with ./run")
    return found


def _models(folder: Path) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{CONFIG}"))}


def model_folder(model: str | None, ahead: bool = False) -> Path:
    """The folder of a model: by its name in `MODELS_FOLDER` or by its path; the best one there for None. With `ahead`
    that of one that sees given notes ahead, else of one that composes.

    Raises:
        BadInput: there is none.
    """
    if model is not None and model not in _models(MODELS_FOLDER) and Path(model).is_dir():
        if (Path(model) / CONFIG).is_file() and sees_ahead(Path(model)) != ahead:
            right = "one that sees given notes ahead" if ahead else "one that composes; this is for harmonise and fill"
            raise BadInput(f"model: is '{model}'; it must be {right}")
        return Path(model)
    models = find_models(MODELS_FOLDER, ahead)
    name = best_model(models) if model is None else model
    if name not in models:
        raise BadInput(f"model: is '{name}'; it must be {', '.join(models)} or a folder with a model")
    return models[name]


def validation_nats(folder: Path) -> float:
    """Nats a note on the validation pieces, as training left them; infinite where a model doesn't say.

    Of a model with latents they are an upper bound: it may be better than it looks here.
    """
    try:
        nats = float(json.loads((folder / CONFIG).read_text())["validation_nats"])
    except (OSError, ValueError, TypeError, KeyError):  # whoever loads it says what is wrong with it
        nats = math.nan
    return math.inf if math.isnan(nats) else nats


def best_model(models: Mapping[str, Path]) -> str:
    """The name of the one with fewest validation nats a note; of several alike the first. One that takes orders learnt
    from other music, and is told more: it comes last.
    """
    return min(models, key=lambda name: (takes_orders(models[name]), validation_nats(models[name])))


def takes_orders(folder: Path) -> bool:
    """Has the model in a folder conditions?"""
    return _said(folder, "conditions") is not None


def sees_ahead(folder: Path) -> bool:
    """Does the model in a folder see given notes ahead?"""
    return _said(folder, "infilling") is True


def _said(folder: Path, key: str) -> object:
    """What a model's config says; None where it says nothing."""
    try:
        return json.loads((folder / CONFIG).read_text()).get(key)
    except (OSError, ValueError, AttributeError):  # whoever loads it says what is wrong with it
        return None
