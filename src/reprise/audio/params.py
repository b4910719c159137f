"""The `rendering` section of params.yaml."""

from typing import Annotated

from pydantic import Field

from reprise.checked import Share, Within, checked

Timecents = Annotated[tuple[float, float], Within(-12000, 12000)]


@checked
class RenderParams:
    """The `rendering` section: each range is [from, to], drawn uniformly."""

    sample_rate: Annotated[int, Field(ge=8000, le=96000)]
    plain_probability: Share
    reverb_probability: Share
    reverb_room: Annotated[tuple[float, float], Within(0, 1)]
    reverb_level: Annotated[tuple[float, float], Within(0, 1)]
    filter_cents: Annotated[tuple[float, float], Within(-12000, 12000)]
    resonance_cb: Annotated[tuple[float, float], Within(0, 960)]
    attack_timecents: Timecents
    decay_timecents: Timecents
    release_timecents: Timecents
    tuning_cents: Annotated[tuple[float, float], Within(-100, 100)]
    vibrato_cents: Annotated[tuple[float, float], Within(-100, 100)]
    mix_level_db: Annotated[tuple[float, float], Within(-60, 0)]
    clean_level_db: Annotated[float, Field(ge=-60, le=0)]
    audible_db: Annotated[float, Field(ge=-60, lt=0)]
