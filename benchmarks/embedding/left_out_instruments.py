"""What the small CLAP hears of instruments that it never learnt.

Two are left out of the backbone, of all towers, and of all words of training: the recognizer and the CLAP are trained
as `./run` trains them, on the clips in which neither plays, and no caption says or denies either. Then clips of the
clean test set are ranked by the words of each: the area under the ROC curve is how often a clip with the instrument
comes before one without it (chance .5). Beside it stands the CLAP of `./run`, which learnt both. The two, one plucked
and one blown, were chosen before anything was trained.

    python -m benchmarks.embedding.left_out_instruments    # a quarter of an hour; needs the clips and models of ./run
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.embedding.trained import CLIPS, clap_set, section, train_clap
from benchmarks.machine import ROOT, need, report
from benchmarks.measure import run_script, table
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.descriptions.assertions import INSTRUMENT, PLACE, UNDECIDED, Assertion
from reprise.clips.descriptions.captions import with_article
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.clips.params import ClipParams
from reprise.clips.spectrograms import RECOGNIZER
from reprise.embedding.clap.data import ClapSet
from reprise.embedding.clap.model import Clap, SmallClap
from reprise.embedding.clap.train import ClapParams
from reprise.embedding.embedder import mean_of_windows
from reprise.embedding.evaluation.evaluate import NOTES, SOUND, ClapEvaluationParams, EmbeddedSet, embed_set
from reprise.learning.bootstrap import estimate, resample_weights, with_interval
from reprise.learning.weights import save_network
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.pipeline.tracking import Tracker
from reprise.recognition.data import load_set, load_stems
from reprise.recognition.model import RecognizerConfig
from reprise.recognition.training.remix import MixRule
from reprise.recognition.training.train import TrainParams, train

LEFT_OUT = ("nylon_guitar", "trumpet")
COLUMNS = [INSTRUMENT_NAMES.index(name) for name in LEFT_OUT]


def train_recognizer(folder: Path, work: Path) -> None:
    """The recognizer of `./run`, trained and validated on clips without the two."""
    params, spectrogram = section(TrainParams, "recognizer"), section(SpectrogramParams, "spectrogram")
    clips, rendering = section(ClipParams, "clips"), section(RenderParams, "rendering")
    stems = load_stems(CLIPS / "spectrograms" / RECOGNIZER, "train", spectrogram, rendering.sample_rate)
    without = [own for own in stems.clips if not np.isin(stems.instruments[own], COLUMNS).any()]
    known = load_set(CLIPS / "spectrograms" / RECOGNIZER, "validation", spectrogram)
    kept = np.flatnonzero(~known.labels[:, COLUMNS].any(axis=1))
    validation = replace(
        known, arrays=known.arrays[kept], labels=known.labels[kept], clips=known.clips[kept], count=known.count[kept]
    )
    rule = MixRule(clips.level_range_db, rendering.mix_level_db, rendering.audible_db, spectrogram.floor_db)
    network, thresholds, _ = train(
        replace(stems, clips=without), validation, params, params.epochs, rule, "cpu", work, Tracker()
    )
    config = RecognizerConfig(
        params.network,
        spectrogram,
        rendering.sample_rate,
        clips.duration_s,
        INSTRUMENT_NAMES,
        tuple(thresholds.tolist()),
    )
    save_network(network, config, folder)


def without_them(clips: ClapSet) -> ClapSet:
    """The clips in which neither plays; nothing is said of either, so no caption names them."""
    kept = np.flatnonzero(~clips.labels[:, COLUMNS].any(axis=1))
    truth = clips.described.truth[kept]
    truth[:, [PLACE[Assertion(INSTRUMENT, name)] for name in LEFT_OUT]] = UNDECIDED
    described = replace(
        clips.described,
        clips=clips.described.clips[kept],
        truth=truth,
        attributes=clips.described.attributes.iloc[kept].reset_index(drop=True),
    )
    return ClapSet(clips.spectrograms[kept], [clips.pieces[row] for row in kept], described, clips.labels[kept])


def learn_other_words(model: Clap) -> None:
    """Teach a CLAP the words of training without those for the two."""
    unknown = {(INSTRUMENT, name) for name in LEFT_OUT}
    model.text.learn_words({said: () if said in unknown else words.seen for said, words in WORDINGS.items()})


def auc_by_words(embedder: SmallClap, own: EmbeddedSet, kind: str, params: ClapEvaluationParams) -> dict[str, dict]:
    """The area under the ROC curve of each of the two by its words, an estimate over clips."""
    said = [[*WORDINGS[INSTRUMENT, name].seen, *WORDINGS[INSTRUMENT, name].held_out] for name in LEFT_OUT]
    vectors = embedder.embed_text([with_article(word) for words in said for word in words])
    prompts = mean_of_windows(vectors, np.repeat(np.arange(len(said)), list(map(len, said))), len(said))
    scores = own.vectors[kind] @ prompts.T
    weights = resample_weights(len(scores), params.resamples, params.seed)
    found = {}
    for name, column, row in zip(LEFT_OUT, COLUMNS, scores.T):
        labels = own.clips.labels[:, column]
        resampled = [roc_auc_score(labels, row, sample_weight=weight) for weight in weights]
        found[name] = estimate(roc_auc_score(labels, row), np.array(resampled), len(labels))
    return found


def rows_of(found: dict[str, dict]) -> Sequence[Sequence[str]]:
    """Rows of the table: what was trained, which instrument, from sound and from notes."""
    return [
        (trained, name, *(with_interval(kinds[kind][name]) for kind in (SOUND, NOTES)))
        for trained, kinds in found.items()
        for name in LEFT_OUT
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    need(Path("data/clips/descriptions.parquet"), "./run makes it")
    need(Path("models/clap"), "./run makes it")
    params, test = section(ClapEvaluationParams, "clap_evaluation"), clap_set("test_clean")
    with tempfile.TemporaryDirectory() as folder:
        recognizer = Path(folder) / "recognizer"
        train_recognizer(recognizer, Path(folder) / "work")
        sets = without_them(clap_set("train")), without_them(clap_set("validation"))
        left_out, _ = train_clap(recognizer, section(ClapParams, "clap"), sets, learn_other_words)
    found = {}
    for trained, embedder in (("without both", left_out), ("with both", SmallClap(ROOT / "models" / "clap"))):
        own = embed_set(embedder, test)
        found[trained] = {kind: auc_by_words(embedder, own, kind, params) for kind in (SOUND, NOTES)}
    print(table(["trained", "instrument", "AUC from sound", "AUC from notes"], rows_of(found)))
    report("left_out_instruments", {"auc": found, "clips": {"train": len(sets[0]), "test": len(test)}}, quick=False)


if __name__ == "__main__":
    run_script(main)
