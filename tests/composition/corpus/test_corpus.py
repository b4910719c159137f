"""A corpus of small scores made here, and the default one: what is taken and left out, and no tune in two splits."""

import csv
import dataclasses
import json
from itertools import combinations
from pathlib import Path

import mido
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_corpus import make_database, make_piece, make_tune, put, solo_note

from reprise.composition.corpus.collect import (
    collect_corpus,
    content_key,
    deal,
    merge_parts,
    rare_pitches,
    tabulate,
    without,
)
from reprise.composition.corpus.families import find_families, melody
from reprise.composition.corpus.plots import draw_corpus
from reprise.composition.corpus.statistics import off_grid, repeated, unisons
from reprise.composition.corpus.store import Corpus, CorpusParams, load_corpus, save_corpus
from reprise.errors import BadInput, ParamsError, RepriseError
from reprise.music.piece import Piece, note_table
from reprise.params import load_section

ROOT = Path(__file__).resolve().parents[3]
PARAMS = CorpusParams(
    seed=1,
    source="scores",
    composer="bach",
    metres=("4/4",),
    bars=(2, 64),
    parts=(1, 2),
    merge_parts=False,
    rare_pitch_count=0,
    validation_share=0.2,
    test_share=0.2,
    opening_source="scores",
    opening_composer="mozart",
    opening_metres=(),
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with ten pieces of bach's and two of mozart's, each with a tune of its own."""
    for number in range(10):
        put(tmp_path / f"scores/bach/{number}.mid", make_piece(number))
    for number in range(2):
        put(tmp_path / f"scores/mozart/{number}.mid", make_piece(100 + number))
    return tmp_path


def collect(repository: Path, **changes) -> tuple[Corpus, dict]:
    return collect_corpus(dataclasses.replace(PARAMS, **changes), repository, repository / "corpus", workers=1)


def skipped_rows(repository: Path) -> list[dict[str, str]]:
    with open(repository / "corpus/skipped.csv", newline="") as file:
        return list(csv.DictReader(file))


def skipped(repository: Path) -> dict[str, str]:
    """The reason for each source that was left out."""
    return {row["source"]: row["reason"] for row in skipped_rows(repository) if not row["count"]}


def missing(repository: Path) -> list[tuple[str, str, int]]:
    """What is missing from pieces of the corpus: source, kind and count."""
    return [(row["source"], row["reason"], int(row["count"])) for row in skipped_rows(repository) if row["count"]]


# --- what comes out


def test_pieces_come_back_as_they_were(repository):
    corpus, summary = collect(repository)
    loaded = load_corpus(repository / "corpus")
    assert summary["pieces"] == {"train": 6, "validation": 2, "test": 2, "opening": 2}
    for split in ("train", "validation", "test", "opening"):
        for piece in loaded.pieces(split):
            folder, name = piece.source.split("/")
            made = make_piece(int(name[:-4]) + (100 if folder == "mozart" else 0))
            assert np.array_equal(piece.notes, made.notes)
            assert (piece.tempo_bpm, piece.metre, piece.programs) == (pytest.approx(100.0), (4, 4), (0,))
    pd.testing.assert_frame_equal(loaded.table, corpus.table, check_dtype=False)


def test_the_key_comes_back_or_is_none(tmp_path):
    keys = [(-3, "minor"), (-3, None), (None, None)]
    pieces = [
        dataclasses.replace(make_piece(seed), key_fifths=fifths, key_mode=mode, source=str(seed))
        for seed, (fifths, mode) in enumerate(keys)
    ]
    save_corpus(tabulate([(piece, "train", number) for number, piece in enumerate(pieces)]), tmp_path)
    assert [(piece.key_fifths, piece.key_mode) for piece in load_corpus(tmp_path).pieces("train")] == keys


def test_the_same_bytes_again_and_nothing_of_the_machine_in_them(repository, tmp_path_factory):
    collect(repository)
    other = tmp_path_factory.mktemp("elsewhere")
    (other / "scores").symlink_to(repository / "scores")
    collect(other)
    for name in ("pieces.parquet", "notes.parquet", "skipped.csv"):
        content = (repository / "corpus" / name).read_bytes()
        assert content == (other / "corpus" / name).read_bytes()
        assert str(repository).encode() not in content


def test_names_do_not_decide_which_split_a_piece_goes_to(repository):
    def splits() -> dict[str, str]:
        table = collect(repository)[0].table
        return dict(zip(table["sha256"], table["split"]))

    before = splits()
    for number in range(10):
        (repository / f"scores/bach/{number}.mid").rename(repository / f"scores/bach/x{9 - number}.mid")
    assert splits() == before


def test_another_seed_deals_otherwise(repository):
    tables = [collect(repository, seed=seed)[0].table for seed in range(4)]
    assert len({tuple(table.loc[table["split"] == "test", "source"]) for table in tables}) > 1


# --- what is left out


def test_everything_left_out_is_listed_and_counted(repository):
    bach = repository / "scores/bach"
    put(bach / "a-waltz.mid", make_piece(20, metre=(3, 4)))
    put(bach / "a-note.mid", make_piece(21, bars=1))
    put(bach / "a-trio.mid", make_piece(22, parts=3))
    put(bach / "x-copy.mid", make_piece(3))
    (bach / "x-broken.mid").write_bytes(b"MThd, but no more")
    (bach / "notes.txt").write_text("no score")
    (bach / ".hidden.mid").write_bytes(b"")
    (repository / "scores/bach.dvc").write_text("")
    put(bach / "0.abc.mid", make_piece(23))
    (bach / "1.abc").write_text("X:1\nT:the same piece\nM:4/4\nK:C\nCDEF|\n")
    put(repository / "scores/mozart/of-bach.mid", make_piece(4, shift=5))
    _, summary = collect(repository)
    reasons = skipped(repository)
    assert reasons == {
        "bach/a-waltz.mid": "metre",
        "bach/a-note.mid": "bars",
        "bach/a-trio.mid": "parts",
        "bach/x-copy.mid": "duplicate",
        "bach/x-broken.mid": "unreadable .mid",
        "bach/notes.txt": "no score",
        "bach/1.mid": "second format",
        "bach/1.abc": "bars",
        "mozart/of-bach.mid": "tune of the corpus",
    }
    counts = summary["corpus"]
    assert counts["found"] == 18 and sum(counts["skipped"].values()) == 8
    assert counts["read"] == 15 == sum(summary["pieces"][s] for s in ("train", "validation", "test")) + 5
    assert summary["openings"]["skipped"] == {"tune of the corpus": 1}


def test_what_a_piece_of_the_corpus_lacks_is_listed_and_counted(repository):
    """Piece 0 gets three drum notes and a note that never ends; the other one, a waltz with a drum, isn't taken."""
    _, before = collect(repository)
    assert not missing(repository) and "missing_from_pieces" not in before["corpus"], "DVC would drop an empty mapping"
    add_events(repository / "scores/bach/0.mid", 3 * [(0x99, 35)] + [(0x90, 127)])
    put(repository / "scores/bach/waltz.mid", make_piece(20, metre=(3, 4)))
    add_events(repository / "scores/bach/waltz.mid", [(0x99, 35)])
    add_events(repository / "scores/mozart/1.mid", [(0x99, 35)])
    _, summary = collect(repository)
    assert missing(repository) == [
        ("bach/0.mid", "drum notes", 3),
        ("bach/0.mid", "notes that never end", 1),
        ("mozart/1.mid", "drum notes", 1),
    ]
    assert summary["corpus"]["missing_from_pieces"] == {"drum notes": 3, "notes that never end": 1}
    assert summary["openings"]["missing_from_pieces"] == {"drum notes": 1}


def add_events(path: Path, notes: list[tuple[int, int]]) -> None:
    """Begin notes, each a status and a pitch, in a further track of a MIDI file, and end none."""
    file = mido.MidiFile(path)
    messages = [mido.Message.from_bytes([status, pitch, 64]) for status, pitch in notes]
    file.tracks.append(mido.MidiTrack(messages))
    file.save(path)


def test_double_stops_on_tracks_of_their_own_are_one_part_where_that_is_asked_for(repository):
    """A cello and a second track of the same cello: two parts as written, one if parts are merged."""
    cello = make_piece(30, parts=2)
    put(repository / "scores/bach/cello.mid", cello)
    put(repository / "scores/bach/duo.mid", dataclasses.replace(make_piece(31, parts=2), programs=(42, 0)))
    collect(repository, parts=(1, 1))
    assert skipped(repository) == {"bach/cello.mid": "parts", "bach/duo.mid": "parts"}
    corpus, _ = collect(repository, parts=(1, 1), merge_parts=True)
    assert skipped(repository) == {"bach/duo.mid": "parts"}
    merged = corpus.table[corpus.table["source"] == "bach/cello.mid"]
    assert merged["notes"].item() == len(cello.notes) and list(merged["programs"].item()) == [0]


def test_parts_are_merged_by_instrument_in_the_order_of_their_first_ones():
    rows = [(float(part), 1.0, 60 + part, 64, part) for part in range(4)]
    merged = merge_parts(Piece(note_table(rows), 100.0, (42, 0, 42, 0)))
    assert merged.programs == (42, 0) and merged.notes["part"].tolist() == [0, 1, 0, 1]
    assert merged.notes["pitch"].tolist() == [60, 61, 62, 63]


def test_a_copy_in_another_key_is_kept_and_stays_with_its_family(repository):
    for number in range(10):
        put(repository / f"scores/bach/{number}-up.mid", make_piece(number, shift=2))
    table = collect(repository)[0].table
    own = table[table["split"] != "opening"]
    assert len(own) == 20 and own["family"].nunique() == 10
    assert (own.groupby("family")["split"].nunique() == 1).all()


def test_a_tune_of_a_book_keeps_its_number_whatever_became_of_the_others(repository):
    tunes = [f"X:{number + 10}\nM:4/4\nL:1/4\nK:C\n{'CEGc|' * 4}\n" for number in range(3)]
    tunes[1] = tunes[1].replace("c|", "c=|")
    tunes[2] = tunes[2].replace("CEGc|CEGc|", "D>^FA>d|G2B2|")
    (repository / "scores/mozart/book.abc").write_text("\n".join(tunes))
    corpus, _ = collect(repository)
    names = {piece.source for piece in corpus.pieces("opening")}
    assert names >= {"mozart/book.abc, tune 1 (X:10)", "mozart/book.abc, tune 3 (X:12)"}
    (broken,) = (row for row in skipped_rows(repository) if row["source"] == "mozart/book.abc")
    assert broken["detail"].startswith("mozart/book.abc, tune 2 (X:11): not a readable ABC file")


def test_rare_pitches_are_dropped_as_notes_everywhere_but_in_openings(repository):
    rare = Piece(note_table([(0.0, 1.0, 20, 64, 0)]), 100.0, (0,))
    piece = make_piece(0)
    put(repository / "scores/bach/0.mid", dataclasses.replace(piece, notes=np.append(rare.notes, piece.notes)))
    kept, summary = collect(repository)
    assert 20 in kept.notes["pitch"].values and summary["rare_pitches"] == {"pitches": 0, "notes_dropped": 0}
    dropped, summary = collect(repository, rare_pitch_count=2)
    assert 20 not in dropped.notes["pitch"].values
    assert len(kept.notes) - len(dropped.notes) == summary["rare_pitches"]["notes_dropped"] >= 1
    assert summary["corpus"]["missing_from_pieces"] == {"notes of rare pitches": len(kept.notes) - len(dropped.notes)}
    assert ("bach/0.mid", "notes of rare pitches", 1) in missing(repository)


def test_what_counts_as_rare_by_hand():
    pieces = [Piece(note_table([(float(i), 1.0, pitch, 64, 0) for i, pitch in enumerate([60, 60, 62])]), 100.0, (0,))]
    assert set(range(128)) - set(rare_pitches(pieces, 1).tolist()) == {60, 62}
    assert set(range(128)) - set(rare_pitches(pieces, 2).tolist()) == {60}
    assert without(pieces[0], np.array([60])).notes["pitch"].tolist() == [62]


def test_metres_that_training_lacks_are_left_out_and_openings_lose_parts_that_it_lacks(repository):
    put(repository / "scores/mozart/waltz.mid", make_piece(120, metre=(3, 4)))
    put(repository / "scores/mozart/trio.mid", make_piece(121, parts=3))
    corpus, summary = collect(repository, metres=())
    assert skipped(repository) == {"mozart/waltz.mid": "metre that training lacks"}
    assert summary["openings_cut_to_parts"] == 1 and summary["pieces"]["opening"] == 3
    assert all(len(piece.programs) == 1 and set(piece.notes["part"]) == {0} for piece in corpus.pieces("opening"))
    lost = 2 * len(make_piece(121).notes)  # two of the trio's three parts
    assert missing(repository) == [("mozart/trio.mid", "notes of further parts", lost)]


def test_solos_of_a_jazz_database_are_a_corpus_too(repository):
    solos = [
        (
            {"performer": name},
            [solo_note(1 + i // 4, 1 + i % 4, 1, 1, p, 0.5) for i, p in enumerate(make_tune(seed, 40))],
        )
        for seed, name in enumerate(["Miles Davis"] * 5 + ["Chet Baker"])
    ]
    make_database(repository / "scores/wjazzd.db", *solos, ({}, [solo_note(1, 1, 1, 1, 200)]))
    corpus, summary = collect(
        repository,
        source="scores/wjazzd.db",
        composer="Miles Davis",
        opening_source="scores/wjazzd.db",
        opening_composer="Chet Baker",
    )
    assert summary["pieces"] == {"train": 3, "validation": 1, "test": 1, "opening": 1}
    assert [piece.source for piece in corpus.pieces("opening")] == ["wjazzd.db#6 Chet Baker: So What"]
    assert summary["corpus"]["skipped"] == {"unreadable .db": 1}
    assert "pitch is 200" in (repository / "corpus/skipped.csv").read_text()


# --- splits


@given(
    st.lists(st.integers(1, 9), min_size=3, max_size=30),
    st.integers(0, 5),
    st.floats(0.01, 0.49),
    st.floats(0.01, 0.49),
)
def test_whole_families_are_dealt_and_no_split_stays_empty(sizes, seed, test_share, validation_share):
    families = [[one_note(number, copy) for copy in range(size)] for number, size in enumerate(sizes)]
    params = dataclasses.replace(PARAMS, seed=seed, test_share=test_share, validation_share=validation_share)
    split_of = deal(families, params)
    assert set(split_of.values()) == {"train", "validation", "test"}
    assert len(split_of) == sum(sizes)
    assert all(len({split_of[piece] for piece in family}) == 1 for family in families)
    for split, share in (("test", test_share), ("validation", validation_share)):
        held = [family for family in families if split_of[family[0]] == split]
        assert sum(map(len, held)) <= max(1, round(share * sum(sizes))) or len(held) == 1


def one_note(number: int, copy: int) -> Piece:
    return Piece(note_table([(float(number), 1.0 + copy, 60, 64, 0)]), 100.0, (0,))


def test_dealing_does_not_depend_on_the_order_of_families():
    families = [[one_note(number, copy) for copy in range(1 + number % 3)] for number in range(20)]
    order = np.random.default_rng(0).permutation(20)
    assert deal(families, PARAMS) == deal([families[i][::-1] for i in order], PARAMS)


# --- errors


def test_a_missing_source_and_a_missing_composer_are_named(repository):
    with pytest.raises(BadInput, match="'scores/no' does not exist"):
        collect(repository, source="scores/no")
    with pytest.raises(BadInput, match="no folder 'liszt' of a composer; it has bach, mozart"):
        collect(repository, composer="liszt")


def test_a_folder_without_a_score_or_with_broken_ones_alone_is_refused_with_counts(repository):
    empty = repository / "scores/empty"
    empty.mkdir()
    with pytest.raises(BadInput, match="of 0 files or solos by 'empty' in 'scores'"):
        collect(repository, composer="empty")
    for number in range(3):
        (empty / f"{number}.mid").write_bytes(b"broken")
    with pytest.raises(BadInput, match=r"of 3 files .* \(unreadable \.mid: 3\)"):
        collect(repository, composer="empty")
    with pytest.raises(BadInput, match="used for the openings"):
        collect(repository, opening_composer="empty")


def test_too_few_tunes_for_three_splits_are_refused(repository):
    for number in range(2, 10):
        put(repository / f"scores/bach/{number}.mid", make_piece(number % 2, shift=number // 2))
    with pytest.raises(BadInput, match="holds 10 pieces with 2 different tunes"):
        collect(repository)


def test_a_composer_of_both_leaves_no_opening(repository):
    with pytest.raises(BadInput, match="tune of the corpus: 10"):
        collect(repository, opening_composer="bach")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "/elsewhere/scores"}, "source: is '/elsewhere/scores'"),
        ({"source": "scores/../.."}, "source"),
        ({"source": "music21", "composer": ""}, "composer: is ''"),
        ({"composer": "../x"}, "composer"),
        ({"metres": ("four",)}, "metres"),
        ({"bars": (5, 4)}, "bars"),
        ({"parts": (0, 4)}, "parts"),
        ({"parts": (1, 16)}, r"parts: is \[1, 16\]; .* <= 15"),
        ({"test_share": 0.5}, "test_share"),
        ({"rare_pitch_count": -1}, "rare_pitch_count"),
        ({"seed": -1}, "seed"),
    ],
)
def test_params_out_of_range_are_named(changes, message):
    with pytest.raises(ParamsError, match=f"^{message}"):
        dataclasses.replace(PARAMS, **changes)


def test_a_missing_or_damaged_corpus_names_the_stage_to_run(repository):
    folder = repository / "corpus"
    with pytest.raises(RepriseError, match=r"pieces\.parquet.*collect_corpus"):
        load_corpus(folder)
    corpus, _ = collect(repository)
    (folder / "notes.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(RepriseError, match=r"notes\.parquet.*collect_corpus"):
        load_corpus(folder)
    save_corpus(Corpus(corpus.table, corpus.notes.iloc[:-1]), folder)
    with pytest.raises(RepriseError, match=r"don't belong together.*collect_corpus"):
        load_corpus(folder)
    save_corpus(Corpus(corpus.table.drop(columns="split"), corpus.notes), folder)
    with pytest.raises(RepriseError, match=r"lacks the column 'split'.*collect_corpus"):
        load_corpus(folder)


# --- numbers


def test_statistics_by_hand():
    rows = [(0, 1, 60, 64, 0), (0, 1, 60, 64, 1), (1, 1, 60, 64, 0), (2, 1 / 3, 62, 64, 0), (2, 2.5, 55, 64, 1)]
    piece = Piece(note_table(rows), 100.0, (0, 0))
    assert repeated(piece) == 1
    assert unisons(piece) == (1, 3)
    assert off_grid(np.array([0.25, 1 / 3, 85 / 256, 0.3])).tolist() == [False, False, False, True]


def test_velocity_and_tempo_make_no_other_piece_but_a_note_does():
    piece = make_piece(1)
    softer = piece.notes.copy()
    softer["velocity"] = 1
    assert content_key(piece) == content_key(Piece(softer, 50.0, (5,)))
    assert content_key(piece) != content_key(make_piece(1, shift=1))


def test_pictures_are_drawn_and_are_the_same_again(repository, tmp_path):
    corpus, _ = collect(repository)
    draw_corpus(corpus, tmp_path / "a")
    draw_corpus(corpus, tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["pieces.png", "pitches.png", "times.png"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


# --- the default corpus, whole


@pytest.fixture(scope="module")
def bach(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, dict]:
    params = load_section(CorpusParams, "corpus", ROOT / "params.yaml")
    return collect_corpus(params, ROOT, tmp_path_factory.mktemp("bach"), workers=2)


@pytest.mark.slow
def test_the_default_corpus_is_nearly_all_of_bachs_chorales_and_all_is_accounted_for(bach):
    _, summary = bach
    counts = summary["corpus"]
    taken = sum(summary["pieces"][split] for split in ("train", "validation", "test"))
    assert taken + sum(counts["skipped"].values()) == counts["found"]
    assert taken > 320 and summary["pieces"]["opening"] > 4
    assert not any(reason.startswith("unreadable") for reason in counts["skipped"])
    for split in ("validation", "test"):
        assert summary["pieces"][split] == pytest.approx(taken / 10, abs=2)


def test_no_two_splits_of_the_default_corpus_share_a_tune(bach):
    """By the criterion of the split, computed anew, and by a simpler one: the first 16 intervals of the soprano."""
    corpus, _ = bach
    pieces = {split: corpus.pieces(split) for split in ("train", "validation", "test", "opening")}
    families = iter(find_families([piece for group in pieces.values() for piece in group]))
    by_family = {split: {next(families) for _ in group} for split, group in pieces.items()}
    openings = {split: {tuple(np.diff(soprano(p)["pitch"][:17])) for p in group} for split, group in pieces.items()}
    for first, second in combinations(pieces, 2):
        assert not by_family[first] & by_family[second]
        assert not openings[first] & openings[second]


def soprano(piece: Piece) -> np.ndarray:
    return piece.notes[piece.notes["part"] == 0]


def test_the_first_part_of_every_chorale_is_its_melody(bach):
    corpus, _ = bach
    assert all(np.array_equal(melody(piece), soprano(piece)) for piece in corpus.pieces("train"))


def test_the_committed_metrics_are_those_of_the_default_corpus(bach):
    _, summary = bach
    assert json.loads((ROOT / "metrics/corpus.json").read_text()) == json.loads(json.dumps(summary))
