"""Write params.schema.json, by which editors complete and check params.yaml; a key is described by its comment there.

Editors with a YAML language server (VS Code's YAML extension, Neovim, Emacs, Kate) find it by the first line of
params.yaml. The tests compare it with the code.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from reprise.params import PARAMS_FILE
from reprise.sections import Params

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "params.schema.json"
KEY = re.compile(r"(?P<indent> *)(?P<key>\w+):(?: [^#]*)?(?:  # (?P<comment>.+))?$")
REFERENCE = "#/$defs/"


def schema(params: str) -> dict:
    """The JSON schema of params.yaml, with the comments of the text `params` as descriptions."""
    found = TypeAdapter(Params).json_schema()
    for keys, comment in comments(params):
        place = found
        for key in keys:
            options = [kind.get("properties", {}) for kind in kinds(place, found)]
            place = next(option[key] for option in options if key in option)
        place.setdefault("description", comment)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def kinds(place: dict, whole: dict) -> list[dict]:
    """What may stand at a place of a schema: one object, or one of several kinds."""
    found = [place, *place.get("oneOf", [])]
    return [whole["$defs"][own["$ref"].removeprefix(REFERENCE)] if "$ref" in own else own for own in found]


def comments(params: str) -> Iterator[tuple[list[str], str]]:
    """The keys of a YAML text that have a comment beside them, each as the path to it."""
    path: list[tuple[int, str]] = []
    for line in params.splitlines():
        if found := KEY.match(line):
            indent = len(found["indent"])
            path = [(depth, key) for depth, key in path if depth < indent] + [(indent, found["key"])]
            if found["comment"]:
                yield [key for _, key in path], found["comment"]


def render(params: str) -> str:
    """The content of params.schema.json."""
    return json.dumps(schema(params), indent=2) + "\n"


def main() -> None:
    SCHEMA.write_text(render((ROOT / PARAMS_FILE).read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{SCHEMA.name}: written")


if __name__ == "__main__":
    main()
