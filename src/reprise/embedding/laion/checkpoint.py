"""LAION's checkpoints, `.pt` files that torch.save wrote: pickles, of which no name is looked up but those they need.

Some are of pickle protocol 4, of which torch's own `weights_only` stops at the first opcode ("Unsupported operand 149"
in 2.13), whatever `safe_globals` allows; of protocol 2 it reads the same. It can't read anything over either: it would
call numpy's functions. So this module is the `pickle_module` that torch.load takes in its place. Numpy's scalars, such
as the best figure so far, are no weights: they are read over.
"""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reprise.errors import BadInput

RIGHT = "it must be a checkpoint of LAION-CLAP, such as music_audioset_epoch_15_esc_90.14.pt"
ALLOWED = {
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch", "Size"),
}  # torch.load itself finds the storages of tensors, by their names
UNREAD = {("numpy", "dtype"), ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar")}
TEXTS = ("_codecs", "encode")  # of bytes in pickles of protocol 2


class Unread:
    """Stands in for what is no weight, and holds nothing."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


class Unpickler(pickle.Unpickler):
    """Looks up the names in `ALLOWED`, reads over those in `UNREAD`, and refuses others."""

    def find_class(self, module: str, name: str) -> Any:
        """The object of that name.

        Raises:
            pickle.UnpicklingError: the name isn't allowed.
        """
        if (module, name) == TEXTS:
            return _encode
        if (module, name) in UNREAD:
            return Unread
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no checkpoint needs")
        return super().find_class(module, name)


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}, which no checkpoint needs")
    return text.encode("latin1")


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint of LAION's training, by their names there, without the prefix `module.`.

    Raises:
        BadInput: it is missing, cut off or no checkpoint, holds anything but weights and plain values, or no weights.
    """
    _check_archive(path)
    import reprise.embedding.laion.checkpoint as pickle_module

    try:  # `weights_only` would read with its own unpickler: here ours refuses every name but those in ALLOWED
        content = torch.load(path, map_location="cpu", pickle_module=pickle_module, weights_only=False, mmap=True)
    except pickle.UnpicklingError as error:
        raise BadInput(f"{path}: isn't loaded: {error}; {RIGHT}") from error
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError, OSError) as error:
        raise _damaged(path, error) from error
    except (AssertionError, OverflowError, MemoryError) as error:  # of lengths that a pickle claims
        raise _damaged(path, error) from error
    weights = content.get("state_dict", content) if isinstance(content, Mapping) else {}
    if not isinstance(weights, Mapping) or not weights or not all(isinstance(own, Tensor) for own in weights.values()):
        raise BadInput(f"{path}: has no weights by their names, nor under 'state_dict'; {RIGHT}")
    return {str(name).removeprefix("module."): own for name, own in weights.items()}


def _damaged(path: Path, error: Exception) -> BadInput:
    said = str(error).splitlines() or [type(error).__name__]
    return BadInput(f"{path}: is damaged ({said[0]}); download it again")


def _check_archive(path: Path) -> None:
    """Refuse what is no zip file as torch.save writes it: older files are plain pickles, TorchScript carries code."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file; {RIGHT}")
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            cut = file.read(4) == b"PK\x03\x04"
        what = "is cut off; download it again, and compare its sha256" if cut else f"is no archive of PyTorch; {RIGHT}"
        raise BadInput(f"{path}: {what}")
    try:
        names = torch._C.PyTorchFileReader(str(path)).get_all_records()  # the reader of torch.load: it sees the same
    except RuntimeError as error:  # it knows no other zip files, whole or not
        said = str(error).splitlines()[0]
        raise BadInput(f"{path}: is a zip file, but not of weights that torch.save wrote ({said}); {RIGHT}") from error
    if "data.pkl" not in names or "constants.pkl" in names:
        raise BadInput(f"{path}: is a zip file, but not of weights that torch.save wrote; {RIGHT}")
