"""How figures and tables are written, and what every table reads."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from reprise.errors import BadInput
from reprise.learning.bootstrap import with_interval

ROOT = Path(__file__).resolve().parents[2]
MODELS = {"LSTM": "composer/lstm", "Transformer": "composer/transformer", "VAE": "composer/vae"}
IN_NOTES = ("longest_copied_run", "worst_copied_run", "copied_run")  # the others are shares

Metrics = Callable[[str], dict]  # the content of metrics/NAME.json


def shown(value: dict | float | None, decimals: int = 3) -> str:
    """An estimate, a number, or nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return with_interval(value, decimals)
    return f"{value:,}" if isinstance(value, int) else f"{value:.{decimals}f}"


def decimals_of(keys: Iterable[str]) -> int:
    """Decimals of a figure: 1 of a number of notes, else 3."""
    return 1 if set(keys) & set(IN_NOTES) else 3


def signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    header = list(header)
    cells = [[f" {cell} " if cell else " " for cell in row] for row in (header, *rows)]
    return "\n".join(f"|{'|'.join(row)}|" for row in (cells[0], ["---"] * len(header), *cells[1:]))


def words(key: str) -> str:
    return key.replace("_", " ")


def nearest_to_1(by_temperature: dict) -> str:
    """The key of the temperature that tables show."""
    return min((key for key in by_temperature if key != "reference"), key=lambda key: abs(float(key) - 1))


def benchmark(name: str) -> dict:
    """The content of benchmarks/results/NAME.json.

    Raises:
        BadInput: there is none.
    """
    path = ROOT / "benchmarks" / "results" / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"benchmarks/results/{name}.json: isn't there; the benchmark {name}.py writes it") from error
