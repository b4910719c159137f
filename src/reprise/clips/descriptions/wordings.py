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


def _words(seen: str, held_out: str) -> Wordings:
    """Words of both stocks, each stock's between commas."""
    return Wordings(tuple(seen.split(", ")), tuple(held_out.split(", ")))


WORDINGS: dict[tuple[str, str], Wordings] = {
    ("instrument", "acoustic_grand_piano"): _words(
        "piano, grand piano, acoustic piano, acoustic grand, baby grand, Steinway, piano player, set of piano keys",
        "pianoforte, concert grand",
    ),
    ("instrument", "nylon_guitar"): _words(
        "guitar, nylon guitar, classical guitar, acoustic guitar, gut-string guitar, fingerpicked guitar, "
        "flamenco guitar, plucked guitar, guitar player, six-string guitar",
        "Spanish guitar, nylon-stringed guitar",
    ),
    ("instrument", "string_ensemble"): _words(
        "string ensemble, string section, group of strings, string choir, ensemble of strings, string group, "
        "symphonic string section, chamber string group",
        "string orchestra, body of bowed strings",
    ),
    ("instrument", "piccolo"): _words(
        "piccolo, piccolo flute, small flute, high flute, little flute, half-size flute, orchestral piccolo, "
        "piccolo player, sopranino flute",
        "tiny flute, octave flute",
    ),
    ("instrument", "celesta"): _words(
        "celesta, celeste, bell piano, bell-like piano, music-box piano, orchestral celesta, keyed glockenspiel, "
        "celesta player",
        "keyboard of bells, chiming celesta",
    ),
    ("instrument", "acoustic_bass"): _words(
        "acoustic bass, upright bass, double bass, plucked bass, stand-up bass, string bass, pizzicato bass, "
        "walking bass, bass viol, bass player, orchestral bass",
        "contrabass, jazz bass",
    ),
    ("instrument", "trumpet"): _words(
        "trumpet, brass trumpet, trumpet horn, cornet, orchestral trumpet, valved trumpet, piston trumpet, "
        "trumpet player",
        "trumpeter, bugle",
    ),
    ("instrument", "square_lead"): _words(
        "square lead, square wave synth, chiptune synthesizer, square wave, pulse-wave synth, chiptune lead, "
        "arcade synth, buzzing synth lead, square oscillator, lead synth",
        "video game synth, square-wave lead",
    ),
    ("instrument", "hammond_organ"): _words(
        "Hammond organ, organ, electric organ, drawbar organ, Hammond B3, rock organ, gospel organ, soul organ, "
        "electronic organ, Leslie organ, organ player",
        "tonewheel organ, jazz organ",
    ),
    ("instrument", "violin"): _words(
        "violin, bowed violin, classical violin, solo violin, orchestral violin, Stradivarius, violin player, "
        "acoustic violin",
        "fiddle, violinist",
    ),
    ("instrument", "soprano_sax"): _words(
        "soprano sax, soprano saxophone, saxophone, sax, high saxophone, small saxophone, B flat soprano "
        "saxophone, sax player, woodwind sax, soprano saxophone player",
        "saxophonist, straight saxophone",
    ),
    ("instrument", "new_age_pad"): _words(
        "new age pad, synth pad, ambient pad, warm synth pad, pad sound, dreamy pad, floating pad, meditative "
        "pad, airy synth pad, synth wash, electronic pad, soft pad, new age synth",
        "atmospheric pad, synthesizer pad",
    ),
    ("count", "1"): _words(
        "solo, single instrument, solo instrument, soloist, solo performance, single player",
        "lone instrument",
    ),
    ("count", "2"): _words(
        "duo, duet, pair of instruments, pair of players, group of two, two-piece group, pairing of instruments, "
        "two-player ensemble",
        "twosome",
    ),
    ("count", "3"): _words(
        "trio, group of three instruments, group of three, three-piece group, three-player ensemble, set of three"
        " instruments, three-piece band",
        "threesome",
    ),
    ("count", "4"): _words(
        "quartet, group of four instruments, group of four, four-piece group, four-player ensemble, set of four "
        "instruments, four-piece band",
        "foursome",
    ),
    ("onset_rate", "low"): _words(
        "slow, sparse, slow-moving, with few notes, leisurely, lazy, plodding, creeping, at a slow pace, adagio, "
        "largo, lento, sedate, dragging, languid, slow-paced, relaxed, crawling, dawdling, ponderous, lethargic, "
        "at a slow tempo, with widely spaced notes, in slow motion, at an easy pace",
        "unhurried, sluggish",
    ),
    ("onset_rate", "middle"): _words(
        "moderate, of moderate speed, medium-paced, at a walking pace, andante, mid-tempo, moderately fast, at a "
        "moderate tempo, at an average pace, of average speed, moderately paced",
        "of medium speed",
    ),
    ("onset_rate", "high"): _words(
        "fast, busy, quick, with many notes, swift, speedy, brisk, rushing, at a fast pace, allegro, presto, "
        "hasty, racing, fast-paced, frantic, hectic, lively, fleet, nimble, galloping, up-tempo, energetic, "
        "bustling, at high speed, at a fast tempo, with a flurry of notes",
        "rapid, hurried",
    ),
    ("mean_pitch", "low"): _words(
        "low, low-pitched, deep, in a low register, bass-heavy, with deep notes, rumbling, deep-pitched, "
        "deep-sounding, low-register, low-toned, growling, subterranean, with low notes, in the bass register, at"
        " a low pitch, in the low range",
        "low-lying, bassy",
    ),
    ("mean_pitch", "middle"): _words(
        "mid-range, in the middle register, with notes of medium height, mid-register, medium-high, in the middle"
        " range, at a medium pitch",
        "middle-pitched",
    ),
    ("mean_pitch", "high"): _words(
        "high, high-pitched, in a high register, shrill, piping, with high notes, soaring, squeaky, shrieking, "
        "whistling, chirping, stratospheric, high-register, high-toned, in the upper register, at a high pitch, "
        "in the high range, at the top of the range",
        "high-lying, treble",
    ),
    ("articulation", "low"): _words(
        "staccato, detached, with short notes, pointed, bouncy, spiky, abrupt, with gaps between notes, spiccato,"
        " disconnected, disjointed, separated, jumpy, hopping, jerky, snappy, pecking, tapping, stabbing, "
        "fragmented, punctuated, short, curt, with brief notes, with separate notes, with rests between notes",
        "choppy, clipped",
    ),
    ("articulation", "middle"): _words(
        "half-detached, with notes of mixed length, partly connected, portato, mezzo-staccato, partly detached, "
        "moderately connected, with medium-length notes, of medium note length",
        "semi-detached",
    ),
    ("articulation", "high"): _words(
        "legato, smooth, sustained, with long notes, connected, lingering, unbroken, continuous, tenuto, held, "
        "slurred, gliding, fluid, seamless, prolonged, elongated, extended, cantabile, sostenuto, uninterrupted, "
        "sweeping, joined, with held notes, with lasting notes, with overlapping notes, in long lines",
        "flowing, drawn-out",
    ),
    ("polyphony", "low"): _words(
        "thin, with a thin texture, with few voices, bare, lean, with single notes, monophonic, single-voiced, "
        "skeletal, spare, slender, slim, stark, with a light texture, with a bare texture, with one note at a "
        "time, with few simultaneous notes, in one voice",
        "of thin texture",
    ),
    ("polyphony", "middle"): _words(
        "with a medium texture, with some chords, with two voices at a time, two-voiced, moderately thick, "
        "moderately dense, with a moderate texture, with occasional chords, with pairs of notes",
        "of medium texture",
    ),
    ("polyphony", "high"): _words(
        "thick, with a thick texture, with full chords, rich, dense, with many voices, full, polyphonic, chordal,"
        " many-voiced, lush, massive, packed, layered, crowded, with big chords, with stacked notes, with a dense"
        " texture, with a rich texture, with many simultaneous notes, in many voices",
        "of thick texture",
    ),
    ("dissonance", "low"): _words(
        "consonant, harmonious, with sweet harmony, pleasant, agreeable, sweet-sounding, pure, sweet, melodious, "
        "tuneful, dulcet, mellifluous, pleasing, soothing, pretty, beautiful, well-blended, in harmony, with "
        "pleasant harmony, with pure intervals, with consonant chords",
        "concordant, euphonious",
    ),
    ("dissonance", "middle"): _words(
        "mildly dissonant, with some tension, slightly rough, moderately dissonant, somewhat harsh, a little "
        "rough, with mild clashes, with a little friction, with mild dissonance",
        "slightly tense",
    ),
    ("dissonance", "high"): _words(
        "dissonant, harsh, with clashing harmony, grating, rough, biting, unpleasant, clashing, cacophonous, "
        "atonal, strident, abrasive, crunchy, ugly, off-key, raucous, unharmonious, disagreeable, unsettling, "
        "with harsh intervals, with dissonant chords, with harsh harmony, with grinding intervals",
        "discordant, jarring",
    ),
    ("mode", "low"): _words(
        "minor, in a minor key, in minor, sad, mournful, melancholy, gloomy, sorrowful, minor-key, tragic, "
        "plaintive, doleful, wistful, sombre, tearful, unhappy, forlorn, funereal, lamenting, woeful, bleak, in a"
        " sad key, in a minor scale, with minor chords, with a minor tonality",
        "of minor mode, in the minor mode",
    ),
    ("mode", "high"): _words(
        "major, in a major key, in major, happy, cheerful, joyful, sunny, merry, major-key, jolly, joyous, glad, "
        "gleeful, jubilant, optimistic, light-hearted, festive, blissful, carefree, upbeat, triumphant, in a "
        "happy key, in a major scale, with major chords, with a major tonality",
        "of major mode, in the major mode",
    ),
    ("loudness", "low"): _words(
        "quiet, soft, gentle, at low volume, muted, subdued, whispering, delicate, pianissimo, low-volume, "
        "soft-spoken, murmuring, whispered, understated, restrained, tender, subtle, unobtrusive, barely audible,"
        " softly played, at a low level, at a whisper, with a soft touch",
        "hushed, faint",
    ),
    ("loudness", "middle"): _words(
        "moderately loud, at medium volume, at a normal volume, mezzo-forte, fairly loud, of average volume, at a"
        " moderate level, at a moderate volume, at a comfortable volume",
        "of medium loudness",
    ),
    ("loudness", "high"): _words(
        "loud, strong, forceful, at high volume, blaring, mighty, thunderous, booming, fortissimo, forte, "
        "deafening, ear-splitting, roaring, thundering, boisterous, clamorous, intense, explosive, pounding, "
        "hard-hitting, loudly played, at full volume, at a high level, with great force",
        "noisy, powerful",
    ),
    ("brightness", "low"): _words(
        "dark, dull, muffled, warm, mellow, shadowy, dusky, veiled, dark-toned, muddy, sombre-toned, round, "
        "rounded, smoky, velvety, woolly, hollow, cloudy, foggy, shaded, with a dark tone, with a dull tone, with"
        " a warm tone, of dark timbre, with few overtones",
        "dim, murky",
    ),
    ("brightness", "middle"): _words(
        "moderately bright, of medium brightness, of balanced tone, neutral-toned, fairly bright, of neutral "
        "tone, with a balanced timbre, with a medium timbre, with a balanced tone",
        "medium-bright",
    ),
    ("brightness", "high"): _words(
        "bright, brilliant, sharp, crisp, clear, sparkling, glittering, radiant, shimmering, gleaming, "
        "glistening, luminous, dazzling, vivid, glassy, crystalline, silvery, metallic, tinny, piercing, "
        "bright-toned, with a bright tone, with a sharp tone, of bright timbre, with many overtones",
        "shiny, glaring",
    ),
}
