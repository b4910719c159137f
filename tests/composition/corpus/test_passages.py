"""Passages of made-up works: cut as they end, thinned, displaced, dealt; and which files of a composer are read."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_corpus import make_piece, make_tune
from tiny_pieces import piece_of

from reprise.composition.corpus import collect, passages
from reprise.composition.corpus.passages import VELOCITY, PassageParams, collect_passages, spans, with_parts
from reprise.composition.corpus.sources import Source
from reprise.composition.corpus.store import Corpus, load_corpus
from reprise.errors import BadInput, ParamsError
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

PLAIN = PassageParams(
    seed=1,
    validation_share=0.2,
    test_share=0.2,
    composers=("first", "second"),
    works=100,
    bars=(2, 4),
    parts=(1, 4),
    metres=("4/4", "3/4"),
    thinned_share=0.0,
    displaced_share=0.0,
)


def works(start: int, count: int, parts: int = 1, bars: int = 6) -> list[Piece]:
    """Works with tunes of their own, all parts of which can be told apart, by their programs too."""
    made = [make_piece(seed, parts, bars) for seed in range(start, start + count)]
    return [replace(piece, programs=tuple(range(10, 10 + parts)), source=f"{i:03}") for i, piece in enumerate(made)]


@pytest.fixture
def collected(tmp_path, monkeypatch):
    """`collect_passages` of works that are given by composer; what was asked of the sources is in `asked`."""
    asked = []

    def made(params: PassageParams = PLAIN, **given: list[Piece]) -> tuple[Corpus, dict]:
        def read(source: Source, workers: int):
            asked.append(source)
            for piece in given[source.composer]:
                name = f"{source.composer}/{piece.source}"
                yield name, replace(piece, source=name)

        monkeypatch.setattr(passages, "open_source", lambda source, composer, root: Source(tmp_path, composer, source))
        monkeypatch.setattr(collect, "read_source", read)
        folder = tmp_path / "corpus"
        folder.mkdir(exist_ok=True)
        return collect_passages(replace(params, composers=tuple(given)), folder, 1)

    made.asked = asked
    return made


def everything(corpus: Corpus) -> dict[str, Piece]:
    """Passages by their sources, which stand in the order of their works."""
    pieces = (piece for split in ("train", "validation", "test") for piece in corpus.pieces(split))
    return {piece.source: piece for piece in sorted(pieces, key=lambda piece: piece.source)}


def trained(corpus: Corpus, given: list[Piece]) -> list[tuple[Piece, Piece]]:
    """Training passages with their works; those of other splits are as they were."""
    train = {piece.source for piece in corpus.pieces("train")}
    pairs = list(zip(everything(corpus).values(), given))
    assert all(rows(piece) == rows(work) for piece, work in pairs if piece.source not in train)
    return [pair for pair in pairs if pair[0].source in train]


def rows(piece: Piece) -> list[tuple]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


# --- where a passage is cut


def test_a_passage_ends_as_its_piece_ends(collected):
    """The last four bars of nine, from their bar line on."""
    corpus, _ = collected(one=works(0, 6, bars=9))
    for number, piece in enumerate(everything(corpus).values()):
        tune = make_tune(number, 36)
        assert rows(piece) == [(float(beat), 1.0, pitch, 0) for beat, pitch in enumerate(tune[-16:])]
        assert bars_of(piece) == 4


def test_a_short_piece_is_a_passage_as_a_whole(collected):
    given = works(0, 5, parts=2, bars=3)
    corpus, _ = collected(one=given)
    assert [rows(piece) for piece in everything(corpus).values()] == [rows(piece) for piece in given]


def test_a_bar_that_was_begun_is_a_bar(collected):
    """Works of four bars and a beat: the passage is the last four of five, the last of which holds one note."""
    given = works(0, 5, bars=5)
    for piece in given:
        object.__setattr__(piece, "notes", piece.notes[:17])
    corpus, _ = collected(one=given)
    for piece in everything(corpus).values():
        assert bars_of(piece) == 4 and len(piece.notes) == 13


def test_a_note_that_is_held_from_before_is_left_out(collected):
    """It began before the passage did."""
    given = works(0, 5, bars=6)
    for piece in given:
        piece.notes["duration"][7] = 8.0  # the last note of bar 2, held through bar 4
    corpus, _ = collected(one=given)
    assert all(len(piece.notes) == 16 and (piece.notes["duration"] == 1).all() for piece in everything(corpus).values())


# --- parts


def test_some_parts_by_hand():
    piece = replace(piece_of((0, 12, 60, 0), (0, 12, 64, 1), (12, 24, 67, 2), (12, 12, 48, 3)), programs=(1, 2, 3, 4))
    found = with_parts(piece, np.array([1, 3]))
    assert rows(found) == [(0.0, 1.0, 64, 0), (1.0, 1.0, 48, 1)]
    assert found.programs == (2, 4) and set(found.notes["velocity"]) == {VELOCITY}
    assert set(piece.notes["velocity"]) == {64} and len(piece.notes) == 4, "the piece stays as it was"
    assert rows(with_parts(piece, range(4))) == rows(piece)


def voices(corpus: Corpus, given: list[Piece]) -> list[tuple[int, ...]]:
    """Which parts of its work each passage has, by their programs; numbered from 0 and each as it was."""
    found = []
    for piece, work in trained(corpus, given):
        assert np.unique(piece.notes["part"]).tolist() == list(range(len(piece.programs)))
        kept = tuple(program - 10 for program in piece.programs)
        assert rows(piece) == rows(with_parts(work, kept))
        found.append(kept)
    return found


def test_thinned_parts_are_numbered_anew(collected):
    """Of four parts one to three stay, whichever, in their order."""
    given = works(0, 40, parts=4, bars=3)
    found = voices(collected(replace(PLAIN, thinned_share=1.0), one=given)[0], given)
    assert {len(parts) for parts in found} == {1, 2, 3} and {part for parts in found for part in parts} == set(range(4))
    assert all(list(parts) == sorted(set(parts)) for parts in found)


@pytest.mark.parametrize("parts", [1, 2])
def test_one_part_and_two_are_not_thinned(collected, parts):
    given = works(0, 6, parts=parts, bars=3)
    assert voices(collected(replace(PLAIN, thinned_share=1.0), one=given)[0], given) == [tuple(range(parts))] * 4


def test_a_share_of_the_passages_is_thinned(collected):
    """Of 120, 40 %; the standard deviation of the share is 4.5 %."""
    given = works(0, 120, parts=3, bars=3)
    found = voices(collected(replace(PLAIN, works=200, thinned_share=0.4), one=given)[0], given)
    assert np.mean([len(parts) < 3 for parts in found]) == pytest.approx(0.4, abs=0.14)


def test_a_part_without_a_note_is_none(collected):
    """It rests in the last bars, or throughout."""
    given = works(0, 5, parts=3, bars=8)
    for piece in given:
        silent = (piece.notes["part"] == 1) & (piece.notes["onset"] >= 8)
        object.__setattr__(piece, "notes", piece.notes[~silent])
    for piece in everything(collected(one=given)[0]).values():
        assert piece.programs == (10, 12) and set(piece.notes["part"]) == {0, 1}


def test_a_displaced_part_is_moved_by_a_semitone(collected):
    """One of its parts as a whole, up or down; in time and the other parts nothing changes."""
    given, moved = works(0, 60, parts=3, bars=3), []
    corpus, _ = collected(replace(PLAIN, displaced_share=1.0), one=given)
    for piece, work in trained(corpus, given):
        by = piece.notes["pitch"] - work.notes["pitch"]
        assert np.array_equal(piece.notes[["onset", "duration", "part"]], work.notes[["onset", "duration", "part"]])
        (part,) = np.unique(work.notes["part"][by != 0])
        (semitones,) = np.unique(by[work.notes["part"] == part])
        moved.append((int(part), int(semitones)))
    assert set(moved) == {(part, semitones) for part in range(3) for semitones in (-1, 1)}


def test_a_line_alone_is_not_displaced(collected):
    given = works(0, 5, bars=3)
    corpus, _ = collected(replace(PLAIN, displaced_share=1.0), one=given)
    assert [rows(piece) for piece in everything(corpus).values()] == [rows(piece) for piece in given]


def test_works_stay_as_they_were(collected):
    given = works(0, 10, parts=3)
    before = [piece.notes.copy() for piece in given]
    collected(replace(PLAIN, thinned_share=0.5, displaced_share=1.0), one=given)
    assert all(np.array_equal(piece.notes, notes) for piece, notes in zip(given, before))


# --- which works


def test_so_many_works_of_a_composer_at_most(collected):
    """Three files are looked at for each: some have too many parts."""
    given = works(0, 30, bars=3)
    corpus, summary = collected(replace(PLAIN, works=7), one=given, two=works(100, 5, bars=3))
    assert [source.most for source in collected.asked] == [21, 21]
    sources = list(everything(corpus))
    assert sum(source.startswith("one/") for source in sources) == 7 and sum(s.startswith("two/") for s in sources) == 5
    assert {name: summary["composers"][name]["passages"] for name in ("one", "two")} == {"one": 7, "two": 5}
    other = list(everything(collected(replace(PLAIN, works=7, seed=2), one=given)[0]))
    assert other != [source for source in sources if source.startswith("one/")], "drawn by the seed"


def test_what_can_not_be_used_is_listed(collected, tmp_path):
    """Too many parts and another metre before the choice; too few bars or notes in a passage after it."""
    given = works(0, 8, bars=3)
    short = replace(make_piece(50, bars=1), source="one bar")
    sparse = replace(piece_of((0, 48, 60, 0), (48, 48, 64, 0), (96, 48, 62, 0)), source="sparse")
    wide = replace(make_piece(51, parts=5), source="five parts")
    odd = replace(make_piece(52, metre=(5, 4)), source="odd")
    eight = replace(make_piece(53, bars=2), source="eight notes")
    dense = replace(piece_of(*[(6 * n, 6, 60 + n, 0) for n in range(8)]), source="one bar of eight")
    corpus, summary = collected(one=[*given, short, sparse, wide, odd, eight, dense])
    with open(tmp_path / "corpus/skipped.csv", newline="") as file:
        skipped = {row["source"]: row["reason"] for row in csv.DictReader(file)}
    assert skipped == {
        "one/one bar": "too few notes",
        "one/sparse": "too few notes",
        "one/five parts": "parts",
        "one/odd": "metre",
        "one/one bar of eight": "bars",
    }
    assert len(everything(corpus)) == 9 and "one/eight notes" in everything(corpus)
    assert summary["composers"]["one"]["skipped"] == {"bars": 1, "metre": 1, "parts": 1, "too few notes": 2}


def test_a_composer_of_whom_nothing_is_left_is_named(collected):
    with pytest.raises(BadInput, match=r"by 'two' in 'music21' none can be used for the two \(parts: 3"):
        collected(one=works(0, 5, bars=3), two=works(50, 3, parts=5))
    with pytest.raises(BadInput, match="too few notes: 1"):
        collected(one=[replace(piece_of((0, 12, 60, 0)), source="a")])


def test_a_composer_that_music21_lacks_is_named(tmp_path):
    with pytest.raises(BadInput, match="source 'music21' has no folder 'nobody' of a composer; it has"):
        collect_passages(replace(PLAIN, composers=("nobody",)), tmp_path, 1)


# --- the corpus


def test_passages_are_kept_as_any_corpus(collected, tmp_path):
    corpus, summary = collected(one=works(0, 10, parts=2), two=works(100, 10))
    loaded = load_corpus(tmp_path / "corpus")
    assert summary["pieces"] == {"train": 12, "validation": 4, "test": 4, "opening": 0}
    assert not loaded.pieces("opening")
    for mine, other in zip(everything(corpus).items(), everything(loaded).items()):
        assert mine[0] == other[0] and np.array_equal(mine[1].notes, other[1].notes)
        assert set(mine[1].notes["velocity"]) == {VELOCITY}
    assert next(iter(summary)) == "composers"
    assert set(summary["attributes"]) >= {"mean_pitch", "articulation", "polyphony", "mode"}


def test_one_tune_by_two_composers_is_in_one_split(collected):
    """Ten tunes, each a passage of both, a third apart."""
    one, two = works(0, 10), [replace(make_piece(n, shift=4), source=f"{n:03}") for n in range(10)]
    table = collected(one=one, two=two)[0].table
    assert len(table) == 20 and table["family"].nunique() == 10
    assert (table.groupby("family")["split"].nunique() == 1).all()


def test_the_same_bytes_again(collected, tmp_path):
    params = replace(PLAIN, thinned_share=0.5, displaced_share=0.5, works=8)
    made = []
    for _ in range(2):
        collected(params, one=works(0, 12, parts=3), two=works(100, 12, parts=4))
        folder = tmp_path / "corpus"
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1] and set(made[0]) == {"pieces.parquet", "notes.parquet", "skipped.csv"}


def test_what_passages_span_by_hand():
    """Five lines of one pitch each, 60 to 64: quantiles of their mean pitch."""
    found = spans([piece_of((0, 12, 60 + n, 0), (12, 12, 60 + n, 0)) for n in range(5)])
    assert found["mean_pitch"] == {"lowest": 60.0, "low": 60.4, "median": 62.0, "high": 63.6, "highest": 64.0}
    assert found["articulation"]["median"] == 1.0 and "onset_rate" not in found


def test_what_is_undefined_for_all_passages_has_no_span():
    """Lines alone have no dissonance; NaN is no JSON."""
    found = spans([piece_of((0, 12, 60 + n, 0), (12, 12, 62, 0)) for n in range(5)])
    assert set(found) == {"mean_pitch", "articulation", "polyphony", "mode"}


# --- which files are read


def files(folder: Path, count: int, most: int | None) -> list[int]:
    (folder / "x").mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"x/{number:03}.mid").touch()
    return [int(path.stem) for path in Source(folder, "x", "music21", most).files]


@pytest.mark.parametrize(
    ("count", "most", "read"),
    [
        (10, None, list(range(10))),
        (10, 10, list(range(10))),
        (10, 99, list(range(10))),
        (10, 5, [0, 2, 4, 6, 8]),
        (10, 4, [0, 3, 6, 9]),
        (9, 3, [0, 3, 6]),
        (10, 1, [0]),
        (0, 3, []),
    ],
)
def test_files_are_spread_evenly(tmp_path, count, most, read):
    assert files(tmp_path, count, most) == read


@pytest.mark.parametrize("most", [1, 3, 7, 20, 33])
def test_no_more_files_than_asked_at_equal_distances_from_first_to_last(tmp_path, most):
    read = files(tmp_path, 100, most)
    distances = np.diff([*read, 100])
    assert len(read) <= most and read[0] == 0
    assert len(set(distances[:-1].tolist())) <= 1 and distances[-1] <= distances.max()


# --- params


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("composers", ()),
        ("works", 0),
        ("bars", (4, 2)),
        ("bars", (0, 4)),
        ("bars", (1, 1001)),
        ("parts", (0, 4)),
        ("parts", (1, 16)),
        ("metres", ("four",)),
        ("thinned_share", 1.1),
        ("displaced_share", -0.1),
        ("test_share", 0.5),
        ("seed", -1),
    ],
)
def test_params_that_can_not_be_are_refused_by_name(name, value):
    with pytest.raises(ParamsError, match=name):
        replace(PLAIN, **{name: value})
