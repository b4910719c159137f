"""The test of the music made from words: scores with controls, the matrix of prompts and tastes, adherence."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reprise.audio.levels import active_rms, window_rms
from reprise.checked import Resamples, Seed, checked
from reprise.embedding.embedder import NotesEmbedder
from reprise.taste.evaluation.adherence import adherence, by_the_table
from reprise.taste.evaluation.made import Made, load_made
from reprise.taste.evaluation.scores import (
    Vectors,
    score_controls,
    score_pieces,
    silence_and_noise,
    taste_matrix,
    text_vectors,
)
from reprise.taste.prompts import BASE, REAL, TASTES, UNCONDITIONED, Prompt, load_prompts

SOUND, NOTES = "audio", "notes"


@checked
class TasteEvaluationParams:
    """The `taste_evaluation` section."""

    seed: Seed
    resamples: Resamples


def evaluate_taste(params: TasteEvaluationParams, embedder: NotesEmbedder, folder: Path) -> dict:
    """The content of metrics/taste.json: the music in `folder`, judged by `embedder`.

    Raises:
        ShardError: the music is damaged.
    """
    everything = load_made(folder, embedder.sample_rate)
    made = [one for one in everything if one.set not in (UNCONDITIONED, REAL)]
    vectors = {
        SOUND: embedder.embed_audio([one.sound for one in everything]),
        NOTES: embedder.embed_notes([one.piece for one in everything]),
    }
    found = {kind: _judged(params, embedder, everything, made, own, kind) for kind, own in vectors.items()}
    return {
        "pieces": {
            name: sum(one.set == name for one in everything) for name in dict.fromkeys(o.set for o in everything)
        },
        "checkpoint_sha256": embedder.checkpoint_sha256,
        "accuracy": {kind: own["accuracy"] for kind, own in found.items()},
        "matrix": {kind: own["matrix"] for kind, own in found.items()},
        "scores": {kind: own["scores"] for kind, own in found.items()},
        "adherence": adherence(made, params.resamples, params.seed),
        "crossmodal_table": by_the_table(made, loudness_of(made, embedder.sample_rate), params.resamples, params.seed),
    }


def _judged(
    params: TasteEvaluationParams,
    embedder: NotesEmbedder,
    everything: Sequence[Made],
    made: Sequence[Made],
    vectors: np.ndarray,
    kind: str,
) -> dict:
    """Scores, accuracy and matrix by the vectors of all pieces, float32[N, E], of their sounds or their notes."""
    sets = np.array([one.set for one in everything])
    prompts = [Prompt(one.row["prompt"], "", one.row["text"]) for one in made]
    texts = text_vectors(embedder, prompts, knows_tastes=False)
    own = vectors[[place for place, one in enumerate(everything) if one.set not in (UNCONDITIONED, REAL)]]
    controls = {name: vectors[sets == name] for name in (UNCONDITIONED, REAL)}
    if kind == SOUND:
        controls |= silence_and_noise(embedder, embedder.window_s, params.seed)
    scores = score_pieces(Vectors(own, texts), prompts, params.resamples, params.seed)
    scores |= score_controls(controls, texts, prompts, params.resamples, params.seed)
    base = [place for place, one in enumerate(made) if one.set == BASE]
    by_taste = {prompt.tastes[0]: prompt for prompt in load_prompts(BASE)}
    of_tastes = text_vectors(embedder, [by_taste[taste] for taste in TASTES], knows_tastes=False)
    accuracy, matrix = taste_matrix(
        own[base], [made[place].tastes[0] for place in base], of_tastes, params.resamples, params.seed
    )
    return {"scores": scores, "accuracy": accuracy, "matrix": matrix}


def loudness_of(made: Sequence[Made], sample_rate: int) -> np.ndarray:
    """The RMS of each sound while it sounds, dBFS, float[N]; minus infinity for silence."""
    levels = [float(active_rms(window_rms(one.sound[None], sample_rate))[0]) for one in made]
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.array(levels))
