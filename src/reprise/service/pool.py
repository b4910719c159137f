"""Worker processes behind a bounded queue that hands them requests in batches.

Composing eight pieces at once takes little longer than one. So a worker that gets free takes the request that has
waited longest, and with it those that can share its batch: of the same model, whatever their sampling options, and of
about its length, so that nobody waits long for a neighbour. A worker that takes too long is killed, one that dies is
replaced. What can't be done raises an HTTPException that says when to try again.
"""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import joblib
from fastapi import HTTPException
from pebble import ProcessExpired, ProcessPool

from reprise.composition.sampling.rules import SamplingRules
from reprise.composition.use.composing import TOGETHER
from reprise.service import worker
from reprise.service.settings import ServiceSettings

RETRY_AFTER_S = 5
GATHER_S = 0.05  # how long a request waits for others to share a batch with

# Workers fork from a server that has torch loaded and no threads, so that a new one is there in no time.
_PROCESSES = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, eq=False)
class Request:
    """What a client waits for; `gone` tells whether it still does."""

    model: str
    rules: SamplingRules
    notes: int
    seed: int
    gone: Callable[[], Awaitable[bool]]
    answer: asyncio.Future

    @property
    def kind(self) -> tuple[str, int, int]:
        """Requests alike in this share batches: their lengths are within a factor of 2.

        One with a key shares none: it fills a batch with its tries, and may turn out to be impossible.
        """
        return self.model, self.notes.bit_length(), id(self) if self.rules.key else 0


class WorkerPool:
    """Answers requests from a running event loop; `start` comes before, `stop` after."""

    def __init__(self, folders: dict[str, Path], settings: ServiceSettings) -> None:
        self.folders, self.settings = folders, settings
        self.idle = self.workers = settings.workers or joblib.cpu_count()
        self.waiting: list[Request] = []  # the longest first
        self.batches: set[asyncio.Task] = set()
        self.processes: ProcessPool | None = None
        self.stopped = False

    async def start(self) -> None:
        """Start the workers and wait until one has its models."""
        _PROCESSES.set_forkserver_preload([worker.__name__])
        await asyncio.wrap_future(self._processes().schedule(len, args=((),)))

    def stop(self) -> None:
        """End the workers, whatever they are doing; nothing starts any more."""
        self.stopped = True
        self.waiting.clear()
        self._end_processes()

    async def midi_file(
        self, model: str, rules: SamplingRules, notes: int, seed: int, gone: Callable[[], Awaitable[bool]]
    ) -> bytes:
        """See `worker.make_midi_files`.

        Args:
            gone: tells whether the client has left; nothing is composed for it then.

        Raises:
            HTTPException: 503 where too many wait, no worker gets free in time or one died; 504 after too long.
        """
        if len(self.waiting) >= self.settings.queue + self.idle * TOGETHER:
            raise refusal(f"{len(self.waiting)} requests wait already, as many as may; try again later")
        loop = asyncio.get_running_loop()
        request = Request(model, rules, notes, seed, gone, loop.create_future())
        self.waiting.append(request)
        patience = loop.call_later(self.settings.wait_s, self._give_up, request)
        loop.call_later(GATHER_S, self._hand_out)
        try:
            return await request.answer
        except asyncio.CancelledError:
            raise refusal("the service is stopping; try again later") from None
        finally:
            patience.cancel()

    def _give_up(self, request: Request) -> None:
        if request in self.waiting:
            self.waiting.remove(request)
            _fail([request], refusal(f"no worker got free within {self.settings.wait_s:g} s; try again later"))

    def _hand_out(self) -> None:
        """Give idle workers what waits."""
        self.waiting = [request for request in self.waiting if not request.answer.done()]
        while self.idle and self.waiting:
            batch = [request for request in self.waiting if request.kind == self.waiting[0].kind][:TOGETHER]
            self.waiting = [request for request in self.waiting if request not in batch]
            self.idle -= 1
            task = asyncio.create_task(self._work(batch))
            self.batches.add(task)  # the loop itself keeps no more than a weak reference
            task.add_done_callback(self.batches.discard)

    async def _work(self, batch: list[Request]) -> None:
        """Have one worker answer a batch."""
        try:
            wanted = [request for request in batch if not await request.gone()]
            files = await self._composed(wanted) if wanted else []
            for request, file in zip(wanted, files):
                if not request.answer.done():
                    request.answer.set_result(file)
        except TimeoutError:
            _fail(batch, HTTPException(504, f"took more than {self.settings.limit_s:g} s; ask for fewer notes"))
        except (ProcessExpired, BrokenProcessPool):
            _fail(batch, refusal("the process that worked on this has died; try again"))
        except Exception as error:
            _fail(batch, error)
        finally:
            _fail(batch, refusal("the client has left"))  # nobody reads it: who stayed has an answer
            self.idle += 1
            self._hand_out()

    async def _composed(self, batch: list[Request]) -> list[bytes]:
        wanted = [(request.notes, request.seed, request.rules) for request in batch]
        arguments = (batch[0].model, wanted)
        future = self._processes().schedule(worker.make_midi_files, arguments, timeout=self.settings.limit_s)
        return await asyncio.wrap_future(future)

    def _processes(self) -> ProcessPool:
        """The pool of processes, new ones in the place of a pool that broke."""
        if self.stopped:
            raise refusal("the service is stopping; try again later")
        if self.processes is not None and not self.processes.active:
            self._end_processes()
        if self.processes is None:
            self.processes = ProcessPool(
                self.workers, initializer=worker.load, initargs=[self.folders], context=_PROCESSES
            )
        return self.processes

    def _end_processes(self) -> None:
        if self.processes is not None:
            self.processes.stop()
            self.processes.join()
            self.processes = None


def _fail(requests: list[Request], error: Exception) -> None:
    """Answer those that have no answer yet with an error."""
    for request in requests:
        if not request.answer.done():
            request.answer.set_exception(error)


def refusal(why: str) -> HTTPException:
    """503, to be tried again."""
    return HTTPException(503, why, {"Retry-After": str(RETRY_AFTER_S)})
