"""Time, memory and disk of composing, rendering, spectrograms and one epoch of training, by the number of clips.

The pipeline's own stages run in a throwaway clone, `dvc repro --single-item --force`, at two numbers of clips; what
depends on that number (the set in one register, the clips rendered for the ceiling) keeps its share. A million clips
are the larger run and the slope between the two beyond it: hours, and GB (10^9 bytes) on disk, DVC's cache apart, which
holds the same again where the file system can't share blocks. Memory: see clone.py.
"""

import argparse

from benchmarks.audio.workers import of_size
from benchmarks.clone import Clone, Usage, need_linux
from benchmarks.machine import ROOT, report
from benchmarks.measure import run_script, table
from reprise.clips.params import CeilingParams, ClipParams
from reprise.params import PARAMS_FILE, load_section, read_yaml

STAGES = ("compose_clips", "render_clips", "cache_spectrograms", "train_recognizer@recognizer")
OUTS = {
    "compose_clips": ("data/clips/midi", "data/clips/manifest.parquet"),
    "render_clips": ("data/clips/audio",),
    "cache_spectrograms": ("data/clips/spectrograms/recognizer", "data/clips/spectrograms/ceiling"),
    "train_recognizer@recognizer": ("models/recognizer",),
}
MILLION = 1_000_000


def changes_for(count: int, quick: bool) -> dict:
    """The params of a run with `count` clips: one epoch, nothing mirrored to MLflow."""
    path = ROOT / PARAMS_FILE
    sections = load_section(ClipParams, "clips", path), load_section(CeilingParams, "ceiling", path)
    clips, ceiling = of_size(*sections, count)
    changes = {
        "clips": {"count": count, "same_register_count": clips.same_register_count},
        "ceiling": {"clips": ceiling.clips},
        "recognizer": {"epochs": 1},
        "compute": {"tracking": False},
    }
    if quick:
        smoke = read_yaml(ROOT / "profiles" / "smoke.yaml")
        changes = {section: {**smoke.get(section, {}), **values} for section, values in changes.items()}
        changes["clips"]["shard_size"] = 16
        changes["fonts"] = {"train": ["MuseScore_General_Lite"], "train_without": [], "clean": "MuseScore_General_Lite"}
    return changes


def measure(count: int, quick: bool) -> dict[str, dict[str, float]]:
    """Seconds, peaks of memory and bytes written of every stage at `count` clips."""
    clone = Clone(f"scaling-{count}", changes_for(count, quick))
    try:
        clone.repro("collect_fonts")
        return {stage: _row(clone, stage, clone.repro("--single-item", "--force", stage)) for stage in STAGES}
    finally:
        clone.remove()


def _row(clone: Clone, stage: str, usage: Usage) -> dict[str, float]:
    return {
        "seconds": round(usage.seconds, 2),
        "peak_rss_mib": round(usage.peak_rss_mib, 1),
        "peak_anonymous_mib": round(usage.peak_anonymous_mib, 1),
        "written_bytes": sum(clone.size(path) for path in OUTS[stage]),
    }


def at_a_million(small: dict, large: dict, counts: tuple[int, int]) -> dict[str, float]:
    """Hours and GB of one stage for a million clips, and its memory there if it goes on growing as it did."""

    def beyond(key: str) -> float:
        slope = (large[key] - small[key]) / (counts[1] - counts[0])
        return large[key] + max(slope, 0) * (MILLION - counts[1])

    return {
        "hours": round(beyond("seconds") / 3600, 2),
        "gigabytes": round(beyond("written_bytes") / 1e9, 2),
        "peak_rss_gib": round(beyond("peak_rss_mib") / 1024, 2),
        "peak_anonymous_gib": round(beyond("peak_anonymous_mib") / 1024, 2),
    }


def growth(small: dict, large: dict) -> dict[str, float]:
    """Memory of the larger run over that of the smaller, 1 where it doesn't depend on the number of clips."""
    return {
        key: round(large[key] / small[key], 3) if small[key] else 0.0 for key in ("peak_rss_mib", "peak_anonymous_mib")
    }


def show(runs: dict[int, dict], growths: dict, million: dict) -> str:
    rows = [
        (
            stage,
            count,
            f"{row['seconds']:.1f}",
            f"{row['peak_rss_mib']:.0f}",
            f"{row['peak_anonymous_mib']:.0f}",
            f"{row['written_bytes'] / 1e6:.1f}",
        )
        for stage in STAGES
        for count, stages in runs.items()
        for row in [stages[stage]]
    ]
    head = ("stage", "clips", "seconds", "peak MiB", "of it anonymous", "MB written")
    grown = [(stage, f"{g['peak_rss_mib']:.2f}", f"{g['peak_anonymous_mib']:.2f}") for stage, g in growths.items()]
    large, small = max(runs), min(runs)
    grown_head = (f"memory at {large} over {small}", "all", "anonymous")
    costs = [(stage, f"{cost['hours']:.1f}", f"{cost['gigabytes']:.1f}") for stage, cost in million.items()]
    costs.append(("all", *(f"{sum(cost[key] for cost in million.values()):.1f}" for key in ("hours", "gigabytes"))))
    tables = (table(head, rows), table(grown_head, grown), table(("a million clips", "hours", "GB on disk"), costs))
    return "\n\n".join(tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs=2, default=(1000, 4000), metavar="N", help="clips (1000 4000)")
    parser.add_argument("--quick", action="store_true", help="a few clips, small fonts and network, nothing written")
    args = parser.parse_args()
    need_linux()
    counts = (120, 240) if args.quick else tuple(sorted(args.counts))
    if counts[0] == counts[1]:
        parser.error("--counts: two different numbers are needed")
    runs = {count: measure(count, args.quick) for count in counts}
    small, large = (runs[count] for count in counts)
    million = {stage: at_a_million(small[stage], large[stage], counts) for stage in STAGES}
    growths = {stage: growth(small[stage], large[stage]) for stage in STAGES}
    print(show(runs, growths, million))
    figures = {"runs": {str(count): stages for count, stages in runs.items()}, "growth": growths}
    report("scaling", {**figures, "a_million_clips": million}, args.quick)


if __name__ == "__main__":
    run_script(main)
