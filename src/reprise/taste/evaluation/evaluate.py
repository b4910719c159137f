"""The test of the music made from words: scores with controls, the matrix of prompts and tastes, adherence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from reprise.audio.levels import active_rms, window_rms
from reprise.checked import Resamples, Seed, checked
from reprise.embedding.embedder import NotesEmbedder
from reprise.embedding.maps import Labelled, Map, make_map
from reprise.errors import BadInput
from reprise.taste.evaluation.adherence import adherence, by_the_table
from reprise.taste.evaluation.endings import endings
from reprise.taste.evaluation.kad import kad
from reprise.taste.evaluation.made import Made, load_made
from reprise.taste.evaluation.scores import (
    Vectors,
    score_controls,
    score_pieces,
    silence_and_noise,
    taste_matrix,
    text_vectors,
)
from reprise.taste.words.prompts import BASE, REAL, TASTES, UNCONDITIONED, load_prompts

CONTROLS = (UNCONDITIONED, REAL)


@checked
class TasteEvaluationParams:
    """The `taste_evaluation` section."""

    seed: Seed
    resamples: Resamples


@dataclass(frozen=True)
class Judged:
    """Music as an embedder has it: every piece, with the vectors of their sounds or of their notes, float32[N, E]."""

    everything: Sequence[Made]
    vectors: np.ndarray

    def of(self, *sets: str) -> np.ndarray:
        """The vectors of the pieces of some sets."""
        return self.vectors[[one.set in sets for one in self.everything]]


def evaluate_taste(params: TasteEvaluationParams, embedder: NotesEmbedder, folder: Path) -> tuple[dict, Map]:
    """The content of metrics/taste.json, the music in `folder` judged by `embedder`; a map of the base prompts' music.

    Raises:
        ShardError: the music is damaged. BadInput: too much of it is the same.
    """
    torch.set_num_threads(1)  # windows are small, and the last bits depend on their number
    everything = load_made(folder, embedder.sample_rate)
    made = [one for one in everything if one.set not in CONTROLS]
    counts = Counter(one.set for one in everything)
    if counts[BASE] < 2 * len(TASTES):
        raise BadInput(f"{folder}: has no music of the base prompts; set taste.sets.base to 2 or more")
    sound = Judged(everything, embedder.embed_audio([one.sound for one in everything]))
    notes = Judged(everything, embedder.embed_notes([one.piece for one in everything]))
    seed, resamples = params.seed, params.resamples
    by_sound = judge(params, embedder, sound, silence_and_noise(embedder, embedder.window_s, seed))
    own = sound.of(*{one.set for one in made})
    base = tuple(one.tastes[0] for one in made if one.set == BASE)
    drawn = make_map([Labelled(sound.of(BASE), base, embedder.checkpoint_sha256)], seed)
    apart = {
        name: kad(vectors, sound.of(REAL), resamples, seed)
        for name, vectors in (("made", own), (UNCONDITIONED, sound.of(UNCONDITIONED)))
        if min(len(vectors), counts[REAL]) > 1
    }
    metrics = {
        "pieces": dict(counts),
        **by_sound,
        **({"kad_from_real": apart} if apart else {}),
        "separation": drawn.separation,
        "notes": judge(params, embedder, notes, {}),
        "adherence": adherence(made, resamples, seed),
        "endings": endings(everything, resamples, seed),
        "crossmodal_table": by_the_table(made, loudness_of(made, embedder.sample_rate), resamples, seed),
        "by_embedder": {
            embedder.name: {"checkpoint_sha256": embedder.checkpoint_sha256, "accuracy": by_sound["accuracy"]["value"]}
        },
    }
    return metrics, drawn


def judge(
    params: TasteEvaluationParams, embedder: NotesEmbedder, judged: Judged, more_controls: Mapping[str, np.ndarray]
) -> dict:
    """Accuracy, matrix and scores of the music made from prompts, beside controls."""
    made = [one for one in judged.everything if one.set not in CONTROLS]
    prompts = [one.prompt for one in made]
    texts = text_vectors(embedder, prompts)
    vectors = Vectors(judged.of(*{one.set for one in made}), texts)
    controls = {name: judged.of(name) for name in CONTROLS} | dict(more_controls)
    scores = score_pieces(vectors, prompts, params.resamples, params.seed)
    scores |= score_controls(controls, texts, prompts, params.resamples, params.seed)
    by_taste = {prompt.tastes[0]: prompt for prompt in load_prompts(BASE)}
    of_tastes = text_vectors(embedder, [by_taste[taste] for taste in TASTES])
    found: dict[str, dict] = {}
    for name, sets in (("", {BASE}), ("_of_other_prompts", {one.set for one in made} - {BASE})):
        chosen = [place for place, one in enumerate(made) if one.set in sets and len(one.tastes) == 1]
        if chosen:
            own = vectors.pieces[chosen], [prompts[place] for place in chosen]
            accuracy, matrix = taste_matrix(*own, of_tastes, params.resamples, params.seed)
            found |= {f"accuracy{name}": accuracy, f"matrix{name}": matrix}
    return {**found, "scores": scores}


def loudness_of(made: Sequence[Made], sample_rate: int) -> np.ndarray:
    """The RMS of each sound while it sounds, dBFS, float[N]; minus infinity for silence."""
    levels = [float(active_rms(window_rms(one.sound[None], sample_rate))[0]) for one in made]
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.array(levels))
