"""One clip: a few bars of tonal music for 1-4 instruments, drawn from the clip's own seed.

Everything but the register is drawn without looking at the instrument, so that the notes alone say no more about a
label than where an instrument can play. Conventions: beats are quarter notes; note times lie on a grid of 1/12 beat.
"""

from dataclasses import dataclass

import numpy as np

from reprise.clips.params import ClipParams
from reprise.clips.roles import ROLES, Phrase
from reprise.music.instruments import INSTRUMENTS
from reprise.music.piece import Piece, note_table
from reprise.music.theory import MODES, ROOT_PROGRESSIONS, chord, scale

MAX_INSTRUMENTS = 4
BLOCK_CLIPS = 24  # the smallest number of clips in which every count and every instrument comes equally often
_DECKS = ((4, 4, 4), (4, 4, 4), (3, 3, 3, 3), (3, 3, 1, 1, 1, 1, 1, 1), (2, 2, 2, 2, 2, 2))
_DEAL, _CLIP = 0, 1  # what a seed is for


@dataclass(frozen=True)
class Clip:
    """A composed clip: the piece, the instrument and the level (dB, loudest 0) of each part, and how it was made."""

    piece: Piece
    instruments: tuple[int, ...]
    levels_db: tuple[float, ...]
    tonic: int
    mode: str
    roles: tuple[str, ...]


def deal_instruments(seed: int, item: int) -> tuple[int, ...]:
    """The instruments of clip `item`: in each block of 24 clips, 6 of every size 1-4 and each instrument 5 times."""
    block, place = divmod(item, BLOCK_CLIPS)
    rng = np.random.default_rng(np.random.SeedSequence([seed, _DEAL, block]))
    hands = []
    for sizes in _DECKS:
        deck = rng.permutation(len(INSTRUMENTS)).tolist()
        for size in sizes:
            hands.append(tuple(deck[:size]))
            deck = deck[size:]
    return hands[rng.permutation(BLOCK_CLIPS)[place]]


def compose_clip(params: ClipParams, item: int) -> Clip:
    """Clip `item`: its instruments follow from the seed and its block, all else from a seed sequence of its own."""
    instruments = deal_instruments(params.seed, item)
    rng = np.random.default_rng(np.random.SeedSequence([params.seed, _CLIP, item]))
    tempo = round(float(rng.uniform(*params.tempo_bpm)), 1)
    metre = ((4, 4), (3, 4))[int(rng.random() < 0.25)]
    beats = (params.duration_s - params.tail_s) * tempo / 60
    tonic, mode = int(rng.integers(12)), str(rng.choice(list(MODES)))
    chords = _progression(rng, scale(tonic, mode), beats)
    centre = int(rng.integers(52, 89))  # where parts meet: shared registers are common
    fixed = params.same_register if params.split(item) == "same_register" else None
    rows, roles = [], []
    for part, instrument in enumerate(instruments):
        lowest, highest = fixed or _register(rng, instrument, centre)
        role = str(rng.choice(list(ROLES)))
        phrase = Phrase(scale(tonic, mode), chords, lowest, highest, *_span(rng, beats), metre[0], tempo)
        rows += [(*note, part) for note in _perform(rng, ROLES[role](rng, phrase), phrase)]
        roles.append(role)
    levels = rng.uniform(-params.level_range_db, 0, len(instruments))
    levels = np.round(levels - levels.max(), 2)
    programs = tuple(INSTRUMENTS[instrument].program for instrument in instruments)
    piece = Piece(note_table(rows), tempo, programs, metre, f"clip {item}")
    return Clip(piece, instruments, tuple(levels.tolist()), tonic, mode, tuple(roles))


def _progression(
    rng: np.random.Generator, classes: tuple[int, ...], beats: float
) -> list[tuple[float, tuple[int, ...]]]:
    """(start in beats, pitch classes) of each chord, roots following each other as they usually do."""
    length = int(rng.choice([1, 2, 2, 4]))
    degree = int(rng.choice([0, 0, 0, 3, 5]))
    chords = []
    for start in np.arange(0, beats, length):
        chords.append((float(start), chord(classes, degree, int(rng.choice([3, 3, 4])))))
        degree = int(rng.choice(ROOT_PROGRESSIONS[degree]))
    return chords


def _register(rng: np.random.Generator, instrument: int, centre: int) -> tuple[int, int]:
    """A window of 12-24 semitones in the playable range: often at the clip's centre, else anywhere."""
    lowest, highest = INSTRUMENTS[instrument].lowest, INSTRUMENTS[instrument].highest
    width = min(int(rng.integers(12, 25)), highest - lowest)
    middle = centre if rng.random() < 0.4 else int(rng.integers(lowest, highest + 1))
    start = int(np.clip(middle - width // 2, lowest, highest - width))
    return start, start + width


def _span(rng: np.random.Generator, beats: float) -> tuple[float, float]:
    """When a part plays: often entering late or leaving early, as in a conversation; at least 40 % of the clip."""
    start = beats * rng.uniform(0.1, 0.4) if rng.random() < 0.4 else 0.0
    end = beats * rng.uniform(0.5, 0.9) if rng.random() < 0.4 else beats
    start = min(start, end - 0.4 * beats)
    return np.floor(max(start, 0) * 2) / 2, end


def _perform(
    rng: np.random.Generator, notes: list[tuple[float, float, int]], phrase: Phrase
) -> list[tuple[float, float, int, int]]:
    """Articulation and dynamics: (onset, duration, pitch) to (onset, duration, pitch, velocity)."""
    articulation = rng.choice([1.0, 0.9, 0.75, 0.45] if len(notes) > 2 else [1.0, 0.9])
    loudness, slope = rng.uniform(45, 105), rng.uniform(-25, 25)
    accent = rng.uniform(0, 14)
    performed = []
    for onset, duration, pitch in notes:
        place = (onset - phrase.start) / max(phrase.end - phrase.start, 1e-9)
        velocity = loudness + slope * (place - 0.5) + accent * (onset % phrase.beats_a_bar == 0) + rng.normal(0, 4)
        length = max(round(duration * articulation * 12), 1) / 12
        performed.append((onset, length, pitch, int(np.clip(round(velocity), 20, 127))))
    return performed
