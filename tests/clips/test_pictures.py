"""Pictures of clips: which pitches the piano roll names."""

import numpy as np
import pytest

from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips import pictures
from reprise.clips.pictures import draw_clip, pitch_ticks
from reprise.music.piece import Piece, note_table

PARAMS = SpectrogramParams(n_fft=1024, hop_length=512, n_mels=16, fmin_hz=30.0, fmax_hz=11000.0, floor_db=-80.0)


@pytest.mark.parametrize(
    ("lowest", "highest", "ticks"),
    [
        (61, 61, [61]),
        (60, 62, [60, 61, 62]),
        (60, 67, [60, 61, 62, 63, 64, 65, 66, 67]),
        (59, 72, [60, 62, 64, 66, 68, 70, 72]),  # by whole tones
        (41, 85, [42, 48, 54, 60, 66, 72, 78, 84]),  # by tritones
        (0, 127, [0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120]),  # by octaves, each a C
    ],
)
def test_ticks_are_whole_pitches_evenly_apart(lowest, highest, ticks):
    assert pitch_ticks(lowest, highest) == ticks


@pytest.mark.parametrize(
    ("pitches", "names"),
    [((60, 61, 62), ["C4 (60)", "C♯4 (61)", "D4 (62)"]), ((69,), ["A4 (69)"])],
)
def test_a_roll_of_few_pitches_names_each_of_them(pitches, names, tmp_path, monkeypatch):
    """Where matplotlib by itself writes half pitches."""
    kept = []
    monkeypatch.setattr(pictures.plt, "close", kept.append)
    piece = Piece(note_table([(i, 1, pitch, 90, 0) for i, pitch in enumerate(pitches)]), 120.0, (0,))
    draw_clip(piece, np.zeros((16, 87), np.float32), PARAMS, 22050, tmp_path / "clip.png")
    monkeypatch.undo()
    roll = kept[0].axes[0]
    assert [label.get_text() for label in roll.get_yticklabels()] == names
    assert roll.get_yticks().tolist() == list(pitches)
    assert roll.get_ylim() == (min(pitches) - 1, max(pitches) + 1)
    pictures.plt.close(kept[0])
