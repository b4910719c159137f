"""Piano rolls that a person can read, and the measures against temperature."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_model import MUSIC, chorale
from tiny_pieces import piece_of

from reprise.composition.evaluation.plots import (
    PALE,
    Roll,
    draw_evaluation,
    draw_roll,
    draw_style,
    plt,
    temperatures_of,
)
from reprise.composition.sampling.compose import cut_at_bar

CHOIR = (52,) * 4


@pytest.fixture
def axis():
    figure, axis = plt.subplots()
    yield axis
    plt.close(figure)


def labels(ticks) -> list[str]:
    return [tick.get_text() for tick in ticks]


def test_parts_pitches_and_bars_have_their_names(axis):
    piece = piece_of((0, 48, 74, 0), (0, 48, 67, 1), (48, 36, 60, 2), (60, 24, 48, 3), parts=4)
    draw_roll(axis, Roll(replace(piece, programs=CHOIR), "from nothing"), bars=3)
    assert labels(axis.get_legend().get_texts()) == ["Soprano", "Alto", "Tenor", "Bass"]
    assert labels(axis.get_yticklabels()) == ["C3", "G3", "C4", "G4", "C5"] and axis.get_yticks()[2] == 60
    assert axis.get_xticks().tolist() == [0, 1, 2, 3] and labels(axis.get_xticklabels()) == ["1", "2", "3", ""]
    assert axis.get_xlim() == (0, 3) and all(line.get_visible() for line in axis.get_xgridlines())
    assert axis.get_title(loc="left") == "from nothing"


def test_a_waltz_has_bars_of_three(axis):
    draw_roll(axis, Roll(piece_of((0, 36, 60, 0), (36, 36, 62, 0), (72, 12, 64, 0), metre=(3, 4)), ""), bars=3)
    assert axis.get_xlim() == (0, 3)
    boxes = [path.get_extents() for collection in axis.collections for path in collection.get_paths()]
    assert [round(box.x0, 6) for box in boxes] == [0, 1, 2]
    assert [round(box.width, 3) for box in boxes] == [0.95, 0.95, 0.317]


def test_an_opening_by_somebody_else_is_paler_and_on_grey(axis):
    """A note of bar 1, one of bar 2 and the grey ground."""
    draw_roll(axis, Roll(piece_of((0, 48, 60, 0), (48, 48, 62, 0)), "continues x, bar 5", opening_bars=1), bars=2)
    (opening, own), (ground,) = (collection.get_facecolor()[0] for collection in axis.collections), axis.patches
    assert opening[:3].tolist() == own[:3].tolist() and (opening[3], own[3]) == (PALE, 1.0)
    assert ground.get_width() == 1 and len(set(ground.get_facecolor()[:3])) == 1
    assert axis.get_title(loc="left") == "continues x, bar 5 (on grey)"
    assert len(axis.get_legend().get_texts()) == 1, "a part is named once"


def test_what_is_drawn_at_which_temperature_is_said():
    assert temperatures_of(MUSIC, 1.5) == "temperature 1.5, pitches at 1.2"
    assert temperatures_of(replace(MUSIC, pitch_factor=1.0), 0.3) == "temperature 0.3"


def test_style_is_drawn_over_what_two_halves_of_the_reference_differ_by(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("reprise.composition.evaluation.plots.save", lambda figure, path: shown.extend(figure.axes))
    style = {
        "generated": {"0.9": {}, "2": {}},
        "standardised_difference": {"0.9": {"triad_rate": -1.0, "closing_rate": 0.5}, "2": {}},
        "halves": {"triad_rate": 0.25},
        "divergence": {"0.9": {"chords": 0.5}, "halves": {"chords": 0.25}, "2": {}},
    }
    draw_style(style, MUSIC, "LSTM", tmp_path / "style.png")
    left, right = shown
    assert labels(left.get_yticklabels()) == ["triad rate", "closing rate"]
    assert left.lines[0].get_xdata().tolist() == [-1.0, 0.5] and right.lines[0].get_xdata().tolist() == [0.5]
    boxes = [(bar.get_x(), bar.get_width()) for axis in shown for bar in axis.patches]
    assert boxes == [(-0.25, 0.5), (0, 0), (0, 0.25)], "a measure without halves has no band"


def test_pictures_are_drawn_and_are_the_same_again(tmp_path, monkeypatch):
    headings, rolls = [], []
    drawn = draw_roll
    monkeypatch.setattr(
        "reprise.composition.evaluation.plots.draw_roll",
        lambda axis, roll, bars: (rolls.append(roll), drawn(axis, roll, bars)),
    )
    monkeypatch.setattr(plt.Figure, "suptitle", lambda self, text: headings.append(text))
    row = {"polyphony": {"value": 4.0, "low": 3.9, "high": 4.1, "count": 2}, "pitch_range": {"value": 30.0, "count": 1}}
    style = {
        "generated": {"0.5": {}, "1.5": {}},
        "standardised_difference": {"0.5": {"triad_rate": -1.0, "closing_rate": 0.5}, "1.5": {}},
        "halves": {"triad_rate": 0.25},
        "divergence": {"0.5": {"chords": 0.5}, "halves": {"chords": 0.25}},
    }
    metrics = {"reference": row, "generated": {"0.5": row, "1.5": {}}, "style": style}
    music = [cut_at_bar(chorale(seed), 2) for seed in range(8)]
    manifest = pd.DataFrame({
        "item": range(8),
        "temperature": np.repeat([0.5, 1.5], 4),
        "origin": (["opening"] * 2 + ["nothing"] * 2) * 2,
        "opening": ["mozart, bar 3", "mozart, bar 9", "", ""] * 2,
        "opening_bars": [1, 1, 0, 0] * 2,
    })  # fmt: skip
    for name, rows in (("a", manifest), ("b", manifest[:2])):
        draw_evaluation(metrics, MUSIC, "LSTM", music[:1], rows, music, tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["measures.png", "rolls_0.5.png", "rolls_1.5.png", "rolls_reference.png", "score.svg", "style.png"]
    assert b"LSTM, temperature 0.5, pitches at 0.4, item 0" in (tmp_path / "a" / "score.svg").read_bytes()
    (tmp_path / "b" / "rolls_0.5.png").unlink()  # of fewer pieces
    for path in (tmp_path / "b").iterdir():
        assert path.read_bytes() == (tmp_path / "a" / path.name).read_bytes()
    assert headings[1:5] == [
        "LSTM, style at temperature 0.5, pitches at 0.4",
        "Held-out pieces, that no model has seen",
        "LSTM, drawn at temperature 0.5, pitches at 0.4",
        "LSTM, drawn at temperature 1.5, pitches at 1.2",
    ]
    assert [(roll.title, roll.opening_bars) for roll in rolls[1:5]] == [
        ("continues mozart, bar 3", 1), ("continues mozart, bar 9", 1), ("from nothing", 0), ("from nothing", 0),
    ]  # fmt: skip
