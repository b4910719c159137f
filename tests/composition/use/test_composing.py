"""What is said of a piece, and that company doesn't change one."""

from dataclasses import replace

import pytest
from tiny_model import chorale, make_tiny_model
from tiny_pieces import line

from reprise.composition.sampling.compose import Order
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.composition.use.composing import TOGETHER, compose_alike, describe, generate
from reprise.music.excerpts import cut_at_bar
from reprise.music.writers.midi import midi_bytes

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)
A_MINOR = (57, 59, 60, 62, 64, 65, 68, 69)


def test_a_piece_is_described():
    found = describe(line(C_MAJOR, metre=(3, 4)))  # eight beats: two bars of three and two thirds of one
    assert found == {
        "notes": 8,
        "bars": 3,
        "key": "C major",
        "metre": "3/4",
        "tempo_bpm": 120.0,
        "duration_s": 4.0,
    }
    assert describe(line([60] * 12, duration=1 / 3))["bars"] == 1  # twelve thirds are a bar, whatever they add up to
    assert describe(line([], metre=(4, 4)))["notes"] == describe(line([]))["bars"] == 0


@pytest.mark.parametrize(
    ("pitches", "key"),
    [
        (C_MAJOR, "C major"),
        (A_MINOR, "A minor"),
        ([pitch + 6 for pitch in C_MAJOR], "F# major"),
        ([pitch + 1 for pitch in A_MINOR], "Bb minor"),
        (range(60, 72), None),
        ([], None),
    ],
)
def test_the_key_is_the_one_whose_scale_it_is(pitches, key):
    assert describe(line(pitches))["key"] == key


@pytest.mark.parametrize("model", ["lstm", "transformer", "vae"])
def test_a_piece_is_the_same_alone_and_in_any_company(model):
    trained = make_tiny_model(model)

    def made(*seeds):
        orders = [Order((seed, 0), notes=10 + seed % 7) for seed in seeds]
        return [midi_bytes(piece) for piece in compose_alike(trained, orders)]

    many = made(*range(TOGETHER + 3))
    assert many[::-1] == made(*reversed(range(TOGETHER + 3)))
    assert made(2, 99, 5)[::2] == [many[2], many[5]] and made(TOGETHER) == many[TOGETHER : TOGETHER + 1]


def test_a_title_says_who_composed_what_and_after_which_file():
    """Of the file its name alone: the same music has the same title wherever the seed lies."""
    start = replace(cut_at_bar(chorale(50), 1), source="/some/where/chorale 50.mid")
    trained = make_tiny_model("lstm")
    assert [piece.title for piece in generate(trained, USUAL, 7, 2, bars=1)] == [
        "lstm model, seed 7",
        "lstm model, seed 7, piece 2",
    ]
    (after,) = generate(trained, USUAL, 7, bars=2, start=start)
    assert (after.title, after.subtitle) == ("lstm model, seed 7", "after chorale 50.mid")


def test_each_piece_of_a_batch_has_rules_of_its_own():
    """Sixteen at once: temperatures, keys and cuts, each piece as it is alone."""
    trained = make_tiny_model("lstm")
    keys = ("", "C major", "a minor", "G major")
    rules = [
        SamplingRules(temperature=0.3 + 0.1 * n, top_p=1 - 0.02 * n, key=keys[n % 4], top_k=(0, 5, 9)[n % 3])
        for n in range(16)
    ]
    orders = [Order((1, 0), notes=12, rules=own) for own in rules]
    together = [midi_bytes(piece) for piece in compose_alike(trained, orders)]
    assert [midi_bytes(compose_alike(trained, [order])[0]) for order in orders] == together
    assert len(set(together)) == 16
