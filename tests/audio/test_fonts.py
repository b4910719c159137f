"""Sound fonts: known by their checksum, refused when missing or altered, never shared between training and unseen."""

from dataclasses import replace
from pathlib import Path

import pytest

from reprise.audio import fonts
from reprise.audio.fonts import FONTS, FontParams, SoundFont, collect_fonts, font_path, locate, sha256_of
from reprise.checked import OneOf
from reprise.errors import FontError, ParamsError
from reprise.params import load_section

ROOT = Path(__file__).resolve().parents[2]
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # sha256 of b"abc", FIPS 180-2, appendix B.1


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry of two tiny fonts, `one` from a system package and `two` from nowhere yet; REPRISE_FONTS is unset."""
    monkeypatch.delenv("REPRISE_FONTS", raising=False)
    system = tmp_path / "system"
    system.mkdir()
    (system / "one.sf2").write_bytes(b"abc")
    entries = [
        SoundFont(name, (str(system / f"{name}.sf2"),), f"{name}-package", ABC, f"https://{name}", "MIT", name)
        for name in ("one", "two")
    ]
    monkeypatch.setattr(fonts, "FONTS", {entry.name: entry for entry in entries})
    monkeypatch.setattr(OneOf, "holds", lambda rule, name: True)  # params may name them, too
    return system


def test_fonts_are_copied_whole(registry, tmp_path):
    (registry / "two.sf2").write_bytes(b"abc")
    collect_fonts(FontParams(("one",), "one", "two"), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "one.sf2": b"abc",
        "two.sf2": b"abc",
    }
    assert font_path(tmp_path / "out", "one").read_bytes() == b"abc"


def test_a_missing_font_says_how_to_get_it(registry, tmp_path):
    with pytest.raises(FontError, match="two is missing") as error:
        collect_fonts(FontParams(("one",), "one", "two"), tmp_path / "out")
    assert "apt-get install --reinstall two-package" in str(error.value) and "REPRISE_FONTS" in str(error.value)


def test_one_altered_byte_is_refused_and_nothing_is_copied(registry, tmp_path):
    (registry / "two.sf2").write_bytes(b"abd")
    with pytest.raises(FontError, match=ABC) as error:
        collect_fonts(FontParams(("two",), "two", "one"), tmp_path / "out")
    assert str(registry / "two.sf2") in str(error.value) and "--reinstall two-package" in str(error.value)
    assert not list((tmp_path / "out").iterdir())


def test_one_altered_byte_of_a_real_font_is_refused(tmp_path, monkeypatch):
    content = bytearray(locate(FONTS["A320U"]).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "A320U.sf2").write_bytes(content)
    monkeypatch.setenv("REPRISE_FONTS", str(tmp_path))
    with pytest.raises(FontError, match="denemo-data"):
        collect_fonts(FontParams(("A320U",), "A320U", "TimGM6mb"), tmp_path / "out")


def test_an_own_folder_comes_before_the_system(registry, tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    (own / "one.sf2").write_bytes(b"abc")
    monkeypatch.setenv("REPRISE_FONTS", str(own))
    assert locate(fonts.FONTS["one"]) == own / "one.sf2"
    monkeypatch.setenv("REPRISE_FONTS", str(tmp_path / "nowhere"))
    assert locate(fonts.FONTS["one"]) == registry / "one.sf2"


def test_the_font_of_a_package_that_isn_t_installed_is_missing(registry):
    font = replace(fonts.FONTS["one"], paths=("no_such_package:one.sf2",), debian_package="")
    with pytest.raises(FontError, match="missing"):
        locate(font)


def test_an_unreadable_font_is_a_clear_error(tmp_path):
    with pytest.raises(FontError, match="cannot be read"):
        sha256_of(tmp_path)
    with pytest.raises(FontError, match="run the stage collect_fonts"):
        font_path(tmp_path, "A320U")


@pytest.mark.parametrize("name", load_section(FontParams, "fonts", ROOT / "params.yaml").all)
def test_the_fonts_that_params_name_are_installed_as_registered(name):
    """Those that the set-up installs; a registered font that no param names may be missing."""
    assert sha256_of(locate(FONTS[name])) == FONTS[name].sha256


def test_every_font_names_its_licence_and_where_it_comes_from():
    for font in FONTS.values():
        assert font.licence and font.citation and font.url.startswith("http") and len(font.sha256) == 64
        assert font.file_name == font.name + Path(font.paths[0]).suffix


@pytest.mark.parametrize(
    ("train", "clean", "unseen", "key"),
    [
        (("A320U", "TimGM6mb"), "A320U", "TimGM6mb", "unseen"),
        (("A320U",), "TimGM6mb", "TimGM6mb", "unseen"),
        ((), "A320U", "TimGM6mb", "train"),
        (("A320U", "A320U"), "A320U", "TimGM6mb", "train"),
        (("A320",), "A320U", "TimGM6mb", "train"),
        (("A320U",), "GeneralUser", "TimGM6mb", "clean"),
        (("A320U",), "A320U", "../fonts", "unseen"),
    ],
)
def test_the_fonts_of_the_params_are_checked(train, clean, unseen, key):
    with pytest.raises(ParamsError, match=rf"^{key}(\[0\])?: "):
        FontParams(train, clean, unseen)


def test_the_repository_keeps_its_unseen_font_unseen(pytestconfig):
    params = load_section(FontParams, "fonts", pytestconfig.rootpath / "params.yaml")
    assert params.unseen == "TimGM6mb" and params.unseen not in (*params.train, params.clean)
    assert sorted(params.all) == sorted({*params.train, params.clean, params.unseen})


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ((("A320U", "celeste"),), "one of acoustic_grand_piano"),
        ((("csound_GM", "celesta"),), "a font of train, but not the clean one"),
        ((("FluidR3_GM", "celesta"),), r"not the clean one \(A320U\)"),
    ],
)
def test_instruments_that_a_font_goes_without_are_checked(without, message):
    with pytest.raises(ParamsError, match=rf"^train_without(\[0\]\[1\])?: .*{message}"):
        FontParams(("FluidR3_GM", "A320U"), "FluidR3_GM", "TimGM6mb", without)


def test_an_instrument_plays_on_the_fonts_that_do_not_go_without_it():
    params = FontParams(("FluidR3_GM", "A320U"), "FluidR3_GM", "TimGM6mb", (("A320U", "celesta"),))
    assert params.train_on("celesta") == ("FluidR3_GM",) and params.train_on("violin") == ("FluidR3_GM", "A320U")
    with pytest.raises(ParamsError, match=r"^train_without: .*no font of train is left for celesta"):
        FontParams(("A320U",), "FluidR3_GM", "TimGM6mb", (("A320U", "celesta"),))
