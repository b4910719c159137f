"""Reading what DVC recorded, while another dvc is at work."""

import fcntl
import json
import threading

import pytest

from reprise.errors import RepriseError
from reprise.pipeline import dvc_files
from reprise.pipeline.dvc_files import recorded_outs


def test_dvc_lock_is_read_when_nobody_writes_it(tmp_path, monkeypatch):
    """While another process holds DVC's lock, what lies there may be half a file."""
    monkeypatch.chdir(tmp_path)
    stages = {"stages": {"make": {"cmd": "true", "outs": ["made"]}}}
    whole = {"stages": {"make": {"outs": [{"path": "made", "md5": "1f"}]}}}
    (tmp_path / "dvc.yaml").write_text(json.dumps(stages))
    (tmp_path / "dvc.lock").write_text("")
    lock = tmp_path / ".dvc" / "tmp" / "lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def finish() -> None:
            (tmp_path / "dvc.lock").write_text(json.dumps(whole))
            fcntl.flock(held, fcntl.LOCK_UN)

        timer = threading.Timer(0.3, finish)
        timer.start()
        assert recorded_outs() == {"made": ("make", "1f")}
        timer.join()
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(dvc_files, "WAIT_S", 0.1)
        with pytest.raises(RepriseError, match="a dvc has held it"):
            recorded_outs()
