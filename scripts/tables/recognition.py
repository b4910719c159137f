"""Tables of the recognizer."""

from collections.abc import Callable

from scripts.tables.text import Metrics, lines, shown

SETS = {"clean test": "test_clean", "test": "test", "unseen font": "unseen_font"}
IN_SHORT = {
    "test_clean": "one font, FluidR3, as it is",
    "test": "several fonts, altered, in rooms",
    "unseen_font": "**a font that it never heard**",
    "same_register": "all instruments in one octave",
    "floor": "floor: the notes alone",
    "ceiling": "ceiling: trained on the unseen font",
}


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


TABLES: dict[str, Callable[[Metrics], str]] = {
    "recognizer": recognizer,
    "recognizer in short": recognizer_in_short,
}
