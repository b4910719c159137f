"""What a judge trained elsewhere hears in music: musicnn's tags, such as slow, loud or violin, by label.

No model of ours and nothing that ours learnt from is behind these figures: MTT learnt from MagnaTagATune, MSD from the
Million Song Dataset. First the judge itself is judged, on music whose tempo, loudness and instrument are known, since
it is played here from random notes: how often is a tag likelier for a piece of which it is true than for one of which
it isn't (AUC; by chance .5)? Then it hears recordings, whose labels are the folders that they lie in:

    pip install --no-deps --target .reprise/benchmarks musicnn==0.1.0
    python -m benchmarks.taste.independent_judge                       # the judge alone
    python -m benchmarks.taste.independent_judge FOLDER                # and FOLDER/sweet/1.wav, FOLDER/sour/1.wav, ...
    python -m benchmarks.taste.independent_judge FOLDER --model MSD    # other tags: mellow, sad, happy, ...
    python -m benchmarks.taste.independent_judge data/taste            # the music of ./run by taste, against the table

Compare a tag between labels, not with another tag, and only where the judge knows it.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from benchmarks.taste.labelled import (
    RESAMPLES,
    SEED,
    against_table,
    by_label,
    read_labelled,
    show_against_table,
    show_by_label,
)
from benchmarks.taste.musicnn import MODELS, SAMPLE_RATE, Tagger, tag_sounds
from reprise.audio.fonts import FONTS, locate
from reprise.audio.play import play_piece
from reprise.learning.bootstrap import estimate, resample_weights, with_interval
from reprise.music.piece import Piece, note_table

PACKAGE = Path(".reprise/benchmarks/musicnn")
HOW = "pip install --no-deps --target .reprise/benchmarks musicnn==0.1.0"
FONT = "FluidR3_GM"
SOUND_S = 12.0
PLAYED = {  # by their tag, with the General MIDI program and the lowest note of the tune
    "piano": (0, 60),
    "harpsichord": (6, 60),
    "guitar": (24, 52),
    "violin": (40, 67),
    "cello": (42, 45),
    "harp": (46, 60),
    "choir": (52, 60),
    "flute": (73, 72),
    "synth": (81, 60),
    "sitar": (104, 55),
}
PACES = {"slow": (60, 1.0), "fast": (150, 0.5)}  # beats a minute, beats a note
FORCES = {"quiet": (45, -18.0), "loud": (115, 9.0)}  # velocity, dB beside the level at which pieces are played
SAME = {"soft": "quiet"}  # tags of which is true what is true of another
SCALE, CHORDS = (0, 2, 4, 5, 7, 9, 11), (0, 3, 4, 0)  # major; degrees of the roots, one a bar


@dataclass(frozen=True)
class Known:
    """How a piece is played: one of `PLAYED`, `PACES` and `FORCES`."""

    instrument: str
    pace: str
    force: str


def known_piece(known: Known, rng: np.random.Generator) -> Piece:
    """A tune that wanders through a scale, over the notes of a chord a bar."""
    program, low = PLAYED[known.instrument]
    bpm, step = PACES[known.pace]
    velocity, _ = FORCES[known.force]
    tonic, degree = low + int(rng.integers(12)), int(rng.integers(7))
    rows = []
    for onset in np.arange(0, SOUND_S * bpm / 60, step):
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 9))
        rows.append((onset, 0.9 * step, tonic + _above(degree), velocity, 0))
        root = CHORDS[int(onset // 4) % 4]
        rows.append((onset, 0.9 * step, tonic - 12 + _above(root + 2 * int(rng.integers(3))), velocity, 0))
    return Piece(note_table(rows), bpm, (program,))


def _above(degree: int) -> int:
    """Semitones from the tonic to a degree of the scale."""
    return 12 * (degree // 7) + SCALE[degree % 7]


def known_sounds(ways: Sequence[Known]) -> Iterator[tuple[str, np.ndarray]]:
    """The sound of a piece for each way to play, by its number."""
    font = locate(FONTS[FONT])
    for number, known in enumerate(ways):
        piece = known_piece(known, np.random.default_rng([SEED, number]))
        sound = play_piece(piece, font, SAMPLE_RATE)[: round(SOUND_S * SAMPLE_RATE)]
        yield str(number), np.clip(sound * np.float32(10 ** (FORCES[known.force][1] / 20)), -1, 1)


def judge_the_judge(tagger: Tagger, each: int) -> dict[str, dict]:
    """The AUC of every tag whose answer is known, over `each` pieces for each way to play."""
    ways = [Known(*way) for way in itertools.product(PLAYED, PACES, FORCES) for _ in range(each)]
    scores = tag_sounds(tagger, known_sounds(ways))
    found = {}
    for tag in (*PLAYED, *PACES, *FORCES, *SAME):
        if tag in scores:
            is_true = np.array([SAME.get(tag, tag) in (way.instrument, way.pace, way.force) for way in ways])
            found[tag] = auc(scores[tag].to_numpy()[is_true], scores[tag].to_numpy()[~is_true])
    return found


def auc(true: np.ndarray, false: np.ndarray) -> dict[str, float]:
    """How often a value of `true`, float[N], is above one of `false`, float[M], a tie half; both are resampled."""
    wins = (np.sign(true[:, None] - false) + 1) / 2
    of_true, of_false = (
        resample_weights(len(own), RESAMPLES, seed) / len(own) for seed, own in enumerate((true, false))
    )
    resampled = ((of_true @ wins) * of_false).sum(axis=1)
    return estimate(wins.mean(), resampled, len(true) + len(false))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="recordings, in a folder for each label")
    parser.add_argument("--package", type=Path, help=f"the folder of the package musicnn ({PACKAGE})")
    parser.add_argument("--model", choices=[*MODELS], default="MTT", help="MTT or MSD (MTT)")
    parser.add_argument("--each", type=int, default=3, help="pieces for each way to play (3)")
    parser.add_argument("--quick", action="store_true", help="a piece for each way to play, nothing written")
    args = parser.parse_args()
    tagger = Tagger(args.package or need(PACKAGE, HOW), args.model)
    known = judge_the_judge(tagger, 1 if args.quick else args.each)
    print(table(["tag", "AUC"], [[tag, with_interval(row)] for tag, row in known.items()]))
    figures = {"model": args.model, "font": FONT, "seconds": SOUND_S, "known": known}
    if args.folder:
        labels, sounds = read_labelled(args.folder, SAMPLE_RATE)
        scores = tag_sounds(tagger, sounds)
        figures |= {"by_label": by_label(scores, labels), "against_table": against_table(scores, labels)}
        print("\n" + show_by_label(figures["by_label"], tagger.tags, labels))
        print("\n" + show_against_table(figures["against_table"]))
    report(f"independent_judge_{args.model.lower()}", figures, args.quick)


if __name__ == "__main__":
    run_script(main)
