"""The registry of sound fonts, and how they come into the pipeline.

A font is known by the sha256 of its file, not by where a system keeps it: the same file gives the same audio
anywhere. Licences: each entry names its own; the fonts themselves are never part of this repository.
"""

import hashlib
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from reprise.checked import OneOf, checked, require
from reprise.errors import FontError
from reprise.music.instruments import INSTRUMENT_NAMES


@dataclass(frozen=True)
class SoundFont:
    """A General MIDI sound font: where packages put it and what it must be."""

    name: str
    paths: tuple[str, ...]
    debian_package: str
    sha256: str
    url: str
    licence: str
    citation: str

    @property
    def file_name(self) -> str:
        return self.name + Path(self.paths[0]).suffix


FONTS = {
    font.name: font
    for font in (
        SoundFont(
            name="FluidR3_GM",
            paths=("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/soundfonts/FluidR3_GM.sf2"),
            debian_package="fluid-soundfont-gm",
            sha256="74594e8f4250680adf590507a306655a299935343583256f3b722c48a1bc1cb0",
            url="https://musescore.org/download/fluid-soundfont.tar.gz",
            licence="MIT",
            citation="Frank Wen, Fluid (R3) General MIDI SoundFont, 2000-2008",
        ),
        SoundFont(
            name="MuseScore_General_Lite",
            paths=("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3",),
            debian_package="musescore-general-soundfont-small",
            sha256="916aaca6b0eb9f9083eb42399614acb2ff4ec72ce28dffff1814592a9696b479",
            url="https://ftp.osuosl.org/pub/musescore/soundfont/MuseScore_General/",
            licence="MIT",
            citation="S. Christian Collins, MuseScore_General SoundFont 0.2, 2018 (derived from FluidR3)",
        ),
        SoundFont(
            name="OPL-3_FM",
            paths=("/usr/share/sounds/sf2/OPL-3_FM_128M.sf2",),
            debian_package="opl3-soundfont",
            sha256="39bff96eee3dcfbce9665e3968701b894ca2136c7d0bd580281b2bbf59e80392",
            url="http://zandro.freeunixhost.com/opl3/",
            licence="CC BY-SA 4.0",
            citation="Zandro Reveille, OPL-3 FM SoundFont, 2009",
        ),
        SoundFont(
            name="csound_GM",
            paths=("/usr/share/sounds/sf2/sf_GMbank.sf2", "/usr/share/samples/sf_GMbank.sf2"),
            debian_package="csound-soundfont",
            sha256="9f39fc53bd3a1a69f13cb486838944eded358b3b6e8afbd6c1c2c33675b2034b",
            url="https://github.com/csound/csound/tree/develop/samples",
            licence="public domain",
            citation="The Csound authors, sf_GMbank",
        ),
        SoundFont(
            name="A320U",
            paths=("/usr/share/sounds/sf2/A320U.sf2",),
            debian_package="denemo-data",
            sha256="c3455f5ce7425e5ec737b4c6e8dd2ea2bd4ad407908853413ce7c44480bf89c8",
            url="https://www.denemo.org",
            licence="GPL 2",
            citation="Milton Paredes, A320U, 2005",
        ),
        SoundFont(
            name="TimGM6mb",
            paths=("pretty_midi:TimGM6mb.sf2",),
            debian_package="",
            sha256="82475b91a76de15cb28a104707d3247ba932e228bada3f47bba63c6b31aaf7a1",
            url="https://github.com/craffel/pretty-midi",
            licence="GPL 2",
            citation="Tim Brechbill, TimGM6mb, 2004, as pretty_midi carries it (not the same file as Debian's)",
        ),
    )
}


FontName = Annotated[str, OneOf(tuple(FONTS))]


@checked
class FontParams:
    """The `fonts` section: names from the registry.

    Attributes:
        train_without: pairs of a training font and an instrument that it never plays, other fonts do.
    """

    train: Annotated[tuple[FontName, ...], Field(min_length=1)]
    clean: FontName
    unseen: FontName
    train_without: tuple[tuple[FontName, Annotated[str, OneOf(INSTRUMENT_NAMES)]], ...] = ()

    def __post_init__(self) -> None:
        require(len(set(self.train)) == len(self.train), "train", list(self.train), "a list without repeats")
        require(self.unseen not in (*self.train, self.clean), "unseen", self.unseen, "a font that training never hears")
        others = [name for name in self.train if name != self.clean]
        for name, instrument in self.train_without:
            right = (
                f"a font of train, but not the clean one ({', '.join(others) or 'there is none'}), and an instrument"
            )
            require(name in others, "train_without", [name, instrument], right)
            right = f"less: no font of train is left for {instrument}"
            require(bool(self.train_on(instrument)), "train_without", self.train_without, right)

    def train_on(self, instrument: str) -> tuple[str, ...]:
        """The training fonts that an instrument of varied clips plays on."""
        return tuple(name for name in self.train if (name, instrument) not in self.train_without)

    @property
    def trained(self) -> tuple[str, ...]:
        """Every font that training hears."""
        return tuple(dict.fromkeys((*self.train, self.clean)))

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.trained, self.unseen)


def collect_fonts(params: FontParams, folder: Path) -> None:
    """Copy every font of `params` into `folder`, each checked against the registry.

    `REPRISE_FONTS` may name a folder that holds the fonts under their file names; it is searched first.

    Raises:
        FontError: a font is missing or its content is not the registered one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in params.all:
        font = FONTS[name]
        source = locate(font)
        found = sha256_of(source)
        if found != font.sha256:
            raise FontError(
                f"{source}: sha256 is {found}, not the {font.sha256} registered for {name}: the file is damaged or "
                f"another version; {how_to_get(font)}"
            )
        partial = folder / f"{font.file_name}.partial"
        shutil.copyfile(source, partial)
        partial.replace(folder / font.file_name)


def locate(font: SoundFont) -> Path:
    """The first place that has the font's file.

    Raises:
        FontError: none has.
    """
    own = os.environ.get("REPRISE_FONTS")
    candidates = [Path(own, Path(path.split(":")[-1]).name) for path in font.paths] if own else []
    for path in font.paths:
        package, _, resource = path.rpartition(":")
        if package:
            spec = importlib.util.find_spec(package)
            candidates += [Path(root, resource) for root in (spec and spec.submodule_search_locations) or ()]
        else:
            candidates.append(Path(path))
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FontError(f"sound font {font.name} is missing; {how_to_get(font)}")


def how_to_get(font: SoundFont) -> str:
    """The command, or the page, that brings a font."""
    if not font.debian_package:
        return "it comes with the Python package pretty_midi: pip install --force-reinstall -r requirements.txt"
    return (
        f"on Debian or Ubuntu: apt-get install --reinstall {font.debian_package}; elsewhere put the file from "
        f"{font.url} into a folder and name that folder in REPRISE_FONTS"
    )


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content.

    Raises:
        FontError: it can't be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FontError(f"{path}: cannot be read ({error.strerror})") from error


def font_path(folder: Path, name: str) -> Path:
    """The collected file of a font.

    Raises:
        FontError: it isn't there.
    """
    path = folder / FONTS[name].file_name
    if not path.is_file():
        raise FontError(f"{path}: missing; run the stage collect_fonts")
    return path
