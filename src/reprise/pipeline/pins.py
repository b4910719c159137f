"""The versions that a result belongs to: what requirements/*.txt pin, and what is installed.

dvc.yaml lists a stage's requirement files among its dependencies, so another pin makes the stage stale. That holds only
where the pinned version is the one at work: so a stage refuses any other.
"""

import importlib.metadata
import sys
from pathlib import Path

from reprise.errors import RepriseError

FOLDER = Path("requirements")
NO_RESULT = ("tools.txt", "tests.txt", "sharing.txt")  # their pins change no result; no stage lists them


def read_pins(path: Path) -> dict[str, str]:
    """The versions that a requirement file pins, by the name of the package: lines like `numpy==2.4.6  # arrays`."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if "==" in line)


def result_packages() -> tuple[str, ...]:
    """Every package whose version can change a result."""
    files = (path for path in sorted(FOLDER.glob("*.txt")) if path.name not in NO_RESULT)
    return tuple(package for path in files for package in read_pins(path))


def installed_version(package: str) -> str | None:
    """The installed version of a package, without a build's suffix (the +cpu of PyTorch); None if it is missing."""
    try:
        return importlib.metadata.version(package).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def check_installed(files: list[Path]) -> None:
    """Refuse to make a result with a package of another version than these requirement files pin.

    Raises:
        RepriseError: a package is missing or has another version.
    """
    for file in files:
        for package, pinned in read_pins(file).items():
            found = installed_version(package)
            if found != pinned:
                raise RepriseError(
                    f"{file} pins {package}=={pinned}, but {found or 'none'} is installed, and another version can "
                    f"give other results. Install what is pinned: {sys.executable} -m pip install -r requirements.txt; "
                    "or change the pin: the stages that it can change then run again"
                )
