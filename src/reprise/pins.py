"""The versions that a result belongs to: what requirements/*.txt pin, and what is installed.

dvc.yaml lists a stage's requirement files among its dependencies, so another pin makes the stage stale. That holds only
where the pinned version is the one at work: so a stage refuses any other.
"""

import importlib.metadata
import sys
from pathlib import Path

from reprise.errors import RepriseError

FOLDER = Path("requirements")


def read_pins(path: Path) -> dict[str, str]:
    """The versions that a requirement file pins, by the name of the package: lines like `numpy==2.4.6  # arrays`."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if "==" in line)


def installed_version(package: str) -> str | None:
    """The installed version of a package, without what a build adds to it (the +cpu of PyTorch); None if it is missing."""
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
                    f"{file} pins {package}=={pinned}, but {found or 'none'} is installed, and other versions can give "
                    f"other results. Install what is pinned: {sys.executable} -m pip install -r requirements.txt; or, to "
                    f"work with {found or 'another version'}, change the pin: what depends on it then runs again"
                )
