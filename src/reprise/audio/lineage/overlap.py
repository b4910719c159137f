"""Which instruments two sound fonts play with the same samples, and the refusal of an unseen font that was heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprise.audio.fonts import FontParams, font_path
from reprise.audio.lineage.fingerprints import LONGEST, Fingerprints, fingerprint_both, same
from reprise.audio.lineage.soundfont import SoundFontFile, open_sound_font
from reprise.errors import FontError
from reprise.music.instruments import INSTRUMENTS, Instrument


@dataclass(frozen=True)
class PlayedSounds:
    """The samples that some instruments of a font play.

    Attributes:
        prints: the samples' fingerprints.
        players: for each sample, the names of the instruments that play it.
    """

    prints: list[Fingerprints]
    players: list[tuple[str, ...]]


def played_sounds(font: SoundFontFile, instruments: Sequence[Instrument] = INSTRUMENTS) -> PlayedSounds:
    """Fingerprint what the instruments play, over all keys and velocities; `players` follows INSTRUMENTS' order."""
    players: dict[int, tuple[str, ...]] = {}
    for instrument in instruments:
        for number in font.samples_of(instrument.program):
            players[number] = (*players.get(number, ()), instrument.name)
    return PlayedSounds(fingerprint_both([font.sample(n, LONGEST) for n in players]), list(players.values()))


def shared_instruments(ours: PlayedSounds, theirs: PlayedSounds) -> dict[str, int]:
    """How many of each instrument's samples in `ours` any instrument of `theirs` plays; those with none left out."""
    shared = {one for one, _ in same(ours.prints, theirs.prints)}
    counts = {i.name: sum(i.name in ours.players[sound] for sound in shared) for i in INSTRUMENTS}
    return {name: count for name, count in counts.items() if count}


def refuse_heard(params: FontParams, folder: Path) -> None:
    """Compare the unseen font in `folder` with every font that training hears, in the instruments that play on it.

    Raises:
        FontError: they share samples; the message names both fonts and the instruments.
    """
    unseen = played_sounds(open_sound_font(font_path(folder, params.unseen)))
    for name in params.trained:
        played = [i for i in INSTRUMENTS if name == params.clean or name in params.train_on(i.name)]
        heard = played_sounds(open_sound_font(font_path(folder, name)), played)
        shared = shared_instruments(unseen, heard)
        if shared:
            listed = ", ".join(f"{instrument} ({count})" for instrument, count in shared.items())
            raise FontError(
                f"fonts.unseen: {params.unseen} is no unseen font beside {name}, which is trained on: samples of its "
                f"{listed} are {name}'s too; choose another font, or name {name} with the instruments that play them "
                f"in fonts.train_without ({', '.join(shared_instruments(heard, unseen))})"
            )
