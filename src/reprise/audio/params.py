"""The `rendering` section of params.yaml."""

from dataclasses import dataclass

from reprise.params import require, require_range


@dataclass(frozen=True)
class RenderParams:
    """The `rendering` section: each range is [from, to], drawn uniformly."""

    sample_rate: int
    plain_probability: float
    reverb_probability: float
    reverb_room: tuple[float, float]
    reverb_level: tuple[float, float]
    filter_cents: tuple[float, float]
    resonance_cb: tuple[float, float]
    attack_timecents: tuple[float, float]
    decay_timecents: tuple[float, float]
    release_timecents: tuple[float, float]
    tuning_cents: tuple[float, float]
    vibrato_cents: tuple[float, float]
    mix_level_db: tuple[float, float]
    clean_level_db: float
    audible_db: float
    open_samples: int
    ceiling_clips: int

    def __post_init__(self) -> None:
        require(8000 <= self.sample_rate <= 96000, "sample_rate", self.sample_rate, "from 8000 to 96000 Hz")
        for key in ("plain_probability", "reverb_probability"):
            require(0 <= getattr(self, key) <= 1, key, getattr(self, key), "from 0 to 1")
        require_range("reverb_room", self.reverb_room, 0, 1)
        require_range("reverb_level", self.reverb_level, 0, 1)
        require_range("filter_cents", self.filter_cents, -12000, 12000)
        require_range("resonance_cb", self.resonance_cb, 0, 960)
        for key in ("attack_timecents", "decay_timecents", "release_timecents"):
            require_range(key, getattr(self, key), -12000, 12000)
        require_range("tuning_cents", self.tuning_cents, -100, 100)
        require_range("vibrato_cents", self.vibrato_cents, -100, 100)
        require_range("mix_level_db", self.mix_level_db, -60, 0)
        require(-60 <= self.clean_level_db <= 0, "clean_level_db", self.clean_level_db, "from -60 to 0")
        require(-60 <= self.audible_db < 0, "audible_db", self.audible_db, "from -60 to below 0")
        require(0 <= self.open_samples <= 100, "open_samples", self.open_samples, "from 0 to 100")
        require(self.ceiling_clips >= 0, "ceiling_clips", self.ceiling_clips, "0 or more")
