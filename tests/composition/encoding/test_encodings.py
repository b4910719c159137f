"""What every encoding of the registry must do, or models that learn and compose with it go wrong without a word."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_model import backbone_params, chorale

from reprise.composition.encoding.registry import ENCODINGS, encodable
from reprise.composition.models.trained import ModelConfig, TrainedModel, load_model, make_model, save_model
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.rules import SamplingRules
from reprise.music.excerpts import cut_at_bar
from reprise.music.timegrid import TWELFTHS

PIECES = [chorale(seed) for seed in range(4)]


@pytest.fixture(params=ENCODINGS, scope="module")
def encoding(request):
    return ENCODINGS[request.param].of(PIECES)


@pytest.fixture
def trained(encoding) -> TrainedModel:
    """A model of random weights."""
    config = ModelConfig("lstm", backbone_params("lstm"), None, encoding, PIECES[0].programs, (4, 4), 90.0)
    torch.manual_seed(0)
    return TrainedModel(make_model(config).eval(), config, tuple(encodable(encoding, PIECES)[1]))


def notes_of(piece) -> list[tuple]:
    return sorted(piece.notes[["onset", "duration", "pitch", "part"]].tolist())


def test_its_name_is_that_of_the_registry(encoding):
    assert ENCODINGS[encoding.kind] is type(encoding)


def test_time_and_part_of_a_note_are_known_before_its_pitch(encoding):
    """Range, copies and repeats are looked at when a pitch is drawn: all three depend on the part, or on the time."""
    before = encoding.shape.fields[: encoding.shape.pitch]
    assert {"step", "part"} & set(encoding.shape.fields) <= set(before)


def test_a_piece_comes_back_and_ends_once(encoding):
    for piece in PIECES:
        events = encoding.encode(piece)
        assert notes_of(encoding.decode(events, piece.metre, 90.0, piece.programs, "back")) == notes_of(piece)
        assert (events[:, 0] == encoding.end).tolist() == [False] * (len(events) - 1) + [True]
        assert (events >= 0).all() and (events < encoding.shape.sizes).all()


def test_the_end_of_a_piece_can_be_read_alone(encoding):
    """What is composed is read without the opening, and put where the opening's last event begins."""
    piece, cut = PIECES[0], 20
    events = encoding.encode(piece)
    head, tail = (encoding.decode(part, (4, 4), 90.0, piece.programs, "part").notes for part in np.split(events, [cut]))
    tail["onset"] += encoding.last_onset(events[:cut]) / TWELFTHS
    assert sorted(head.tolist() + tail.tolist()) == sorted(piece.notes.tolist())


def test_a_transposed_piece_has_its_pitches_so_much_higher(encoding):
    events = encoding.encode(PIECES[1])
    down, up = encoding.room(events)
    for semitones in (-down, up):
        moved = encoding.decode(encoding.transposed(events, semitones), (4, 4), 90.0, PIECES[1].programs, "moved")
        assert sorted(moved.notes["pitch"]) == sorted(PIECES[1].notes["pitch"] + semitones)


def test_a_state_allows_what_is_there_and_says_when_and_in_which_part(encoding):
    for piece in PIECES:
        state, top = encoding.start([piece.metre]), np.array([encoding.highest])
        onsets, parts = [], []
        for event in encoding.encode(piece)[:-1, None]:
            for field in range(len(encoding.shape.fields)):
                assert state.allowed(field, event, top)[0, event[0, field]]
                when = state.onsets(field)
                assert when is None or when[0, event[0, field]] == state.onset_of(event)[0]
            onsets.append(int(state.onset_of(event)[0]))
            parts.append(int(state.part_of(event)[0]))
            state.push(event)
            assert (state.onset[0], state.part[0]) == (onsets[-1], parts[-1])
        played = sorted(zip(onsets, parts))
        assert played == sorted(zip((piece.notes["onset"] * TWELFTHS).round().astype(int), piece.notes["part"]))


def test_a_model_of_it_comes_back_from_disk(encoding, trained, tmp_path):
    save_model(trained, tmp_path)
    assert load_model(tmp_path).config.encoding == encoding


@pytest.mark.parametrize("start", [None, cut_at_bar(PIECES[2], 1)])
def test_music_keeps_to_the_range_that_was_asked_for_in_every_part(trained, start):
    rules = SamplingRules(lowest=52, highest=66)
    if start is not None:  # an octave lower: what is composed is moved back by as much
        start = replace(start, notes=start.notes.copy())
        start.notes["pitch"] -= 12
    (piece,) = compose(trained, [Order((3,), notes=60, start=start, rules=rules)])
    own = piece.notes[0 if start is None else len(start.notes) :]
    assert len(own) >= 20 and own["pitch"].min() >= 52 and own["pitch"].max() <= 66
