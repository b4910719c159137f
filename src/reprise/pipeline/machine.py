"""What a result was computed on, in so far as it explains a figure or a speed; nothing that names a machine.

`metrics/machines.json` has it for each stage of the last run. It is no out of any stage: results are compared between
machines, and where they were made must not make them differ.
"""

import json
import os
import platform
import sys
from collections.abc import Container
from importlib.metadata import version
from pathlib import Path

from reprise.pipeline.shards import write_atomically

MACHINES = Path("metrics/machines.json")
UNKNOWN = "unknown"
# Packages that compute, by the module that a process has loaded when it uses them.
PACKAGES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "librosa": "librosa",
    "soundfile": "soundfile",
    "music21": "music21",
}


def record_machine(stage: str, known: Container[str], path: Path = MACHINES) -> None:
    """Note in `path` on what a stage of the pipeline has just run; forget stages that aren't `known` any more."""
    try:
        machines = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or the conflict marks of a merge in it
        machines = {}
    loaded = {"python": platform.python_version()}
    loaded |= {package: version(package) for module, package in PACKAGES.items() if module in sys.modules}
    machines = {name: machine for name, machine in machines.items() if name in known}
    machines[stage] = {"cpu": cpu_model(), **instruction_set(), "cores": usable_cores(), "versions": loaded}
    write_atomically(path, (json.dumps(dict(sorted(machines.items())), indent=2) + "\n").encode())


def instruction_set() -> dict[str, str]:
    """What PyTorch computes with in this process: its vector instructions, and the GPU; nothing where it isn't used."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    gpu = {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    return {"instructions": torch.backends.cpu.get_cpu_capability(), **gpu}


def cpu_model() -> str:
    """The processor as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or UNKNOWN
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or UNKNOWN


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
