"""How fast clips are rendered, beside pretty_midi and the fluidsynth program; and what a second worker brings.

All peers get the same MIDI files, composed as the pipeline composes them, the same font (FluidR3_GM) and the same
sample rate, one process each. Each does what it does by default:

- ours: read and check the MIDI, render every part apart, level the parts, mix; the font is loaded once, before.
- pretty_midi: `PrettyMIDI(file).fluidsynth(...)` with the path of the font, which it loads for every clip; it renders
  the instruments one after another and adds a second of silence.
- pretty_midi, one synth: the same with a synth that has the font loaded; quicker, but then a clip's sound depends on
  the clips before it.
- fluidsynth -F: one process of the program a clip, to a WAV file; it too goes on until the last note has died away.

Peers render more seconds a clip than ours (the column says how many), so the table also gives seconds of audio a
second.
"""

import argparse
import io
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import fluidsynth
import numpy as np
import pretty_midi
import soundfile

from benchmarks.audio.workers import COMPOSER, RENDERER, Work, compose, of_size, render, start_up
from benchmarks.machine import ROOT, report
from benchmarks.measure import (
    blocks,
    in_new_process,
    per_second,
    run_script,
    speedup,
    spread,
    table,
    take_turns,
    with_spread,
)
from reprise.audio.fonts import FONTS, FontParams, collect_fonts, locate
from reprise.audio.params import RenderParams
from reprise.audio.render import mix_stems, plain_rendition, render_stems
from reprise.clips.compose import Clip, compose_clip
from reprise.clips.params import ClipParams
from reprise.music.readers.midi import read_midi
from reprise.music.writers.midi import midi_bytes
from reprise.params import PARAMS_FILE, load_section

FONT = "FluidR3_GM"
OURS, PRETTY_MIDI, ONE_SYNTH, PROGRAM = "ours", "pretty_midi", "pretty_midi, one synth", "fluidsynth -F"
LABELS = {
    "compose_1_s": "composing, 1 worker, s",
    "compose_2_s": "composing, 2 workers, s",
    "render_1_s": "rendering, 1 worker, s",
    "render_2_s": "rendering, 2 workers, s",
    "start_up_of_2_s": "of that starting 2 workers twice, s",
    "speedup": "2 workers are faster",
    "speedup_without_start_up": "2 workers are faster, without their start-up",
    "two_alone_at_once": "2 renderings that share nothing, at once, against one after the other",
}
Peer = Callable[[tuple[bytes, Clip]], float]  # renders a clip, returns how many seconds of audio it made


def render_ours(item: tuple[bytes, Clip], font: Path, params: RenderParams, duration_s: float) -> float:
    midi, clip = item
    piece = read_midi(midi, "clip")
    rendition = plain_rendition(len(piece.programs), font, params)
    stems = render_stems(piece, rendition, params.sample_rate, duration_s)
    mix, _ = mix_stems(stems, np.array(clip.levels_db), rendition.mix_level_db, params.sample_rate)
    return len(mix) / params.sample_rate


def render_pretty_midi(item: tuple[bytes, Clip], synthesizer: str | fluidsynth.Synth, sample_rate: int) -> float:
    with warnings.catch_warnings(action="ignore"):
        samples = pretty_midi.PrettyMIDI(io.BytesIO(item[0])).fluidsynth(fs=sample_rate, synthesizer=synthesizer)
    return len(samples) / sample_rate


def render_program(item: tuple[bytes, Clip], font: Path, sample_rate: int, folder: Path) -> float:
    midi, wav = folder / "clip.mid", folder / "clip.wav"
    midi.write_bytes(item[0])
    command = ["fluidsynth", "-ni", "-q", "-r", str(sample_rate), "-F", str(wav), str(font), str(midi)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return soundfile.info(wav).duration


def make_peers(font: Path, params: RenderParams, duration_s: float, folder: Path) -> dict[str, Peer]:
    """Every peer that this machine has, ours first."""
    loaded = fluidsynth.Synth(samplerate=float(params.sample_rate))
    loaded.sfload(str(font))
    peers = {
        OURS: partial(render_ours, font=font, params=params, duration_s=duration_s),
        PRETTY_MIDI: partial(render_pretty_midi, synthesizer=str(font), sample_rate=params.sample_rate),
        ONE_SYNTH: partial(render_pretty_midi, synthesizer=loaded, sample_rate=params.sample_rate),
    }
    if shutil.which("fluidsynth"):
        peers[PROGRAM] = partial(render_program, font=font, sample_rate=params.sample_rate, folder=folder)
    else:
        print("The program fluidsynth isn't installed (Debian: apt-get install fluidsynth): its row is left out.")
    return peers


def measure_peers(clips: Sequence[Clip], font: Path, params: RenderParams, duration_s: float, rounds: int) -> dict:
    """For each peer its clips a second, seconds of audio a clip, and how many times faster ours is."""
    items = [(midi_bytes(clip.piece), clip) for clip in clips]
    with tempfile.TemporaryDirectory() as folder:
        peers = make_peers(font, params, duration_s, Path(folder))
        audio_s = {name: peer(items[0]) for name, peer in peers.items()}  # also the turn that loads everything
        made = {name: [] for name in peers}

        def render_block(block: Sequence[tuple[bytes, Clip]], name: str) -> None:
            made[name].append(sum(map(peers[name], block)))

        parts = blocks(items, rounds)
        seconds = take_turns({name: partial(render_block, name=name) for name in audio_s}, parts)
    speed = {name: [a / s for a, s in zip(made[name], seconds[name])] for name in seconds}
    return {
        name: {
            "clips_per_second": per_second([len(part) for part in parts], seconds[name]),
            "audio_s_a_clip": round(sum(made[name]) / len(items), 2),
            "ours_is_faster": speedup(seconds[OURS], seconds[name]),
            "ours_is_faster_per_audio_s": speedup(speed[name], speed[OURS]),
        }
        for name in seconds
    }


def render_two_alone(work: Work) -> float:
    """Seconds for two renderings of all of `work` at once, one worker each, that share nothing but the font files."""
    both = [replace(work, folder=work.folder / name) for name in ("a", "b")]
    for one in both:
        one.folder.mkdir()
        (one.folder / "fonts").symlink_to(work.folder / "fonts")
        in_new_process(compose, one, 1)
    with ThreadPoolExecutor(2) as pool:
        seconds = max(pool.map(lambda one: in_new_process(render, one, 1), both))
    for one in both:
        shutil.rmtree(one.folder)
    return seconds


def measure_workers(count: int, rounds: int, clips: ClipParams, fonts: FontParams, rendering: RenderParams) -> dict:
    """Composing and rendering `count` clips with every set of the pipeline, two workers against one, in turns.

    What two cores can bring at best is measured beside it: two renderings, one worker each, that share nothing.
    """
    clips, rendering = of_size(clips, rendering, count)
    times = {(what, workers): [] for what in (compose, render) for workers in (1, 2)}
    at_once = []
    with tempfile.TemporaryDirectory() as name:
        work = Work(clips, fonts, rendering, Path(name))
        collect_fonts(fonts, work.folder / "fonts")

        def run(workers: int) -> None:
            for what in (compose, render):
                times[what, workers].append(in_new_process(what, work, workers))
            shutil.rmtree(work.folder / f"{workers}")

        turns = {workers: lambda _, workers=workers: run(workers) for workers in (1, 2)}
        take_turns({**turns, "alone": lambda _: at_once.append(render_two_alone(work))}, range(rounds))
    started = [sum(in_new_process(start_up, module, 2) for module in (COMPOSER, RENDERER)) for _ in range(rounds)]
    one, two = ([sum(both) for both in zip(times[compose, w], times[render, w])] for w in (1, 2))
    return {
        "clips": count,
        **{f"{what.__name__}_{workers}_s": spread(found) for (what, workers), found in times.items()},
        "start_up_of_2_s": spread(started),
        "speedup": speedup(two, one),
        "speedup_without_start_up": speedup([total - start for total, start in zip(two, started)], one),
        "two_alone_at_once": speedup(at_once, [2 * alone for alone in times[render, 1]]),
    }


def show(peers: dict, workers: dict) -> str:
    rows = [
        (
            name,
            with_spread(found["clips_per_second"], 1),
            f"{found['audio_s_a_clip']:.2f}",
            with_spread(found["ours_is_faster"]),
            with_spread(found["ours_is_faster_per_audio_s"]),
        )
        for name, found in peers.items()
    ]
    head = ("renderer", "clips/s", "s of audio a clip", "ours is faster", "per second of audio")
    scaled = [(LABELS[key], with_spread(value)) for key, value in workers.items() if key in LABELS]
    title = f"{workers['clips']} clips with their test sets"
    return f"{table(head, rows)}\n\n{table((title, 'median (lowest-highest)'), scaled)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=200, help="clips for the peers (200)")
    parser.add_argument("--rounds", type=int, default=10, help="turns of the peers (10)")
    parser.add_argument("--worker-clips", type=int, default=1000, help="clips for one worker against two (1000)")
    parser.add_argument("--worker-rounds", type=int, default=3, help="turns of those (3)")
    parser.add_argument("--quick", action="store_true", help="a few clips, nothing written")
    args = parser.parse_args()
    if args.quick:
        args.clips, args.rounds, args.worker_clips, args.worker_rounds = 6, 2, 24, 1
    params = {
        name: load_section(cls, name, ROOT / PARAMS_FILE)
        for name, cls in (("clips", ClipParams), ("fonts", FontParams), ("rendering", RenderParams))
    }
    if args.quick:
        params["fonts"] = FontParams(("A320U",), "A320U", "TimGM6mb")
    clips = [compose_clip(params["clips"], item) for item in range(args.clips)]
    peers = measure_peers(clips, locate(FONTS[FONT]), params["rendering"], params["clips"].duration_s, args.rounds)
    workers = measure_workers(args.worker_clips, args.worker_rounds, **params)
    print(show(peers, workers))
    figures = {"font": FONT, "sample_rate": params["rendering"].sample_rate, "clips": args.clips, "peers": peers}
    report("rendering", {**figures, "workers": workers}, args.quick)


if __name__ == "__main__":
    run_script(main)
