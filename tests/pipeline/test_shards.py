"""Tar shards: the same members give the same bytes, a damaged one is an error, and nothing in one is ever extracted."""

import contextlib
import io
import json
import os
import tarfile
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.errors import ShardError
from reprise.pipeline.shards import (
    item_name,
    make_shard,
    read_shard,
    shard_name,
    shard_plan,
    write_atomically,
    write_shard,
)

MEMBERS = [(item_name(item, "bin"), bytes([item]) * (300 * item + 7)) for item in range(5)]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / shard_name(0)
    write_shard(path, MEMBERS)
    return path


@given(count=st.integers(0, 500), size=st.integers(1, 60))
def test_a_plan_holds_every_item_once_in_order(count, size):
    plan = shard_plan(count, size)
    assert [item for items in plan for item in items] == list(range(count))
    assert all(len(items) == size for items in plan[:-1]) and all(len(items) <= size for items in plan)


def test_members_come_back_whole(shard):
    assert read_shard(shard, [name for name, _ in MEMBERS]) == dict(MEMBERS)
    assert read_shard(shard, ["0000003.bin"]) == {"0000003.bin": MEMBERS[3][1]}


def test_bytes_depend_on_neither_order_nor_time_nor_place(shard, tmp_path, monkeypatch):
    old = os.umask(0o077)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    try:
        write_shard(tmp_path / "elsewhere" / "other.tar", iter(MEMBERS[::-1]))
    finally:
        os.umask(old)
    assert (tmp_path / "elsewhere" / "other.tar").read_bytes() == shard.read_bytes()
    with tarfile.open(shard) as archive:
        for info in archive:
            assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)


def test_nothing_partial_stays_behind(shard):
    assert [path.name for path in shard.parent.iterdir()] == [shard.name]


@pytest.mark.parametrize("keep", [0, 1, 100, 511, 512, 518, 519, 600, 1024, 2000, 5119, 5120, 5632, 6838])
def test_a_shard_cut_off_anywhere_is_an_error(shard, keep):
    """The last member's header lies at 5120, its 1,207 bytes end at 6839; what follows is padding."""
    content = shard.read_bytes()
    assert content[5120:5131] == b"0000004.bin" and content[6838] == 4 and not any(content[6839:])
    shard.write_bytes(content[:keep])
    with pytest.raises(ShardError, match=r"shard-00000\.tar.*run the stage"):
        read_shard(shard, [name for name, _ in MEMBERS])


@pytest.mark.parametrize("content", [b"", b"text\n" * 1000, b"\0" * 10240, b"\x1f\x8b" + b"\0" * 600])
def test_what_is_no_shard_is_an_error(shard, content):
    shard.write_bytes(content)
    with pytest.raises(ShardError):
        read_shard(shard, ["0000000.bin"])


def test_a_missing_shard_and_a_missing_member_are_named(shard):
    with pytest.raises(ShardError, match="shard-00009"):
        read_shard(shard.with_name(shard_name(9)), ["0000000.bin"])
    with pytest.raises(ShardError, match=r"lacks '0000007\.bin' \(2 missing\)"):
        read_shard(shard, ["0000001.bin", "0000007.bin", "0000008.bin"])


@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_shard_is_read_or_is_a_shard_error(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("damaged") / "s.tar"
    write_shard(path, MEMBERS)
    content = bytearray(path.read_bytes()[: 512 * 12])
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    path.write_bytes(content)
    with contextlib.suppress(ShardError):
        assert read_shard(path, [MEMBERS[0][0]]).keys() == {MEMBERS[0][0]}


def hostile(path, *infos):
    with tarfile.open(path, "w") as archive:
        for info, content in infos:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_paths_and_links_are_never_followed(tmp_path):
    """Reading writes nothing, and a link in place of a member counts as missing."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    soft, hard = tarfile.TarInfo("0000000.bin"), tarfile.TarInfo("0000001.bin")
    soft.type, soft.linkname = tarfile.SYMTYPE, str(secret)
    hard.type, hard.linkname = tarfile.LNKTYPE, "../../secret"
    outside, absolute = tarfile.TarInfo("../../evil"), tarfile.TarInfo(str(tmp_path / "evil"))
    hostile(folder / "s.tar", (soft, b""), (hard, b""), (outside, b"evil"), (absolute, b"evil"))
    before = sorted(tmp_path.rglob("*"))
    for name in ("0000000.bin", "0000001.bin"):
        with pytest.raises(ShardError, match="lacks"):
            read_shard(folder / "s.tar", [name])
    assert sorted(tmp_path.rglob("*")) == before and secret.read_text() == "secret"


def test_a_sparse_member_is_no_member(tmp_path):
    """1 kB of tar can claim 8 GB of zeros as a sparse file; write_shard makes none, so one is refused unread."""
    info = tarfile.TarInfo("0000000.bin")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"00000000000\0" * 2  # one stretch of data: offset 0, length 0
    header[483:495] = b"00040000000\0"  # real size, octal: 8 MB here, to be kind to the machine
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "s.tar").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(ShardError):
        read_shard(tmp_path / "s.tar", ["0000000.bin"])


def test_a_shard_that_an_earlier_run_finished_is_not_made_again(tmp_path):
    made = []

    def make():
        made.append(1)
        return MEMBERS, [{"item": 1, "share": 0.1, "names": ["ä"]}]

    path, notes = tmp_path / "s.tar", tmp_path / "notes" / "s.json"
    first = make_shard(path, notes, make)
    written = path.stat().st_mtime_ns
    assert make_shard(path, notes, make) == first and len(made) == 1 and path.stat().st_mtime_ns == written
    content = path.read_bytes()
    for lost in (notes, path):  # killed between the two, or one of them removed
        lost.unlink()
        assert make_shard(path, notes, make) == first and path.read_bytes() == content
    assert len(made) == 3 and json.loads(notes.read_text()) == first


def test_a_shard_whose_making_fails_leaves_nothing(tmp_path):
    def make():
        raise ShardError("midi shard is cut off")

    with pytest.raises(ShardError):
        make_shard(tmp_path / "s.tar", tmp_path / "notes" / "s.json", make)
    assert not list(tmp_path.rglob("*.*"))


def test_an_old_file_stays_whole_until_the_new_one_is(tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    write_atomically(path, b"old")

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
