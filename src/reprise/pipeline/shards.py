"""Deterministic tar shards: many small files as few big ones.

A shard holds items of consecutive ids, sorted by name, with zeroed times, owners and modes, so that its bytes depend
on its content alone. It is written under a temporary name and renamed when whole.
"""

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

from reprise.errors import ShardError


def shard_plan(count: int, shard_size: int) -> list[range]:
    """The item ids of each shard: fixed by item id, whoever does the work."""
    return [range(start, min(start + shard_size, count)) for start in range(0, count, shard_size)]


def shard_name(index: int) -> str:
    return f"shard-{index:05d}.tar"


def item_name(item: int, extension: str) -> str:
    return f"{item:07d}.{extension}"


def write_shard(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write `(name, content)` members as a tar whose bytes depend on nothing else."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(members):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(content))
    write_atomically(path, buffer.getbuffer())


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """A file that is there whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_shard(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The members `names` of a shard; extra members, links and folders in it are never touched.

    Raises:
        ShardError: the shard is missing, cut off, damaged or lacks a member.
    """
    wanted = set(names)
    found = {}
    try:
        with tarfile.open(path, mode="r:") as archive:
            for info in archive:
                if info.type != tarfile.REGTYPE or info.name not in wanted:  # no links, no sparse files
                    continue
                if file := archive.extractfile(info):
                    found[info.name] = file.read()
                    if len(found[info.name]) != info.size:
                        raise ShardError(f"{path}: cut off inside '{info.name}'; run the stage that makes it again")
    except (OSError, tarfile.TarError) as error:
        raise ShardError(f"{path}: not a readable tar shard ({error}); run the stage that makes it again") from error
    missing = sorted(wanted - found.keys())
    if missing:
        raise ShardError(f"{path}: lacks '{missing[0]}' ({len(missing)} missing); run the stage that makes it again")
    return found


def make_shard(path: Path, scratch: Path, make: Callable[[], tuple[list[tuple[str, bytes]], list[dict]]]) -> list[dict]:
    """Write a shard and what is known of its items, unless an earlier run did.

    Args:
        path: the shard. scratch: a JSON file beside the outs that keeps the rows, written after the shard: where
        both exist, the shard is whole. make: returns the shard's members and its rows (JSON values).
    """
    if path.exists() and scratch.exists():
        return json.loads(scratch.read_text())
    members, rows = make()
    write_shard(path, members)
    write_atomically(scratch, json.dumps(rows).encode())
    return rows
