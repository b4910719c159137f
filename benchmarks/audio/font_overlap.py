"""How many samples registered sound fonts have in common: over all samples, and over those of the twelve instruments.

The table of docs/results.md; its figures go to results/font_overlap.json. Every registered font must be installed.

    python -m benchmarks.audio.font_overlap                       # all of them, more than ten minutes
    python -m benchmarks.audio.font_overlap A320U TimGM6mb        # these alone, nothing written
"""

import argparse
from itertools import permutations

from benchmarks.machine import report
from benchmarks.measure import run_script, table
from reprise.audio.fonts import FONTS, locate
from reprise.audio.lineage.fingerprints import LONGEST, Fingerprints, fingerprint_both, same
from reprise.audio.lineage.soundfont import SoundFontFile, open_sound_font
from reprise.music.instruments import INSTRUMENTS


def overlap(names: list[str]) -> list[dict]:
    """One row for each ordered pair of fonts: how many of the first's samples the second has too."""
    fonts = {name: open_sound_font(locate(FONTS[name])) for name in names}
    found: dict[tuple[str, str], set[tuple[int, int]]] = {}
    prints: dict[str, list[Fingerprints]] = {}
    for name, font in fonts.items():
        prints[name] = fingerprint_both([font.sample(n, LONGEST) for n in range(len(font.names))])
        for other in list(prints)[:-1]:
            found[name, other] = same(prints[name], prints[other])
            found[other, name] = {(b, a) for a, b in found[name, other]}
    return [row(fonts, one, other, found[one, other]) for one, other in permutations(names, 2)]


def row(fonts: dict[str, SoundFontFile], one: str, other: str, pairs: set[tuple[int, int]]) -> dict:
    """Counts of samples of the font `one` among `pairs` (its sample, the other's)."""
    ours, theirs = fonts[one], fonts[other]
    heard = {number for i in INSTRUMENTS for number in theirs.samples_of(i.program)}
    played = {i.name: set(ours.samples_of(i.program)) for i in INSTRUMENTS}
    both_play = {a for a, b in pairs if b in heard}
    return {
        "font": one,
        "other": other,
        "samples": len(ours.names),
        "shared": len({a for a, _ in pairs}),
        "played": len(set.union(*played.values())),
        "played_shared": len(both_play & set.union(*played.values())),
        "instruments": {name: len(both_play & own) for name, own in played.items() if both_play & own},
    }


def show(rows: list[dict]) -> str:
    """The table of the twelve instruments, and over all samples in brackets."""
    names = list(dict.fromkeys(row["font"] for row in rows))
    cells = {
        (row["font"], row["other"]): f"{row['played_shared']} of {row['played']} ({row['shared']} of {row['samples']})"
        for row in rows
    }
    return table(
        ("samples of", *(f"in {name}" for name in names)),
        [(one, *(cells.get((one, other), "") for other in names)) for one in names],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", nargs="*", choices=[*FONTS, []], metavar="FONT", help="from the registry (all)")
    args = parser.parse_args()
    rows = overlap(args.fonts or list(FONTS))
    print(show(rows))
    for found in rows:
        if found["instruments"]:
            print(f"{found['font']} in {found['other']}:", *(f"{k} {n}" for k, n in found["instruments"].items()))
    if not args.fonts:
        report("font_overlap", {"rows": rows}, quick=False)


if __name__ == "__main__":
    run_script(main)
