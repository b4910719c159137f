"""Prompts: lists of `{"id", "instrument", "description"}` in JSON, built in or anybody's, and the tastes they name.

The base prompts are those of an earlier study of music and taste (`data/base.json`); the descriptive ones, 25 a taste,
are Reprise's own (`data/descriptive.json`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprise.errors import BadInput
from reprise.taste.words.lexicon import denied

TASTES = ("sweet", "sour", "salty", "bitter")
FIELDS = ("id", "instrument", "description")
LONGEST, LONGEST_INSTRUMENT = 1000, 200  # characters of a description, and of the names of its instruments
MOST = 10_000  # prompts
DATA = Path(__file__).with_name("data")
BASE, UNCONDITIONED, REAL = "base", "unconditioned", "real"  # sets of pieces; the last two are controls
BUILT_IN = {path.stem: path for path in sorted(DATA.glob("*.json"))}

# Words that name a taste, beside its own name.
TASTE_WORDS = {
    "sweet": r"sweet\w*|sugar\w*|honey\w*",
    "sour": r"sour\w*|acid(?:ic|ity)?(?! (?:jazz|house|rock))",
    "salty": r"salt(?!arell|and|at)\w*",
    "bitter": r"bitter\w*",
}


@dataclass(frozen=True)
class Prompt:
    """One prompt: its id, the instruments that it names for itself (or nothing), and its description."""

    id: str
    instrument: str
    description: str

    @property
    def text(self) -> str:
        """All of it as one text."""
        return f"{self.description}, {self.instrument}" if self.instrument else self.description

    @property
    def tastes(self) -> tuple[str, ...]:
        """The tastes that the description names, see `tastes_in`: none, one or several."""
        return tastes_in(self.description)


def tastes_in(text: str) -> tuple[str, ...]:
    """The tastes that a text names and doesn't deny, in its order."""
    plain = text.lower().replace("’", "'")
    places = {
        taste: [found.start() for found in re.finditer(rf"\b(?:{words})\b", plain) if not denied(plain, found.start())]
        for taste, words in TASTE_WORDS.items()
    }
    return tuple(sorted((taste for taste in places if places[taste]), key=lambda taste: places[taste][0]))


def load_prompts(source: str | Path) -> tuple[Prompt, ...]:
    """The prompts of a JSON file, or of a built-in set by its name.

    Raises:
        BadInput: it can't be read, or a row isn't a prompt; the message names the row.
    """
    path = BUILT_IN.get(str(source), Path(source))
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        known = ", ".join(BUILT_IN)
        raise BadInput(f"{source}: no such file; it must be a JSON list of prompts, or one of {known}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{source}: not readable as JSON ({error}); it must be a list of prompts in UTF-8") from error
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
        raise BadInput(f"{source}: must be a list of 1 to {MOST:,} prompts, each an object with {', '.join(FIELDS)}")
    return tuple(_read(rows, str(source)))


def _read(rows: list, source: str) -> Iterator[Prompt]:
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        prompt = _prompt(row, f"{source}: row {number}")
        if prompt.id in seen:
            raise BadInput(
                f"{source}: row {number} has the id '{prompt.id}' of row {seen[prompt.id]}; each needs its own"
            )
        seen[prompt.id] = number
        yield prompt


def _prompt(row: object, where: str) -> Prompt:
    if not isinstance(row, dict) or set(row) - set(FIELDS) or not {"id", "description"} <= set(row):
        found = ", ".join(map(str, row)) if isinstance(row, dict) else type(row).__name__
        raise BadInput(f"{where}: has {found or 'nothing'}; it must be an object with {', '.join(FIELDS)}")
    number, instrument, description = row["id"], row.get("instrument", ""), row["description"]
    if isinstance(number, bool) or not isinstance(number, int | str) or not re.fullmatch(r"[\w.-]{1,100}", str(number)):
        raise BadInput(f"{where}: id is {number!r}; it must be a whole number or letters, digits, '.', '_' and '-'")
    for name, value, most in (("instrument", instrument, LONGEST_INSTRUMENT), ("description", description, LONGEST)):
        if not isinstance(value, str) or len(value) > most:
            raise BadInput(f"{where}: {name} isn't a text of at most {most:,} characters")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise BadInput(f"{where}: {name} has half of a surrogate pair, which is no character; leave it out")
    if not description.strip():
        raise BadInput(f"{where}: description is empty; it must say what the music is like")
    return Prompt(str(number), " ".join(instrument.split()), " ".join(description.split()))
