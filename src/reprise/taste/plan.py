"""From what was understood to what the composer is told, and how the piece is then played.

The composer is told register, density, dissonance, key, parts and bars. Tempo, articulation, loudness and instruments
are a matter of playing, and exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pretty_midi import program_to_instrument_name

from reprise.composition.encoding.events import Frame
from reprise.composition.models.conditions import Told
from reprise.composition.models.trained import ModelConfig
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import parse_key
from reprise.music.piece import FASTEST_BPM, SLOWEST_BPM
from reprise.taste.words.lexicon import (
    ARTICULATION,
    DENSITY,
    DISSONANCE,
    INSTRUMENT,
    LEVELLED,
    LOUDNESS,
    METRE,
    MODE,
    PARTS,
    REGISTER,
    TEMPO,
)
from reprise.taste.words.patterns import BARS, KEY, SECONDS
from reprise.taste.words.understanding import Understood

REGISTERS = {"lowest": 43, "low": 50, "middle": 64, "raised": 70, "high": 77, "highest": 84}  # mean MIDI pitches
# Other levels as shares of the training passages that lie below them.
LEVELS = {"lowest": 0.03, "low": 0.12, "middle": 0.5, "raised": 0.72, "high": 0.88, "highest": 0.97}
SHARES = {"low": 0.5, "middle": 0.75, "high": 1.0}  # of the time to the next onset that a note sounds; as in scores
VELOCITIES = {"lowest": 40, "low": 56, "middle": 76, "high": 100, "highest": 116}  # MIDI's
DECIBELS = {"lowest": -30.0, "low": -26.0, "middle": -20.0, "high": -15.0, "highest": -12.0}  # active RMS, full scale
ASKED = {DENSITY: "onset_density", DISSONANCE: "dissonance"}

USUAL = "usual"
USUAL_BPM, USUAL_SECONDS, USUAL_PARTS, USUAL_METRE = 96.0, 15.0, 4, (4, 4)
USUAL_PROGRAMS = (0, 48, 73, 42)  # the first of them that may play
LEAST_BARS, MOST_BARS = 4, 200


@dataclass(frozen=True)
class Plan:
    """What a piece is to be.

    Attributes:
        told: what the composer is told. metre, bars: of the piece. tempo_bpm: quarter notes a minute.
        programs: General MIDI programs that must play, at most one a part. register: mean MIDI pitch.
        articulation: how much of the time to the next onset notes sound. velocity: MIDI's, on average.
        level_db: active RMS of the sound, dBFS.
        asked: names of what was asked for, `INSTRUMENT` where some were. lines: each choice with its reason.
    """

    told: Told
    metre: tuple[int, int]
    bars: int
    tempo_bpm: float
    programs: tuple[int, ...]
    register: int | None
    articulation: float | None
    velocity: int
    level_db: float
    asked: tuple[str, ...]
    lines: tuple[str, ...]


def plan(understood: Understood, config: ModelConfig, seconds: float = USUAL_SECONDS) -> Plan:
    """The plan of a piece by the model of `config`, about so many `seconds` long where nobody asks for a length.

    Raises:
        BadInput: a wish is beyond what can be had; the message says what can.
    """
    if config.conditions is None:
        raise BadInput(f"{config.model}: takes no orders; it must be a model with conditions, such as conditioned")
    tempo = float(_number(understood, TEMPO, USUAL_BPM))
    if not SLOWEST_BPM <= tempo <= FASTEST_BPM:
        raise BadInput(f"tempo: is {tempo:g} BPM; it must be {SLOWEST_BPM} to {FASTEST_BPM}")
    metre = _metre(understood, config)
    bars = _bars(understood, metre, tempo, seconds)
    parts = _parts(understood, config)
    programs = tuple(program for program, _ in understood.instruments)[:parts] or _usual_program(understood)
    levels = {name: str(understood.value(name)) for name in ASKED if understood.value(name)}
    attributes = {
        ASKED[name]: config.conditions.at(ASKED[name], LEVELS[level])
        for name, level in levels.items()
        if ASKED[name] in config.conditions.knots
    }
    register = REGISTERS.get(str(understood.value(REGISTER)))
    if parts == 1:
        attributes.pop("dissonance", None)  # one line alone has none
    tonic, mode = _key(understood)
    frame = Frame(tonic, mode, bars, parts, register)
    loudness = str(understood.value(LOUDNESS) or "middle")
    articulation = understood.value(ARTICULATION)
    return Plan(
        Told(attributes, frame),
        metre,
        bars,
        tempo,
        programs,
        register,
        SHARES[str(articulation)] if articulation else None,
        VELOCITIES[loudness],
        DECIBELS[loudness],
        (*understood.wishes, *((INSTRUMENT,) if understood.instruments else ())),
        lines(understood, tempo, metre, bars, parts),
    )


def _usual_program(understood: Understood) -> tuple[int, ...]:
    return tuple(program for program in USUAL_PROGRAMS if program not in understood.excluded)[:1] or USUAL_PROGRAMS[:1]


def _number(understood: Understood, name: str, usual: float) -> float:
    value = understood.value(name)
    return value if isinstance(value, int | float) else usual


def _metre(understood: Understood, config: ModelConfig) -> tuple[int, int]:
    metres = config.encoding.metres
    metre: Any = understood.value(METRE)
    if metre is None:
        return USUAL_METRE if USUAL_METRE in metres else config.metre
    if metre not in metres:
        known = ", ".join(f"{beats}/{unit}" for beats, unit in metres)
        raise BadInput(f"metre: is {metre[0]}/{metre[1]}; the composer knows {known}")
    return metre


def _bars(understood: Understood, metre: tuple[int, int], tempo: float, usual_s: float) -> int:
    """So many bars as were asked for, or as last about so many seconds."""
    bar_s = metre[0] * 4 / metre[1] * 60 / tempo
    if understood.value(BARS) is not None:
        bars = int(_number(understood, BARS, 0))
    else:
        if _number(understood, SECONDS, usual_s) <= 0:
            raise BadInput("length: is 0 s; it must be more")
        bars = max(round(_number(understood, SECONDS, usual_s) / bar_s), LEAST_BARS)
    if not 1 <= bars <= MOST_BARS:
        most = f"{MOST_BARS} ({MOST_BARS * bar_s:.0f} s at {tempo:g} BPM in {metre[0]}/{metre[1]})"
        raise BadInput(f"length: is {bars:,} bars; it must be 1 to {most}")
    return bars


def _parts(understood: Understood, config: ModelConfig) -> int:
    asked = understood.value(PARTS)
    if asked is None:
        return max(min(USUAL_PARTS, config.encoding.parts), min(len(understood.instruments), config.encoding.parts))
    return min(int(_number(understood, PARTS, 1)), config.encoding.parts)


def _key(understood: Understood) -> tuple[int | None, str | None]:
    """Tonic and mode of the home key, as far as they are asked for."""
    written = understood.value(KEY)
    if written is not None:
        key = parse_key(str(written))
        return key.tonic, key.mode
    mode = understood.value(MODE)
    return None, None if mode is None else str(mode)


def lines(understood: Understood, tempo: float, metre: Sequence[int], bars: int, parts: int) -> tuple[str, ...]:
    """What was understood and what is usual, a line each, for people."""
    reasons = {name: f"from {wish.because}" for name, wish in understood.wishes.items()}
    reasons.setdefault(BARS, reasons.get(SECONDS, USUAL))
    shown_levels = [name for name in (KEY, MODE, *LEVELLED) if parts > 1 or name != DISSONANCE]
    shown = {
        TEMPO: f"tempo {tempo:g} BPM",
        METRE: f"metre {metre[0]}/{metre[1]}",
        PARTS: f"{parts} part{'s' if parts > 1 else ''}",
        BARS: f"{bars} bar{'s' if bars > 1 else ''}",
        **{name: f"{name} {understood.value(name)}" for name in shown_levels if name in understood.wishes},
    }
    said = [f"{text} ({reasons.get(name, USUAL)})" for name, text in shown.items()]
    players = [
        f"{program_to_instrument_name(program)} (from {word})" for program, word in understood.instruments[:parts]
    ]
    silent = [
        f"{program_to_instrument_name(program)} doesn't play: there is no part left for it"
        for program, word in understood.instruments[parts:]
        if word.startswith("'")  # somebody's own
    ]
    nothing = () if understood.wishes or understood.instruments else ("nothing of it was understood",)
    return (*nothing, *said, *players, *silent, *understood.limits)
