"""The command line `reprise`: reads the arguments, runs the command that they name, turns errors into exit codes.

Results go to stdout, for people or with --json as one JSON object; errors go to stderr, with exit code 2 for bad input
and 1 for failures. What is slow to import is imported by the commands that need it.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from reprise.commands import generate, music, recognition, serve
from reprise.commands.output import print_error
from reprise.errors import RepriseError

COMMANDS = (
    recognition.add_recognize,
    recognition.add_evaluate_recognizer,
    generate.add_generate,
    music.add_evaluate_music,
    music.add_likelihood,
    serve.add_serve,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="reprise",
        description="Machine learning on music: hear which instruments play, compose, measure music, serve it.",
        epilog="'reprise COMMAND --help' shows the options of a command and an example.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold what the terminal can't show
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except RepriseError as error:
        print_error(error)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print_error(error)
        return 1
    except KeyboardInterrupt:
        print_error("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
