"""Readers as bad as they can be, in place of `read_text`, in a module that a child process loads fast."""

import os
import time

from reprise.errors import ScoreError
from reprise.music.piece import Piece
from reprise.music.readers.texts import read_text
from reprise.music.scores import MAX_MEMORY_BYTES


def hang(*_: object) -> None:
    time.sleep(60)


def crash(*_: object) -> None:
    os._exit(3)


def crash_at_tune_2(content: str, kind: str, source: str, timeout_s: float) -> Piece | ScoreError:
    return crash() if "tune 2" in source else read_text(content, kind, source, timeout_s)


def eat(*_: object) -> int:
    return len(bytes(MAX_MEMORY_BYTES + 1))
