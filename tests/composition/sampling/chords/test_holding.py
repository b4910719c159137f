"""Chords held while music is drawn, by models that nobody trained, and the measure that tells whether they are."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_conditioned import make_conditioned
from tiny_model import chorale, make_tiny_model
from tiny_pieces import line, piece_of, random_piece

from reprise.composition.encoding.events import Frame
from reprise.composition.models.conditions import Told
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling import compose as compose_module
from reprise.composition.sampling.chords.compliance import Compliance, compliance
from reprise.composition.sampling.chords.holding import HeldBatch
from reprise.composition.sampling.chords.limits import FAR, ChordLimits
from reprise.composition.sampling.chords.progression import progression
from reprise.composition.sampling.compose import Order, chords_of, compose
from reprise.composition.sampling.drawing.sampler import Job
from reprise.composition.sampling.opening import opening, read_opening
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.errors import BadInput, ParamsError
from reprise.music.analysis.keyfinding import Key
from reprise.music.excerpts import first_parts

C = Key(0, "major")
WALTZES = tuple(replace(chorale(seed), metre=((3, 4), (4, 4))[seed % 2]) for seed in range(8))
LSTM = make_tiny_model("lstm", pieces=WALTZES)
PROGRESSIONS = {
    "C F G7 C": "",
    "I IV V7 I": "Eb major",
    "Am F C G/B": "",
    "i:2 iv:1 V7 bVI": "F# minor",
    "C:1.5 F#dim:0.5 Bb/D:1 Ebmaj7": "",
    "Csus4 C5": "",
}


def wrong(trained: TrainedModel, *orders: Order) -> list[tuple]:
    """The orders whose pieces, with two tries of the ending, don't keep to their chords in all, and how they do."""
    orders = tuple(replace(order, rules=replace(order.rules, ending_tries=2)) for order in orders)
    found = []
    for order, piece in zip(orders, compose(trained, orders)):
        chords = chords_of(order.rules, piece.metre, order.start, order.told.frame)
        own = compliance(piece, chords)
        if not own.struck == own.sounding == own.bass == 1:
            found.append((order.rules.chords, order.seed, own))
    return found


@pytest.mark.parametrize("temperature", [0, 0.3, 1, 1.8])
@pytest.mark.parametrize("metre", [(4, 4), (3, 4)])
def test_every_chord_is_held_in_any_metre_at_any_temperature_with_tries_of_the_ending(metre, temperature):
    rules = [SamplingRules(chords=text, key=key, temperature=temperature) for text, key in PROGRESSIONS.items()]
    assert not wrong(LSTM, *(Order((seed,), bars=4, metre=metre, rules=own) for own in rules for seed in (1, 2)))


def test_chords_between_bar_lines_are_held():
    texts = ("C F | G7 | C", "C G:1 Am:1 | F", "Dm:3 G7 | C")
    rules = [SamplingRules(chords=text, temperature=1.8) for text in texts]
    assert not wrong(LSTM, *(Order((seed,), bars=4, metre=(4, 4), rules=own) for own in rules for seed in (1, 2)))


@pytest.mark.parametrize("temperature", [0.3, 1.8])
def test_music_of_so_many_notes_holds_its_chords_to_the_last_one(temperature):
    rules = SamplingRules(chords="Am F:2 C G/B", temperature=temperature)
    lengths = [1, 2, 3, *range(30, 42)]
    assert not wrong(LSTM, *(Order((1,), notes=notes, metre=(4, 4), rules=rules) for notes in lengths))
    pieces = compose(LSTM, [Order((1,), notes=notes, metre=(4, 4), rules=rules) for notes in lengths])
    assert [len(piece.notes) for piece in pieces] == lengths


@pytest.mark.parametrize("temperature", [0.3, 1, 1.8])
def test_after_an_opening_chords_begin_with_the_next_bar(temperature):
    starts = [opening(chorale(30), 2), opening(WALTZES[2], 2)]
    rules = [SamplingRules(chords=text, temperature=temperature) for text in ("C F G7 C/E", "i V6 VI")]
    orders = [
        Order((3,), start=start, rules=own, **ends)
        for start in starts
        for own in rules
        for ends in ({"bars": 5}, {"notes": 60})
    ]
    assert not wrong(LSTM, *orders)
    for order, piece in zip(orders, compose(LSTM, orders)):
        assert piece.notes[: len(order.start.notes)].tolist() == order.start.notes.tolist()


def test_chords_are_those_that_sound_where_the_model_reads_an_opening_transposed():
    whole = chorale(31)
    notes = whole.notes.copy()
    notes["pitch"] -= 17
    low = opening(replace(whole, notes=notes), 1)
    notes = notes.copy()
    notes["pitch"][notes["part"] == 3] -= 12
    wide = opening(replace(whole, notes=notes), 1)
    shifts = [set(read_opening(start, LSTM.config.encoding).shifts) for start in (low, wide)]
    assert len(shifts[0]) == 1 and shifts[0] != {0} and len(shifts[1]) > 1
    rules = SamplingRules(chords="C F G7 C/E")
    assert not wrong(LSTM, *(Order((1,), bars=5, start=start, rules=rules) for start in (low, wide)))


def test_an_opening_that_ends_within_a_bar_leaves_the_rest_of_it_free():
    start = piece_of((0, 12, 60, 0), (12, 12, 63, 0), (0, 18, 48, 3), parts=4)
    rules = SamplingRules(chords="F#m B")
    chords = chords_of(rules, (4, 4), start)
    assert chords is not None and chords.begins == 48
    assert not wrong(LSTM, *(Order((seed,), bars=4, start=start, rules=rules) for seed in range(4)))


@pytest.mark.parametrize("kind", ["transformer", "vae"])
def test_other_models_hold_chords_too(kind):
    rules = SamplingRules(chords="C F G7 C")
    assert not wrong(make_tiny_model(kind), *(Order((seed,), bars=5, rules=rules) for seed in (1, 2)))


def test_a_composer_that_takes_orders_holds_chords_in_the_key_it_is_told():
    rules = SamplingRules(chords="i iv:2 V7:2 i6")
    told = [Told(frame=Frame(2, "minor", parts=parts)) for parts in (None, 1, 2, 3, 4)]
    orders = [Order((seed,), bars=5, rules=rules, told=own, guidance=3.0) for own in told for seed in (1, 2)]
    assert not wrong(make_conditioned(), *orders)


def test_music_of_one_line_holds_chords_but_has_no_bass():
    melodies = make_tiny_model("lstm", pieces=[first_parts(chorale(seed), 1) for seed in range(4)])
    rules = SamplingRules(chords="C F G7 C", temperature=1.8)
    assert not wrong(melodies, *(Order((seed,), bars=8, rules=rules) for seed in (1, 2)))
    piece = compose(melodies, [Order((1,), bars=8, rules=rules)])[0]
    begins = piece.notes[piece.notes["onset"] % 4 == 0]
    assert len({*(begins["pitch"] % 12).tolist()} - {0, 5, 7}), "not roots alone"


@pytest.mark.parametrize("parts", [1, 2])
def test_parts_that_strike_several_notes_at_once_hold_chords(parts):
    trained = make_tiny_model("lstm", pieces=[random_piece(seed, notes=60, parts=parts) for seed in range(4)])
    assert trained.config.encoding.chord > 1
    rules = SamplingRules(chords="C F G7 C/E", temperature=1.8)
    lengths = [{"bars": 4}, *({"notes": notes} for notes in range(20, 34))]
    assert not wrong(trained, *(Order((1,), rules=rules, **length) for length in lengths))


def test_what_is_composed_without_chords_is_the_same_beside_music_with_some():
    plain, held = Order((1,), bars=3), Order((2,), bars=3, rules=replace(USUAL, chords="C F"))
    alone, beside = compose(LSTM, [plain, plain])[0], compose(LSTM, [plain, held])[0]
    assert alone.notes.tolist() == beside.notes.tolist()


def test_what_closes_lies_in_the_last_chord(monkeypatch):
    """The tonic comes in the last bar, but another chord after it, into which nothing may be held."""
    one, five = (72, 67, 64, 48), (71, 67, 62, 43)
    rows = [(0, 48, one), (48, 12, five), (60, 12, one), (72, 24, five)]
    whole = piece_of(*[(onset, long, pitch, part) for onset, long, own in rows for part, pitch in enumerate(own)])
    written = LSTM.config.encoding.encode(whole)[:-1]
    monkeypatch.setattr(compose_module, "sample", lambda network, encoding, jobs, *_: [written] * len(jobs))
    (closed,) = compose(LSTM, [Order((1,), bars=2, metre=(4, 4), rules=replace(USUAL, key="C"))])
    assert closed.notes["onset"].max() == 5.0
    for text, last in (("I | V:1 I:1 V:2", 6.0), ("I | V:1 I:3", 5.0)):
        rules = replace(USUAL, key="C", chords=text)
        (held,) = compose(LSTM, [Order((1,), bars=2, metre=(4, 4), rules=rules)])
        assert held.notes["onset"].max() == last


# --- limits


def limits(text: str, trained: TrainedModel = LSTM, parts: int = 4, within: np.ndarray | None = None) -> ChordLimits:
    encoding = trained.config.encoding
    anything = np.ones((encoding.parts, encoding.shape.sizes[encoding.shape.pitch]), bool)
    return ChordLimits(encoding, progression(text, (4, 4), C), anything if within is None else within, (), parts)


def test_how_long_a_note_may_sound():
    found, low = limits("C F G7"), LSTM.config.encoding.lowest

    def until(onset: int, part: int, pitch: int) -> int:
        return int(found.until(onset, part)[pitch - low])

    assert until(0, 0, 72) == 96, "the c belongs to F, not to G7"
    assert until(0, 0, 76) == 48 and until(36, 0, 76) == 12
    assert until(6, 0, 74) == 6, "a passing note until the next beat"
    assert until(42, 0, 77) == 102, "what anticipates the next chord stays, and in the one after that too"
    assert until(0, 3, 48) == 48, "the bass part is free where the next bass begins"
    assert until(42, 3, 41) == 54, "unless it has it already"
    lowest_f = next(pitch for pitch in range(low, low + 12) if pitch % 12 == 5)
    lowest_c = next(pitch for pitch in range(low, low + 12) if pitch % 12 == 0)
    assert until(0, 0, lowest_c) == (96 if lowest_f < lowest_c else 48), "no bass could come under it"
    assert until(0, 0, 72) < FAR and limits("C").until(0, 0)[72 - low] == FAR


def test_what_may_be_struck():
    found, low = limits("C F"), LSTM.config.encoding.lowest
    assert {(int(p) + low) % 12 for p in np.flatnonzero(found.tones(12, 0))} == {0, 4, 7}
    assert len({(int(p) + low) % 12 for p in np.flatnonzero(found.tones(18, 0))}) == 12
    assert {(int(p) + low) % 12 for p in np.flatnonzero(found.tones(45, 0))} == {0, 5, 9}, "no note is short enough"


@pytest.mark.parametrize("lowest", [61, 70])
def test_a_range_without_a_note_of_a_chord_is_refused_by_name(lowest):
    rules = SamplingRules(chords="C F G", lowest=lowest, highest=lowest + 2)
    with pytest.raises(BadInput, match=r"lowest, highest: leave no pitch for chord \d \('.'\), or for its bass"):
        compose(LSTM, [Order((1,), bars=2, rules=rules)])


def test_a_chord_that_no_notes_fill_is_refused_by_name():
    with pytest.raises(BadInput, match=r"chords: chord 1 \('C'\) lasts 1.333 beats; the model knows no notes"):
        compose(LSTM, [Order((1,), bars=2, metre=(4, 4), rules=replace(USUAL, chords="C F G |"))])


def test_an_encoding_without_lengths_is_refused():
    job = Job((4, 4), (1,), np.zeros((0, 4), np.int64), bars=1, chords=progression("C", (4, 4), None))

    class Other:
        kind = "grid"

    with pytest.raises(BadInput, match="chords: the encoding grid can't keep to any"):
        HeldBatch(Other(), [job], np.ones((1, 4, 10), bool))


def test_rules_refuse_what_are_no_chords():
    with pytest.raises(BadInput, match="chords: chord 2: 'X' is no chord"):
        SamplingRules(chords="C X")
    with pytest.raises(BadInput, match=r"chords: chord 1 \('I'\) is a numeral, but no key is known"):
        compose(LSTM, [Order((1,), bars=2, rules=SamplingRules(chords="I"))])
    with pytest.raises(ParamsError, match="key: is 'H'"):
        SamplingRules(chords="I", key="H")


# --- the measure


def test_the_measure_counts_what_is_struck_what_sounds_the_bass_and_thirds():
    chords = progression("C F", (4, 4), None)
    right = piece_of((0, 48, 48, 1), (0, 12, 64, 0), (18, 6, 62, 0), (48, 48, 41, 1), (48, 12, 57, 0))
    assert compliance(right, chords) == Compliance(1, 1, 1, 1)
    wrong = piece_of((0, 48, 52, 1), (0, 12, 65, 0), (48, 48, 41, 1), (54, 18, 62, 0), (72, 24, 57, 0))
    found = compliance(wrong, chords)
    assert found.struck == 3 / 4, "the f of the first beat"
    assert found.sounding == 10 / 12, "that, and the d that is held into a beat"
    assert (found.bass, found.thirds) == (0.5, 1)


def test_silence_where_a_chord_begins_has_no_bass_and_before_the_first_chord_all_is_right():
    chords = progression("C F", (4, 4), None, begins=48)
    late = piece_of((0, 12, 61, 0), (0, 12, 66, 1), (54, 12, 60, 0), (96, 12, 65, 0), (96, 12, 53, 1))
    assert compliance(late, chords) == Compliance(1, 1, 0.5, 0)


def test_a_line_needs_a_note_of_each_chord_where_it_begins():
    chords = progression("C F", (4, 4), None)
    assert compliance(line([64, 65], 4.0), chords).bass == 1
    assert compliance(line([64, 64], 4.0), chords).bass == 0.5
