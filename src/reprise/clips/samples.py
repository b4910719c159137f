"""Sample clips to hear and to look at: WAV and MIDI beside each other, and a picture of each."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from reprise.audio.files import encode
from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.clips.corpus import read_manifest, read_midi_of
from reprise.clips.params import ClipParams
from reprise.clips.pictures import draw_clip
from reprise.clips.render import RenderSet, render_clip, rendition_of
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.music.readers.midi import read_midi

CANDIDATES = 5  # clips, of which one is without a fault
TOGETHER = (2, 3, 4)  # instruments in the clips that follow those of one instrument


def lay_open(
    count: int,
    clips: ClipParams,
    fonts: FontParams,
    params: RenderParams,
    spectrogram: SpectrogramParams,
    midi_folder: Path,
    manifest: Path,
    font_folder: Path,
    folder: Path,
    pictures: Path,
) -> None:
    """The first `count` samples as WAV and MIDI in `folder`, as PNG in `pictures`.

    Raises:
        ShardError, MidiError, FontError: an input is damaged or missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures.mkdir(parents=True, exist_ok=True)
    for render_set, name, candidates in list(chosen(read_manifest(manifest), fonts))[:count]:
        midi = read_midi_of(midi_folder, candidates)
        for row in candidates.itertuples():
            piece = read_midi(midi[row.clip], f"clip {row.clip}")
            rendition = rendition_of(render_set, row, clips, fonts, font_folder, params)
            mix, _, faults = render_clip(piece, row.levels_db, rendition, params, clips.duration_s)
            if not faults:
                (folder / f"{name}.wav").write_bytes(encode(mix, params.sample_rate, "WAV"))
                (folder / f"{name}.mid").write_bytes(midi[row.clip])
                mel = log_mel(np.asarray(mix), params.sample_rate, spectrogram)
                draw_clip(piece, mel, spectrogram, params.sample_rate, pictures / f"{name}.png")
                break


def chosen(manifest: pd.DataFrame, fonts: FontParams) -> Iterator[tuple[RenderSet, str, pd.DataFrame]]:
    """Of each sample how it is rendered, its name, and training clips of which the first without a fault will do:
    each instrument alone on the clean font, then varied clips of several.
    """
    train = manifest[manifest["split"] == "train"]
    for name in INSTRUMENT_NAMES:
        alone = train[(train["count"] == 1) & (train[name] == 1)]
        yield RenderSet("test_clean", (), fonts.clean), name, alone[:CANDIDATES]
    for count in TOGETHER:
        varied = RenderSet("train", (), fonts.clean, varied=True)
        yield varied, f"{count}_instruments", train[train["count"] == count][:CANDIDATES]
