"""The test of the small CLAP on clips that training never saw; read once, here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from reprise.audio.files import decode
from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import Resamples, Seed, checked
from reprise.clips.descriptions.assertions import TRUE, caption_truth
from reprise.clips.spectrograms import read_rendering
from reprise.embedding.clap.data import ClapSet, load_clap_set
from reprise.embedding.clap.model import SmallClap
from reprise.embedding.evaluation.flips import flip_tests, told_apart
from reprise.embedding.evaluation.prompted import instrument_prompts, prompted_f1
from reprise.embedding.evaluation.retrieval import chance_at, hits_at
from reprise.embedding.health import health, require_health
from reprise.learning.bootstrap import mean_estimate
from reprise.pipeline.shards import item_name, read_shard, shard_name
from reprise.progress import progress_bar

SOUND, NOTES = "audio", "notes"
KNOWN = "validation"
SETS = (KNOWN, "test", "test_clean", "unseen_font")
PROBES = 128  # clips and captions of the health check


@checked
class ClapEvaluationParams:
    """The `clap_evaluation` section."""

    seed: Seed
    resamples: Resamples
    pool: Annotated[int, Field(ge=10)]


@dataclass(frozen=True)
class EmbeddedSet:
    """A set with the vectors of its sounds and of its notes, float32[N, E]."""

    clips: ClapSet
    vectors: Mapping[str, np.ndarray]


def evaluate_clap(params: ClapEvaluationParams, spectrogram: SpectrogramParams, model: Path, clips: Path) -> dict:
    """The content of metrics/clap.json, of the CLAP in `model` on the test sets below `clips`.

    Raises:
        RepriseError: the CLAP fails the health check.
    """
    embedder, sets = SmallClap(model), {}
    with progress_bar(len(SETS) + 3, "evaluating", "parts") as bar:
        checked_health = _health(embedder, load_clap_set(clips, KNOWN, spectrogram), clips)
        bar.update(1)
        for name in SETS:
            sets[name] = embed_set(embedder, load_clap_set(clips, name, spectrogram))
            bar.update(1)
        told, told_seen = (
            {kind: flips(embedder, sets["test"], kind, params, held_out) for kind in (SOUND, NOTES)}
            for held_out in (True, False)
        )
        bar.update(1)
        retrieval = {
            "text_to_audio": text_to_audio(embedder, sets["test"], params),
            "audio_to_notes": audio_to_notes(sets["test"], params),
        }
        bar.update(1)
    return {
        "checkpoint_sha256": embedder.checkpoint_sha256,
        "health": {embedder.name: checked_health},
        "prompted": _prompted(embedder, sets, params),
        "flips": told,
        "flips_seen_words": told_seen,
        "retrieval": retrieval,
    }


def embed_set(embedder: SmallClap, clips: ClapSet) -> EmbeddedSet:
    vectors = {SOUND: embedder.embed_spectrograms(clips.spectrograms), NOTES: embedder.embed_notes(clips.pieces)}
    return EmbeddedSet(clips, vectors)


def _health(embedder: SmallClap, known: ClapSet, clips: Path) -> dict[str, float]:
    """The health check on sounds and captions of the first validation clips."""
    captions = known.described.captions["seen"]
    texts, said = captions[0][:PROBES], captions[1][:PROBES]
    sounds = _sounds(clips, KNOWN, embedder.sample_rate)
    figures = health(embedder, sounds, texts, caption_truth(said, known.described.truth[:PROBES]))
    require_health(embedder.name, figures)
    return figures


def _sounds(clips: Path, name: str, sample_rate: int) -> list[np.ndarray]:
    """The sound of the first `PROBES` clips of a set."""
    rendering = read_rendering(clips / "audio")
    rows = rendering[(rendering["set"] == name) & rendering["usable"]].iloc[:PROBES]
    sounds: dict[int, np.ndarray] = {}
    for shard, group in rows.groupby("shard"):
        path = clips / "audio" / name / shard_name(shard)
        names = {item_name(clip, "flac"): clip for clip in group["clip"]}
        found = read_shard(path, names)
        sounds |= {clip: decode(found[name], f"{path}: {name}", sample_rate) for name, clip in names.items()}
    return [sounds[clip] for clip in rows["clip"]]


def _prompted(embedder: SmallClap, sets: Mapping[str, EmbeddedSet], params: ClapEvaluationParams) -> dict:
    """macro-F1 of instruments by their words: those held out from training, and those of training."""
    result: dict[str, dict] = {}
    for stock, held_out in (("macro_f1", True), ("macro_f1_seen_words", False)):
        prompts = instrument_prompts(embedder, held_out)
        known = sets[KNOWN]
        for key, name in (("clean", "test_clean"), ("test", "test"), ("unseen_font", "unseen_font")):
            own = sets[name]
            result.setdefault(key, {})[stock] = prompted_f1(
                own.vectors[SOUND] @ prompts.T,
                own.clips.labels,
                known.vectors[SOUND] @ prompts.T,
                known.clips.labels,
                params.resamples,
                params.seed,
            )
    return result


def flips(
    embedder: SmallClap, own: EmbeddedSet, kind: str, params: ClapEvaluationParams, held_out: bool = True
) -> dict:
    """How often the true one of two captions is nearer, by topic, in words held out from training or in seen ones."""
    found = {}
    for test in flip_tests(own.clips.described.truth, params.seed, held_out):
        true, false = embedder.embed_text(test.true), embedder.embed_text(test.false)
        right = told_apart(own.vectors[kind][test.clips], true, false)
        found[test.topic] = mean_estimate(right, params.resamples, params.seed, test.clips.tolist())
    return found


def text_to_audio(embedder: SmallClap, own: EmbeddedSet, params: ClapEvaluationParams) -> dict:
    """Whether a caption finds a clip of which it is true among the ten nearest of the pool, in either stock of words;
    what chance would find, and captions whose vectors were dealt to each other.
    """
    pool, described = slice(0, params.pool), own.clips.described
    result: dict[str, dict] = {}
    for stock, (texts, said) in described.captions.items():
        relevant = caption_truth(said[pool], described.truth[pool]) == TRUE
        scores = embedder.embed_text(texts[pool]) @ own.vectors[SOUND][pool].T
        dealt = np.random.default_rng(params.seed).permutation(len(scores))
        suffix = "" if stock == "held_out" else f"_{stock}_words"
        columns = {
            f"r_at_10{suffix}": hits_at(scores, relevant, 10),
            f"chance{suffix}": chance_at(relevant, 10),
            f"shuffled{suffix}": hits_at(scores[dealt], relevant, 10),
        }
        result |= {name: mean_estimate(hits, params.resamples, params.seed) for name, hits in columns.items()}
    return result


def audio_to_notes(own: EmbeddedSet, params: ClapEvaluationParams) -> dict:
    sounds, notes = (own.vectors[kind][: params.pool] for kind in (SOUND, NOTES))
    itself = np.eye(len(sounds), dtype=bool)
    hits = {f"r_at_{k}": hits_at(sounds @ notes.T, itself, k) for k in (1, 10)}
    return {name: mean_estimate(found, params.resamples, params.seed) for name, found in hits.items()}
