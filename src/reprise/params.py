"""params.yaml, read with the YAML 1.2 parser that DVC itself uses, and checked.

A section of the file becomes a frozen dataclass (see `checked`) that lives with the code it steers.
"""

import re
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reprise.checked import build
from reprise.errors import ParamsError

T = TypeVar("T")
N = TypeVar("N", int, float)

PARAMS_FILE = Path("params.yaml")
PLAIN_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]*(e[-+]?[0-9]+)?", re.IGNORECASE)


def read_yaml(path: Path) -> dict:
    """The mapping that a YAML file holds.

    Raises:
        ParamsError: the file is missing, isn't YAML, repeats a key or isn't a mapping.
    """
    try:
        content = YAML(typ="safe", pure=True).load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(f"{path}: cannot be read ({error.strerror}); it must be a YAML file") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise ParamsError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path}: holds {type(content).__name__}; it must be a mapping of sections")
    return content


def load_section(cls: type[T], name: str, path: Path = PARAMS_FILE) -> T:
    """Section `name` of params.yaml as the dataclass `cls`; a dot leads into a section of a section.

    Raises:
        ParamsError: the file, the section or one of its keys is wrong.
    """
    content: object = read_yaml(path)
    for part in name.split("."):
        if not isinstance(content, dict) or part not in content:
            raise ParamsError(f"{path}: section '{name}' is missing")
        content = content[part]
    return build(cls, content, name)


def plain_number(text: str, kind: type[N]) -> N:
    """The number, int or float, that digits stand for; Python itself also takes '5_0', '５０' and ' 5' for one.

    Raises:
        ValueError: there is none.
    """
    if not PLAIN_NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' isn't a number in plain digits")
    return kind(text)
