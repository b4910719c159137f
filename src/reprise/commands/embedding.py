"""`reprise search-music`, `search-captions`, `embed` and `clap-score`: music and words in an embedder's space."""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reprise.commands.arguments import whole_number
from reprise.commands.output import add_force, check_out, print_error, print_json, print_table, progress
from reprise.errors import BadInput, RepriseError

if TYPE_CHECKING:
    from reprise.embedding.captions import CaptionFile
    from reprise.embedding.embedder import Embedder
    from reprise.embedding.search import Indexed
    from reprise.embedding.vectors import Batch

DEFAULT_MODEL = "models/clap"
SCORES = {"clap_score": "cosine with its own prompt", "shuffled": "with the other prompts", "difference": "difference"}
CAPTION_WIDTH, OTHER_WIDTH = 100, 30  # characters of a cell that a table shows


def _add_embedder(parser: argparse.ArgumentParser) -> None:
    """Declare --embedder, --tokenizer and --json."""
    parser.add_argument(
        "--embedder",
        metavar="MODEL",
        default=DEFAULT_MODEL,
        help="the folder of a trained CLAP or of a LAION-CLAP, LAION's .pt file, or one on the hub, such as "
        "laion/clap-htsat-unfused, which is downloaded (default: %(default)s)",
    )
    parser.add_argument(
        "--tokenizer", type=Path, metavar="DIR", help="the folder of a .pt file's tokenizer, that of roberta-base"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _load_embedder(options: argparse.Namespace) -> "Embedder":
    """The embedder asked for."""
    import torch

    from reprise.embedding.clap.model import SmallClap
    from reprise.embedding.open import open_embedder

    embedder = open_embedder(options.embedder, options.tokenizer)
    if isinstance(embedder, SmallClap):
        torch.set_num_threads(1)  # its windows are small
    return embedder


def _told(embedder: "Embedder") -> dict[str, str]:
    return {"embedder": embedder.name, "checkpoint_sha256": embedder.checkpoint_sha256}


def _teller(errors: list[str]) -> Callable[[RepriseError], None]:
    """What tells of an error and adds it to `errors`."""

    def tell(error: RepriseError) -> None:
        print_error(error)
        errors.append(str(error))

    return tell


def _add_query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="QUERY", help="words in English, or the path of a recording or a score")
    parser.add_argument("--count", type=whole_number(1), default=10, metavar="N", help="show so many (default: 10)")
    _add_embedder(parser)


def add_search_music(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise search-music`."""
    parser = commands.add_parser(
        "search-music",
        help="find recordings and scores by words, or by another piece",
        description="Find in a folder, and below it, the recordings and scores that are nearest to a query: words, a "
        "recording or a score. Recordings are heard, scores are read. The small CLAP of the pipeline knows its twelve "
        "instruments and words for speed, register, articulation, texture, harmony, mode, loudness and brightness; "
        "docs/embedding.md says how well. LAION-CLAP reads no scores. Cosines of two kinds of query don't compare.",
        epilog='example: reprise search-music recordings "a slow, low piece for a string ensemble"',
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the folder with the music, or what reprise embed made of it"
    )
    _add_query(parser)
    parser.set_defaults(run=run_search_music)


def add_search_captions(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise search-captions`."""
    parser = commands.add_parser(
        "search-captions",
        help="find captions, such as those of MusicCaps, by what they mean",
        description="Find in a CSV file, such as that of MusicCaps, the captions that are nearest to a query: words, a "
        "recording, or a score. The file is in UTF-8 and has a column 'caption'; its other columns are shown beside "
        "what is found.",
        epilog='example: reprise search-captions musiccaps-public.csv "a calm piano piece" '
        "--embedder laion/larger_clap_music_and_speech",
    )
    parser.add_argument("captions", type=Path, metavar="CSV", help="the captions, or what reprise embed made of them")
    _add_query(parser)
    parser.set_defaults(run=run_search_captions)


def add_embed(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise embed`."""
    parser = commands.add_parser(
        "embed",
        help="write the vectors of captions or of music to a Parquet file",
        description="Write the vectors of a CSV file's captions, or of the recordings and scores in a folder, to a "
        "Parquet file, which search-captions and search-music take in the place of the CSV file or the folder. It says "
        "of which embedder and checkpoint the vectors are, and is refused with another.",
        epilog="example: reprise embed recordings -o recordings.parquet",
    )
    parser.add_argument("source", type=Path, metavar="CSV|DIR", help="captions, or a folder of recordings and scores")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE.parquet", help="the file to write")
    add_force(parser)
    _add_embedder(parser)
    parser.set_defaults(run=run_embed)


def add_clap_score(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise clap-score`."""
    parser = commands.add_parser(
        "clap-score",
        help="measure how near recordings lie to the prompts that they were made from",
        description="The mean cosine of recordings with their prompts in an embedder's space, beside that with the "
        "other prompts. A recording is of the prompt whose id is its name, or begins it: 7.wav and 7_take2.wav are of "
        "prompt 7. Scores of two checkpoints don't compare.",
        epilog="example: reprise clap-score --audio made --prompts prompts.json, where prompts.json is a list of "
        '{"id": 7, "instrument": "harp", "description": "sweet music"}',
    )
    parser.add_argument("--audio", type=Path, metavar="DIR", required=True, help="the folder with the recordings")
    parser.add_argument("--prompts", metavar="FILE", required=True, help="a JSON list of prompts")
    _add_embedder(parser)
    parser.set_defaults(run=run_clap_score)


def run_search_music(options: argparse.Namespace) -> int:
    """Search a folder; 2 if a file couldn't be read."""
    from reprise.embedding.search import embed_query, nearest

    embedder = _load_embedder(options)
    kind, query = embed_query(options.query, embedder)
    errors: list[str] = []
    files = _music(options.folder, embedder, errors)
    found = nearest(query, files, options.count)
    rows = [{"file": str(file.path), "read_as": file.kind, "cosine": round(score, 4)} for score, file in found]
    if options.json:
        asked = {"query": options.query, "query_is": kind, **_told(embedder)}
        print_json({**asked, "files": len(files), "found": rows, "errors": errors})
    else:
        cells = [
            [str(place), f"{score:.3f}", file.kind, str(file.path)] for place, (score, file) in enumerate(found, 1)
        ]
        print_table(">><<", ["", "cosine", "read as", "file"], cells)
    return BadInput.exit_code if errors else 0


def _music(source: Path, embedder: "Embedder", errors: list[str]) -> "list[Indexed]":
    """The music in a folder, or in a file of vectors; what can't be read is told and added to `errors`."""
    from reprise.embedding.search import Indexed, find_music, index
    from reprise.embedding.vectors import EXTENSION, MUSIC, VectorFile

    if source.suffix.lower() == EXTENSION and not source.is_dir():
        stored = VectorFile(source, embedder, MUSIC)
        return [
            Indexed(Path(row["file"]), row["read_as"], vector)
            for rows, vectors in stored
            for row, vector in zip(rows, vectors)
        ]
    paths = find_music(source)
    with progress(len(paths), f"reading {source}", "files") as advance:
        files = index(paths, embedder, _teller(errors), advance)
    if not files:
        raise BadInput(f"{source}: none of its files can be read; the lines above say why")
    return files


def run_search_captions(options: argparse.Namespace) -> int:
    """Search captions."""
    from reprise.embedding.captions import CAPTION, CaptionFile, embed_captions, nearest_rows
    from reprise.embedding.search import embed_query
    from reprise.embedding.vectors import CAPTIONS, EXTENSION, VectorFile

    embedder = _load_embedder(options)
    kind, query = embed_query(options.query, embedder)
    source: VectorFile | CaptionFile
    if options.captions.suffix.lower() == EXTENSION:
        source = stored = VectorFile(options.captions, embedder, CAPTIONS)
        found, empty = nearest_rows(query, stored, options.count), 0
    else:
        source = read = CaptionFile(options.captions)
        with progress(None, f"reading {read.path}", "captions") as advance:
            found = nearest_rows(query, _advancing(embed_captions(read, embedder), advance), options.count)
        empty = _check_captions(read)
    if options.json:
        rows = [{"cosine": round(score, 4), **row} for score, row in found]
        asked = {"query": options.query, "query_is": kind, **_told(embedder)}
        print_json({**asked, "captions": source.rows, "empty_captions": empty, "found": rows})
    else:
        others = [name for name in source.columns if name != CAPTION]
        cells = [
            [
                str(place),
                f"{score:.3f}",
                *(_cell(row[name], OTHER_WIDTH) for name in others),
                _cell(row[CAPTION], CAPTION_WIDTH),
            ]
            for place, (score, row) in enumerate(found, 1)
        ]
        print_table(">>" + "<" * len(source.columns), ["", "cosine", *others, CAPTION], cells)
    return 0


def _check_captions(source: "CaptionFile") -> int:
    """How many rows of a file that was read to its end have no caption, which is told."""
    if not source.rows:
        raise BadInput(f"{source.path}: has no captions; there must be a row with one")
    if source.empty:
        print_error(f"{source.path}: {source.empty:,} rows have an empty caption and are left out")
    return source.empty


def _advancing(batches: "Iterable[Batch]", advance: Callable[[], None]) -> "Iterator[Batch]":
    """The batches, with `advance` called for each row."""
    for rows, vectors in batches:
        for _ in rows:
            advance()
        yield rows, vectors


def _cell(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def run_embed(options: argparse.Namespace) -> int:
    """Embed captions or music; 2 if a file couldn't be read."""
    import numpy as np

    from reprise.embedding.captions import CaptionFile, embed_captions
    from reprise.embedding.vectors import CAPTIONS, EXTENSION, MUSIC, write_vectors

    check_out("--out", options.out, (EXTENSION,), options.force)
    embedder = _load_embedder(options)
    errors: list[str] = []
    if options.source.is_dir():
        files = _music(options.source, embedder, errors)
        kind, empty = MUSIC, 0
        names = [os.fsencode(file.path).decode("utf-8", "backslashreplace") for file in files]
        rows = [{"file": name, "read_as": file.kind} for name, file in zip(names, files)]
        count, size = write_vectors(options.out, embedder, MUSIC, [(rows, np.stack([file.vector for file in files]))])
    else:
        source = CaptionFile(options.source)
        with progress(None, f"reading {options.source}", "captions") as advance:
            batches = _advancing(embed_captions(source, embedder), advance)
            count, size = write_vectors(options.out, embedder, CAPTIONS, batches)
        kind, empty = CAPTIONS, _check_captions(source)
    if options.json:
        told = {"file": str(options.out), "of": kind, "vectors": count, "dimensions": size, **_told(embedder)}
        print_json({**told, "empty_captions": empty, "errors": errors})
    else:
        print(f"{options.out}: {count:,} vectors of {kind}, {size} dimensions, by {embedder.name}")
    return BadInput.exit_code if errors else 0


def run_clap_score(options: argparse.Namespace) -> int:
    """Score recordings; 2 if one couldn't be read."""
    from reprise.embedding.scores import clap_scores, match_recordings
    from reprise.taste.words.prompts import load_prompts

    texts = {prompt.id: prompt.text for prompt in load_prompts(options.prompts)}
    matched, others = match_recordings(options.audio, list(texts))
    embedder = _load_embedder(options)
    errors: list[str] = []
    with progress(len(matched), f"hearing {options.audio}", "recordings") as advance:
        paths, ids = zip(*matched)
        found = clap_scores(embedder, paths, [texts[own] for own in ids], _teller(errors), advance)
    silent = sorted(texts.keys() - set(ids))
    unmatched = {"without_prompt": [str(path) for path in others], "without_recording": silent}
    if options.json:
        print_json({**_told(embedder), **found, **unmatched, "errors": errors})
    else:
        _print_scores(embedder, found, unmatched, errors)
    return BadInput.exit_code if errors else 0


def _print_scores(embedder: "Embedder", found: dict, unmatched: dict[str, list[str]], errors: list[str]) -> None:
    from reprise.learning.bootstrap import with_interval

    told = f"{found['recordings']} recordings of {found['clap_score']['count']} prompts, {len(errors)} failed"
    print(f"{embedder.name}, checkpoint {embedder.checkpoint_sha256[:12]}...: {told}; 95 % intervals in brackets")
    for name, told in SCORES.items():
        if name in found:
            print(f"  {told:<30}{with_interval(found[name])}")
    for kind, names in unmatched.items():
        if names:
            print(f"  {len(names)} {kind.replace('_', ' a ')}, and left out: {', '.join(names)}")
