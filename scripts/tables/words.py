"""Tables of sound and words, and of the music made from words."""

from collections.abc import Callable

from scripts.tables.text import Metrics, benchmark, lines, shown, words

SCORED = {
    "true": "**its own prompt**",
    "shuffled": "prompts of other tastes",
    "unconditioned": "music by the same composer, asked for nothing",
    "real": "real music",
    "silence": "silence",
    "noise": "white noise",
}


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


def taste_endings(metrics: Metrics) -> str:
    """On which chords the music from words ends."""
    rows = [
        [words(name), shown(own["closes"]), shown(own["rests"]), shown(own["closes"]["count"])]
        for name, own in metrics("taste")["endings"].items()
    ]
    return lines(["", "tonic triad (95 %)", "that, or a chord over the tonic (95 %)", "pieces"], rows)


def recipes(_: Metrics) -> str:
    """What each part of the recipe of the small CLAP brings, of benchmarks/results/clap_recipes.json."""
    columns = {  # and decimals
        "epochs": ("epochs", 0),
        "minutes": ("minutes", 1),
        "instruments_map": ("instruments, mean average precision", 3),
        "text_to_audio_r_at_10": ("R@10 of 500", 3),
        "flips_sound": ("flips from sound", 3),
        "flips_notes": ("flips from notes", 3),
        "audio_to_notes_r_at_1": ("sound to its notes, R@1", 3),
    }
    rows = [
        [row["recipe"], *(shown(row.get(key), decimals) for key, (_, decimals) in columns.items())]
        for row in benchmark("clap_recipes")["rows"]
    ]
    return lines(["", *(label for label, _ in columns.values())], rows)


def left_out(_: Metrics) -> str:
    """Instruments that the CLAP never learnt, told by their words: benchmarks/results/left_out_instruments.json."""
    found = benchmark("left_out_instruments")["auc"]
    rows = [
        [f"{words(name)}, {trained}", *(shown(kind[name]) for kind in kinds.values())]
        for trained, kinds in found.items()
        for name in next(iter(kinds.values()))
    ]
    return lines(["", "from sound (95 %)", "from notes (95 %)"], rows)


def held_out_words(_: Metrics) -> str:
    """Words that training never saw, by how they are taken: benchmarks/results/held_out_words.json."""
    rows: dict[str, dict[str, list[str]]] = {}
    for row in benchmark("held_out_words")["rows"]:
        shown_word = f"{row['word']} {row['margin']:+.2f}"
        said = f"**{shown_word}**" if row["margin"] < 0 else shown_word
        rows.setdefault(row["axis"], {}).setdefault(row["pole"], []).append(said)
    return lines(
        ["", "low", "high"],
        [[words(axis), *(", ".join(own) for own in poles.values())] for axis, poles in rows.items()],
    )


def unknown_words(_: Metrics) -> str:
    """Ways to tell words that say nothing: benchmarks/results/unknown_words.json."""
    columns = {
        ("learnt", "right"): "learnt words: right pole (95 %)",
        ("others", "right"): "other words: right pole (95 %)",
        ("others", "wrong"): "other words: wrong pole",
        ("nothing", "texts with a wish"): "nothing to say: texts with a wish (95 %)",
        ("nothing", "wishes a text"): "wishes a text",
    }
    rows = [
        [row["criterion"], shown(row["threshold"], 2), *(shown(row[kind][what], 2) for kind, what in columns)]
        for row in benchmark("unknown_words")["rows"]
    ]
    return lines(["criterion", "threshold", *columns.values()], rows)


TABLES: dict[str, Callable[[Metrics], str]] = {
    "words and sound": words_and_sound,
    "flipped assertions": flipped_assertions,
    "taste": taste_scores,
    "taste adherence": taste_adherence,
    "taste endings": taste_endings,
    "held-out words": held_out_words,
    "unknown words": unknown_words,
    "recipes of the CLAP": recipes,
    "instruments left out": left_out,
}
