"""The generator of the pipeline: a text is understood, a conditioned composer writes the piece, FluidSynth plays it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reprise.audio.play import play_piece
from reprise.composition.encoding.events import Frame
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.compose import Order, drawn_home
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.composition.use.composing import compose_alike
from reprise.embedding.embedder import Embedder
from reprise.music.analysis.keyfinding import MODES, Key
from reprise.music.piece import Piece
from reprise.taste.generator import Generated
from reprise.taste.plan import USUAL_SECONDS, Plan, plan
from reprise.taste.playing import play
from reprise.taste.words.understanding import Understood, understand

SAMPLE_RATE = 44100
RULES = replace(USUAL, ending_tries=24, returns=0.0)  # pieces are short; where much is asked for fewer ways close


@dataclass(frozen=True)
class ConditionedComposer:
    """See `generator.Generator`.

    Attributes:
        trained: a model with conditions. font: plays the pieces. guidance: how far the composer follows what it is
        told, see `sampler.Job`. embedder: tells what words say for which there is no rule; None leaves them.
        seconds: how long a piece is about, where nobody asks for a length. rules: how notes are drawn.
        sample_rate: of the sound, Hz.
    """

    trained: TrainedModel
    font: Path
    guidance: float
    embedder: Embedder | None = None
    seconds: float = USUAL_SECONDS
    rules: SamplingRules = RULES
    sample_rate: int = SAMPLE_RATE
    name: str = "conditioned composer"

    def understand(self, text: str) -> Understood:
        """What the text asks for.

        Raises:
            BadInput: it is empty or very long.
        """
        return understand(text, self.embedder)

    def plan(self, understood: Understood) -> Plan:
        """What the piece will be.

        Raises:
            BadInput: a wish is beyond what can be had.
        """
        return plan(understood, self.trained.config, self.seconds)

    def generate(self, text: str, seed: int) -> Generated:
        """See `generator.Generator`."""
        chosen = self.plan(self.understand(text))
        return self.sound_of(self.compose([chosen], [(seed,)])[0], chosen)

    def compose(self, plans: Sequence[Plan], seeds: Sequence[tuple[int, ...]]) -> list[Piece]:
        """A piece for each plan, as it is played; the same whatever is composed beside it."""
        made = compose_alike(self.trained, [self._order(*pair) for pair in zip(plans, seeds)])
        return [self._played(piece, chosen) for piece, chosen in zip(made, plans)]

    def home(self, chosen: Plan, seed: tuple[int, ...]) -> Key | None:
        """The key that the composer is told: what was asked for, or one of the training passages' keys drawn by the
        seed, of the mode asked for; None where these have none.
        """
        return home_of(chosen.told.frame) or drawn_home(self.trained, seed, chosen.told.frame.mode)

    def sound_of(self, piece: Piece, chosen: Plan) -> Generated:
        """A piece with its sound."""
        sound = play_piece(piece, self.font, self.sample_rate, chosen.level_db)
        return Generated(sound, self.sample_rate, piece, chosen.lines)

    def _order(self, chosen: Plan, seed: tuple[int, ...]) -> Order:
        """A whole key is asked for as such: of several tries one is taken that has it, or it is transposed to it. Where
        none is asked for, the composer is told one all the same, so that the piece has a home to end in.
        """
        told, home = chosen.told, self.home(chosen, seed)
        rules = replace(self.rules, key=home.name) if home and home_of(told.frame) else self.rules
        if home:
            told = replace(told, frame=replace(told.frame, tonic=home.tonic, mode=home.mode))
        return Order(seed, bars=chosen.bars, metre=chosen.metre, rules=rules, told=told, guidance=self.guidance)

    def _played(self, piece: Piece, chosen: Plan) -> Piece:
        played = play(piece, chosen.programs, chosen.tempo_bpm, chosen.register, chosen.articulation, chosen.velocity)
        home = home_of(chosen.told.frame)
        return replace(played, key_fifths=home.fifths, key_mode=home.mode) if home else played


def home_of(frame: Frame) -> Key | None:
    """The home key of a frame that tells all of it."""
    return None if frame.tonic is None or frame.mode not in MODES else Key(frame.tonic, frame.mode)
