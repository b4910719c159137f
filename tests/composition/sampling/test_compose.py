"""Orders: openings are cut, brought into range as a whole and continued, and pieces are as long as asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_model import PROGRAMS, chorale, make_tiny_model
from tiny_pieces import piece_of

from reprise.composition.encoding.notes_vocabulary import STEP
from reprise.composition.models.trained import MODELS
from reprise.composition.sampling import compose as compose_module
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.opening import opening
from reprise.errors import BadInput
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece

TRAINED = make_tiny_model("lstm")
OPENING = opening(replace(chorale(50), tempo_bpm=120.0, key_fifths=0), 2)  # unknown to the model


def rows(piece: Piece) -> list[tuple]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


# --- pieces


@pytest.mark.parametrize("model", MODELS)
def test_music_from_nothing_is_as_long_as_asked(model):
    trained = make_tiny_model(model)
    notes, bars = compose(trained, [Order((1, 0), notes=37), Order((1, 1), bars=3)])
    assert len(notes.notes) == 37
    ends = bars.notes["onset"] + bars.notes["duration"]
    assert 8 < ends.max() <= 12, "it reaches the third bar and ends with it"
    for piece in (notes, bars):
        assert (piece.programs, piece.metre, piece.tempo_bpm) == (PROGRAMS, (4, 4), 90.0)
        assert piece.source == f"{model} model"


@pytest.mark.parametrize("model", MODELS)
def test_a_continuation_begins_with_its_opening(model):
    trained, start = make_tiny_model(model), replace(OPENING, programs=(1, 2, 3, 4))
    long, short = compose(trained, [Order((1,), notes=80, start=start), Order((2,), bars=4, start=start)])
    given = len(start.notes)
    for piece in (long, short):
        assert rows(piece)[:given] == rows(start)
        assert len(piece.notes) > given
        assert (piece.tempo_bpm, piece.programs) == (120.0, (1, 2, 3, 4))
    assert len(long.notes) == 80 and 12 <= short.notes["onset"].max() < 16


def test_an_opening_of_fewer_parts_takes_the_other_instruments_from_the_model():
    solo = replace(piece_of(*[(12 * beat, 12, 62, 0) for beat in range(8)]), programs=(7,))
    (piece,) = compose(TRAINED, [Order((1,), notes=60, start=solo)])
    assert piece.programs == (7, *PROGRAMS[1:]) and len(set(piece.notes["part"])) > 1


def test_music_of_some_bars_has_a_note_and_so_has_a_continuation():
    """Of a model that likes to wait for four bars."""
    trained = make_tiny_model("lstm")
    with torch.no_grad():
        trained.network.heads[STEP].absolute.bias[trained.config.encoding.steps.index(np.array(4 * 48))] = 50
    orders = [Order((1, i), bars=1) for i in range(4)] + [Order((2, i), bars=3, start=OPENING) for i in range(4)]
    pieces = compose(trained, orders)
    assert all(len(piece.notes) for piece in pieces[:4])
    assert all(len(piece.notes) > len(OPENING.notes) for piece in pieces[4:])


def test_every_order_is_a_piece_and_chance_is_in_the_seed_alone():
    def made(*seeds: tuple) -> list[list]:
        return [rows(piece) for piece in compose(TRAINED, [Order(seed, notes=30) for seed in seeds])]

    first, second = made((1, 0), (1, 1))
    assert first != second and made((1, 0), (1, 1)) == [first, second]
    assert compose(TRAINED, []) == []


def test_progress_is_told():
    told = []
    compose(TRAINED, [Order((1,), notes=9)], advance=lambda: told.append(1))
    assert len(told) == 9


def test_the_copy_guard_is_the_model_s_own(monkeypatch):
    seen = []
    monkeypatch.setattr(
        compose_module, "sample", lambda model, encoding, jobs, index, advance: seen.append(index) or []
    )
    compose(TRAINED, [Order((1,), notes=9)])
    assert seen == [TRAINED.index]


# --- latents of a start


def test_each_phrase_of_an_opening_has_the_latent_of_its_bars(monkeypatch):
    """Notes in bars 1, 2, 9 and 10: the model's phrases of two bars number 0 and 4, and nothing is in between."""
    trained = make_tiny_model("vae")
    rows = [(48 * bar + beat, 12, 65, 0) for bar in (0, 1, 8, 9) for beat in (0, 12, 24)]
    start, jobs = piece_of(*rows), []
    monkeypatch.setattr(compose_module, "sample", lambda model, encoding, made, *_: jobs.extend(made) or [])
    compose(trained, [Order((1,), notes=50, start=start)])
    latents = np.asarray(jobs[0].conditions)
    assert latents.shape == (5, 4) and not latents[1:4].any() and latents[0].any() and latents[4].any()
    compose(trained, [Order((1,), notes=50, start=cut_at_bar(start, 2))])
    assert len(jobs[1].conditions) == 1


def test_an_opening_of_one_note_can_be_continued():
    trained = make_tiny_model("vae")
    (piece,) = compose(trained, [Order((1,), notes=20, start=piece_of((0, 48, 60, 0)))])
    assert len(piece.notes) == 20


# --- what doesn't fit


def test_a_seed_as_long_as_the_piece_is_refused():
    with pytest.raises(BadInput, match=rf"chorale 50: its opening has {len(OPENING.notes)} notes; ask for more"):
        compose(TRAINED, [Order((1,), notes=len(OPENING.notes), start=OPENING)])


def test_metres_and_parts_that_the_model_lacks_are_refused():
    with pytest.raises(BadInput, match="metre: is in 3/4; the model knows 4/4"):
        compose(TRAINED, [Order((1,), notes=9, metre=(3, 4))])
    with pytest.raises(BadInput, match="chorale 50: is in 6/8; the model knows 4/4"):
        compose(TRAINED, [Order((1,), notes=99, start=replace(OPENING, metre=(6, 8)))])
    with pytest.raises(BadInput, match="test: has no note in its first 4 parts, all that the model has"):
        compose(TRAINED, [Order((1,), notes=99, start=piece_of((0, 48, 60, 4)))])
