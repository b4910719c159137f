"""Words that are obeyed exactly, as data: patterns with what they ask for.

Each pattern is matched as whole words, in lower case, a space also by a hyphen; of two that overlap the one that begins
first counts, then the longer one, then the one above. Tempos of Italian words lie within the bins that MidiCaps has for
them (40, 60, 70, 90, 110, 140, 160, 210 BPM: Melechovsky et al. 2024).
"""

import re

TEMPO, DENSITY, REGISTER, ARTICULATION = "tempo_bpm", "density", "register", "articulation"
DISSONANCE, LOUDNESS, MODE, METRE, PARTS = "dissonance", "loudness", "mode", "metre", "parts"
INSTRUMENT = "instrument"
LEVELLED = (DENSITY, REGISTER, ARTICULATION, DISSONANCE, LOUDNESS)

# What `high`, `low` and `deep` may say that is no pitch.
_NO_PITCH = (
    "(?! (?:the|art|budget|drama|emotions?|energy|fantasy|feelings?|fidelity|forest|hopes?|house|key|life|love|mood"
    "|noon|quality|school|sea|sleep|society|space|spirits?|street|tension|thoughts?|tide)\\b)"
)
_FOR_SO_MANY = "(?! (?:minutes?|seconds?|bars?|measures?|hours?))"
_PLAYERS = "(?:voices?|parts?|instruments|players)"

WORDS: tuple[tuple[str, str, object], ...] = (
    ("grave|larghissimo|extremely slow(?:ly)?|as slow(?:ly)? as possible", TEMPO, 45.0),
    ("largo|lento|slowest", TEMPO, 50.0),
    ("slow(?:ly|er)?(?: paced)?|unhurried|leisurely|sluggish|low(?:er)? (?:tempo|speed)", TEMPO, 60.0),
    ("adagio|larghetto", TEMPO, 65.0),
    ("andante|(?:at a )?walking (?:pace|tempo)|down[ -]?tempo|slow-?ish", TEMPO, 80.0),
    ("(?:at a )?(?:moderate|medium) (?:tempo|pace|speed)|moderato|medium paced|mid[ -]?tempo", TEMPO, 100.0),
    ("allegretto|(?:fast|quick)-?ish", TEMPO, 112.0),
    ("allegro moderato|allegro (?:ma )?non (?:troppo|tanto)", TEMPO, 116.0),
    ("prestissimo|extremely (?:fast|quick(?:ly)?)|as (?:fast|quick(?:ly)?) as possible", TEMPO, 200.0),
    ("presto|fastest|quickest", TEMPO, 180.0),
    ("vivace|vivo|allegro (?:assai|molto|vivace|con brio)|molto allegro", TEMPO, 150.0),
    ("allegro|fast(?:er)?(?: paced)?|quick(?:ly|er)?|brisk(?:ly|er)?|lively|livelier|rapid(?:ly)?", TEMPO, 130.0),
    ("swift(?:ly|er)?|speedy|up[ -]?tempo|high(?:er)? (?:tempo|speed)", TEMPO, 130.0),
    ("sparse(?:ly)?|sparser|with few notes|few(?:er)? notes", DENSITY, "low"),
    ("busy|busier|with many notes|many notes|more notes|lots of notes|hurried", DENSITY, "high"),
    (f"(?:lowest|deepest){_NO_PITCH}", REGISTER, "lowest"),
    (f"low(?: pitched|er)?{_NO_PITCH}|deep(?:er)?{_NO_PITCH}|in a low register", REGISTER, "low"),
    ("mid-?range|(?:in the )?mid(?:dle)? register|in the middle of the keyboard", REGISTER, "middle"),
    (f"high(?: pitched|er)?{_NO_PITCH}|in a high register", REGISTER, "high"),
    (f"highest{_NO_PITCH}|shrill(?:er)?|piercing", REGISTER, "highest"),
    ("staccat(?:o|issimo)|spiccato|detached|short(?:er)? notes|short bows", ARTICULATION, "low"),
    ("pointed|bouncy|bouncier|bouncing|abrupt|spiky", ARTICULATION, "low"),
    ("non legato|half detached|mezzo staccato|portato", ARTICULATION, "middle"),
    ("legat(?:o|issimo)|smooth(?:ly|er)?|flowing|sustained|tenuto|connected|long(?:er)? notes", ARTICULATION, "high"),
    ("consonant|harmonious|sweet harmony|nothing dissonant|euphonious", DISSONANCE, "low"),
    ("some tension|mildly dissonant|a little rough|slightly rough", DISSONANCE, "raised"),
    ("dissonan(?:t|ces?)|discordant|clashing|harsh(?:er)?|grating|atonal|rough(?:er)?|wrong notes", DISSONANCE, "high"),
    ("pianiss(?:iss)?imo|softest|quietest", LOUDNESS, "lowest"),
    ("soft(?:ly|er)?|quiet(?:ly|er)?|gentle|gentler|gently|hushed|mezzo ?piano", LOUDNESS, "low"),
    ("(?:(?:at|with) (?:a )?)?low(?:er)? volume", LOUDNESS, "low"),
    ("mezzo ?forte|moderately loud|medium loud|(?:medium|moderate) (?:volume|loudness)", LOUDNESS, "middle"),
    ("loud(?:ly|er)?|forte|forceful|powerful|(?:(?:at|with) (?:a )?)?high(?:er)? volume", LOUDNESS, "high"),
    ("fortiss(?:iss)?imo|loudest|thunderous", LOUDNESS, "highest"),
    ("(?:(?:natural|harmonic|melodic) )?minor(?: key| mode)?s?", MODE, "minor"),
    ("major(?: key| mode)?s?", MODE, "major"),
    ("waltz(?:es)?|minuets?|mazurkas?|sarabandes?|three-four|triple (?:time|meter|metre)", METRE, (3, 4)),
    ("jigs?|gigues?|tarantellas?|barcarolles?|six-eight", METRE, (6, 8)),
    ("march(?:es)?|polkas?|two-four", METRE, (2, 4)),
    ("common time|four-four", METRE, (4, 4)),
    ("cut time|alla breve", METRE, (2, 2)),
    ("solos?|unaccompanied|single line|(?:one|1|a single) voice", PARTS, 1),
    (f"duos?|duets?|(?:two|2) {_PLAYERS}|for two{_FOR_SO_MANY}", PARTS, 2),
    (f"trios?|(?:three|3) {_PLAYERS}|for three{_FOR_SO_MANY}", PARTS, 3),
    (f"quartets?|(?:four|4) {_PLAYERS}|for four{_FOR_SO_MANY}", PARTS, 4),
)

# How much of it: what a value becomes a little (`a bit slow`) and very much so (`very slow`).
DEGREES: dict[tuple[str, object], tuple[object, object]] = {
    (TEMPO, 60.0): (80.0, 50.0),
    (TEMPO, 130.0): (112.0, 180.0),
    (DENSITY, "low"): ("low", "lowest"),
    (DENSITY, "high"): ("raised", "highest"),
    (REGISTER, "low"): ("low", "lowest"),
    (REGISTER, "high"): ("raised", "highest"),
    (DISSONANCE, "low"): ("low", "lowest"),
    (DISSONANCE, "high"): ("raised", "highest"),
    (LOUDNESS, "low"): ("low", "lowest"),
    (LOUDNESS, "high"): ("high", "highest"),
}
MILDLY = "a (?:little(?: bit)?|bit|touch|tad)|slightly|somewhat|mildly|moderately|medium|semi"
MOSTLY = "very|really|extremely|super|ultra|incredibly|exceptionally|so|most"
AS_IT_IS = "rather|quite|fairly|pretty|relatively|reasonably|more|much|even|far|a lot|too"

# General MIDI programs, zero-based.
INSTRUMENTS: dict[str, int] = {
    "(?:grand |acoustic )?piano(?:forte)?": 0,
    "electric piano|rhodes": 4,
    "harpsichord": 6,
    "celest[ae]": 8,
    "glockenspiel": 9,
    "music[ -]?box": 10,
    "vibraphone|vibes": 11,
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
    "(?:violon)?cell[oi]": 42,
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
    "english horn|cor anglais": 69,
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
    "drums?|percussion|drum kit|beats?(?!(?: (?:per|a) | ?/ ?)min)": "there are no drums in this music",
    "lyrics|sing(?:s|ing|er)?|vocals?|rap": "nobody sings words: a choir only sings vowels",
}
# What would have to change within a piece; such words ask for nothing else.
_MORE_AND_MORE = "(?:get|gets|getting|grow|grows|growing|become|becomes|becoming|gradually|ever) (?:gradually |ever )?"
CHANGES: tuple[tuple[str, str], ...] = (
    (
        "crescend(?:os?|i)|diminuend(?:os?|i)|decrescend(?:os?|i)|fad(?:e|es|ing) (?:in|out|away)"
        f"|{_MORE_AND_MORE}(?:louder|softer|quieter)|louder and louder|softer and softer|quieter and quieter",
        "loudness doesn't change within a piece",
    ),
    (
        "accelerandos?|ritardandos?|rallentandos?|(?:tempo )?rubato|speed(?:s|ing) up|slow(?:s|ing) down"
        f"|{_MORE_AND_MORE}(?:faster|quicker|slower)|faster and faster|slower and slower|tempo changes?",
        "the tempo doesn't change within a piece",
    ),
)
DENIALS = (
    r"(?:no|not|nor|nothing|neither|without|never|lacking|free of|isn't|aren't|don't|doesn't|except|anything but)"
    r"(?: (?:an?|any|the|too|very|so|that|as|overly|particularly|at all|be|being|for|in|it|make|play|use|using|with"
    r"|heavy))*"
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
