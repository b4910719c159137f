"""The smoke pipeline end to end: it runs, runs nothing twice, gives the same bytes however it runs, and is shared.

"The same" means dvc.lock: the hash of every dependency and of every file that a stage wrote.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
import vl_convert
from conftest import ROOT, Clone

from reprise.composition.models.trained import MODELS
from reprise.params import read_yaml
from reprise.pipeline.dvc_files import stage_entries

CLIP_STAGES = ("collect_fonts", "compose_clips", "sample_clips", "render_clips", "describe_clips", "cache_spectrograms")
TRAINING_STAGES = ("train_recognizer@recognizer", "train_recognizer@ceiling", "evaluate_recognizer")
MUSIC_STAGES = tuple(f"{stage}@{model}" for stage in ("generate_music", "evaluate_composer") for model in MODELS)
CLAP_STAGES = ("train_clap", "evaluate_clap")
TASTE_STAGES = ("generate_taste", "evaluate_taste")
ORDER_STAGES = ("collect_passages", "train_composer@conditioned", "evaluate_control")
INFILLING_STAGES = ("train_composer@infilling", "evaluate_harmonisation")
CHECK, SUMMARY = "check_params", "summarise_metrics"
MUSIC_MODEL_STAGES = ("collect_corpus", *(f"train_composer@{model}" for model in MODELS), *MUSIC_STAGES)


def written(entry: dict, *kinds: str) -> list[str]:
    """Paths of a stage's outs, metrics or plots."""
    items = [item for kind in kinds for item in entry.get(kind, [])]
    return [next(iter(item)) if isinstance(item, dict) else item for item in items]


def leaves(value: object) -> list:
    return [leaf for item in value.values() for leaf in leaves(item)] if isinstance(value, dict) else [value]


def curves(stages: dict[str, dict]) -> dict[str, dict]:
    """The curves of each training, which are plots of their stages: path and how it is drawn."""
    plots = (plot for entry in stages.values() for plot in entry.get("plots", []))
    return {path: options for plot in plots for path, options in plot.items() if path.endswith(".csv")}


# --- how it is written


def test_no_title_of_a_plot_holds_an_apostrophe():
    """One ends the text in the page of `dvc plots show`, and the plot is never drawn."""
    titles = [title for plot in read_yaml(ROOT / "dvc.yaml")["plots"] for title in plot]
    titles += [options["title"] for options in curves(stage_entries(ROOT / "dvc.yaml")).values()]
    assert titles and not [title for title in titles if "'" in title or '"' in title]


# --- it runs


def test_every_stage_ran_in_the_first_run(smoke_clone):
    assert sorted(smoke_clone.stages_run) == sorted(smoke_clone.stages)
    assert set(smoke_clone.stages) == {
        CHECK,
        *CLIP_STAGES,
        *TRAINING_STAGES,
        *CLAP_STAGES,
        *MUSIC_MODEL_STAGES,
        *ORDER_STAGES,
        *INFILLING_STAGES,
        *TASTE_STAGES,
        SUMMARY,
    }
    assert smoke_clone.stages_run[0] == CHECK and smoke_clone.stages_run[-1] == SUMMARY


def test_every_out_is_there_and_no_work_is_left_over(smoke_clone):
    for stage, entry in smoke_clone.stages.items():
        for path in written(entry, "outs", "metrics", "plots"):
            files = [smoke_clone.folder / path, *(smoke_clone.folder / path).rglob("*")]
            assert any(file.is_file() and file.stat().st_size for file in files), f"{stage} left {path} empty"
            assert not [file for file in files if file.suffix == ".partial"]
    assert not [path for path in (smoke_clone.folder / ".reprise" / "work").iterdir() if path.is_dir()]


def test_dvc_shows_a_summary_by_default_and_every_metrics_file_when_asked(lasting_copy):
    """`dvc metrics` drops lists without a word."""
    (shown,) = json.loads(output_of_dvc(lasting_copy, "metrics", "show", "--json"))[""]["data"].items()
    summary = json.loads((lasting_copy.folder / "metrics/summary.json").read_text())
    assert shown == ("metrics/summary.json", {"data": summary}) and 15 <= len(leaves(summary)) <= 35
    outs = [path for entry in lasting_copy.stages.values() for path in written(entry, "outs", "metrics")]
    paths = [path for path in outs if path.startswith("metrics/")]
    asked = json.loads(output_of_dvc(lasting_copy, "metrics", "show", "--json", *paths))[""]["data"]
    for path in paths:
        metrics = json.loads((lasting_copy.folder / path).read_text())
        assert leaves(metrics) and all(isinstance(leaf, (int, float, str, bool)) for leaf in leaves(metrics)), path
        assert asked[path]["data"] == metrics
    recognizer = json.loads((lasting_copy.folder / "metrics/recognizer.json").read_text())
    assert recognizer["test"]["macro_f1"].keys() == {"value", "low", "high", "count"}
    assert recognizer["test"]["macro_f1"]["count"] == 24
    assert summary["f1"]["test"] == recognizer["test"]["macro_f1"]["value"]


def test_plots_render_without_a_network(copy_of_smoke, tmp_path):
    """Each by Vega itself, as the page does it; a plot that DVC couldn't make is not on the page."""
    copy_of_smoke.run("python", "scripts/offline_plots.py")
    copy_of_smoke.dvc("plots", "show", "--out", str(tmp_path))
    page = (tmp_path / "index.html").read_text()
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", page)
    places, specs = (
        re.findall(r"<div id = \"([^\"]+)\">", page),
        re.findall(r"var spec = (\{.*?\});\n", page, re.DOTALL),
    )
    titles = [next(iter(plot)) for plot in read_yaml(copy_of_smoke.folder / "dvc.yaml")["plots"]]
    titles += [options["title"] for options in curves(copy_of_smoke.stages).values()]
    assert len(specs) == len(places) == len(titles)
    assert all(title in page for title in titles)
    assert all(page.count(f"vegaEmbed('#{place}', spec)") == 1 and "'" not in place for place in places)
    for spec in specs:
        drawn = vl_convert.vegalite_to_svg(json.loads(spec), vl_version="5.21")
        assert re.search(r'class="mark-(?!group)\w+ role-mark', drawn), "only axes are drawn"


def output_of_dvc(clone: Clone, *args: str) -> str:
    """stdout of a dvc command that only reads; the clone's log stays that of its run."""
    return subprocess.run(
        ["dvc", *args], cwd=clone.folder, env=clone.environment, capture_output=True, text=True, check=True
    ).stdout


# --- it runs nothing twice


def test_a_second_run_has_nothing_to_do(copy_of_smoke):
    copy_of_smoke.dvc("repro")  # hashes the copied files
    started = time.monotonic()
    log = copy_of_smoke.dvc("repro")
    assert "Data and pipelines are up to date." in log and copy_of_smoke.stages_run == []
    assert time.monotonic() - started < 30, "about 2 s"


EVERYTHING_FROM_SPECTROGRAMS = {"sample_clips", "describe_clips", "cache_spectrograms", *TRAINING_STAGES, *CLAP_STAGES}


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ({"compute": {"engine": "dask", "workers": 7, "device": "cpu", "tracking": False}}, set()),
        ({"evaluation": {"seed": 2}}, {"evaluate_recognizer"}),
        ({"recognizer": {"epochs": 5}}, {"train_recognizer@recognizer", "train_recognizer@ceiling"}),
        ({"spectrogram": {"floor_db": -81.0}}, EVERYTHING_FROM_SPECTROGRAMS),
        (
            {"rendering": {"clean_level_db": -21.0}},
            {*CLIP_STAGES[2:], *TRAINING_STAGES[:2], "generate_taste"},
        ),
        ({"samples": {"clips": 3}}, {"sample_clips"}),
        ({"descriptions": {"captions": 3}}, {"describe_clips", "train_clap"}),
        ({"clap": {"notes": False}}, {"train_clap"}),
        ({"ceiling": {"epochs": 3}}, {"train_recognizer@ceiling"}),
        (
            {"fonts": {"train_without": []}},
            {"collect_fonts", "sample_clips", "render_clips", *MUSIC_STAGES[:3], INFILLING_STAGES[1], "generate_taste"},
        ),
        ({"corpus": {"rare_pitch_count": 1}}, {"collect_corpus"}),
        ({"models": {"lstm": {"fit": {"epochs": 3}}}}, {"train_composer@lstm"}),
        ({"sampling": {"temperatures": [1.3]}}, set(MUSIC_STAGES)),
        ({"music_evaluation": {"seed": 2}}, set(MUSIC_STAGES[3:])),
        ({"passages": {"works": 7}}, {"collect_passages"}),
        ({"models": {"conditioned": {"omission": {"one": 0.2}}}}, {"train_composer@conditioned"}),
        ({"control": {"guidance": 2.0}}, {"evaluate_control"}),
        ({"models": {"infilling": {"gaps": {"bars": 0.1}}}}, {"train_composer@infilling"}),
        ({"harmonisation": {"temperature": 0.9}}, {"evaluate_harmonisation"}),
        ({"taste": {"guidance": 2.0}}, {"generate_taste"}),
        ({"taste_evaluation": {"seed": 2}}, {"evaluate_taste"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_changed_param_makes_stale_what_reads_it(lasting_copy, change, stale):
    """A dry run names the stages that read the param; in a real one, those behind them follow."""
    params = lasting_copy.folder / "params.yaml"
    before = params.read_bytes()
    try:
        lasting_copy.set_params(change)
        log = output_of_dvc(lasting_copy, "repro", "--dry")
    finally:
        params.write_bytes(before)
    assert {stage for stage in lasting_copy.stages if f"Running stage '{stage}'" in log} - {CHECK} == stale
    assert (f"Running stage '{CHECK}'" in log) == bool(stale)


@pytest.mark.parametrize(("section", "wrong"), [("models", {"vae": {"fit": {"epochs": 0}}}), ("clips", {"count": -1})])
def test_a_wrong_param_deletes_nothing(copy_of_smoke, section, wrong):
    """DVC deletes a stage's outs before it starts the stage that would refuse the param."""
    before = {path: path.stat().st_mtime_ns for path in copy_of_smoke.folder.glob("[dmp]*/**/*") if path.is_file()}
    copy_of_smoke.set_params({section: wrong, "spectrogram": {"floor_db": -81.0}})
    assert copy_of_smoke.finish(copy_of_smoke.start("dvc", "repro")) != 0
    assert copy_of_smoke.stages_run == [CHECK] and f"error: check_params: {section}." in copy_of_smoke.log
    checked = copy_of_smoke.folder / "data/checked.txt"
    assert {path for path in before if not path.exists()} == {checked}
    assert all(path.stat().st_mtime_ns == time for path, time in before.items() if path != checked)


def test_an_experiment_reruns_training_alone_and_metrics_diff_shows_it(copy_of_smoke):
    copy_of_smoke.commit("smoke")
    copy_of_smoke.set_params({"compute": {"tracking": False}})
    copy_of_smoke.dvc("exp", "run", "--set-param", "recognizer.epochs=1")
    assert set(copy_of_smoke.stages_run) == {CHECK, *TRAINING_STAGES, *CLAP_STAGES, *TASTE_STAGES, SUMMARY}
    curves = (copy_of_smoke.folder / "plots/recognizer/curves.csv").read_text().splitlines()
    assert len(curves) == 2, "a header and one epoch"
    changed = json.loads(copy_of_smoke.dvc("metrics", "diff", "--json"))
    (keys,) = changed.values()
    parts = {key.split(".")[0] for key in keys}
    assert changed.keys() == {"metrics/summary.json"} and {"f1", "clap"} <= parts <= {"f1", "clap", "taste"}
    copy_of_smoke.git("checkout", "params.yaml")
    log = copy_of_smoke.dvc("repro", *TRAINING_STAGES[:2])
    assert copy_of_smoke.stages_run == [] or set(copy_of_smoke.stages_run) == {CHECK}
    assert all(f"Stage '{stage}' is cached - skipping run" in log for stage in TRAINING_STAGES[:2]), "of the first run"


def test_other_temperatures_rerun_the_music_alone_and_metrics_diff_shows_it(copy_of_smoke):
    """Of one model; which stages read the param is told above."""
    copy_of_smoke.commit("smoke")
    copy_of_smoke.dvc("exp", "run", "--set-param", "sampling.temperatures=[1.3]", "evaluate_composer@lstm")
    assert copy_of_smoke.stages_run == [CHECK, "generate_music@lstm", "evaluate_composer@lstm"]
    copy_of_smoke.dvc("repro", "--single-item", SUMMARY)
    changed = json.loads(copy_of_smoke.dvc("metrics", "diff", "--json"))["metrics/summary.json"]
    assert "lstm.difference" in changed
    generated = json.loads((copy_of_smoke.folder / "metrics/composer/lstm.json").read_text())["generated"]
    assert list(generated) == ["1.3"]


# --- the same bytes however it runs


def test_processes_side_by_side_in_another_folder_give_the_same_lock(smoke_clone, new_clone, tmp_path):
    """Every stage, training and evaluation among them, run again from nothing, two at a time."""
    clone, made = new_clone, tmp_path / "made"
    clone.environment |= {"REPRISE_ENGINE": "processes", "REPRISE_JOBS": "2"}
    clone.set_params({"compute": {"tracking": False}})
    clone.run("python", "scripts/side_by_side.py", str(made))
    assert sorted(made.read_text().split()) == sorted(smoke_clone.stages)
    assert "-- first music within" in clone.log
    assert clone.dvc("repro").count("Running stage") == 0
    for model in ("recognizer", *(f"composer/{model}" for model in MODELS)):
        weights = f"models/{model}/weights.safetensors"
        assert (clone.folder / weights).read_bytes() == (smoke_clone.folder / weights).read_bytes()
    assert clone.lock == smoke_clone.lock


def test_dask_gives_the_same_lock(smoke_clone, new_clone):
    clone = new_clone
    clone.environment["REPRISE_ENGINE"] = "dask"
    clone.dvc("repro", "--force", "--no-run-cache", "sample_clips", *CLIP_STAGES[-2:])
    assert set(clone.stages_run) == {CHECK, *CLIP_STAGES}
    assert clone.lock == {stage: smoke_clone.lock[stage] for stage in (CHECK, *CLIP_STAGES)}


# --- killed, it goes on

RUN_ONE = ("repro", "--force", "--no-run-cache", "--single-item")


def kill_after(clone: Clone, stage: str, progress: Callable[[Path], int], steps: int, victim: str) -> None:
    """Run `stage`, wait until its `progress` has grown by `steps`, and `kill -9` the stage or the dvc above it."""
    work = clone.folder / ".reprise" / "work"
    (work / f"{stage}.pid").unlink(missing_ok=True)
    dvc = clone.start("dvc", *RUN_ONE, stage)
    wait_for(lambda: (work / f"{stage}.pid").exists() and (work / f"{stage}.pid").read_text(), dvc)
    process = psutil.Process(int((work / f"{stage}.pid").read_text()))
    begin = current(work / stage, progress)
    wait_for(lambda: current(work / stage, progress) >= begin + steps, dvc)
    workers = process.children(recursive=True)
    os.kill(process.pid if victim == "stage" else dvc.pid, signal.SIGKILL)
    assert clone.finish(dvc) != 0
    assert not [path for path in written(clone.stages[stage], "outs") if (clone.folder / path).exists()]
    psutil.wait_procs([process], timeout=20)
    assert not process.is_running(), "the stage outlived the dvc that would have recorded its outs"
    for worker in workers:  # they would wait for more work for minutes
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()


def wait_for(moment: Callable[[], object], dvc: subprocess.Popen) -> None:
    deadline = time.monotonic() + 180
    while not moment():
        assert dvc.poll() is None, "the stage ended before it could be killed"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.02)


def current(work: Path, progress: Callable[[Path], int]) -> int:
    return sum(progress(folder / "scratch") for folder in work.glob("*") if (folder / "scratch").is_dir())


def go_on(clone: Clone, stage: str) -> None:
    clone.dvc(*RUN_ONE, stage)
    assert clone.stages_run == [stage]
    assert f"{stage}: goes on from what an earlier run left" in clone.log


def test_killed_while_rendering_it_goes_on_to_the_same_lock(smoke_clone, copy_of_smoke):
    clone, stage = copy_of_smoke, "render_clips"
    clone.environment |= {"REPRISE_ENGINE": "processes", "SHELL": "/bin/sh"}

    def finished(scratch: Path) -> int:
        return len(list(scratch.glob("*.json")))

    kill_after(clone, stage, finished, 2, "stage")
    made = {}
    for note in (clone.folder / ".reprise/work" / stage).glob("*/scratch/*.json"):
        name, _, shard = note.stem.rpartition("-")
        path = Path("data/clips/audio", name, f"shard-{shard}.tar")
        made[path] = (note.parent.parent / "outs" / path).stat().st_mtime_ns
    assert len(made) >= 2
    kill_after(clone, stage, finished, 2, "dvc")
    go_on(clone, stage)
    assert clone.lock == smoke_clone.lock
    assert {path: (clone.folder / path).stat().st_mtime_ns for path in made} == made, "a finished shard was made again"


def test_killed_while_training_it_goes_on_to_the_same_weights(copy_of_smoke):
    """Long enough, 40 epochs of about .2 s, for a stage to be still at work when its dvc is killed."""
    clone, stage = copy_of_smoke, "train_recognizer@recognizer"
    clone.environment["SHELL"] = "/bin/bash"
    clone.set_params({"compute": {"tracking": False}, "recognizer": {"epochs": 40, "patience": 40}})
    clone.dvc(*RUN_ONE, stage)
    undisturbed = clone.lock

    def epochs(scratch: Path) -> int:
        checkpoint = scratch / "checkpoint.pt"
        return len(torch.load(checkpoint, weights_only=True)["curves"]) if checkpoint.exists() else 0

    kill_after(clone, stage, epochs, 1, "stage")
    kill_after(clone, stage, epochs, 1, "dvc")
    go_on(clone, stage)
    assert "training:   0%" not in clone.log, "training began anew"
    assert clone.lock == undisturbed


# --- it is shared


def test_what_one_clone_pushes_another_pulls_and_runs_nothing(smoke_clone, copy_of_smoke, tmp_path, dvc_settings):
    copy_of_smoke.dvc("remote", "add", "--default", "shared", str(tmp_path / "remote"))
    copy_of_smoke.commit("smoke")
    copy_of_smoke.dvc("push")
    second = Clone(tmp_path / "second", dvc_settings)
    second.clone_from(copy_of_smoke.folder)
    assert not (second.folder / "data/clips/audio").exists()
    second.dvc("pull")
    log = second.dvc("repro")
    assert "Data and pipelines are up to date." in log and second.stages_run == []
    assert second.lock == smoke_clone.lock
    for path in (
        "data/clips/spectrograms/recognizer/test.npy",
        "models/recognizer/config.json",
        "metrics/recognizer.json",
    ):
        assert (second.folder / path).read_bytes() == (smoke_clone.folder / path).read_bytes()
    shutil.rmtree(second.folder)
