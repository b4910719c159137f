"""The `clips` section of params.yaml, and which set a clip belongs to."""

from dataclasses import dataclass

from reprise.params import require, require_range, require_seed


@dataclass(frozen=True)
class ClipParams:
    """The `clips` section."""

    seed: int
    count: int
    validation_share: float
    test_share: float
    same_register_count: int
    same_register: tuple[int, int]
    duration_s: float
    tail_s: float
    tempo_bpm: tuple[float, float]
    level_range_db: float
    shard_size: int

    def __post_init__(self) -> None:
        require_seed(self.seed)
        require(1 <= self.count <= 10_000_000, "count", self.count, "from 1 to 10,000,000")
        for key in ("validation_share", "test_share"):
            require(0 < getattr(self, key) < 0.5, key, getattr(self, key), "above 0 and below 0.5")
        require(self.same_register_count >= 1, "same_register_count", self.same_register_count, "1 or more")
        require_range("same_register", self.same_register, 0, 127)
        low, high = self.same_register
        require(high - low >= 6, "same_register", [low, high], "wide enough for a note of every chord: 6 semitones")
        require(1 <= self.duration_s <= 60, "duration_s", self.duration_s, "from 1 to 60 s")
        require(0 <= self.tail_s <= self.duration_s / 2, "tail_s", self.tail_s, "from 0 to half of duration_s")
        require_range("tempo_bpm", self.tempo_bpm, 20, 300)
        require(0 <= self.level_range_db <= 40, "level_range_db", self.level_range_db, "from 0 to 40 dB")
        beats = (self.duration_s - self.tail_s) * self.tempo_bpm[0] / 60
        require(beats >= 1, "tempo_bpm", list(self.tempo_bpm), "fast enough for a beat before the tail")
        test, validation = round(self.count * self.test_share), round(self.count * self.validation_share)
        enough = min(test, validation, self.count - test - validation) >= 1
        require(enough, "count", self.count, "enough for a clip in each of train, validation and test")
        require(1 <= self.shard_size <= 100_000, "shard_size", self.shard_size, "from 1 to 100,000")

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
