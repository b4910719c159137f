"""The Dask engine: jobs on the workers of a cluster, each of which must have the same code and see the same folder.

A worker imports `reprise` from wherever it was started, and opens paths on its own machine. With other code or other
versions it would give other bytes, so every worker is asked before the first job.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reprise.errors import RepriseError
from reprise.pipeline.pins import result_packages

if TYPE_CHECKING:
    from distributed import Client

ANSWER_S = 20.0
MARKS = Path(".reprise")


@contextlib.contextmanager
def dask_engine(scheduler: str, workers: int) -> Iterator[Callable]:
    """Yields `run(function, items)`, whose results come in the order of the items.

    Args:
        scheduler: address of a running Dask scheduler; '' starts a local cluster of so many `workers`.

    Raises:
        RepriseError: no scheduler or worker answers, or a worker has other code, other versions or another folder.
    """
    from distributed import LocalCluster

    with contextlib.ExitStack() as stack:
        if scheduler:
            client, address = stack.enter_context(_connect(scheduler)), scheduler
        else:
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, memory_limit=0, processes=True
            )
            client = stack.enter_context(stack.enter_context(cluster).get_client())
            address = cluster.scheduler_address
        _check_workers(client, address)
        yield lambda function, items: _run(client, address, function, items)


def _connect(scheduler: str) -> "Client":
    from distributed import Client

    try:
        client = Client(scheduler, timeout=f"{ANSWER_S}s")
    except (OSError, ValueError) as error:
        raise RepriseError(
            f"compute.dask_scheduler: no Dask scheduler answers at {scheduler!r} ({error}); give the address of a "
            "running one, such as tcp://127.0.0.1:8786, or '' for a local cluster"
        ) from error
    try:
        client.wait_for_workers(1, timeout=ANSWER_S)
    except TimeoutError:
        client.close()
        raise RepriseError(
            f"compute.dask_scheduler: the scheduler at {scheduler} has no workers; start some: dask worker {scheduler}"
        ) from None
    return client


def _run(client: "Client", address: str, function: Callable, items: Sequence) -> Iterator:
    """Results in the order of the items; `address` is the scheduler's, which a client that lost it forgets."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    futures = client.map(function, items, pure=False)
    try:
        for future in futures:
            yield future.result()
    except KilledWorker as error:
        raise RepriseError(
            f"Dask workers died at the same job again and again, perhaps out of memory: {error}"
        ) from error
    except FutureCancelledError as error:
        raise RepriseError(f"the Dask scheduler at {address} is gone; run this again to go on") from error
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            client.cancel(futures)


def _check_workers(client: "Client", scheduler: str) -> None:
    """Compare code, versions and the folder as every worker sees them with what this process sees.

    Raises:
        RepriseError: one differs.
    """
    MARKS.mkdir(parents=True, exist_ok=True)
    mark = MARKS.absolute() / f"seen-{uuid.uuid4().hex}"
    mark.touch()
    try:
        probe = _make_probe(result_packages(), str(mark))
        here, answers = probe(), client.run(probe, on_error="return")
    finally:
        mark.unlink()
    for address, answer in sorted(answers.items()):
        fault = f"it can't be asked: {answer!r}" if isinstance(answer, BaseException) else _difference(here, answer)
        if fault:
            raise RepriseError(
                f"Dask worker {address}: {fault}. Start every worker with the same installation, in this folder or one "
                f"that is shared under the same path: cd {Path.cwd()} && PYTHONPATH=src dask worker {scheduler}"
            )


def _difference(here: dict, there: dict) -> str | None:
    """What of a worker's answer differs, in words; None if nothing does."""
    if there["code"] is None:
        return "it has no package reprise"
    if there["code"] != here["code"]:
        return f"it runs other code, in {there['package']}, than this process, in {here['package']}"
    for package, version in here["versions"].items():
        if there["versions"][package] != version:
            return f"it has {package} {there['versions'][package]}, this process {version}"
    if not there["sees"]:
        return f"it doesn't see the folder {Path.cwd()}, or may not write there"
    return None


def _make_probe(packages: tuple[str, ...], mark: str) -> Callable[[], dict]:
    """A function that tells what a process has; one within a function, so that it is sent as code, not by its name."""

    def probe() -> dict:
        import hashlib
        import importlib.metadata
        import importlib.util
        import os
        from pathlib import Path

        spec = importlib.util.find_spec("reprise")
        package = Path(spec.origin).parent if spec and spec.origin else None
        code = hashlib.sha256()
        if package:
            for path in sorted(package.rglob("*.py")):
                code.update(f"\0{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
        installed = {
            found.metadata["Name"].lower(): found.version.partition("+")[0]
            for found in importlib.metadata.distributions()
        }
        return {
            "package": str(package),
            "code": code.hexdigest() if package else None,
            "versions": {name: installed.get(name.lower()) for name in packages},
            "sees": Path(mark).is_file() and os.access(Path(mark).parent, os.W_OK),
        }

    return probe
