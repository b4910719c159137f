"""All of params.yaml as one checked dataclass: its sections, each with the class that the code makes of it."""

from dataclasses import fields
from typing import Any

from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import build, checked
from reprise.clips.descriptions.captions import DescriptionParams
from reprise.clips.params import CeilingParams, ClipParams, SampleParams
from reprise.composition.control.evaluate import ControlParams
from reprise.composition.corpus.passages import PassageParams
from reprise.composition.corpus.store import CorpusParams
from reprise.composition.evaluation.evaluate import MusicEvaluationParams
from reprise.composition.harmonisation.evaluate import HarmonisationParams
from reprise.composition.models.fit import ConditionedParams, InfillingParams, ModelParams, VaeParams
from reprise.composition.models.train import TrainingParams
from reprise.composition.sampling.music import MusicParams
from reprise.embedding.clap.train import ClapParams
from reprise.embedding.evaluation.evaluate import ClapEvaluationParams
from reprise.params import PARAMS_FILE, read_yaml
from reprise.pipeline.compute import ComputeParams
from reprise.recognition.evaluation.evaluate import EvaluationParams
from reprise.recognition.training.train import TrainParams
from reprise.taste.evaluation.evaluate import TasteEvaluationParams
from reprise.taste.generate import TasteParams


@checked
class ModelSections:
    """The section `models`: what all models share, then each."""

    training: TrainingParams
    lstm: ModelParams
    transformer: ModelParams
    vae: VaeParams
    conditioned: ConditionedParams
    infilling: InfillingParams


@checked
class Params:
    """params.yaml."""

    fonts: FontParams
    clips: ClipParams
    rendering: RenderParams
    samples: SampleParams
    spectrogram: SpectrogramParams
    recognizer: TrainParams
    descriptions: DescriptionParams
    ceiling: CeilingParams
    clap: ClapParams
    clap_evaluation: ClapEvaluationParams
    evaluation: EvaluationParams
    corpus: CorpusParams
    passages: PassageParams
    models: ModelSections
    sampling: MusicParams
    music_evaluation: MusicEvaluationParams
    control: ControlParams
    harmonisation: HarmonisationParams
    taste: TasteParams
    taste_evaluation: TasteEvaluationParams
    compute: ComputeParams


def check_sections() -> None:
    """Check all of params.yaml.

    Raises:
        ParamsError: a section is unknown or missing, or a key in one is wrong.
    """
    build(Params, read_yaml(PARAMS_FILE), "")


def sections() -> dict[str, type]:
    """The class of each section that a stage may ask for, by its dotted name."""
    found: dict[str, Any] = {field.name: field.type for field in fields(Params)}
    found |= {f"models.{field.name}": field.type for field in fields(ModelSections)}
    return found
