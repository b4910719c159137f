"""Write the figures of README.md and docs/ from metrics/, after `./run`; what CONTRIBUTING.md says of dvc.yaml, too.

What lies between `<!-- table: NAME -->` and `<!-- end of table -->` is a table of `TABLES`; what lies between
`<!-- figure: FILE KEY KEY ... -->` and `<!-- end -->` is one figure of metrics/FILE.json. Nothing else is touched. The
tests compare these texts with the metrics in git's index, so that another machine's run, whose last digits differ,
makes no difference before it is added.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from reprise.errors import BadInput, RepriseError
from reprise.learning.bootstrap import with_interval
from reprise.params import read_yaml

ROOT = Path(__file__).resolve().parent.parent
MODELS = {"LSTM": "composer/lstm", "Transformer": "composer/transformer", "VAE": "composer/vae"}
SETS = {"clean test": "test_clean", "test": "test", "unseen font": "unseen_font"}
IN_SHORT = {
    "test_clean": "one font, FluidR3, as it is",
    "test": "several fonts, altered, in rooms",
    "unseen_font": "**a font that it never heard**",
    "same_register": "all instruments in one octave",
    "floor": "floor: the notes alone",
    "ceiling": "ceiling: trained on the unseen font",
}
SCORED = {
    "true": "**its own prompt**",
    "shuffled": "prompts of other tastes",
    "unconditioned": "music by the same composer, asked for nothing",
    "real": "real music",
    "silence": "silence",
    "noise": "white noise",
}
PARALLELS = ("parallel_fifths", "parallel_octaves")  # in a thousand moving pairs
OF_STYLE = (*PARALLELS, "closing_rate", "root_position_phrase_end_rate", "longest_return")  # figures of whole sets
HEARD = {  # what a musician hears at once, and decimals
    "parallel_fifths": ("parallel fifths in 1,000 moving pairs", 1),
    "parallel_octaves": ("parallel octaves", 1),
    "root_position_phrase_end_rate": ("phrase ends in root position", 3),
    "authentic_cadence_rate": ("phrase ends by V-I or the like", 3),
    "closing_rate": ("last chord the tonic in root position", 3),
    "longest_return": ("longest run of the soprano that returns (notes)", 1),
    "bar_return_rate": ("bars that return exactly", 3),
    "own": ("3-grams of an opening that its continuation takes up", 3),
    "others": ("the same of other pieces' openings", 3),
}
IN_NOTES = ("longest_copied_run", "worst_copied_run", "copied_run")  # the others are shares
TABLE = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end of table -->)", re.DOTALL)
FIGURE = re.compile(r"(<!-- figure: (.+?) -->).*?(<!-- end -->)", re.DOTALL)

Metrics = Callable[[str], dict]  # the content of metrics/NAME.json


def work_tree(name: str, root: Path = ROOT) -> dict:
    """The metrics that the last run wrote.

    Raises:
        BadInput: there are none, or they are damaged.
    """
    try:
        return json.loads((root / "metrics" / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"metrics/{name}.json: can't be read ({error}); make it with ./run") from error


def in_git(name: str, root: Path = ROOT) -> dict:
    """The metrics in git's index: committed, or added for the next commit.

    Raises:
        BadInput: there are none.
    """
    command = ["git", "-C", str(root), "show", f":metrics/{name}.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(
            f"metrics/{name}.json: isn't in git ({done.stderr.strip()}); make it with ./run, then git add it"
        )
    return json.loads(done.stdout)


def render(text: str, metrics: Metrics) -> str:
    """The text with its tables and figures as `metrics` has them.

    Raises:
        BadInput: it names a table or a figure that there isn't.
    """

    def table(found: re.Match) -> str:
        if found[2] not in TABLES:
            raise BadInput(f"table: '{found[2]}' is unknown; it must be one of {', '.join(TABLES)}")
        return f"{found[1]}{TABLES[found[2]](metrics)}\n{found[3]}"

    return FIGURE.sub(lambda found: found[1] + figure(metrics, *found[2].split()) + found[3], TABLE.sub(table, text))


def figure(metrics: Metrics, name: str, *keys: str) -> str:
    """One figure in words: an estimate with its interval, 3 decimals, or a whole number.

    Raises:
        BadInput: there is none.
    """
    value = metrics(name)
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise BadInput(f"figure: metrics/{name}.json has no '{' '.join(keys)}'")
        value = value[key]
    return shown(value, decimals_of(keys))


def shown(value: dict | float | None, decimals: int = 3) -> str:
    """An estimate, a number, or nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return with_interval(value, decimals)
    return f"{value:,}" if isinstance(value, int) else f"{value:.{decimals}f}"


def decimals_of(keys: Iterable[str]) -> int:
    """Decimals of a figure: 1 of a number of notes, else 3."""
    return 1 if set(keys) & set(IN_NOTES) else 3


def lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    header = list(header)
    cells = [[f" {cell} " if cell else " " for cell in row] for row in (header, *rows)]
    return "\n".join(f"|{'|'.join(row)}|" for row in (cells[0], ["---"] * len(header), *cells[1:]))


def words(key: str) -> str:
    return key.replace("_", " ")


def nearest_to_1(by_temperature: dict) -> str:
    """The key of the temperature that tables show."""
    return min((key for key in by_temperature if key != "reference"), key=lambda key: abs(float(key) - 1))


def likelihood(metrics: Metrics) -> str:
    """Nats and accuracies of each model on the test pieces, with the floors."""
    found = {name: metrics(file) for name, file in MODELS.items()}
    first = next(iter(found.values()))
    rows = []
    for name, content in found.items():
        test = content["test"]
        accuracies = (test[f"{field}_accuracy"]["value"] for field in ("step", "pitch", "duration"))
        label = f"**{name} (a bound)**" if test.get("is_bound") else f"**{name}**"
        nats, past_only = shown(test["nats_per_note"]), shown(test["pitch_accuracy_past_only"])
        rows.append([label, nats, f"{test['perplexity']:.2f}", *map(shown, accuracies), past_only])
    floors = sorted(first["floors"].items(), key=lambda item: item[1])
    rows += [[f"floor: {name}", shown(value), *[""] * 5] for name, value in floors]
    test = first["test"]
    families = f"{test['pieces']} test pieces of {test['nats_per_note']['count']} families, {test['notes']:,} notes"
    return lines([families, "nats a note (95 %)", "perplexity", "step", "pitch", "duration", "pitch, past alone"], rows)


def music(metrics: Metrics) -> str:
    """How far each model's music at temperature 1 lies from the test pieces, in every measure that there is; of
    measures of style, which are of sets, the figures themselves.
    """
    found = [metrics(file) for file in MODELS.values()]
    temperature = nearest_to_1(found[0]["generated"])
    apart = [content["standardised_difference"][temperature] for content in found]
    own = [content["generated"][temperature] for content in found]
    real = found[0]["reference"]
    names = dict.fromkeys(name for content in found for name in (*real, *content["generated"][temperature]))
    rows = [
        [
            words(name),
            *(shown(here.get(name)) if name in OF_STYLE else signed(far.get(name)) for far, here in zip(apart, own)),
            shown(real.get(name)),
        ]
        for name in names
    ]
    return lines(["", *MODELS, "test pieces"], rows)


def voice_leading(metrics: Metrics) -> str:
    """Parallels in each model's music at temperature 1 and in the test pieces."""
    found = [metrics(file) for file in MODELS.values()]
    temperature = nearest_to_1(found[0]["generated"])
    columns = [*(content["generated"][temperature] for content in found), found[0]["reference"]]
    rows = [[words(name), *(shown(column.get(name), 1) for column in columns)] for name in PARALLELS]
    return lines(["in 1,000 pairs of voices that move together", *MODELS, "Bach, test pieces"], rows)


def heard(metrics: Metrics) -> str:
    """What a musician hears at once in each model's music at temperature 1 and in the test pieces."""
    found = [metrics(file) for file in MODELS.values()]
    temperature = nearest_to_1(found[0]["generated"])
    columns = [*(_styled(content, temperature) for content in found), _styled(found[0], "reference")]
    rows = [
        [label, *(shown(column.get(name), decimals) for column in columns)] for name, (label, decimals) in HEARD.items()
    ]
    return lines(["", *MODELS, "Bach, test pieces"], rows)


def _styled(content: dict, group: str) -> dict:
    """The measures of style and the take-up of one group of pieces, as far as there are any."""
    found = content.get("style", {})
    own = found.get("reference", {}) if group == "reference" else found.get("generated", {}).get(group, {})
    return own | content.get("take_up", {}).get(group, {})


def style(metrics: Metrics) -> str:
    """How far each model's music at temperature 1 lies from the test pieces in every measure of style, and how far two
    halves of these lie apart: in standard deviations, and in bits for what follows what.
    """
    contents = [metrics(file) for file in MODELS.values()]
    temperature = nearest_to_1(contents[0]["generated"])
    found = [content.get("style", {}) for content in contents]
    halves, bits = (found[0].get(key, {}) for key in ("halves", "divergence"))
    rows = [
        [
            words(name),
            *(signed(own["standardised_difference"][temperature].get(name)) for own in found),
            shown(halves.get(name), 2),
            shown(value),
        ]
        for name, value in found[0].get("reference", {}).items()
    ]
    rows += [
        [f"{kind} (bits)", *(shown(own["divergence"][temperature].get(kind), 2) for own in found), shown(value, 2), ""]
        for kind, value in bits.get("halves", {}).items()
    ]
    return lines(["", *MODELS, "two halves of the test pieces", "test pieces (95 %)"], rows)


def signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def copied(metrics: Metrics) -> str:
    """What each model's music at temperature 1 shares with the training pieces and within itself."""
    found = [metrics(file)["originality"] for file in MODELS.values()]
    temperature = nearest_to_1(found[0])
    columns = [*(content[temperature] for content in found), found[0]["reference"]]
    rows = []
    for name in dict.fromkeys(name for column in columns for name in column):
        label = words(name) + " (notes)" * (name in IN_NOTES)
        rows.append([label, *(shown(column.get(name), decimals_of([name])) for column in columns)])
    return lines(["", *MODELS, "test pieces"], rows)


def recognizer(metrics: Metrics) -> str:
    """F1 of the recognizer on the test sets: together, by the number of instruments, of each instrument."""
    sets = [metrics("recognizer")[name] for name in SETS.values()]
    headlines = (shown(content["macro_f1"]).split(" ", 1) for content in sets)
    rows = [
        ["**macro-F1** (95 % interval)", *(" ".join([f"**{value}**", *interval]) for value, *interval in headlines)]
    ]
    for label, key in (("micro-F1", "micro_f1"), ("mean average precision", "mean_average_precision")):
        rows.append([label, *(shown(content[key]) for content in sets)])
    for count in sets[0]["by_polyphony"]:
        label = f"macro-F1, {count} instrument{'s' * (count != '1')}"
        rows.append([label, *(shown(content["by_polyphony"].get(count)) for content in sets)])
    for name in sets[0]["per_instrument"]:
        rows.append([name, *(shown(content["per_instrument"][name]["f1"]) for content in sets)])
    rows.append(["clips", *(shown(content["macro_f1"]["count"]) for content in sets)])
    return lines(["", *SETS], rows)


def recognizer_in_short(metrics: Metrics) -> str:
    """Macro-F1 and mean average precision of the recognizer on each set, with its floor and its ceiling."""
    found = metrics("recognizer")
    rows = [
        [label, shown(found[name]["macro_f1"]), shown(found[name].get("mean_average_precision"))]
        for name, label in IN_SHORT.items()
    ]
    return lines(["", "F1 (95 %)", "mean average precision (95 %)"], rows)


def words_and_sound(metrics: Metrics) -> str:
    """What the small CLAP finds by words and by sound, in short."""
    found = metrics("clap")
    prompted, retrieval = found["prompted"], found["retrieval"]
    pool = retrieval["text_to_audio"]["r_at_10"]["count"]
    rows = [
        ["instruments from words, clean test: macro-F1", *(shown(own) for own in prompted["clean"].values()), ""],
        ["instruments from words, unseen font", *(shown(own) for own in prompted["unseen_font"].values()), ""],
        [
            f"a caption finds a clip of which it is true: R@10 of {pool}",
            *(shown(retrieval["text_to_audio"][f"r_at_10{stock}"]) for stock in ("", "_seen_words")),
            shown(retrieval["text_to_audio"]["chance"]["value"]),
        ],
        [
            f"a sound finds its own notes: R@1 of {pool}",
            shown(retrieval["audio_to_notes"]["r_at_1"]),
            "",
            shown(1 / pool),
        ],
    ]
    return lines(["", "words held out (95 %)", "words of training (95 %)", "chance"], rows)


def flipped_assertions(metrics: Metrics) -> str:
    """How often the true one of two captions is nearer, to a sound and to its notes."""
    found = metrics("clap")
    sides = [found[stock][kind] for kind in ("audio", "notes") for stock in ("flips", "flips_seen_words")]
    rows = [
        [words(topic), *(shown(side[topic]) for side in sides), shown(own["count"])] for topic, own in sides[0].items()
    ]
    of_words = ("words held out (95 %)", "words of training")
    return lines(["", *(f"from {kind}, {stock}" for kind in ("sound", "notes") for stock in of_words), "clips"], rows)


def control(metrics: Metrics) -> str:
    """How far the composer that takes orders does what it is told, and where it is told another piece's orders."""
    found = metrics("composer/conditioned")
    rows = [
        [words(name), shown(own), shown(found["control_shuffled"][name]), shown(own["count"])]
        for name, own in found["control"].items()
    ]
    rows += [[f"{words(name)}, exactly", shown(own), "", shown(own["count"])] for name, own in found["exact"].items()]
    return lines(["", "asked against measured (95 %)", "another piece's orders", "pieces"], rows)


def taste_scores(metrics: Metrics) -> str:
    """Music from words beside its controls, by sound and by notes."""
    found = metrics("taste")
    sides = found, found["notes"]
    rows = [
        [
            "base prompts: music nearest to the taste of its own, of four (chance .25)",
            *(shown(side["accuracy"]) for side in sides),
        ],
        ["descriptive prompts: the same", *(shown(side.get("accuracy_of_other_prompts")) for side in sides)],
        *(
            [f"mean cosine with words: {SCORED[name]}", *(shown(side["scores"].get(name)) for side in sides)]
            for name in found["scores"]
        ),
    ]
    return lines(["", "by sound (95 %)", "by notes (95 %)"], rows)


def taste_adherence(metrics: Metrics) -> str:
    """Whether music from words does what was asked."""
    found = metrics("taste")
    rows = [[f"{words(name)} as asked", shown(own), shown(own["count"])] for name, own in found["adherence"].items()]
    for side, own in found["crossmodal_table"].items():
        rows += [
            [f"{words(name)} against the table, {words(side)} (rank correlation)", shown(value), shown(value["count"])]
            for name, value in own.items()
        ]
    return lines(["", "(95 %)", "prompts, or pieces"], rows)


def seeds(_: Metrics) -> str:
    """What three seeds of training make of the main figures, of benchmarks/results/seed_spread.json."""
    found = json.loads((ROOT / "benchmarks" / "results" / "seed_spread.json").read_text(encoding="utf-8"))
    rows = [
        [
            row["model"],
            words(row["figure"]),
            *map(shown, row["values"].values()),
            shown(row["spread"]),
            shown(row["interval_width"]),
        ]
        for row in found["rows"]
        if row.get("interval_width") and not row["figure"].startswith("floor")
    ]
    return lines(["", "figure", "seed 1", "seed 2", "seed 3", "spread", "width of the interval"], rows)


def stale(_: Metrics) -> str:
    """For each room of the code the stages that a change of any file in it makes stale, or of some files."""
    stages = {name: entry.get("do", entry)["deps"] for name, entry in read_yaml(ROOT / "dvc.yaml")["stages"].items()}
    code = (path.relative_to(ROOT) for path in (ROOT / "src" / "reprise").rglob("*.py") if path.name != "__init__.py")
    rows = []
    for room in sorted({path.parent for path in code}):
        whole, some = [], []
        for stage, deps in stages.items():
            paths = list(map(Path, deps))
            if any(path == room or path in room.parents for path in paths):
                whole.append(f"`{stage}`")
            elif any(path.parent == room and path.suffix for path in paths):
                some.append(f"`{stage}`")
        if whole or some:
            rows.append([f"`{room.relative_to('src/reprise')}`", ", ".join(whole), ", ".join(some)])
    return lines(["room", "stale after a change of any file", "of some of its files"], rows)


TABLES: dict[str, Callable[[Metrics], str]] = {
    "likelihood of the models": likelihood,
    "music of the models": music,
    "voice leading": voice_leading,
    "what a musician hears": heard,
    "style of the models": style,
    "what is copied": copied,
    "recognizer": recognizer,
    "recognizer in short": recognizer_in_short,
    "words and sound": words_and_sound,
    "flipped assertions": flipped_assertions,
    "control": control,
    "taste": taste_scores,
    "taste adherence": taste_adherence,
    "stale": stale,
    "what the seed does": seeds,
}


def pages(root: Path) -> list[Path]:
    """The texts with tables and figures."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]


def main() -> None:
    for path in pages(ROOT):
        before = path.read_text(encoding="utf-8")
        after = render(before, work_tree)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    try:
        main()
    except RepriseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
