"""The sections of params.yaml, each with the dataclass that the code makes of it."""

from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.params import ClipParams
from reprise.composition.corpus import CorpusParams
from reprise.composition.evaluate import MusicEvaluationParams
from reprise.composition.fit import ModelParams, VaeParams
from reprise.composition.music import MusicParams
from reprise.composition.train import TrainingParams
from reprise.compute import ComputeParams
from reprise.recognition.evaluate import EvaluationParams
from reprise.recognition.train import TrainParams

SECTIONS = {
    "fonts": FontParams,
    "clips": ClipParams,
    "rendering": RenderParams,
    "spectrogram": SpectrogramParams,
    "recognizer": TrainParams,
    "evaluation": EvaluationParams,
    "corpus": CorpusParams,
    "composers.training": TrainingParams,
    "composers.lstm": ModelParams,
    "composers.transformer": ModelParams,
    "composers.vae": VaeParams,
    "sampling": MusicParams,
    "music_evaluation": MusicEvaluationParams,
    "compute": ComputeParams,
}
