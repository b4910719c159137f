"""`reprise recognize` and `reprise evaluate-recognizer`: which instruments play in recordings."""

import argparse
from pathlib import Path

from reprise.commands.output import add_force, check_out, print_error, print_json, print_table
from reprise.errors import AudioError, BadInput

DEFAULT_MODEL = Path("models/recognizer")
DEVICES = ("auto", "cpu", "cuda")
SPANS_SHOWN = 4


def add_recognize(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise recognize`."""
    parser = commands.add_parser(
        "recognize",
        help="say which instruments play in recordings, and when",
        description="Say which instruments play in recordings, and when. Reads WAV, FLAC, OGG, MP3, AIFF and what else "
        "libsndfile knows, of any length, sample rate and number of channels. A recording that can't be used is "
        "reported, and the others are still heard. A folder stands for all recordings in it and below it.",
        epilog="example: reprise recognize song.flac --plot song.png",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording, or a folder of them")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE.png", help="draw the spectrogram and the instruments over time"
    )
    _add_common(parser)
    parser.set_defaults(run=run_recognize)


def add_evaluate_recognizer(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise evaluate-recognizer`."""
    parser = commands.add_parser(
        "evaluate-recognizer",
        help="measure the recognizer on your own labelled recordings",
        description="Measure the recognizer on your own recordings, with the metrics of metrics/recognizer.json. The "
        "CSV file has a column 'file', the path of a recording in DIR, and a 0/1 column for each instrument that you "
        "labelled, by its name in metrics/recognizer.json; a cell left empty says that nobody knows. Averages are over "
        "the instruments that some recording has; the base rate is the share of recordings with an instrument, which "
        "guessing has as its average precision.",
        epilog="example: reprise evaluate-recognizer --audio recordings --labels labels.csv, where labels.csv holds "
        "'file,violin,trumpet', in the next line 'quartet.wav,1,0', and so on",
    )
    parser.add_argument("--audio", type=Path, metavar="DIR", required=True, help="the folder with the recordings")
    parser.add_argument("--labels", type=Path, metavar="CSV", required=True, help="which instruments each of them has")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE.csv", help="write what is heard in each recording beside its labels"
    )
    _add_common(parser)
    parser.set_defaults(run=run_evaluate_recognizer)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, metavar="DIR", default=DEFAULT_MODEL, help="a trained recognizer (default: %(default)s)"
    )
    add_force(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="auto (the default) takes a CUDA device if there is one"
    )


def _load(options: argparse.Namespace) -> tuple:
    """The recognizer on the device asked for, and its config."""
    import torch

    from reprise.recognition.model import load_recognizer
    from reprise.recognition.use.recognize import pick_device

    if options.model.is_file():
        raise BadInput(f"--model: is {options.model}, a file; it must be the folder of a recognizer")
    torch.set_num_threads(1)  # windows are small: threads gain little, and lose much where others use the cores too
    device = pick_device(options.device)
    network, config = load_recognizer(options.model)
    return network.to(device), config


def run_recognize(options: argparse.Namespace) -> int:
    """Hear each file; 2 if one of them couldn't be used."""
    from reprise.audio.recordings import find_recordings
    from reprise.recognition.use.recognize import as_dict, recognize

    files, errors = [], []
    for path in options.files:
        try:
            files += find_recordings(path)
        except AudioError as error:
            print_error(error)
            errors.append({"file": str(path), "error": str(error)})
    if options.plot:
        from reprise.recognition.use.timeline import draw_timeline

        check_out("--plot", options.plot, (".png",), options.force)
        if len(files) > 1:
            raise BadInput(f"--plot: one picture shows one recording, but {len(files)} are given; give one")
    network, config = _load(options)
    recordings = []
    for path in files:
        try:
            found = recognize(network, config, path)
        except AudioError as error:
            print_error(error)
            errors.append({"file": str(path), "error": str(error)})
            continue
        if options.plot:
            draw_timeline(found, config, path, options.plot)
        recordings.append({"file": str(path), **as_dict(found, config)})
        if not options.json:
            print_recognition(recordings[-1])
    if options.json:
        print_json({"model": str(options.model), "recordings": recordings, "errors": errors})
    return BadInput.exit_code if errors else 0


def run_evaluate_recognizer(options: argparse.Namespace) -> int:
    """Score the recognizer; 2 if a recording couldn't be used."""
    from reprise.recognition.use.own_recordings import evaluate_recordings, read_labels, write_rows

    if options.csv:
        check_out("--csv", options.csv, (".csv",), options.force)
    network, config = _load(options)
    labels = read_labels(options.labels, options.audio, config.instruments)
    result = evaluate_recordings(network, config, labels, options.audio, print_error)
    if options.csv:
        write_rows(result["files"], options.csv)
    if options.json:
        print_json({"model": str(options.model), **result})
    else:
        print_evaluation(result)
    return BadInput.exit_code if result["skipped"] else 0


def print_recognition(recording: dict) -> None:
    """The instruments of a recording as a table."""
    from reprise.recognition.use.recognize import clock

    level = "silence" if recording["level_dbfs"] is None else f"{recording['level_dbfs']} dBFS"
    channels = f"{recording['channels']} channel{'s' * (recording['channels'] > 1)}"
    length = f"{clock(recording['duration_s'])}, {recording['sample_rate']:,} Hz, {channels}, {level}"
    print("\n  note: ".join([f"{recording['file']}: {length}", *recording["notes"]]))
    rows = []
    for heard in recording["instruments"]:
        spans = [f"{clock(start)}-{clock(max(end, round(start) + 1))}" for start, end in heard["spans"]]
        more = [f"and {len(spans) - SPANS_SHOWN} more"] * (len(spans) > SPANS_SHOWN)
        times = ", ".join(spans[:SPANS_SHOWN] + more)
        rows.append([heard["instrument"], f"{heard['confidence']:.2f}", clock(heard["seconds"]), times])
    if rows:
        print_table("<>><", ["instrument", "confidence", "sounds for", "from-to (min:s)"], rows)
    else:
        print("  none of the instruments that the recognizer knows")


def print_evaluation(result: dict) -> None:
    """The figures with their intervals, a table of the instruments and one of the recordings with an error."""
    from reprise.learning.bootstrap import with_interval

    print(f"{result['recordings']} recordings, {len(result['skipped'])} skipped; 95 % intervals in brackets")
    for name in ("macro_f1", "micro_f1", "mean_average_precision", "mean_base_rate", "false_alarms_a_recording"):
        if name in result:
            print(f"  {name:<26}{with_interval(result[name])}")
    columns = ["f1", "precision", "recall", "average_precision", "base_rate"]
    counts = ["support", "false_alarms", "labelled"]
    rows = [
        [
            name,
            *("-" if row[column] is None else f"{row[column]:.3f}" for column in columns),
            *(str(row[c]) for c in counts),
        ]
        for name, row in result["per_instrument"].items()
    ]
    print_table("<" + ">" * len(columns + counts), ["instrument", *columns, *counts], rows)
    absent = [name for name, row in result["per_instrument"].items() if not row["support"]]
    if absent:
        print(f"  no recording has {', '.join(absent)}: in no average, but their false alarms count")
    wrong = [row for row in result["files"] if row["missed"] or row["false_alarms"]]
    print(f"{len(result['files']) - len(wrong)} recordings are right in every label, {len(wrong)} aren't")
    if wrong:
        cells = [[row["file"], *(", ".join(row[kind]) or "-" for kind in ("missed", "false_alarms"))] for row in wrong]
        print_table("<<<", ["recording", "missed", "false alarms"], cells)
