"""A trained network as a folder: `weights.safetensors`, which runs no code, and `config.json`, all else about it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from reprise.checked import build
from reprise.errors import BadInput

C = TypeVar("C")
N = TypeVar("N", bound=nn.Module)

CONFIG, WEIGHTS = "config.json", "weights.safetensors"


class Dataclass(Protocol):
    """An instance of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def save_network(network: nn.Module, config: Dataclass, folder: Path) -> None:
    """Write a network and its config into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=2) + "\n")


def load_network(folder: Path, what: str, kind: type[C], make: Callable[[C], N]) -> tuple[N, C]:
    """A saved network in evaluation mode, and its config; every weight must be there and fit.

    Args:
        what: the network in messages, such as "recognizer". kind: the dataclass of the config. make: a network with
        any weights from its config.

    Raises:
        BadInput: a file is missing or damaged, or weights and config don't belong together.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise missing(folder / name, what)
    try:
        config = build(kind, json.loads((folder / CONFIG).read_text()), str(folder / CONFIG))
        weights = load_file(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise damaged(folder, what, error) from error
    network = make(config)
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tensor.shape for name, tensor in weights.items()}
    if expected != found:
        unfit = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
        raise BadInput(
            f"{folder / WEIGHTS}: doesn't fit {folder / CONFIG}: {len(unfit)} weights are missing, unknown or of "
            f"another shape, such as '{min(unfit)}'; make both again with ./run"
        )
    network.load_state_dict(weights)
    return network.eval(), config


def missing(path: Path, what: str) -> BadInput:
    """The error for a file of a network that isn't there."""
    return BadInput(f"{path}: no {what} there; make one with ./run, or dvc pull one")


def damaged(folder: Path, what: str, error: Exception) -> BadInput:
    """The error for a folder with a file that can't be read."""
    return BadInput(f"{folder}: damaged {what} ({error}); make it again with ./run")
