"""The crossmodal table: which music people match with which taste, as data.

Rows follow Mesz, Trevisan & Sigman, "The taste of music" (Perception 40, 2011), Crisinel & Spence, "As bitter as a
trombone" (Attention, Perception & Psychophysics 72, 2010), Wang, Woods & Spence, "What's your taste in music?"
(i-Perception 6, 2015), Knoeferle et al., "That sounds sweet" (Psychology & Marketing 32, 2015) and Guedes (2022).
Tempos are those of Spanio's taste prompts, where sour has 90 BPM; Mesz's improvisers played it fast. Where the two
differ, the tempo follows Spanio and the density of notes follows Mesz.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Correspondence:
    """What goes with a taste. Levels are those of `levels.LEVELS`; instruments are General MIDI programs.

    Attributes:
        tempo_bpm: quarter notes a minute. density: onsets a beat. register: mean pitch. articulation: how long notes
        sound. dissonance, loudness: as they say. instruments: played by some of these where nobody asks for others.
    """

    tempo_bpm: float
    density: str
    register: str
    articulation: str
    dissonance: str
    loudness: str
    instruments: tuple[int, ...]


CROSSMODAL = {
    "sweet": Correspondence(70, "low", "high", "high", "low", "low", (0, 46, 48)),  # piano, harp, strings
    "sour": Correspondence(90, "high", "high", "low", "high", "high", (40, 73, 80)),  # violin, flute, square lead
    "salty": Correspondence(140, "middle", "middle", "low", "raised", "middle", (33, 60, 12)),  # bass, horn, marimba
    "bitter": Correspondence(60, "low", "low", "high", "high", "low", (42, 32, 57)),  # cello, bass, trombone
}

# The same as words for an embedder that was never told of tastes, one statement each.
IN_WORDS = {
    "sweet": ("slow music", "high music", "legato music", "consonant music", "quiet music"),
    "sour": ("fast music", "high music", "staccato music", "dissonant music", "loud music"),
    "salty": ("fast music", "music in the middle register", "staccato music", "music with some tension"),
    "bitter": ("slow music", "low music", "legato music", "dissonant music", "quiet music"),
}
