"""Sound fonts made in tests: SF2 as SoundFont 2.04, section 7 lays it out, or SF3, whose samples are Ogg Vorbis."""

import io
import struct

import numpy as np
import soundfile

RATE = 22050


def font(samples: dict[str, np.ndarray], programs: dict[tuple[int, int], list[str]], vorbis: bool = False) -> bytes:
    """A font of float samples (-1..1) at RATE Hz; `programs` tells which samples each (bank, program) plays."""
    data, headers = b"", []
    for name, sound in samples.items():
        begin = len(data) if vorbis else len(data) // 2
        content = ogg(sound) if vorbis else pcm(sound)
        data += content
        end = begin + (len(content) if vorbis else len(sound))
        headers.append(
            struct.pack("<20s5IBbHH", name.encode(), begin, end, 0, 0, RATE, 60, 0, 0, 0x11 if vorbis else 1)
        )
    numbers = {name: number for number, name in enumerate(samples)}
    presets = instruments = preset_bags = instrument_bags = preset_generators = instrument_generators = b""
    for number, ((bank, program), played) in enumerate(programs.items()):
        presets += struct.pack("<20sHHHIII", b"preset", program, bank, number, 0, 0, 0)
        preset_bags += struct.pack("<HH", number, 0)
        preset_generators += struct.pack("<HH", 41, number)
        instruments += struct.pack("<20sH", b"instrument", len(instrument_bags) // 4)
        for name in played:
            instrument_bags += struct.pack("<HH", len(instrument_generators) // 4, 0)
            instrument_generators += struct.pack("<HH", 53, numbers[name])
    presets += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(preset_bags) // 4, 0, 0, 0)
    preset_bags += struct.pack("<HH", len(preset_generators) // 4, 0)
    instruments += struct.pack("<20sH", b"EOI", len(instrument_bags) // 4)
    instrument_bags += struct.pack("<HH", len(instrument_generators) // 4, 0)
    tables = {
        b"phdr": presets,
        b"pbag": preset_bags,
        b"pgen": preset_generators + bytes(4),
        b"inst": instruments,
        b"ibag": instrument_bags,
        b"igen": instrument_generators + bytes(4),
        b"shdr": b"".join(headers) + struct.pack("<20s5IBbHH", b"EOS", *[0] * 9),
    }
    even = not vorbis  # as MuseScore writes them
    body = b"sfbk" + chunk(b"LIST", b"sdta" + chunk(b"smpl", data, even), even)
    body += chunk(b"LIST", b"pdta" + b"".join(chunk(name, table) for name, table in tables.items()))
    return chunk(b"RIFF", body)


def chunk(name: bytes, content: bytes, even: bool = True) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2 if even else 0)


def pcm(sound: np.ndarray) -> bytes:
    return np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def ogg(sound: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="OGG", subtype="VORBIS")
    return file.getvalue()


def pluck(seed: int, pitch_hz: float = 220.0, seconds: float = 1.0) -> np.ndarray:
    """A plucked string, float32: decaying partials whose phases, like the noise of the pluck, belong to the seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    partials = sum(
        np.sin(2 * np.pi * (k * pitch_hz * time + rng.random())) * np.exp(-2 * k * time) / k for k in range(1, 16)
    )
    noise = rng.normal(size=len(time)) * (0.3 * np.exp(-40 * time) + 0.003)
    sound = (partials + noise) * np.minimum(1, time / 0.003)
    return (0.8 * sound / np.abs(sound).max()).astype(np.float32)
