"""`reprise serve`: the web service."""

import argparse
from pathlib import Path

from reprise.commands.arguments import whole_number
from reprise.errors import BadInput

GRACE_S = 5  # for what is under way when the service is told to stop


def add_serve(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise serve`."""
    parser = commands.add_parser(
        "serve",
        help="serve new music over HTTP",
        description="Serve new music over HTTP: GET /midi/200/ answers with a MIDI file of 200 notes, /docs shows what "
        "else there is. There is no password: whoever reaches the address may use it.",
        epilog="example: reprise serve --port 8080, and in another terminal curl -OJ http://127.0.0.1:8080/midi/200/",
    )
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="listen here (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=whole_number(0, 65535),
        metavar="N",
        default=8000,
        help="default: %(default)s; 0 takes a free one",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        default=Path("models/composer"),
        help="a folder with models, each in a folder of its own (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=whole_number(0, 256),
        metavar="N",
        default=0,
        help="processes that compose; 0 (the default): one a core",
    )
    parser.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    if options.models.is_file():
        raise BadInput(f"--models: is {options.models}, a file; it must be a folder with models")
    import socket

    import uvicorn

    from reprise.service.app import create_app
    from reprise.service.connections import Connection
    from reprise.service.settings import ServiceSettings

    app = create_app(ServiceSettings(models=options.models, workers=options.workers))
    try:
        family = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((options.host, options.port), family=family, backlog=2048)
    except OSError as error:
        raise BadInput(
            f"--host {options.host}, --port {options.port}: can't listen there ({error.strerror}); "
            "it must be an address of this machine and a port that is free"
        ) from error
    with listening:
        host = f"[{options.host}]" if family == socket.AF_INET6 else options.host
        address = f"http://{host}:{listening.getsockname()[1]}"
        print(f"{address}: {', '.join(app.state.models)}; {address}/docs says how; Ctrl-C stops it", flush=True)
        config = uvicorn.Config(app, http=Connection, timeout_graceful_shutdown=GRACE_S)
        uvicorn.Server(config).run(sockets=[listening])
    return 0
