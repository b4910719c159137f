"""The command line `reprise`: reads the arguments, runs the command that they name, turns errors into exit codes.

Results go to stdout, for people or with --json as one JSON object; errors go to stderr, with exit code 2 for bad input
and 1 for failures. What is slow to import is imported by the commands that need it.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from reprise.commands import embedding, recognition, serve
from reprise.commands.composition import generate, infill, measures
from reprise.commands.output import open_streams, print_error
from reprise.errors import RepriseError

COMMANDS = (
    recognition.add_recognize,
    recognition.add_evaluate_recognizer,
    generate.add_generate,
    infill.add_harmonise,
    infill.add_fill,
    measures.add_evaluate_music,
    measures.add_likelihood,
    embedding.add_search_music,
    embedding.add_search_captions,
    embedding.add_embed,
    embedding.add_clap_score,
    serve.add_serve,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    open_streams()
    try:
        return _run(arguments)
    except RepriseError as error:
        print_error(error)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        _discard_output()
        return 1
    except OSError as error:
        _discard_output()  # a full disk, perhaps: what waits to be printed would fail again at the end
        print_error(error)
        return 1
    except KeyboardInterrupt:
        print_error("interrupted")
        return 130


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="reprise",
        description="Machine learning on music: hear which instruments play, compose, measure, find and serve music.",
        epilog="'reprise COMMAND --help' shows the options of a command and an example.",
    )
    parser.add_argument("--version", action="version", version=f"reprise {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    try:
        options = parser.parse_args(arguments)
        return options.run(options)
    finally:
        sys.stdout.flush()  # here, where an error that this meets is told, and not as Python ends


def _version() -> str:
    try:
        return version("reprise")
    except PackageNotFoundError:
        return "(not installed)"


def _discard_output() -> None:
    with suppress(OSError, ValueError):  # a stdout that is no file of the system's
        output = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), output)


if __name__ == "__main__":
    sys.exit(main())
