"""Child processes that read scores: forked from a server that has the readers loaded and no threads, whatever the
process that starts them has.

They never run the script of whoever reads, as multiprocessing's own do to have its names: they need those of the
readers alone. Otherwise a plain script, one without `if __name__ == "__main__"`, would read again in each child.
"""

import threading
from multiprocessing import spawn
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.popen_forkserver import Popen
from multiprocessing.process import BaseProcess

_STARTING = threading.Lock()


class ReaderProcess(ForkServerProcess):
    """A child that isn't told what `__main__` is."""

    @staticmethod
    def _Popen(process: BaseProcess) -> Popen:
        with _STARTING:
            thread, prepare = threading.get_ident(), spawn.get_preparation_data

            def without_main(name: str) -> dict:
                data = prepare(name)
                if threading.get_ident() == thread:  # other threads may be starting processes of other kinds
                    data.pop("init_main_from_name", None)
                    data.pop("init_main_from_path", None)
                return data

            spawn.get_preparation_data = without_main
            try:
                return Popen(process)
            finally:
                spawn.get_preparation_data = prepare


class ReaderContext(ForkServerContext):
    """What `multiprocessing.get_context` gives, for these children."""

    Process = ReaderProcess


CHILDREN = ReaderContext()
CHILDREN.set_forkserver_preload([__name__, "reprise.music.readers.texts"])
