"""What is in an SF2 or SF3 sound font: its samples, and which of them a program plays.

SoundFont 2.04, section 7: the tables are arrays of fixed records, each of which points to where its zones begin in the
next table. SF3 differs in one thing: a sample is an Ogg Vorbis stream, and its start and end are bytes.

Conventions: samples are float32 mono in -1..1, counted from 0 as in the font; programs are zero-based, in bank 0.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from reprise.errors import FontError

RECORDS = {
    "phdr": np.dtype([("name", "S20"), ("preset", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "<u4", 3)]),
    "pbag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    "pgen": np.dtype([("operator", "<u2"), ("amount", "<u2")]),
    "inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    "ibag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    "igen": np.dtype([("operator", "<u2"), ("amount", "<u2")]),
    "shdr": np.dtype(
        {
            "names": ["name", "start", "end", "loop", "rate", "pitch", "correction", "link", "type"],
            "formats": ["S20", "<u4", "<u4", ("<u4", 2), "<u4", "u1", "i1", "<u2", "<u2"],
        }
    ),
}
INSTRUMENT, SAMPLE = 41, 53  # generators that lead on to an instrument and to a sample (section 8.1.2)
VORBIS = 0x10  # flag of a sample's type in SF3
ROM = 0x8000  # flag of a sample that lies in a sound card


@dataclass(frozen=True)
class SoundFontFile:
    """An open sound font: `tables` by their names in the format, each with its closing record; `data` the samples."""

    path: Path
    tables: dict[str, np.ndarray]
    data: memoryview

    @property
    def names(self) -> list[str]:
        """Each sample's name."""
        return [name.split(b"\0")[0].decode("latin-1").rstrip() for name in self.tables["shdr"]["name"][:-1]]

    def samples_of(self, program: int) -> list[int]:
        """The samples that a program plays, over all keys and velocities; none where the font lacks it."""
        presets = self.tables["phdr"][:-1]
        chosen = np.flatnonzero((presets["preset"] == program) & (presets["bank"] == 0)).tolist()
        instruments = {i for preset in chosen for i in self._led_to("phdr", "pbag", "pgen", preset, INSTRUMENT)}
        return sorted({s for i in instruments for s in self._led_to("inst", "ibag", "igen", i, SAMPLE)})

    def _led_to(self, owners: str, bags: str, generators: str, owner: int, operator: int) -> list[int]:
        """What the zones of a preset (or an instrument) name as their instrument (or sample)."""
        first, after = self.tables[owners]["bag"][owner : owner + 2]
        begin, end = self.tables[bags]["generator"][[first, after]]
        found = self.tables[generators][begin:end]
        return found["amount"][found["operator"] == operator].tolist()

    def sample(self, number: int, frames: int) -> tuple[np.ndarray, int]:
        """The first `frames` frames of a sample, float32[at most frames], and its sample rate in Hz.

        Raises:
            FontError: it can't be decoded.
        """
        header = self.tables["shdr"][number]
        start, end, rate = int(header["start"]), int(header["end"]), int(header["rate"])
        if header["type"] & ROM:
            return np.zeros(0, np.float32), rate
        if header["type"] & VORBIS:
            try:
                with soundfile.SoundFile(io.BytesIO(self.data[start:end])) as file:
                    return file.read(frames, dtype="float32", always_2d=True)[:, 0], rate
            except soundfile.LibsndfileError as error:
                raise FontError(f"{self.path}: sample '{self.names[number]}' isn't Ogg Vorbis ({error})") from error
        return np.frombuffer(self.data[2 * start : 2 * min(end, start + frames)], "<i2") / np.float32(2**15), rate


def open_sound_font(path: Path) -> SoundFontFile:
    """Read a font's tables; its samples stay undecoded until they are asked for.

    Raises:
        FontError: the file is unreadable, or no sound font.
    """
    try:
        content = memoryview(path.read_bytes())
        chunks = {
            name: body for kind, inside in _chunks(content[12:]) if kind == "LIST" for name, body in _chunks(inside[4:])
        }
        tables = {name: np.frombuffer(chunks[name], record) for name, record in RECORDS.items()}
        font = SoundFontFile(path, tables, chunks["smpl"])
    except OSError as error:
        raise FontError(f"{path}: cannot be read ({error.strerror})") from error
    except (KeyError, ValueError, struct.error) as error:
        raise FontError(f"{path}: isn't a whole SF2 or SF3 sound font ({error})") from error
    return font


def _chunks(content: memoryview) -> Iterator[tuple[str, memoryview]]:
    """The chunks of a RIFF list: name and body. MuseScore leaves out the byte that evens an odd length."""
    place = 0
    while place + 8 <= len(content):
        name, length = (
            bytes(content[place : place + 4]).decode("latin-1"),
            *struct.unpack_from("<I", content, place + 4),
        )
        yield name, content[place + 8 : place + 8 + length]
        place += 8 + length
        place += length % 2 and place < len(content) and content[place] == 0
