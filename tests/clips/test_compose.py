"""Composed clips: balanced labels, playable notes on the grid, nothing but the register that tells instruments apart.

The corpus under test is the first 2,400 clips of the repository's own params: 100 whole blocks of 24.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from reprise.clips.compose import BLOCK_CLIPS, compose_clip, deal_instruments
from reprise.clips.corpus import compose_clips, read_manifest, read_midi_of
from reprise.clips.params import ClipParams
from reprise.clips.roles import ROLES
from reprise.errors import ShardError
from reprise.music.instruments import INSTRUMENT_NAMES, INSTRUMENTS
from reprise.music.readers.midi import read_midi
from reprise.music.theory import scale
from reprise.music.writers.midi import midi_bytes
from reprise.params import load_section
from reprise.pipeline.compute import ComputeParams

COUNT = 2400
SERIAL = ComputeParams("serial", 1, "", "cpu", False)


@pytest.fixture(scope="module")
def params(pytestconfig):
    return load_section(ClipParams, "clips", pytestconfig.rootpath / "params.yaml")


@pytest.fixture(scope="module")
def clips(params):
    assert params.count >= COUNT
    return [compose_clip(params, item) for item in range(COUNT)]


def parts(clips):
    """(clip, part, instrument index, notes of the part) of every part."""
    for clip in clips:
        for part, instrument in enumerate(clip.instruments):
            yield clip, part, instrument, clip.piece.notes[clip.piece.notes["part"] == part]


# --- labels


@given(seed=st.integers(0, 2**40), block=st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_each_block_holds_every_count_6_times_and_every_instrument_5_times(seed, block):
    hands = [deal_instruments(seed, block * BLOCK_CLIPS + place) for place in range(BLOCK_CLIPS)]
    assert Counter(len(hand) for hand in hands) == {1: 6, 2: 6, 3: 6, 4: 6}
    assert Counter(instrument for hand in hands for instrument in hand) == dict.fromkeys(range(12), 5)
    assert all(len(set(hand)) == len(hand) for hand in hands)


@pytest.mark.parametrize("count", [8000, 1000, 240, 100])
def test_shares_lie_between_18_and_23_percent_also_where_a_block_is_cut(params, count):
    """24 * 5 / 24 / 24: each instrument is in 20.8 % of whole blocks. 100 clips cut a block, and still are balanced."""
    hands = [deal_instruments(params.seed, item) for item in range(count)]
    for instrument in range(12):
        assert 0.18 <= sum(instrument in hand for hand in hands) / count <= 0.23


def test_every_split_is_balanced(params):
    hands = {split: [] for split in ("train", "validation", "test", "same_register")}
    for item in range(params.total):
        hands[params.split(item)].append(deal_instruments(params.seed, item))
    assert len(hands["train"]) == 6400 and len(hands["same_register"]) == params.same_register_count
    for dealt in hands.values():
        shares = np.mean([[instrument in hand for instrument in range(12)] for hand in dealt], axis=0)
        assert shares.min() >= 0.18 and shares.max() <= 0.23
        assert max(Counter(map(len, dealt)).values()) <= 0.26 * len(dealt)


def test_all_pairs_of_instruments_meet(clips):
    pairs = {(a, b) for clip in clips for a in clip.instruments for b in clip.instruments if a < b}
    assert len(pairs) == 66


# --- notes


def test_every_part_has_notes_and_its_own_program(clips):
    for clip, _, _, notes in parts(clips):
        assert len(notes)
        assert clip.piece.programs == tuple(INSTRUMENTS[instrument].program for instrument in clip.instruments)


def test_notes_are_playable(clips):
    for clip, part, instrument, notes in parts(clips):
        low, high = INSTRUMENTS[instrument].lowest, INSTRUMENTS[instrument].highest
        assert low <= notes["pitch"].min() and notes["pitch"].max() <= high, (clip.piece.source, part)


def test_notes_lie_in_the_key(clips):
    for clip in clips:
        assert set((clip.piece.notes["pitch"] % 12).tolist()) <= set(scale(clip.tonic, clip.mode))


def test_notes_lie_on_the_grid_and_end_before_the_tail(params, clips):
    """A duration is rounded to the grid, so a note may reach into the tail by half a step of it, 1/24 beat."""
    for clip in clips:
        notes = clip.piece.notes
        for field in ("onset", "duration"):
            np.testing.assert_allclose(notes[field] * 12, np.round(notes[field] * 12), atol=1e-6)
        assert notes["onset"].min() >= 0 and notes["duration"].min() >= 1 / 12 - 1e-9
        assert notes["velocity"].min() >= 20 and notes["velocity"].max() <= 127
        sounding = params.duration_s - params.tail_s
        assert clip.piece.duration_s <= sounding + clip.piece.seconds_per_beat / 24 + 1e-6
        assert notes["onset"].max() * clip.piece.seconds_per_beat < sounding


def test_a_pitch_never_overlaps_itself_in_a_part(clips):
    """FluidSynth and MIDI end notes by pitch: the first end would cut both."""
    for _, _, _, notes in parts(clips):
        ordered = np.sort(notes, order=["pitch", "onset"])
        again = ordered["pitch"][1:] == ordered["pitch"][:-1]
        assert not (again & (ordered["onset"][1:] < (ordered["onset"] + ordered["duration"])[:-1] - 1e-9)).any()


def test_midi_keeps_every_note(clips):
    for clip in clips[:200]:
        again = read_midi(midi_bytes(clip.piece), "again")
        np.testing.assert_allclose(again.notes["onset"], clip.piece.notes["onset"], atol=1e-9)
        assert again.programs == clip.piece.programs and again.metre == clip.piece.metre


def test_every_same_register_clip_stays_in_its_octave(params):
    assert params.same_register == (60, 72)
    for item in range(params.count, params.total):
        pitches = compose_clip(params, item).piece.notes["pitch"]
        assert pitches.min() >= 60 and pitches.max() <= 72


def test_levels_are_drawn_over_12_db_or_more_below_the_loudest_part(params, clips):
    spreads = []
    for clip in clips:
        assert max(clip.levels_db) == 0 and min(clip.levels_db) >= -params.level_range_db
        spreads.append(-min(clip.levels_db))
    assert params.level_range_db >= 12 and max(spreads) > 0.95 * params.level_range_db
    assert np.mean([spread > 6 for spread, clip in zip(spreads, clips) if len(clip.levels_db) == 4]) > 0.5


def test_simultaneous_notes_and_shared_registers_are_common(clips):
    several = [clip for clip in clips if len(clip.instruments) > 1]
    together = [len(set(clip.piece.notes["onset"])) < len(clip.piece.notes) for clip in several]
    assert np.mean(together) > 0.8


# --- what the notes say about the instrument


def test_what_is_drawn_for_a_part_doesn_t_depend_on_its_instrument(clips):
    """Chi-square tests at 0.001 over 6,000 parts, levels and loudness in quartiles."""
    rows = list(parts(clips))
    instruments = np.array([instrument for _, _, instrument, _ in rows])
    drawn = {
        "role": np.array([list(ROLES).index(clip.roles[part]) for clip, part, _, _ in rows]),
        "mode": np.array([clip.mode for clip, _, _, _ in rows]),
        "place": np.array([part for _, part, _, _ in rows]),
        "beats a bar": np.array([clip.piece.metre[0] for clip, _, _, _ in rows]),
    }
    for name, values in {
        "loudness": [notes["velocity"].mean() for *_, notes in rows],
        "level": [clip.levels_db[part] for clip, part, _, _ in rows],
        "tempo": [clip.piece.tempo_bpm for clip, *_ in rows],
        "first onset": [notes["onset"].min() for *_, notes in rows],
    }.items():
        drawn[name] = np.searchsorted(np.unique(np.quantile(values, [0.25, 0.5, 0.75, 0.99])), values)
    for name, values in drawn.items():
        table = [[np.sum((instruments == i) & (values == value)) for value in np.unique(values)] for i in range(12)]
        assert chi2_contingency(table).pvalue > 0.001, name


# --- the same clip from anywhere


def test_a_clip_is_the_same_alone_and_in_a_shard_of_any_size(params, tmp_path):
    manifests = []
    for size in (7, 50):
        small = replace(params, count=90, same_register_count=10, shard_size=size)
        folder = tmp_path / str(size)
        summary = compose_clips(small, folder / "midi", folder / "manifest.parquet", folder / "notes", SERIAL)
        manifest = read_manifest(folder / "manifest.parquet")
        assert summary["clips"] == {"train": 72, "validation": 9, "test": 9, "same_register": 10}
        content = read_midi_of(folder / "midi", manifest)
        for row in manifest.itertuples():
            clip = compose_clip(small, row.clip)
            assert content[row.clip] == midi_bytes(clip.piece)
            assert list(row.parts) == list(clip.instruments) and list(row.levels_db) == list(clip.levels_db)
            assert [int(getattr(row, name)) for name in INSTRUMENT_NAMES] == [i in clip.instruments for i in range(12)]
        manifests.append(manifest.drop(columns="shard"))
    assert manifests[0].equals(manifests[1])


def test_another_seed_is_other_music(params):
    other = replace(params, seed=params.seed + 1)
    assert all(midi_bytes(compose_clip(params, i).piece) != midi_bytes(compose_clip(other, i).piece) for i in range(5))


@pytest.mark.parametrize(
    "change",
    [
        {"duration_s": 1.0, "tail_s": 0.0},
        {"duration_s": 30.0},
        {"tempo_bpm": (300.0, 300.0)},
        {"same_register": (60, 66)},
    ],
)
def test_extreme_params_still_give_every_part_notes(params, change):
    changed = replace(params, **change)
    for item in [*range(48), *range(params.count, params.count + 24)]:
        assert all(len(notes) for *_, notes in parts([compose_clip(changed, item)]))


@pytest.mark.parametrize("content", [b"", b"PAR1 text", None])
def test_a_broken_manifest_is_named(tmp_path, content):
    path = tmp_path / "manifest.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ShardError, match=r"manifest\.parquet: not a readable manifest"):
        read_manifest(path)
