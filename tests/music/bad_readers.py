"""Readers as bad as they can be, in place of `read_text`, in a module that a child process loads fast."""

import os
import time

from reprise.music.scores import MAX_MEMORY_BYTES


def hang(*_: object) -> None:
    time.sleep(60)


def crash(*_: object) -> None:
    os._exit(3)


def eat(*_: object) -> int:
    return len(bytes(MAX_MEMORY_BYTES + 1))
