"""The picture of temperature: its table says what the model says, divided by the temperature."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from tiny_model import chorale, make_tiny_model

from reprise.composition.evaluation.temperature import TEMPERATURES, draw_temperature, pitch_logits


@pytest.mark.parametrize("model", ["lstm", "transformer", "vae"])
def test_a_note_s_logits_don_t_depend_on_what_follows(model):
    trained, piece = make_tiny_model(model), chorale(3)
    shorter = replace(piece, notes=piece.notes[:12])
    found, expected = pitch_logits(trained, piece, range(8, 20)), pitch_logits(trained, shorter, range(8, 11))
    np.testing.assert_allclose(found[:3], expected, atol=1e-5)


def test_the_table_is_softmax_by_hand(tmp_path):
    picture, table = tmp_path / "t.png", tmp_path / "t.csv"
    draw_temperature(make_tiny_model("lstm"), [chorale(3)], picture, table)
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    logits = np.array([float(row["logit"]) for row in rows])
    assert (np.diff(logits) <= 0).all(), "the likeliest first"
    for temperature in TEMPERATURES:
        found = np.array([float(row[f"T={temperature:g}"]) for row in rows])
        expected = np.exp((logits[:6] - logits[0]) / temperature)
        np.testing.assert_allclose(found[:6] / found[0], expected, rtol=0.02)
    assert picture.stat().st_size > 1000


def test_a_higher_temperature_is_flatter(tmp_path):
    draw_temperature(make_tiny_model("lstm"), [chorale(3)], tmp_path / "t.png", tmp_path / "t.csv")
    with open(tmp_path / "t.csv", newline="") as file:
        first = next(csv.DictReader(file))
    likeliest = [float(first[f"T={temperature:g}"]) for temperature in TEMPERATURES]
    assert likeliest == sorted(likeliest, reverse=True)


@pytest.mark.parametrize("model", ["transformer", "vae"])
def test_every_kind_of_model_can_be_drawn(model, tmp_path):
    draw_temperature(make_tiny_model(model), [chorale(3)], tmp_path / "t.png", tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().startswith("pitch,logit,T=0.3")
