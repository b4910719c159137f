"""TensorFlow 1 checkpoints, read without TensorFlow.

A checkpoint is a bundle: `.index` is a LevelDB table from the names of variables to a protocol buffer that says where
in `.data-00000-of-00001` each lies, and of which shape it is (tensorflow/core/util/tensor_bundle; LevelDB's
doc/table_format.md). What is read here: tables that aren't compressed, bundles of one file, float32 variables.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from reprise.errors import BadInput

INDEX, DATA = ".index", ".data-00000-of-00001"
MAGIC = 0xDB4775248B80FB57
FOOTER, TRAILER = 48, 5  # bytes at the end of a table, and of a block: its compression and a checksum
FLOAT = 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers
DTYPE, SHAPE, SHARD, OFFSET, SIZE = 1, 2, 3, 4, 5  # fields of a BundleEntryProto


def read_checkpoint(folder: Path, sha256: str) -> dict[str, np.ndarray]:
    """The variables of the checkpoint in `folder` by name, float32 each; `sha256` is that of its data file.

    Raises:
        BadInput: a file is missing, damaged, or of a kind that isn't read.
    """
    for name in (INDEX, DATA):
        if not (folder / name).is_file():
            raise BadInput(f"{folder / name}: there is no such file; it is part of a TensorFlow checkpoint")
    index, data = (folder / INDEX).read_bytes(), (folder / DATA).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BadInput(f"{folder / DATA}: isn't the file that is known; its sha256 must be {sha256}")
    try:
        return {key.decode(): _tensor(entry, data) for key, entry in _table(index) if key}  # "" is the header
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise BadInput(f"{folder / INDEX}: can't be read as an index of float32 variables ({error})") from error


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a LevelDB table, in their order."""
    footer = content[-FOOTER:]
    if len(footer) < FOOTER or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("it doesn't end as a LevelDB table does")
    _, _, start, size = _varints(footer, 4)  # of the index of metadata, which is empty, and of that of blocks
    for _, handle in _block(content, start, size):
        yield from _block(content, *_varints(handle, 2))


def _block(content: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of one block; a key begins as the one before it does."""
    block, compression = content[start : start + size], content[start + size : start + size + TRAILER][0]
    if compression:
        raise ValueError("it is compressed")
    end = size - 4 * (struct.unpack("<I", block[-4:])[0] + 1)  # restart points and their number follow the entries
    key, at = b"", 0
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _tensor(entry: bytes, data: bytes) -> np.ndarray:
    """The variable that a BundleEntryProto tells of."""
    fields = dict(_fields(entry))
    if fields[DTYPE] != FLOAT or fields.get(SHARD, 0):
        raise ValueError("a variable isn't float32, or lies in another file")
    shape = [dict(_fields(size)).get(1, 0) for _, size in _fields(fields.get(SHAPE, b""))]
    offset, size = fields.get(OFFSET, 0), fields[SIZE]
    return np.frombuffer(data[offset : offset + size], "<f4").reshape(shape)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer: their numbers and values."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif kind == BYTES:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        elif kind in (FIXED32, FIXED64):
            at += 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind}")


def _varints(content: bytes, count: int) -> list[int]:
    found, at = [], 0
    for _ in range(count):
        value, at = _varint(content, at)
        found.append(value)
    return found


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
