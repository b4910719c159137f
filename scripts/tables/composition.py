"""Tables of the composers and of their music."""

from collections.abc import Callable

from scripts.tables.text import (
    IN_NOTES,
    MODELS,
    Metrics,
    benchmark,
    decimals_of,
    lines,
    nearest_to_1,
    shown,
    signed,
    words,
)

PARALLELS = ("parallel_fifths", "parallel_octaves")  # in a thousand moving pairs
OF_STYLE = (*PARALLELS, "closing_rate", "root_position_phrase_end_rate", "longest_return")  # figures of whole sets
AGREEMENTS = {  # with the composer's chords, and whose
    "model": "**the model**",
    "floor": "floor: the most similar beat's chord",
    "ceiling": "ceiling: Bach's other settings of all tunes",
    "ceiling_of_test_tunes": "the same, of the test tunes alone",
    "not_shown": "the model, not shown what comes",
    "another_piece": "chords written to another piece",
}
OF_HARMONISATION = {
    "parallel_fifths": ("parallel fifths in 1,000 moving pairs", 1),
    "parallel_octaves": ("parallel octaves", 1),
    "crossing_rate": ("voices crossed, share of the time", 3),
    "closing_rate": ("last chord the tonic in root position", 3),
}
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


def control(metrics: Metrics) -> str:
    """How far the composer that takes orders does what it is told, and where it is told another piece's orders."""
    found = metrics("composer/conditioned")
    rows = [
        [words(name), shown(own), shown(found["control_shuffled"][name]), shown(own["count"])]
        for name, own in found["control"].items()
    ]
    rows += [[f"{words(name)}, exactly", shown(own), "", shown(own["count"])] for name, own in found["exact"].items()]
    return lines(["", "asked against measured (95 %)", "another piece's orders", "pieces"], rows)


def harmonisation(metrics: Metrics) -> str:
    """How often chords are the composer's, of melodies harmonised and bars filled, with floor, ceiling and controls."""
    found = metrics("harmonisation")
    of_fill = found.get("fill", {}).get("agreement", {})
    rows = []
    for name, label in AGREEMENTS.items():
        own, filled = found["agreement"].get(name, {}), of_fill.get(name, {})
        rows.append([label, *(shown(own.get(kind)) for kind in ("chord", "root", "set")), shown(filled.get("chord"))])
    melodies = f"{found['pieces']} melodies of {found['chord_agreement']['count']} families"
    columns = ["the same chord (95 %)", "the same root", "the same pitch classes", "bars filled: the same chord"]
    return lines([melodies, *columns], rows)


def harmonisation_in_detail(metrics: Metrics) -> str:
    """Voice leading, endings, range and nats of melodies harmonised and of bars filled."""
    found = metrics("harmonisation")
    sides = (found, found.get("fill", {}))
    rows = []
    for name, (label, decimals) in OF_HARMONISATION.items():
        groups = [side.get("style", {}).get(group, {}) for side in sides for group in ("model", "not_shown", "real")]
        rows.append([label, *(shown(own.get(name), decimals) for own in groups)])
    nats, beyond = ["nats a note"], ["notes out of range"]
    for side in sides:
        nats += [*(shown(side.get("likelihood", {}).get(name)) for name in ("shown", "not_shown")), ""]
        beyond += [shown(side.get("out_of_range")), "", ""]
    header = [f"{what}{group}" for what in ("", "bars filled: ") for group in ("the model", "not shown", "Bach")]
    return lines(["", *header], [*rows, nats, beyond])


def seeds(_: Metrics) -> str:
    """What three seeds of training make of the main figures, of benchmarks/results/seed_spread.json."""
    found = benchmark("seed_spread")
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


def ending_tries(_: Metrics) -> str:
    """How pieces end, by how often their last bars are written: benchmarks/results/ending_tries.json."""
    figures = ("closes", "rests", "authentic", "melody", "beats")
    rows = [
        [str(row["tries"]), *(shown(row[name], 2) for name in figures), shown(row.get("seconds"), 1)]
        for row in benchmark("ending_tries")["rows"]
    ]
    header = ["more ways to write the last two bars", *figures[:-1], "beats that the last chord stands"]
    return lines([*header, "seconds for all pieces"], rows)


def sampling_options(_: Metrics) -> str:
    """What options of sampling, and the best of several pieces, bring: benchmarks/results/sampling_options.json."""
    figures = {
        "difference": 3, "fifths": 1, "octaves": 1, "root position": 3, "authentic": 3, "return": 1, "copied": 1,
    }  # fmt: skip
    rows = [
        [row["chosen"], *(shown(row[name], decimals) for name, decimals in figures.items())]
        for row in benchmark("sampling_options")["rows"]
    ]
    header = ["", "difference in sd", "parallel fifths", "parallel octaves", "phrase ends in root position"]
    return lines([*header, "phrase ends by V-I", "longest return (notes)", "longest copied run (notes)"], rows)


TABLES: dict[str, Callable[[Metrics], str]] = {
    "likelihood of the models": likelihood,
    "music of the models": music,
    "voice leading": voice_leading,
    "what a musician hears": heard,
    "style of the models": style,
    "ending tries": ending_tries,
    "sampling options": sampling_options,
    "what is copied": copied,
    "control": control,
    "harmonisation": harmonisation,
    "harmonisation in detail": harmonisation_in_detail,
    "what the seed does": seeds,
}
