"""Words that are obeyed exactly, as data: patterns with what they ask for.

Each pattern is matched as whole words, in lower case; of two that overlap the longer one counts. Tempos of Italian
words lie within the bins that MidiCaps has for them (40, 60, 70, 90, 110, 140, 160, 210 BPM: Melechovsky et al. 2024).
"""

import re

TEMPO, DENSITY, REGISTER, ARTICULATION = "tempo_bpm", "density", "register", "articulation"
DISSONANCE, LOUDNESS, MODE, METRE, PARTS = "dissonance", "loudness", "mode", "metre", "parts"
INSTRUMENT = "instrument"

WORDS: tuple[tuple[str, str, object], ...] = (
    ("grave|extremely slow", TEMPO, 45.0),
    ("largo|very slow(?:ly)?|lento", TEMPO, 50.0),
    ("slow(?:ly)?|unhurried|leisurely", TEMPO, 60.0),
    ("adagio|larghetto", TEMPO, 65.0),
    ("andante|at a walking pace", TEMPO, 80.0),
    ("moderato|at a moderate (?:tempo|pace|speed)|medium tempo", TEMPO, 100.0),
    ("allegretto", TEMPO, 112.0),
    ("allegro|fast|quick(?:ly)?|brisk(?:ly)?|lively|rapid(?:ly)?", TEMPO, 130.0),
    ("vivace|vivo", TEMPO, 150.0),
    ("presto|very (?:fast|quick(?:ly)?)", TEMPO, 180.0),
    ("sparse|with few notes|few notes", DENSITY, "low"),
    ("busy|with many notes|many notes|hurried", DENSITY, "high"),
    ("very low|very deep", REGISTER, "lowest"),
    ("low(?:-pitched)?|deep|in a low register", REGISTER, "low"),
    ("mid-range|(?:in the )?middle[ -]register|in the middle of the keyboard", REGISTER, "middle"),
    ("high(?:-pitched)?|in a high register", REGISTER, "high"),
    ("very high|shrill|piercing", REGISTER, "highest"),
    ("staccato|detached|short notes|short bows|pointed|bouncy|bouncing|abrupt|spiky", ARTICULATION, "low"),
    ("non legato|half-detached", ARTICULATION, "middle"),
    ("legato|smooth(?:ly)?|flowing|sustained|connected|long notes", ARTICULATION, "high"),
    ("consonant|harmonious|sweet harmony|nothing dissonant|euphonious", DISSONANCE, "low"),
    ("some tension|mildly dissonant|a little rough|slightly rough", DISSONANCE, "raised"),
    ("dissonant|discordant|clashing|harsh|grating|atonal|rough|wrong notes|dissonance", DISSONANCE, "high"),
    ("pianissimo|very (?:soft|quiet)(?:ly)?", LOUDNESS, "lowest"),
    ("soft(?:ly)?|quiet(?:ly)?|gentle|gently|hushed", LOUDNESS, "low"),
    ("mezzo ?forte|moderately loud", LOUDNESS, "middle"),
    ("loud(?:ly)?|forte|forceful|powerful", LOUDNESS, "high"),
    ("fortissimo|very loud(?:ly)?|thunderous", LOUDNESS, "highest"),
    ("minor(?: key| mode)?", MODE, "minor"),
    ("major(?: key| mode)?", MODE, "major"),
    ("waltz", METRE, (3, 4)),
    ("jig", METRE, (6, 8)),
    ("march", METRE, (2, 4)),
    ("solo|unaccompanied|single line", PARTS, 1),
    ("duo|duet|(?:two|2) (?:voices|parts)|for two(?! (?:minutes?|seconds?|bars?|measures?|hours?))", PARTS, 2),
    ("trio|(?:three|3) (?:voices|parts)|for three(?! (?:minutes?|seconds?|bars?|measures?|hours?))", PARTS, 3),
    (
        "quartet|(?:four|4) (?:voices|parts)|four-part|for four(?! (?:minutes?|seconds?|bars?|measures?|hours?))",
        PARTS,
        4,
    ),
)

# General MIDI programs, zero-based.
INSTRUMENTS: dict[str, int] = {
    "(?:grand |acoustic )?piano(?:forte)?": 0,
    "electric piano": 4,
    "harpsichord": 6,
    "celest[ae]": 8,
    "glockenspiel": 9,
    "music[ -]?box": 10,
    "vibraphone": 11,
    "marimba": 12,
    "xylophone": 13,
    "(?:tubular )?bells": 14,
    "(?:hammond|electric|jazz) organ": 16,
    "(?:church |pipe )?organ": 19,
    "accordion": 21,
    "harmonica": 22,
    "(?:nylon(?:-string(?:ed)?)?|classical|spanish|acoustic) guitar|guitar": 24,
    "steel guitar": 25,
    "electric guitar": 27,
    "(?:(?:acoustic|upright|double|string) )?bass(?:es)?|contrabass": 32,
    "(?:electric|fretless) bass|bass guitar": 33,
    "violin|fiddle": 40,
    "viola": 41,
    "(?:violon)?cello": 42,
    "tremolo strings": 44,
    "pizzicato(?: strings)?": 45,
    "harp": 46,
    "timpani": 47,
    "string (?:ensemble|section|orchestra)|strings|string(?= (?:duo|trio|quartet))": 48,
    "choir|chorus|voices singing": 52,
    "trumpet": 56,
    "trombone": 57,
    "tuba": 58,
    "muted trumpet": 59,
    "(?:french )?horns?": 60,
    "brass(?: section)?": 61,
    "soprano sax(?:ophone)?": 64,
    "alto sax(?:ophone)?|sax(?:ophone)?": 65,
    "tenor sax(?:ophone)?": 66,
    "baritone sax(?:ophone)?": 67,
    "oboe": 68,
    "english horn": 69,
    "bassoon": 70,
    "clarinet": 71,
    "bass clarinet": 71,
    "piccolo": 72,
    "flute": 73,
    "recorder": 74,
    "pan ?flute": 75,
    "ocarina": 79,
    "square lead|chiptune(?: synth(?:esizer)?)?|square[ -]wave(?: synth)?": 80,
    "saw(?:tooth)? lead": 81,
    "(?:new age|synth|warm|ambient) pad|pad": 88,
    "sitar": 104,
    "banjo": 105,
    "koto": 107,
    "kalimba": 108,
    "bagpipes?": 109,
}

# What is asked for now and then and can't be had, with what is done instead.
IMPOSSIBLE: dict[str, str] = {
    "drums?|percussion|drum kit|beats?(?! (?:per|a) minute)": "there are no drums in this music",
    "lyrics|sing(?:s|ing|er)?|vocals?|rap": "nobody sings words: a choir only sings vowels",
}
DENIALS = (
    r"(?:no|not|nor|neither|without|never|lacking|free of|isn't|aren't|don't|doesn't|except|anything but)"
    r"(?: (?:an?|any|the|too|very|so|at all|be|it|make|play|use|using|heavy))*"
)
_DENIED = re.compile(rf"(?:^|[\s,;:(])(?:{DENIALS})(?: [\w-]+ (?:or|nor)(?: an?| any)?)*\s$")
_LISTED = re.compile(rf"(?:^|[\s,;:(])(?:{DENIALS})(?: [\w-]+,)+ (?:an? |any )?$")
_GOES_ON = re.compile(r"(?:, [\w-]+)*,? (?:or|nor)\b")


def denied(text: str, start: int, stop: int | None = None) -> bool:
    """Is what stands from `start` to `stop` in a text, in lower case, denied? All of `no piano, violin or drums` is."""
    before = text[:start]
    if _DENIED.search(before):
        return True
    return stop is not None and bool(_LISTED.search(before) and _GOES_ON.match(text[stop:]))
