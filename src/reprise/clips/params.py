"""The sections of params.yaml that say which clips there are, and which set a clip belongs to."""

from typing import Annotated

from pydantic import Field

from reprise.checked import AtLeastOne, HeldOutShare, Seed, Within, checked, require


@checked
class ClipParams:
    """The `clips` section."""

    seed: Seed
    count: Annotated[int, Field(ge=1, le=10_000_000)]
    validation_share: HeldOutShare
    test_share: HeldOutShare
    same_register_count: AtLeastOne
    same_register: Annotated[tuple[int, int], Within(0, 127)]
    duration_s: Annotated[float, Field(ge=1, le=60)]
    tail_s: Annotated[float, Field(ge=0)]
    tempo_bpm: Annotated[tuple[float, float], Within(20, 300)]
    level_range_db: Annotated[float, Field(ge=0, le=40)]
    shard_size: Annotated[int, Field(ge=1, le=100_000)]

    def __post_init__(self) -> None:
        low, high = self.same_register
        require(high - low >= 6, "same_register", [low, high], "wide enough for a note of every chord: 6 semitones")
        require(self.tail_s <= self.duration_s / 2, "tail_s", self.tail_s, "from 0 to half of duration_s")
        beats = (self.duration_s - self.tail_s) * self.tempo_bpm[0] / 60
        require(beats >= 1, "tempo_bpm", list(self.tempo_bpm), "fast enough for a beat before the tail")
        test, validation = round(self.count * self.test_share), round(self.count * self.validation_share)
        enough = min(test, validation, self.count - test - validation) >= 1
        require(enough, "count", self.count, "enough for a clip in each of train, validation and test")

    def split(self, item: int) -> str:
        """Which set clip `item` belongs to: consecutive ids, each clip with a seed of its own."""
        if item >= self.count:
            return "same_register"
        test = round(self.count * self.test_share)
        validation = round(self.count * self.validation_share)
        if item >= self.count - test:
            return "test"
        return "validation" if item >= self.count - test - validation else "train"

    @property
    def total(self) -> int:
        return self.count + self.same_register_count


@checked
class SampleParams:
    """The `samples` section: how many clips are laid open."""

    clips: Annotated[int, Field(ge=0, le=100)]


@checked
class CeilingParams:
    """The `ceiling` section: clips on the font that the recognizer never hears, and how long training on them lasts."""

    clips: Annotated[int, Field(ge=0)]
    epochs: AtLeastOne
