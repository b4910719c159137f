"""Connections with time limits, so that slow clients, and those that send nothing, can't hold the service.

uvicorn limits how long a connection may rest after an answer, but not how long a request may take to come, nor an
answer to be fetched. Times are in seconds.
"""

import asyncio
import http
import json
import time

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S = 10.0  # from the connection, or from the answer before, to the end of a request's head
ANSWER_S = 120.0  # from there until the answer is sent; composing has limits of its own, which are shorter
CLOSING_S = 5.0  # for the client to fetch the last words
MOST_CONNECTIONS = 512  # of them each takes a file descriptor, of which a process usually has 1,024


class Connection(H11Protocol):
    """uvicorn's connection that ends when its client is too slow, or when others need its place more."""

    waiting_since: float | None = None  # None while a request is answered
    limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > MOST_CONNECTIONS:
            waiting = {
                c: c.waiting_since
                for c in self.connections
                if isinstance(c, Connection) and c.waiting_since is not None and not c.transport.is_closing()
            }
            min(waiting, key=waiting.__getitem__).transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self.limit is not None:
            self.limit.cancel()
        super().connection_lost(error)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self.waiting_since = None
            self._end_after(ANSWER_S)

    def on_response_complete(self) -> None:
        self._await_request()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(http.HTTPStatus.BAD_REQUEST, "this isn't a request of HTTP/1.1, or its head is too long")

    def _await_request(self) -> None:
        self.waiting_since = time.monotonic()
        self._end_after(REQUEST_S)

    def _end_after(self, seconds: float) -> None:
        if self.limit is not None:
            self.limit.cancel()
        self.limit = self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        if self.waiting_since is None or self.transport.is_closing():
            self.transport.abort()
        else:
            self._refuse(http.HTTPStatus.REQUEST_TIMEOUT, f"no whole request came within {REQUEST_S:g} s")

    def _refuse(self, status: http.HTTPStatus, detail: str) -> None:
        """Answer what was no request, unless another answer is on its way, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"detail": detail}).encode()
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
            answer = h11.Response(status_code=status, headers=list(headers.items()), reason=status.phrase.encode())
            for event in (answer, h11.Data(body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event))
        self.transport.close()
        self._end_after(CLOSING_S)
