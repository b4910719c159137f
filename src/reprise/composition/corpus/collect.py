"""From sources of scores to a corpus: what is taken, what is left out and why, and which split a piece goes to.

A family (pieces that share a tune, see `families`) goes to one split as a whole. Nothing is left out silently: what
isn't taken is listed with its reason in `skipped.csv` and counted in the metrics, and so is what is missing from a
piece that is taken.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from reprise.composition.corpus.families import find_families
from reprise.composition.corpus.sources import Source, digest_of, open_source, read_source
from reprise.composition.corpus.statistics import summarise
from reprise.composition.corpus.store import SPLITS, Corpus, CorpusParams, SplitParams, save_corpus
from reprise.errors import BadInput, ScoreError
from reprise.music.excerpts import bars_of, first_parts, keeping
from reprise.music.piece import NOTE_FIELDS, Piece

TICKS = 5040  # a beat, by which times are compared when duplicates are looked for
ANY = (0, 1 << 30)
SKIP_COLUMNS = ("part_of", "source", "reason", "count", "detail")
RARE = "notes of rare pitches"


@dataclass
class Taken:
    """What a source gave: the pieces to use, and what was left out.

    Attributes:
        part_of: `corpus`, or `openings`: the music to continue.
        losses: what is missing from the pieces of the corpus: name, kind and count.
        found: scores (tunes of a tune book, solos of a database) and other files there.
        read: pieces that could be read.
    """

    source: Source
    part_of: str
    pieces: list[Piece] = field(default_factory=list)
    skips: list[tuple[str, str, str]] = field(default_factory=list)
    losses: list[tuple[str, str, int]] = field(default_factory=list)
    found: int = 0
    read: int = 0

    def skip(self, name: str, reason: str, detail: str = "") -> None:
        self.skips.append((name, reason, detail))

    def drop(self, unfit: Callable[[Piece], bool], reason: str) -> None:
        """Leave out the pieces that `unfit` tells."""
        for piece in filter(unfit, self.pieces):
            self.skip(piece.source, reason)
        self.pieces = [piece for piece in self.pieces if not unfit(piece)]

    def reasons(self) -> dict[str, int]:
        return dict(sorted(Counter(reason for _, reason, _ in self.skips).items()))

    def rows(self) -> list[tuple]:
        """What was left out, as rows of `skipped.csv`."""
        skips = [(self.part_of, name, reason, None, detail) for name, reason, detail in self.skips]
        return skips + [(self.part_of, *loss, "") for loss in self.losses]

    def summary(self) -> dict:
        """Numbers of what was found and left out; nothing empty, which DVC would drop without a word."""
        missing: Counter[str] = Counter()
        for _, kind, count in self.losses:
            missing[kind] += count
        return {
            "found": self.found,
            "read": self.read,
            "sha256": digest_of(self.source),
            "left_out": len(self.skips),
            **({"skipped": self.reasons()} if self.skips else {}),
            **({"missing_from_pieces": dict(sorted(missing.items()))} if missing else {}),
        }

    def require_some(self) -> None:
        """Raises BadInput, saying why, where nothing is left."""
        if not self.pieces:
            why = ", ".join(f"{reason}: {count}" for reason, count in self.reasons().items()) or "nothing is there"
            raise BadInput(
                f"corpus: of {self.found} files or solos by '{self.source.composer}' in '{self.source.name}' none can "
                f"be used for the {self.part_of} ({why}); add scores or widen the filters of section corpus"
            )


def collect_corpus(params: CorpusParams, repository: Path, folder: Path, workers: int) -> tuple[Corpus, dict]:
    """Read the sources, split their pieces and write the corpus into `folder`; returns it with its summary.

    Raises:
        BadInput: a source doesn't exist, holds nothing that can be used, or has too few tunes for three splits.
    """
    main = Taken(open_source(params.source, params.composer, repository), "corpus")
    take(main, workers, params.metres, params.bars, params.parts, params.merge_parts)
    openings = Taken(open_source(params.opening_source, params.opening_composer, repository), "openings")
    take(openings, workers, params.opening_metres)
    corpus, changes = split_by_tune(main, openings, params)
    save_corpus(corpus, folder)
    skipped = pd.DataFrame(main.rows() + openings.rows(), columns=SKIP_COLUMNS).astype({"count": "Int64"})
    skipped.to_csv(folder / "skipped.csv", index=False)
    return corpus, {"corpus": main.summary(), "openings": openings.summary(), **summarise(corpus), **changes}


def split_by_tune(main: Taken, openings: Taken, params: CorpusParams) -> tuple[Corpus, dict]:
    """The corpus of what was taken, and what was changed in it: rare pitches dropped, openings cut to fewer parts.

    Validation, test and openings have only metres of training, and at most as many parts; what doesn't fit is out.

    Raises:
        BadInput: there are too few tunes for three splits, or no opening is left.
    """
    everything = [*main.pieces, *openings.pieces]
    family_of = dict(zip(everything, find_families(everything).tolist()))
    families = defaultdict(list)
    for piece in main.pieces:
        families[family_of[piece]].append(piece)
    openings.drop(lambda piece: family_of[piece] in families, "tune of the corpus")
    split_of = deal(list(families.values()), params) | dict.fromkeys(openings.pieces, "opening")
    train = [piece for piece in main.pieces if split_of[piece] == "train"]
    metres, parts = {piece.metre for piece in train}, max(len(piece.programs) for piece in train)
    main.drop(lambda piece: len(piece.programs) > parts, "more parts than in training")
    for taken in (main, openings):
        taken.drop(lambda piece: piece.metre not in metres, "metre that training lacks")
    rare = rare_pitches(train, params.rare_pitch_count)
    main.drop(lambda piece: not len(without(piece, rare).notes), "nothing but rare pitches")
    openings.require_some()
    _require_splits({split_of[piece] for piece in main.pieces}, main)
    rows = []
    for taken, reduce in ((main, partial(without, pitches=rare)), (openings, partial(first_parts, count=parts))):
        reduced = [(reduce(piece), split_of[piece], family_of[piece]) for piece in taken.pieces]
        taken.losses += [(piece.source, *loss) for piece, _, _ in reduced for loss in piece.left_out.items()]
        rows += reduced
    pitches = np.concatenate([piece.notes["pitch"] for piece in main.pieces])
    dropped = pitches[np.isin(pitches, rare)]
    return tabulate(sorted(rows, key=lambda row: (row[1] == "opening", row[0].source))), {
        "rare_pitches": {"pitches": len(np.unique(dropped)), "notes_dropped": len(dropped)},
        "openings_cut_to_parts": sum(len(piece.programs) > parts for piece in openings.pieces),
    }


def take(
    taken: Taken,
    workers: int,
    metres: Sequence[str],
    bars: tuple[int, int] = ANY,
    parts: tuple[int, int] = ANY,
    merge: bool = False,
) -> None:
    """Fill `taken` with the pieces of its source in one of `metres` (or any) with so many bars and parts, each once.

    Parts are counted after those of an instrument are merged, where they are.
    """
    contents: dict[str, str] = {}
    for name, result in read_source(taken.source, workers):
        taken.found += 1
        if isinstance(result, str):
            taken.skip(name, result)
        elif isinstance(result, ScoreError):
            taken.skip(name, f"unreadable {PurePath(name.partition('#')[0]).suffix}", str(result))
        else:
            taken.read += 1
            result = merge_parts(result) if merge else result
            key = content_key(result)
            if metres and f"{result.metre[0]}/{result.metre[1]}" not in metres:
                taken.skip(name, "metre", f"{result.metre[0]}/{result.metre[1]}")
            elif not bars[0] <= bars_of(result) <= bars[1]:
                taken.skip(name, "bars", str(bars_of(result)))
            elif not parts[0] <= len(result.programs) <= parts[1]:
                taken.skip(name, "parts", str(len(result.programs)))
            elif key in contents:
                taken.skip(name, "duplicate", f"of {contents[key]}")
            else:
                contents[key] = name
                taken.pieces.append(result)
    taken.require_some()


def _require_splits(filled: set[str], main: Taken) -> None:
    """Raises BadInput where leaving out what training lacks has emptied a split."""
    empty = [split for split in SPLITS[:3] if split not in filled]
    if empty:
        raise BadInput(
            f"corpus: no piece of {len(main.pieces)} is left for {empty[0]}; what was left out: {main.reasons()}; add "
            "scores, or narrow corpus.metres and corpus.parts to what most scores have"
        )


def content_key(piece: Piece) -> str:
    """A sha256 of metre and notes, equal for equal music whatever its file, velocities or tempo."""
    digest = hashlib.sha256(repr(piece.metre).encode())
    for name in ("onset", "duration"):
        digest.update(np.round(piece.notes[name] * TICKS).astype("<i8").tobytes())
    for name in ("pitch", "part"):
        digest.update(piece.notes[name].astype("<i2").tobytes())
    return digest.hexdigest()


def deal(families: Sequence[Sequence[Piece]], params: SplitParams) -> dict[Piece, str]:
    """The split of each piece: whole families are dealt in an order that the seed and the music alone decide.

    Test, then validation, take each next family that still fits into their share of the pieces; training gets the rest.

    Raises:
        BadInput: there are fewer than three families.
    """
    if len(families) < 3:
        raise BadInput(
            f"corpus: holds {sum(map(len, families))} pieces with {len(families)} different tunes; training, "
            "validation and test need a tune each, so add scores or widen the filters of section corpus"
        )
    waiting = sorted(families, key=lambda family: min(map(content_key, family)))
    waiting = [waiting[i] for i in np.random.default_rng(params.seed).permutation(len(waiting))]
    pieces = sum(map(len, families))
    split_of: dict[Piece, str] = {}
    for split, share, others in (("test", params.test_share, 2), ("validation", params.validation_share, 1)):
        room = max(round(share * pieces), min(map(len, waiting)))
        left: list[Sequence[Piece]] = []
        for number, family in enumerate(waiting):
            spared = len(left) + len(waiting) - number - 1
            if len(family) <= room and spared >= others:
                split_of |= dict.fromkeys(family, split)
                room -= len(family)
            else:
                left.append(family)
        waiting = left
    return split_of | {piece: "train" for family in waiting for piece in family}


def rare_pitches(train: Sequence[Piece], count: int) -> np.ndarray:
    """MIDI pitches that occur less than `count` times in training pieces, those that never occur included."""
    pitches = np.concatenate([piece.notes["pitch"] for piece in train])
    return np.flatnonzero(np.bincount(pitches, minlength=128) < count)


def without(piece: Piece, pitches: np.ndarray) -> Piece:
    """The piece without its notes of certain pitches."""
    return keeping(piece, ~np.isin(piece.notes["pitch"], pitches), RARE)


def merge_parts(piece: Piece) -> Piece:
    """The piece with all parts of an instrument as one, in the order of their first ones."""
    programs = tuple(dict.fromkeys(piece.programs))
    notes = piece.notes.copy()
    notes["part"] = np.array([programs.index(program) for program in piece.programs])[notes["part"]]
    return replace(piece, notes=notes, programs=programs)


def tabulate(rows: Sequence[tuple[Piece, str, int]]) -> Corpus:
    """Pieces with their splits and families as tables; families are numbered anew, in the order of their pieces."""
    numbers = {family: number for number, family in enumerate(dict.fromkeys(family for _, _, family in rows))}
    table = pd.DataFrame(
        {
            "piece": number,
            "split": split,
            "family": numbers[family],
            "source": piece.source,
            "sha256": content_key(piece),
            "tempo_bpm": piece.tempo_bpm,
            "programs": list(piece.programs),
            "beats_a_bar": piece.metre[0],
            "beat_value": piece.metre[1],
            "key_fifths": piece.key_fifths,
            "key_mode": piece.key_mode,
            "parts": len(piece.programs),
            "bars": bars_of(piece),
            "notes": len(piece.notes),
        }
        for number, (piece, split, family) in enumerate(rows)
    ).astype({"key_fifths": "Int64", "key_mode": "string"})
    notes = pd.DataFrame({name: np.concatenate([piece.notes[name] for piece, _, _ in rows]) for name in NOTE_FIELDS})
    notes.insert(0, "piece", table["piece"].repeat(table["notes"]).to_numpy())
    return Corpus(table, notes)
