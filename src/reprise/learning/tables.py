"""Small tables as CSV files, which DVC plots and people read."""

from pathlib import Path

import pandas as pd


def write_table(rows: list[dict], path: Path) -> None:
    """Rows as a CSV file; their keys name the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False, lineterminator="\n")
