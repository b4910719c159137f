"""What tells words that say something of music from names and nonsense, for the small CLAP: criteria compared.

Texts of three kinds, none with a word of the lexicon: with a word that the small CLAP learnt for an axis, with other
English words that say as much, and with nothing that concerns its axes. Each criterion has one threshold, chosen on
every other text: the lowest with which at most a tenth of the texts of the third kind get a wish, the odd ones of each
kind. The table is of the even ones.

    python -m benchmarks.taste.unknown_words           # of models/clap, made by ./run
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from benchmarks.taste.labelled import RESAMPLES, SEED
from reprise.embedding.clap.minilm import weights_file
from reprise.embedding.clap.model import SmallClap
from reprise.embedding.clap.text import words_of
from reprise.learning.bootstrap import mean_estimate, with_interval
from reprise.taste.words.rest import PHRASES, SURE, familiarity

SPARED = 0.1
MARGIN = "the margin"
FORMS = ("{} music", "a {} piece", "{}")  # of a pole's word
GRID = np.arange(0.05, 1.5, 0.01)

SLOW, FAST, LOW, HIGH = ("tempo_bpm", 0), ("tempo_bpm", 1), ("register", 0), ("register", 1)
STACCATO, LEGATO, CONSONANT, DISSONANT = ("articulation", 0), ("articulation", 1), ("dissonance", 0), ("dissonance", 1)
MINOR, MAJOR, QUIET, LOUD = ("mode", 0), ("mode", 1), ("loudness", 0), ("loudness", 1)

LEARNT: dict[str, tuple] = {
    "a frantic chase": (FAST,),
    "hectic, rush hour in the city": (FAST,),
    "a lazy Sunday": (SLOW,),
    "dragging its feet": (SLOW,),
    "galloping horses": (FAST,),
    "languid and drowsy": (SLOW,),
    "deeply mournful": (MINOR,),
    "gloomy and sorrowful": (MINOR,),
    "joyful and sunny": (MAJOR,),
    "a happy song for a birthday": (MAJOR,),
    "a tragic story": (MINOR,),
    "a jolly party": (MAJOR,),
    "whispered, like a secret": (QUIET,),
    "deafening as a jet engine": (LOUD,),
    "the roaring crowd": (LOUD,),
    "delicate and tender": (QUIET,),
    "rumbling from the cellar": (LOW,),
    "tiny birds chirping": (HIGH,),
    "a squeaky toy": (HIGH,),
    "jumpy, hopping, pricking": (STACCATO,),
    "fluid as a river": (LEGATO,),
    "gliding swans": (LEGATO,),
    "pecking hens": (STACCATO,),
    "pleasant and well blended": (CONSONANT,),
}
OTHERS: dict[str, tuple] = {
    "like a sleepy tortoise": (SLOW,),
    "wild and frenzied": (FAST,),
    "at a snail's pace": (SLOW,),
    "lumbering like an old bear": (
        SLOW,
        LOW,
    ),
    "sprinting to the bus": (FAST,),
    "in haste, late for the train": (FAST,),
    "half asleep in a hammock": (SLOW,),
    "a stampede of bulls": (FAST,),
    "glacial": (SLOW,),
    "zooming past": (FAST,),
    "hurrying home": (FAST,),
    "weeping at a funeral": (MINOR,),
    "heartbroken": (MINOR,),
    "a miserable winter": (MINOR,),
    "grieving for a friend": (MINOR,),
    "delighted and smiling": (MAJOR,),
    "cheery and hopeful": (MAJOR,),
    "lonely and desolate": (MINOR,),
    "murmured under the breath": (QUIET,),
    "yelling and shouting": (LOUD,),
    "an explosion": (LOUD,),
    "tiptoeing past the baby": (QUIET,),
    "a silent library": (QUIET,),
    "screaming engines": (LOUD,),
    "a tranquil lake at night": (QUIET,),
    "a mouse squealing": (HIGH,),
    "abyssal depths": (LOW,),
    "chipmunks and canaries": (HIGH,),
    "hiccups and stutters": (STACCATO,),
    "melting butter": (LEGATO,),
    "velvet": (LEGATO,),
    "out of tune and screeching": (DISSONANT,),
    "cacophony": (DISSONANT,),
    "a quarrel of cats": (DISSONANT,),
    "gnashing teeth": (DISSONANT,),
    "peaceful agreement": (CONSONANT,),
}
NOTHING = (
    "asdf qwerty zxcv",
    "lorem ipsum dolor sit amet",
    "hjkl bnm poiu",
    "foo bar baz",
    "xyzzy",
    "blah blah blah",
    "Peter Johnson",
    "for my sister Anna",
    "Katarzyna Kowalska",
    "Mr Thompson and Mrs Lee",
    "Wolfgang",
    "in the manner of Schubert",
    "Warsaw",
    "a street in London",
    "Ohio",
    "Brazil and Japan",
    "the quarterly budget report",
    "a recipe for bread",
    "photosynthesis in plants",
    "a JavaScript tutorial",
    "the Greek alphabet",
    "invoice number",
    "a table with chairs",
    "the annual meeting of the company",
    "my neighbour's car",
    "the third chapter of the book",
    "background for a podcast about taxes",
    "something for my presentation",
    "please make some music",
    "a piece for our website",
    "untitled",
    "hello world",
    "test",
    "Tuesday",
    "a song about mathematics",
    "the museum of chemistry",
    "ein Lied für meine Mutter",
    "une chanson pour maman",
    "piosenka dla mamy",
    "una canción de mi tierra",
    "guten Morgen",
    "kiitos paljon",
    "screws, nails and a hammer",
    "wallpaper",
)


def margins(embedder: SmallClap, texts: Sequence[str], form: str = FORMS[0]) -> np.ndarray:
    """How much nearer each text lies to an axis's second pole than to its first, as cosines, float[texts, axes]."""
    words = [phrase.removesuffix(" music") for own in PHRASES.values() for phrase, _ in own]
    poles = embedder.embed_text([form.format(word) for word in words])
    cosines = embedder.embed_text(list(texts)) @ poles.T
    return cosines[:, 1::2] - cosines[:, 0::2]


def criteria(embedder: SmallClap, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """How strongly each criterion takes each text for a wish on each axis, float[texts, axes]."""
    by_form = np.stack([margins(embedder, texts, form) for form in FORMS])
    agree = (np.sign(by_form) == np.sign(by_form[0])).all(axis=0)
    margin = np.abs(by_form[0])
    vocabulary = Tokenizer.from_file(str(weights_file().with_name("tokenizer.json"))).get_vocab()
    whole = np.array([any(len(word) > 3 and word in vocabulary for word in words_of(text)) for text in texts])
    familiar = np.array([list(familiarity(text).values()) for text in texts])
    return {
        MARGIN: margin,
        "the margin, where MiniLM has a word of four letters or more whole": np.where(whole[:, None], margin, 0),
        f"the least margin of {len(FORMS)} phrasings": np.where(agree, np.abs(by_form).min(axis=0), 0),
        f"familiarity for any axis, and a margin of {SURE}": np.where(
            margin >= SURE, familiar.max(axis=1, keepdims=True), 0
        ),
        f"familiarity for the axis, and a margin of {SURE}": np.where(margin >= SURE, familiar, 0),
    }


def judged(wishes: np.ndarray, second: np.ndarray, said: Sequence[tuple]) -> dict[str, dict]:
    """Of what texts say the shares found at the right pole and at the wrong one; and the share of texts with a wish.

    Args:
        wishes: bool[texts, axes]. second: whether it's of an axis's second pole, bool[texts, axes]. said: (axis, pole)
        of each text.
    """
    axes = list(PHRASES)
    asked = [(row, axes.index(name), pole) for row, own in enumerate(said) for name, pole in own]
    found = {"texts with a wish": wishes.any(axis=1), "wishes a text": wishes.sum(axis=1)}
    if asked:
        rows, columns, poles = map(np.array, zip(*asked))
        right = second[rows, columns] == poles
        found |= {"right": wishes[rows, columns] & right, "wrong": wishes[rows, columns] & ~right}
    return {name: mean_estimate(values.astype(float), RESAMPLES, SEED) for name, values in found.items()}


def compare(embedder: SmallClap) -> list[dict]:
    """A row for each criterion, with the threshold chosen on the odd texts and the shares of the even ones; the first
    is the margin as the threshold that was set by eye has it.
    """
    kinds: dict[str, dict[str, tuple]] = {"learnt": LEARNT, "others": OTHERS, "nothing": dict.fromkeys(NOTHING, ())}
    strengths = {kind: criteria(embedder, list(texts)) for kind, texts in kinds.items()}
    second = {kind: margins(embedder, list(texts)) > 0 for kind, texts in kinds.items()}
    thresholds = [(MARGIN, SURE)]
    for criterion, nothing in strengths["nothing"].items():
        strongest = nothing.max(axis=1)[1::2]
        thresholds.append((criterion, next(float(t) for t in GRID if (strongest >= t).mean() <= SPARED)))
    return [
        {"criterion": criterion, "threshold": round(threshold, 2)}
        | {
            kind: judged((strengths[kind][criterion] >= threshold)[::2], second[kind][::2], list(texts.values())[::2])
            for kind, texts in kinds.items()
        }
        for criterion, threshold in thresholds
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", type=Path, help="the folder of a small CLAP (models/clap)")
    embedder = SmallClap(parser.parse_args().embedder or need(Path("models/clap"), "make it with ./run"))
    rows = compare(embedder)
    shares = [("learnt", "right"), ("learnt", "wrong"), ("others", "right"), ("others", "wrong")]
    shares += [("nothing", "texts with a wish"), ("nothing", "wishes a text")]
    headers = ["criterion", "threshold", *(f"{kind}: {what}" for kind, what in shares)]
    cells = [
        [row["criterion"], row["threshold"], *(with_interval(row[kind][what]) for kind, what in shares)] for row in rows
    ]
    print(table(headers, cells))
    report("unknown_words", {"checkpoint_sha256": embedder.checkpoint_sha256, "rows": rows}, False)


if __name__ == "__main__":
    run_script(main)
