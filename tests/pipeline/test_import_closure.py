"""Every stage in dvc.yaml lists the modules that its script imports, directly or through others, and the requirement
files that pin the packages which these import.

A folder stands for all that is in it; a stage that lists one imports more than half of that. Otherwise it lists nothing
that it doesn't import. `python tests/pipeline/test_import_closure.py` prints what each stage needs, module by module.
"""

import ast
import functools
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from reprise.params import read_yaml
from reprise.pipeline.pins import NO_RESULT, read_pins

ROOT = Path(__file__).resolve().parents[2]

# What a result can't depend on, and so no stage lists; nothing is followed through them either.
EXEMPT = {
    "src/reprise/params.py": "turns params.yaml into values; DVC tracks the values themselves",
    "src/reprise/checked.py": "checks those values, changes none",
    "src/reprise/pipeline/compute.py": "decides where the work runs; the same bytes from every engine is tested",
    "src/reprise/pipeline/cluster.py": "the same, on a Dask cluster",
    "src/reprise/pipeline/tracking.py": "mirrors what was computed, writes no out",
    "src/reprise/pipeline/machine.py": "notes on what a stage ran, beside its result",
    "src/reprise/progress.py": "prints",
    "src/reprise/pipeline/stage.py": "finds, locks and moves what a stage's own code has written",
    "src/reprise/pipeline/dvc_files.py": "reads dvc.yaml and dvc.lock",
    "src/reprise/pipeline/inputs.py": "hashes what a stage reads",
    "src/reprise/pipeline/pins.py": "reads the requirement files, which stages list themselves",
    "src/reprise/sections.py": "checks params.yaml; where it finds no fault, the result is always the same",
    "src/reprise/errors.py": "declares the errors: a stage that raises one has no result",
}


# Used by a package that is imported, without an import of ours; and the reverse, imported as a part of a package.
BEHIND = {"pandas": {"pyarrow"}, "matplotlib": {"pillow"}}
PARTS = {"pydantic": "fastapi", "starlette": "fastapi"}


@functools.cache
def imported_names(source: str) -> frozenset[str]:
    """Dotted names that Python source imports, wherever in it, also by `from package import module`."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import: this repository imports by full name"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def imported_files(source: str, root: Path = ROOT) -> set[str]:
    """Files of this repository that Python source imports."""
    names = imported_names(source)
    files = (Path("src", *name.split(".")).with_suffix(".py") for name in names if name.split(".")[0] == "reprise")
    return {file.as_posix() for file in files if (root / file).is_file()}


def code_of(script: str, root: Path = ROOT) -> set[str]:
    """The script and every module of ours behind it, but for the exempt ones."""
    found, waiting = set(), {script}
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= imported_files((root / file).read_text(encoding="utf-8"), root) - found - EXEMPT.keys()
    return found


def packages_of(files: set[str], root: Path = ROOT) -> set[str]:
    """Names, as PyPI writes them, of the packages of others that these files import, and of what works behind those."""
    names = set().union(*(imported_names((root / file).read_text(encoding="utf-8")) for file in files))
    roots = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"reprise"}
    packages = {pinned_package(PARTS.get(name, name)) for name in roots}
    return packages.union(*(BEHIND.get(package, set()) for package in packages))


def pinned_package(name: str) -> str:
    """The package that brings the module `name`; of several, the one that is pinned."""
    packages = [canonical(package) for package in DISTRIBUTIONS[name]]
    return next((package for package in packages if package in PINNED_BY), packages[0])


def canonical(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


DISTRIBUTIONS = importlib.metadata.packages_distributions()
PINNED_BY = {
    canonical(package): path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "requirements").glob("*.txt"))
    for package in read_pins(path)
}


def requirements_of(script: str) -> set[str]:
    """The requirement files whose pins can change what a stage's script makes."""
    files = {PINNED_BY[package] for package in packages_of(code_of(script))}
    return {file for file in files if Path(file).name not in NO_RESULT}


def stages(root: Path = ROOT) -> dict[str, tuple[str, set[str]]]:
    """For each stage of dvc.yaml: its script, and the code, in files and folders, and requirement files of its deps."""
    return {
        name: (
            re.search(r"stages/\w+\.py", entry["cmd"])[0],
            {dep for dep in entry["deps"] if dep.startswith(("stages/", "src/", "requirements/"))},
        )
        for name, whole in read_yaml(root / "dvc.yaml")["stages"].items()
        for entry in [whole.get("do", whole)]
    }


def files_in(folder: str, root: Path = ROOT) -> set[str]:
    """The modules in a folder and those below it; packages hold no code."""
    found = {path.relative_to(root).as_posix() for path in (root / folder).rglob("*.py")}
    return {path for path in found if not path.endswith("/__init__.py")}


@pytest.mark.parametrize("stage", stages())
def test_a_stage_lists_the_code_that_it_runs(stage):
    script, listed = stages()[stage]
    needed = code_of(script) | requirements_of(script)
    folders = {path for path in listed if (ROOT / path).is_dir()}
    covered = {folder: files_in(folder) for folder in folders}
    missing = needed - listed - set().union(*covered.values())
    assert not missing, f"dvc.yaml: {stage} runs code that its deps lack: changing it would rerun nothing"
    assert not listed - folders - needed, f"dvc.yaml: {stage} lists code that it doesn't import"
    for folder, files in covered.items():
        assert len(files & needed) > len(files) / 2, f"dvc.yaml: {stage} lists {folder}, and imports little of it"
        assert not listed & files, f"dvc.yaml: {stage} lists what is in {folder} twice"


def test_only_pinned_packages_are_imported():
    files = {
        path.relative_to(ROOT).as_posix() for folder in ("src", "stages") for path in (ROOT / folder).rglob("*.py")
    }
    for package in packages_of(files):
        assert PINNED_BY[package] not in {"requirements/tests.txt", "requirements/sharing.txt"}, package


def test_one_file_installs_every_pin():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    installed = {line.removeprefix("-r ") for line in lines if line.startswith("-r ")}
    assert installed == set(PINNED_BY.values()) - {"requirements/sharing.txt"}


def test_the_package_s_own_ranges_are_of_the_same_packages_and_hold_the_pins():
    """A user of the library gets no tools of tests, and may have newer versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = {name: project["optional-dependencies"][name] for name in ("tests", "sharing")}
    pins = {path.stem: read_pins(path) for path in sorted((ROOT / "requirements").glob("*.txt"))}
    pins["dependencies"] = {name: pin for group in set(pins) - set(ranges) for name, pin in pins[group].items()}
    for group, listed in (ranges | {"dependencies": project["dependencies"]}).items():
        found = {requirement.name: requirement.specifier for requirement in map(Requirement, listed)}
        assert found.keys() == pins[group].keys()
        assert all(pins[group][name] in specifier for name, specifier in found.items())


def test_packages_hold_no_code():
    """An `__init__.py` runs with every import below it, yet no stage lists it."""
    packages = sorted((ROOT / "src").rglob("__init__.py"))
    assert packages
    for path in packages:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body), path


def test_exempt_modules_exist():
    assert all((ROOT / path).is_file() for path in EXEMPT)


def test_the_walk_follows_every_kind_of_import(tmp_path):
    files = {
        "stages/a.py": "from reprise.b import f\nimport reprise.pipeline.shards\n",
        "src/reprise/b.py": "def f():\n    from reprise.sub import c\n",
        "src/reprise/sub/c.py": "import numpy\nfrom reprise.pipeline.stage import Stage\n",
        "src/reprise/pipeline/shards.py": "",
        "src/reprise/pipeline/stage.py": "from reprise.only_through_stage import x\n",
        "src/reprise/only_through_stage.py": "",
        "src/reprise/unused.py": "",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert code_of("stages/a.py", tmp_path) == {
        "stages/a.py",
        "src/reprise/b.py",
        "src/reprise/sub/c.py",
        "src/reprise/pipeline/shards.py",
    }


if __name__ == "__main__":
    for name, (script, _) in stages().items():
        needed = [script, *sorted(code_of(script) - {script}), *sorted(requirements_of(script))]
        print(f"{name}:", *needed, sep="\n  ")
