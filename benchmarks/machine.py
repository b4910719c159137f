"""What every benchmark says of the machine it ran on, and where its figures go.

A description holds what explains a speed (processor, cores, memory, system, versions) and nothing that names a
machine: no host, user or path.
"""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

from reprise.audio.fluidsynth import library_version
from reprise.errors import RepriseError
from reprise.pipeline.machine import cpu_model, usable_cores
from reprise.pipeline.shards import write_atomically

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("numpy", "torch", "librosa", "pretty_midi", "pyfluidsynth", "soundfile", "joblib", "dvc")


def describe_machine() -> dict:
    """Processor, cores, memory, system and versions, as JSON values."""
    return {
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gib": memory_gib(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "os": os_name(),
        "architecture": platform.machine(),
        "versions": {
            "python": platform.python_version(),
            "fluidsynth": library_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }


def memory_gib() -> float:
    """Physical memory in GiB, to a tenth."""
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)


def os_name() -> str:
    """The system's name and version, such as Debian GNU/Linux 12 (bookworm)."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def write_results(name: str, figures: dict, folder: Path = RESULTS) -> Path:
    """`figures` with the machine's description as `folder/NAME.json`; returns the file."""
    return write_json(folder / f"{name}.json", {"machine": describe_machine(), **figures})


def write_json(path: Path, content: dict) -> Path:
    """A JSON file, written whole."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
    return path


def report(name: str, figures: dict, quick: bool) -> None:
    """Write the results of a full run and say where; a quick one leaves no figures."""
    if quick:
        print("\nA quick run: it shows that the benchmark works. Its figures mean nothing and aren't written.")
    else:
        print(f"\nwritten: {write_results(name, figures).relative_to(ROOT)}")


def need(path: Path, how: str) -> Path:
    """`path`, relative to the repository's root, as an absolute path.

    Raises:
        RepriseError: it isn't there; `how` says what makes it.
    """
    if not (ROOT / path).exists():
        raise RepriseError(f"{path}: isn't there; {how}")
    return ROOT / path
