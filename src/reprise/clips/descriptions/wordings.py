"""The words for each assertion, those of training and those held out from it, which no training caption has.

An instrument's words are nouns without an article. A count's are nouns for the ensemble. An axis's are adjectives, or
phrases that begin with a preposition (`TRAILING`), which stand after the noun.
"""

from typing import NamedTuple

TRAILING = ("in", "with", "at", "of")


class Wordings(NamedTuple):
    """Words for one assertion: `seen` in training, and `held_out`."""

    seen: tuple[str, ...]
    held_out: tuple[str, ...]


WORDINGS: dict[tuple[str, str], Wordings] = {
    ("instrument", "acoustic_grand_piano"): Wordings(
        ("piano", "grand piano", "acoustic piano"), ("pianoforte", "concert grand")
    ),
    ("instrument", "nylon_guitar"): Wordings(
        ("guitar", "nylon guitar", "classical guitar", "acoustic guitar"), ("Spanish guitar", "nylon-stringed guitar")
    ),
    ("instrument", "string_ensemble"): Wordings(
        ("string ensemble", "string section", "group of strings"), ("string orchestra", "body of bowed strings")
    ),
    ("instrument", "piccolo"): Wordings(("piccolo", "piccolo flute", "small flute"), ("tiny flute", "octave flute")),
    ("instrument", "celesta"): Wordings(("celesta", "celeste", "bell piano"), ("keyboard of bells", "chiming celesta")),
    ("instrument", "acoustic_bass"): Wordings(
        ("acoustic bass", "upright bass", "double bass", "plucked bass"), ("contrabass", "jazz bass")
    ),
    ("instrument", "trumpet"): Wordings(("trumpet", "brass trumpet", "trumpet horn"), ("trumpeter", "bugle")),
    ("instrument", "square_lead"): Wordings(
        ("square lead", "square wave synth", "chiptune synthesizer"), ("video game synth", "square-wave lead")
    ),
    ("instrument", "hammond_organ"): Wordings(
        ("Hammond organ", "organ", "electric organ", "drawbar organ"), ("tonewheel organ", "jazz organ")
    ),
    ("instrument", "violin"): Wordings(("violin", "bowed violin", "classical violin"), ("fiddle", "violinist")),
    ("instrument", "soprano_sax"): Wordings(
        ("soprano sax", "soprano saxophone", "saxophone", "sax"), ("saxophonist", "straight saxophone")
    ),
    ("instrument", "new_age_pad"): Wordings(
        ("new age pad", "synth pad", "ambient pad", "warm synth pad"), ("atmospheric pad", "synthesizer pad")
    ),
    ("count", "1"): Wordings(("solo", "single instrument"), ("lone instrument",)),
    ("count", "2"): Wordings(("duo", "duet", "pair of instruments"), ("twosome",)),
    ("count", "3"): Wordings(("trio", "group of three instruments"), ("threesome",)),
    ("count", "4"): Wordings(("quartet", "group of four instruments"), ("foursome",)),
    ("onset_rate", "low"): Wordings(
        (
            "slow",
            "sparse",
            "slow-moving",
            "with few notes",
            "leisurely",
            "lazy",
            "plodding",
            "creeping",
            "at a slow pace",
        ),
        ("unhurried", "sluggish"),
    ),
    ("onset_rate", "middle"): Wordings(
        ("moderate", "of moderate speed", "medium-paced", "at a walking pace"), ("of medium speed",)
    ),
    ("onset_rate", "high"): Wordings(
        ("fast", "busy", "quick", "with many notes", "swift", "speedy", "brisk", "rushing", "at a fast pace"),
        ("rapid", "hurried"),
    ),
    ("mean_pitch", "low"): Wordings(
        ("low", "low-pitched", "deep", "in a low register", "bass-heavy", "with deep notes", "rumbling"),
        ("low-lying", "bassy"),
    ),
    ("mean_pitch", "middle"): Wordings(
        ("mid-range", "in the middle register", "with notes of medium height"), ("middle-pitched",)
    ),
    ("mean_pitch", "high"): Wordings(
        ("high", "high-pitched", "in a high register", "shrill", "piping", "with high notes", "soaring"),
        ("high-lying", "treble"),
    ),
    ("articulation", "low"): Wordings(
        ("staccato", "detached", "with short notes", "pointed", "bouncy", "spiky", "abrupt", "with gaps between notes"),
        ("choppy", "clipped"),
    ),
    ("articulation", "middle"): Wordings(
        ("half-detached", "with notes of mixed length", "partly connected"), ("semi-detached",)
    ),
    ("articulation", "high"): Wordings(
        ("legato", "smooth", "sustained", "with long notes", "connected", "lingering", "unbroken", "continuous"),
        ("flowing", "drawn-out"),
    ),
    ("polyphony", "low"): Wordings(
        ("thin", "with a thin texture", "with few voices", "bare", "lean", "with single notes"), ("of thin texture",)
    ),
    ("polyphony", "middle"): Wordings(
        ("with a medium texture", "with some chords", "with two voices at a time"), ("of medium texture",)
    ),
    ("polyphony", "high"): Wordings(
        ("thick", "with a thick texture", "with full chords", "rich", "dense", "with many voices"),
        ("of thick texture",),
    ),
    ("dissonance", "low"): Wordings(
        ("consonant", "harmonious", "with sweet harmony", "pleasant", "agreeable", "sweet-sounding", "pure"),
        ("concordant", "euphonious"),
    ),
    ("dissonance", "middle"): Wordings(
        ("mildly dissonant", "with some tension", "slightly rough"), ("slightly tense",)
    ),
    ("dissonance", "high"): Wordings(
        ("dissonant", "harsh", "with clashing harmony", "grating", "rough", "biting", "unpleasant"),
        ("discordant", "jarring"),
    ),
    ("mode", "low"): Wordings(
        ("minor", "in a minor key", "in minor", "sad", "mournful", "melancholy", "gloomy", "sorrowful"),
        ("of minor mode", "in the minor mode"),
    ),
    ("mode", "high"): Wordings(
        ("major", "in a major key", "in major", "happy", "cheerful", "joyful", "sunny", "merry"),
        ("of major mode", "in the major mode"),
    ),
    ("loudness", "low"): Wordings(
        ("quiet", "soft", "gentle", "at low volume", "muted", "subdued", "whispering", "delicate"), ("hushed", "faint")
    ),
    ("loudness", "middle"): Wordings(
        ("moderately loud", "at medium volume", "at a normal volume"), ("of medium loudness",)
    ),
    ("loudness", "high"): Wordings(
        ("loud", "strong", "forceful", "at high volume", "blaring", "mighty", "thunderous", "booming"),
        ("noisy", "powerful"),
    ),
    ("brightness", "low"): Wordings(
        ("dark", "dull", "muffled", "warm", "mellow", "shadowy", "dusky", "veiled"), ("dim", "murky")
    ),
    ("brightness", "middle"): Wordings(
        ("moderately bright", "of medium brightness", "of balanced tone"), ("medium-bright",)
    ),
    ("brightness", "high"): Wordings(
        ("bright", "brilliant", "sharp", "crisp", "clear", "sparkling", "glittering", "radiant"), ("shiny", "glaring")
    ),
}
