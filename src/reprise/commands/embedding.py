"""`reprise search-music`: music in a folder that matches words, or another piece."""

import argparse
from pathlib import Path

from reprise.commands.arguments import whole_number
from reprise.commands.output import print_error, print_json, print_table, progress
from reprise.errors import BadInput, RepriseError

DEFAULT_MODEL = Path("models/clap")


def add_search_music(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise search-music`."""
    parser = commands.add_parser(
        "search-music",
        help="find recordings and scores by words, or by another piece",
        description="Find in a folder, and below it, the recordings and scores that are nearest to a query: words, a "
        "recording or a score. Recordings are heard, scores are read. The small CLAP of the pipeline knows its twelve "
        "instruments and words for speed, register, articulation, texture, harmony, mode, loudness and brightness; "
        "docs/embedding.md says how well. Scores of two kinds of query don't compare.",
        epilog='example: reprise search-music recordings "a slow, low piece for a string ensemble"',
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the music")
    parser.add_argument("query", metavar="QUERY", help="words in English, or the path of a recording or a score")
    parser.add_argument(
        "--count", type=whole_number(1), default=10, metavar="N", help="show so many (default: %(default)s)"
    )
    parser.add_argument(
        "--embedder", type=Path, metavar="DIR", default=DEFAULT_MODEL, help="a trained CLAP (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_search_music)


def run_search_music(options: argparse.Namespace) -> int:
    """Search a folder; 2 if a file couldn't be read."""
    import torch

    from reprise.embedding.clap.model import SmallClap
    from reprise.embedding.search import embed_query, find_music, index, nearest

    torch.set_num_threads(1)  # windows are small
    embedder = SmallClap(options.embedder)
    kind, query = embed_query(options.query, embedder)
    paths, errors = find_music(options.folder), []

    def problem(error: RepriseError) -> None:
        print_error(error)
        errors.append(str(error))

    with progress(len(paths), f"reading {options.folder}", "files") as advance:
        files = index(paths, embedder, problem, advance)
    if not files:
        raise BadInput(f"{options.folder}: none of its files can be read; the lines above say why")
    found = nearest(query, files, options.count)
    rows = [{"file": str(file.path), "read_as": file.kind, "cosine": round(score, 4)} for score, file in found]
    if options.json:
        print_json(
            {
                "query": options.query,
                "query_is": kind,
                "embedder": embedder.name,
                "checkpoint_sha256": embedder.checkpoint_sha256,
                "files": len(files),
                "found": rows,
                "errors": errors,
            }
        )
    else:
        cells = [
            [str(place), f"{score:.3f}", file.kind, str(file.path)] for place, (score, file) in enumerate(found, 1)
        ]
        print_table(">><<", ["", "cosine", "read as", "file"], cells)
    return BadInput.exit_code if errors else 0
