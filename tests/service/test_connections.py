"""Slow, silent and half-sent requests: each ends in time, and nobody else waits for it. The limits are short here."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from reprise.service import connections

LIMIT_S = 0.5
PATIENCE_S = 20
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def hello(scope, receive, send):
    """Answers `GET /slow` never to its end, and anything else at once."""
    if scope["path"] == "/slow":
        await asyncio.sleep(PATIENCE_S)
    length = 20_000_000 if scope["path"] == "/large" else 5
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]})
    await send({"type": "http.response.body", "body": b"h" * length})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server in this process, with short limits and room for four connections."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listening:
        patch.setattr(connections, "REQUEST_S", LIMIT_S)
        patch.setattr(connections, "ANSWER_S", 2 * LIMIT_S)
        patch.setattr(connections, "CLOSING_S", LIMIT_S)
        patch.setattr(connections, "MOST_CONNECTIONS", 4)
        config = uvicorn.Config(hello, http=connections.Connection, lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE_S)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    received = b""
    try:
        while some := connection.recv(1 << 16):
            received += some
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("sent", [b"", b"GET /mi", REQUEST])
def test_a_request_that_never_ends_is_ended(port, sent):
    with connect(port) as connection:
        connection.sendall(sent)
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 408 ") and answer.endswith(b'{"detail": "no whole request came within 0.5 s"}')


def test_a_request_that_comes_drop_by_drop_has_no_longer(port):
    """A byte every tenth of the limit, soon enough for a limit that begins anew with each."""
    with connect(port) as connection, pytest.raises(OSError):
        for byte in REQUEST * 10:
            connection.sendall(bytes([byte]))
            time.sleep(LIMIT_S / 10)


def test_what_drips_behind_an_answer_is_no_reason_to_stay(port):
    with connect(port) as connection:
        connection.sendall(REQUEST + b"\r\n" + b"GET /again")
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 200 ") and b"hhhhhHTTP/1.1 408 " in answer


def test_who_does_not_fetch_an_answer_loses_it(port):
    with connect(port) as connection:
        connection.sendall(REQUEST.replace(b"/", b"/large", 1) + b"\r\n")
        time.sleep(4 * LIMIT_S)
        assert 0 < len(everything(connection)) < 20_000_000


def test_an_answer_has_a_time_limit_too(port):
    with connect(port) as connection:
        connection.sendall(REQUEST.replace(b"/", b"/slow", 1) + b"\r\n")
        assert everything(connection) == b""


def test_where_all_places_are_taken_the_one_that_waits_longest_goes(port, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_S", PATIENCE_S)
    silent = [connect(port) for _ in range(12)]
    with connect(port) as connection:
        connection.sendall(REQUEST + b"Connection: close\r\n\r\n")
        assert everything(connection).endswith(b"\r\n\r\nhhhhh")
    assert [everything(one) for one in silent[:8]] == [b""] * 8
    silent[-1].sendall(REQUEST + b"Connection: close\r\n\r\n")
    assert everything(silent[-1]).endswith(b"\r\n\r\nhhhhh")
    for one in silent:
        one.close()


def test_what_is_no_request_is_told_so_in_json(port):
    with connect(port) as connection:
        connection.sendall(b"rubbish\r\n\r\n")
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"application/json" in answer and b'{"detail": "' in answer
