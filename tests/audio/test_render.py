"""Rendered pieces: notes where the score has them, levels as asked, the same samples whatever was rendered before."""

import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.audio.fluidsynth import BLOCK
from reprise.audio.fonts import FONTS, locate
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.params import RenderParams
from reprise.audio.render import Rendition, Voice, draw_rendition, mix_stems, plain_rendition, render_stems
from reprise.clips.compose import compose_clip
from reprise.clips.params import ClipParams
from reprise.clips.render import render_clip
from reprise.music.piece import Piece, note_table
from reprise.params import load_section

RATE = 22050
SF2, SF3, FLUID = (locate(FONTS[name]) for name in ("A320U", "MuseScore_General_Lite", "FluidR3_GM"))


@pytest.fixture(scope="module")
def params(pytestconfig):
    return load_section(RenderParams, "rendering", pytestconfig.rootpath / "params.yaml")


@pytest.fixture(scope="module")
def clip_params(pytestconfig):
    return load_section(ClipParams, "clips", pytestconfig.rootpath / "params.yaml")


def piece_of(*rows, programs=(0,), tempo=120.0) -> Piece:
    return Piece(note_table(list(rows)), tempo, programs)


def decibels(ratio) -> np.ndarray:
    return 20 * np.log10(ratio)


# --- timing


@pytest.mark.parametrize("font", [SF2, SF3, FLUID], ids=lambda font: font.stem)
@pytest.mark.parametrize(("onset", "tempo"), [(0.0, 120.0), (1.0, 90.0), (2.75, 133.3), (4 / 3, 60.0)])
def test_a_note_sounds_where_the_score_has_it(font, onset, tempo):
    """A beat at 90 BPM is 60 / 90 s = 14,700 samples; the piano's attack is heard within two blocks of 64."""
    piece = piece_of((onset, 1.0, 72, 127, 0), tempo=tempo)
    stem = render_stems(piece, Rendition((Voice(font),), -20.0), RATE, 4.0)[0]
    expected = onset * 60 / tempo * RATE
    heard = np.flatnonzero(np.abs(stem) > np.abs(stem).max() / 100)[0]
    assert not stem[: max(int(expected) - BLOCK, 0)].any(), "silence before"
    assert -BLOCK <= heard - expected <= 2 * BLOCK


def test_every_note_of_a_scale_sounds_in_its_turn():
    """Eight staccato notes at 150 BPM, 0.4 s apart: the loudest stretch of each begins with it."""
    rows = [(float(beat), 0.25, pitch, 110, 0) for beat, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))]
    stem = render_stems(piece_of(*rows, programs=(16,), tempo=150.0), plain(1), RATE, 4.0)[0]
    loud = np.abs(stem) > np.abs(stem).max() * 0.1
    for beat in range(8):
        start = round(beat * 0.4 * RATE)
        assert loud[start : start + 1000].any() and not loud[start - 2000 : start - BLOCK].any()


def plain(parts: int, font: Path = SF2) -> Rendition:
    return Rendition((Voice(font),) * parts, -20.0)


@given(duration=st.floats(0.5, 5.0), rate=st.sampled_from([8000, 22050, 44100, 48000]))
@settings(deadline=None, max_examples=10)
def test_the_duration_is_exact(duration, rate):
    stems = render_stems(piece_of((0.0, 20.0, 60, 90, 0)), plain(1), rate, duration)
    assert stems.shape == (1, round(duration * rate)) and stems.dtype == np.float32
    mix, parts = mix_stems(stems, np.zeros(1), -20.0, rate)
    assert mix.shape == (round(duration * rate),) and parts.shape == stems.shape and mix.dtype == np.float32


# --- levels


@pytest.mark.parametrize("levels_db", [(0.0, -12.0), (-3.5, 0.0, -14.0, -6.0)])
def test_parts_are_as_far_apart_as_asked(levels_db):
    programs = (0, 40, 73, 16)[: len(levels_db)]
    rows = [
        (float(beat), 1.0, 60 + 5 * part, 30 + 25 * part, part) for part in range(len(programs)) for beat in range(6)
    ]
    stems = render_stems(piece_of(*rows, programs=programs), plain(len(programs)), RATE, 4.0)
    mix, stems = mix_stems(stems, np.array(levels_db), -20.0, RATE)
    measured = decibels(active_rms(window_rms(stems, RATE)))
    np.testing.assert_allclose(measured - measured.max(), np.array(levels_db) - max(levels_db), atol=0.1)
    np.testing.assert_allclose(stems.sum(axis=0), mix, atol=1e-6)
    assert decibels(active_rms(window_rms(mix[None], RATE))[0]) == pytest.approx(-20.0, abs=0.1)


def test_a_sine_at_full_scale_has_an_rms_of_minus_3_db():
    sine = np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)[None]
    assert decibels(active_rms(window_rms(sine, RATE))[0]) == pytest.approx(-3.01, abs=0.01)


def test_rests_don_t_count_in_the_level():
    sine = np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)
    half = np.concatenate([sine[: round(0.1 * RATE) * 5], np.zeros(RATE)])
    assert active_rms(window_rms(half[None], RATE))[0] == pytest.approx(2**-0.5, rel=1e-3)


def test_a_mix_too_loud_for_its_level_keeps_below_full_scale():
    clicks = np.zeros((2, RATE), np.float32)
    clicks[:, ::2205] = 1.0
    mix, stems = mix_stems(clicks, np.zeros(2), -1.0, RATE)
    assert np.abs(mix).max() == pytest.approx(0.98, abs=1e-3)
    np.testing.assert_allclose(stems.sum(axis=0), mix, atol=1e-6)


def test_the_end_is_faded_out():
    mix, _ = mix_stems(np.ones((1, RATE), np.float32), np.zeros(1), -20.0, RATE)
    assert mix[-1] == 0 and mix[-round(0.02 * RATE) - 1] == pytest.approx(0.1, rel=0.01)


# --- the same, whatever came before


def digest(item: int, fonts: tuple[Path, ...], reverb: bool, clips: ClipParams, params: RenderParams) -> str:
    """sha256 of a varied clip."""
    piece = compose_clip(clips, item).piece
    drawn = draw_rendition([fonts] * len(piece.programs), fonts[0], params, np.random.default_rng(item))
    room = (0.7, 0.3, 0.6, 127) if reverb else None
    stems = render_stems(piece, Rendition(drawn.voices, drawn.mix_level_db, room), params.sample_rate, 4.0)
    return hashlib.sha256(stems.tobytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("font", [SF2, SF3], ids=lambda font: font.suffix)
def test_a_clip_is_the_same_alone_after_others_and_in_another_process(font, clip_params, params):
    fonts = (font, FLUID) if font == SF2 else (font,)
    clips = [(item, fonts, reverb, clip_params, params) for item in (3, 11, 4) for reverb in (False, True)]
    forwards = [digest(*clip) for clip in clips]
    backwards = [digest(*clip) for clip in clips[::-1]]
    assert forwards == backwards[::-1] and len(set(forwards)) == len(clips)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert [pool.submit(digest, *clips[index]).result() for index in (5, 0)] == [forwards[5], forwards[0]]


def test_a_drawn_rendition_stays_in_its_ranges(params):
    rng = np.random.default_rng(0)
    drawn = [draw_rendition([(SF2, SF3)] * 3, FLUID, params, rng) for _ in range(300)]
    voices = [voice for rendition in drawn for voice in rendition.voices]
    plain = [voice for voice in voices if not voice.generators]
    assert len(plain) / 900 == pytest.approx(params.plain_probability, abs=0.07)
    assert {voice.font for voice in plain} == {FLUID}
    voices = [voice for voice in voices if voice.generators]
    for name in voices[0].generators:
        low, high = getattr(params, name)
        values = [voice.generators[name] for voice in voices]
        assert low <= min(values) and max(values) <= high and np.ptp(values) > 0.9 * (high - low)
    assert {voice.font for voice in voices} == {SF2, SF3}
    rooms = [rendition.reverb for rendition in drawn if rendition.reverb]
    assert len(rooms) / 300 == pytest.approx(params.reverb_probability, abs=0.15)
    assert all(params.reverb_room[0] <= room[0] <= params.reverb_room[1] for room in rooms)
    levels = [rendition.mix_level_db for rendition in drawn]
    assert params.mix_level_db[0] <= min(levels) and max(levels) <= params.mix_level_db[1]


# --- labels are heard


NOTE = (0.0, 2.0, 60, 100, 0)


def render(params, *rows, programs=(0, 40), levels=(0.0, 0.0)):
    piece = piece_of(*rows, programs=programs)
    rendition = plain_rendition(len(programs), SF2, params)
    return render_clip(piece, np.array(levels), rendition, params, 4.0)


def test_a_clip_without_faults(params):
    mix, stems, faults = render(params, NOTE, (4.0, 2.0, 72, 100, 1))
    assert faults == [] and len(mix) == 4 * params.sample_rate and np.abs(mix).max() < 1
    assert stems.shape == (2, len(mix)) and not stems[1, : params.sample_rate * 19 // 10].any()


def test_a_part_that_doesn_t_sound_is_a_fault(params):
    """After the clip's end, and far below the others."""
    assert "inaudible_part" in render(params, NOTE, (9.0, 1.0, 72, 100, 1))[2]
    assert "inaudible_part" in render(params, NOTE, (0.0, 2.0, 72, 100, 1), levels=(0.0, -50.0))[2]
    assert "inaudible_part" not in render(params, NOTE, (0.0, 2.0, 72, 100, 1), levels=(0.0, -14.0))[2]


def test_a_part_that_sounds_too_early_too_late_or_not_as_numbers_is_a_fault(params, monkeypatch):
    stems = np.zeros((1, 4 * params.sample_rate), np.float32)
    piece = piece_of((2.0, 1.0, 60, 100, 0))  # at 1 s
    monkeypatch.setattr("reprise.clips.render.render_stems", lambda *_: stems.copy())

    def faults() -> list[str]:
        return render_clip(piece, np.zeros(1), plain_rendition(1, SF2, params), params, 4.0)[2]

    for start, fault in ((1.0, None), (1.4, None), (0.9, "early_onset"), (1.6, "late_onset")):
        stems[:] = 0
        stems[0, round(start * params.sample_rate) :] = 0.1
        assert faults() == ([fault] if fault else [])
    stems[:] = 0
    assert faults() == ["inaudible_part"]
    stems[:] = np.nan
    with np.errstate(invalid="ignore"):
        assert "not_finite" in faults()


def test_stems_of_another_length_are_a_fault(params, monkeypatch):
    monkeypatch.setattr(
        "reprise.clips.render.render_stems", lambda *_: np.full((1, 3 * params.sample_rate), 0.1, np.float32)
    )
    *_, faults = render_clip(piece_of(NOTE), np.zeros(1), plain_rendition(1, SF2, params), params, 4.0)
    assert faults == ["wrong_duration"]
