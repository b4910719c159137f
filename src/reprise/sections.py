"""The sections of params.yaml, each with the dataclass that the code makes of it."""

from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import require
from reprise.clips.params import ClipParams
from reprise.composition.corpus.store import CorpusParams
from reprise.composition.evaluation.evaluate import MusicEvaluationParams
from reprise.composition.models.fit import ModelParams, VaeParams
from reprise.composition.models.train import TrainingParams
from reprise.composition.sampling.music import MusicParams
from reprise.params import PARAMS_FILE, load_section, read_yaml
from reprise.pipeline.compute import ComputeParams
from reprise.recognition.evaluation.evaluate import EvaluationParams
from reprise.recognition.training.train import TrainParams

SECTIONS = {
    "fonts": FontParams,
    "clips": ClipParams,
    "rendering": RenderParams,
    "spectrogram": SpectrogramParams,
    "recognizer": TrainParams,
    "evaluation": EvaluationParams,
    "corpus": CorpusParams,
    "models.training": TrainingParams,
    "models.lstm": ModelParams,
    "models.transformer": ModelParams,
    "models.vae": VaeParams,
    "sampling": MusicParams,
    "music_evaluation": MusicEvaluationParams,
    "compute": ComputeParams,
}


def check_sections() -> None:
    """Check all of params.yaml.

    Raises:
        ParamsError: a section is unknown or missing, or a key in one is wrong.
    """
    known = {name.partition(".")[0] for name in SECTIONS}
    for section in read_yaml(PARAMS_FILE):
        require(section in known, section, "a section that nothing reads", f"one of {', '.join(sorted(known))}")
    for name, cls in SECTIONS.items():
        load_section(cls, name)
