"""Samples of sound fonts: which a program plays, which are copies of each other, and what is refused for it."""

import numpy as np
import pytest
import soxr
from tiny_fonts import RATE, font, ogg, pcm, pluck

from reprise.audio import fonts
from reprise.audio.fonts import FONTS, FontParams, SoundFont, locate
from reprise.audio.lineage.fingerprints import LONGEST, SHORTEST, fingerprint_both, same
from reprise.audio.lineage.overlap import played_sounds, refuse_heard, shared_instruments
from reprise.audio.lineage.soundfont import open_sound_font
from reprise.checked import OneOf
from reprise.errors import FontError
from reprise.music.instruments import INSTRUMENTS

VIOLIN, CELESTA = 40, 8


def write(path, content):
    path.write_bytes(content)
    return path


# --- what is in a font


@pytest.mark.parametrize("vorbis", [False, True], ids=["SF2", "SF3"])
def test_a_program_s_samples_are_found_and_decoded(tmp_path, vorbis):
    sounds = {"one": pluck(1), "two": pluck(2, 330), "three": pluck(3, seconds=0.7)}
    programs = {(0, VIOLIN): ["three", "one"], (0, CELESTA): ["two"], (128, VIOLIN): ["two"]}
    opened = open_sound_font(write(tmp_path / "small.sf2", font(sounds, programs, vorbis)))
    assert opened.names == ["one", "two", "three"]
    assert opened.samples_of(VIOLIN) == [0, 2] and opened.samples_of(CELESTA) == [1] and opened.samples_of(0) == []
    sound, rate = opened.sample(2, LONGEST)
    assert rate == RATE and len(sound) == len(sounds["three"])
    np.testing.assert_allclose(sound, sounds["three"], atol=0.1 if vorbis else 2 / 32768)
    assert len(opened.sample(0, 500)[0]) == 500


def test_the_violin_of_a_real_font():
    """As a sound font editor lists it."""
    opened = open_sound_font(locate(FONTS["TimGM6mb"]))
    assert {opened.names[number] for number in opened.samples_of(VIOLIN)} == {
        f"Violin {note}" for note in ("Bb2", "D3", "G3", "C4", "Gb4", "C5", "Eb5", "Eb6")
    }


@pytest.mark.parametrize("content", [b"", b"abc", b"RIFF" + bytes(40), b"no sound font at all\n" * 9])
def test_what_is_no_sound_font_is_named(tmp_path, content):
    with pytest.raises(FontError, match=r"small\.sf2: isn't a whole SF2 or SF3 sound font"):
        open_sound_font(write(tmp_path / "small.sf2", content))
    with pytest.raises(FontError, match="cannot be read"):
        open_sound_font(tmp_path)


def test_a_font_cut_off_is_named(tmp_path):
    whole = font({"one": pluck(1)}, {(0, 0): ["one"]})
    with pytest.raises(FontError, match="isn't a whole"):
        open_sound_font(write(tmp_path / "half.sf2", whole[: len(whole) - 60]))


def test_a_sample_that_isn_t_vorbis_is_named(tmp_path):
    content = font({"one": pluck(1)}, {(0, 0): ["one"]}, vorbis=True).replace(b"OggS", b"Oggs")
    with pytest.raises(FontError, match="sample 'one' isn't Ogg Vorbis"):
        open_sound_font(write(tmp_path / "small.sf3", content)).sample(0, LONGEST)


# --- which sounds are copies


def rounded(sound):
    """As 16 bits hold it."""
    return np.frombuffer(pcm(sound), "<i2") / np.float32(2**15)


def decoded(content, tmp_path):
    return open_sound_font(write(tmp_path / "x.sf3", content)).sample(0, LONGEST)[0]


COPIES = {
    "the same": lambda sound: (sound, RATE),
    "shorter at both ends": lambda sound: (sound[700:-9000], RATE),
    "with silence before it": lambda sound: (np.concatenate([np.zeros(1234, np.float32), sound]), RATE),
    "10 dB softer, rounded again": lambda sound: (rounded(sound * 0.316), RATE),
    "turned over": lambda sound: (-sound, RATE),
    "fading sooner": lambda sound: (sound * np.exp(-3 * np.arange(len(sound)) / RATE).astype(np.float32), RATE),
    "tuned by its rate": lambda sound: (sound, 20011),
    "resampled": lambda sound: (soxr.resample(sound, RATE, 17000), 17000),
    "at half the rate, shorter and softer": lambda sound: (soxr.resample(sound, 2, 1)[301:] * 0.5, RATE // 2),
}


def are_same(one, other):
    return bool(same(fingerprint_both([one]), fingerprint_both([other])))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("change", COPIES)
def test_copies_are_found(change, seed):
    sound = rounded(pluck(seed, 196.0 * 2**seed))
    assert are_same((sound, RATE), COPIES[change](sound)) and are_same(COPIES[change](sound), (sound, RATE))


def test_a_copy_coded_with_loss_is_found(tmp_path):
    sound = pluck(5)
    coded = decoded(font({"x": sound}, {(0, 0): ["x"]}, vorbis=True), tmp_path)
    assert np.abs(coded - sound).max() > 1e-3, "it did lose something"
    assert are_same((sound, RATE), (coded[500:] * 0.7, RATE))
    assert len(ogg(sound)) < len(pcm(sound)) / 2


def test_other_strings_of_the_same_pitch_are_no_copies():
    """Six plucks with the same partials, equally loud, that differ in phases and noise alone."""
    sounds = fingerprint_both([(rounded(pluck(seed)), RATE) for seed in range(6)])
    assert same(sounds, sounds) == {(seed, seed) for seed in range(6)}


def test_silence_and_single_cycles_are_compared_with_nothing():
    silent, cycle = np.zeros(5000, np.float32), pluck(0)[: SHORTEST - 1]
    sounds = fingerprint_both([(silent, RATE), (cycle, RATE), (cycle[:0], RATE)])
    assert same(sounds, sounds) == set()


# --- instruments, and the refusal


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """Fonts `ours` and `theirs` that share the celesta's sound: theirs, softer, is its string ensemble's. And `own`."""
    celesta = pluck(1, 523)
    made = {
        "theirs": font({"c": celesta, "v": pluck(2)}, {(0, CELESTA): ["c"], (0, VIOLIN): ["v"], (0, 5): ["c"]}),
        "ours": font({"s": celesta[300:] * 0.4, "v": pluck(3)}, {(0, 48): ["s"], (0, VIOLIN): ["v", "s"]}),
        "own": font({"v": pluck(4), "t": celesta}, {(0, VIOLIN): ["v"], (0, 7): ["t"]}),
    }
    entries = {
        name: SoundFont(name, (f"/{name}.sf2",), name, "", "https://x", "MIT", name)
        for name, content in made.items()
        if write(tmp_path / f"{name}.sf2", content)
    }
    monkeypatch.setattr(fonts, "FONTS", entries)
    monkeypatch.setattr(OneOf, "holds", lambda rule, name: True)  # params may name them, too
    return tmp_path


def test_an_unseen_font_that_was_heard_is_refused_with_both_names_and_the_instruments(heard):
    with pytest.raises(FontError) as error:
        refuse_heard(FontParams(("own", "ours"), "own", "theirs"), heard)
    text = str(error.value)
    assert "theirs is no unseen font beside ours" in text and "celesta (1)" in text
    assert (
        "fonts.train_without (string_ensemble, violin)" in text and "own" not in text.split("beside")[1].split(",")[0]
    )


def test_the_clean_font_is_heard_too(heard):
    with pytest.raises(FontError, match="theirs is no unseen font beside ours"):
        refuse_heard(FontParams(("own",), "ours", "theirs"), heard)


def test_sounds_of_other_programs_are_nobody_s_matter(heard):
    """`own` has the celesta's sound in a program that clips never play."""
    refuse_heard(FontParams(("own",), "own", "theirs"), heard)


def test_a_font_may_be_trained_on_without_the_instruments_that_share(heard):
    without = (("ours", "string_ensemble"), ("ours", "violin"))
    refuse_heard(FontParams(("own", "ours"), "own", "theirs", without), heard)
    with pytest.raises(FontError, match=r"\(violin\)"):
        refuse_heard(FontParams(("own", "ours"), "own", "theirs", without[:1]), heard)


def test_two_real_fonts_share_their_celesta_alone():
    """Both are assembled from sounds that went round in the 1990s; A320U's lowest celesta is cut to half the length."""
    celesta = [instrument for instrument in INSTRUMENTS if instrument.name in ("celesta", "violin")]
    a320u, tim = (played_sounds(open_sound_font(locate(FONTS[name])), celesta) for name in ("A320U", "TimGM6mb"))
    assert shared_instruments(a320u, tim) == shared_instruments(tim, a320u) == {"celesta": 2}
