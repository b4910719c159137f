"""The pipeline's generator on a tiny model: the same text and seed, the same music, played as it was planned."""

import numpy as np
import pytest
from tiny_conditioned import make_conditioned

from reprise.audio.fonts import FONTS, locate
from reprise.audio.play import TAIL_S
from reprise.composition.encoding.events import Frame
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import Key
from reprise.taste import composer as composer_module
from reprise.taste.composer import ConditionedComposer, home_of

RATE = 22050


@pytest.fixture(scope="module")
def composer() -> ConditionedComposer:
    return ConditionedComposer(make_conditioned(), locate(FONTS["TimGM6mb"]), guidance=2.0, sample_rate=RATE)


def test_a_text_becomes_notes_and_sound_as_it_asks(composer):
    made = composer.generate("a flute solo of 2 bars at 150 BPM, staccato, in D minor", 1)
    assert made.piece is not None and made.piece.tempo_bpm == 150 and made.piece.programs == (73,)
    assert (made.piece.key_fifths, made.piece.key_mode) == (-1, "minor")
    assert made.sample_rate == RATE and made.sound.dtype == np.float32 and np.isfinite(made.sound).all()
    assert len(made.sound) == round((made.piece.duration_s + TAIL_S) * RATE)
    assert "articulation low (from 'staccato')" in made.understood


def test_the_same_text_and_seed_give_the_same_music_whatever_is_made_before(composer):
    text = "a cello solo, 1 bar"
    first = composer.generate(text, 1)
    composer.generate("a duet, 1 bar", 7)
    again, other = composer.generate(text, 1), composer.generate(text, 2)
    assert (first.sound == again.sound).all() and (first.piece.notes == again.piece.notes).all()
    assert first.piece.notes.tolist() != other.piece.notes.tolist()


def test_a_piece_does_not_depend_on_what_is_composed_beside_it(composer):
    solo, loud = (composer.plan(composer.understand(text)) for text in ("a solo, 2 bars", "a loud quartet, 3 bars"))
    alone = composer.compose([solo], [(1, 5)])[0]
    together = composer.compose([loud, solo, loud], [(1, 4), (1, 5), (1, 6)])
    assert (together[1].notes == alone.notes).all()
    assert len(together[0].programs) == 4 and len(alone.programs) == 1


def test_a_composer_without_embedder_leaves_open_what_has_no_word(composer):
    assert composer.understand("like a snail").wishes == {}


@pytest.mark.parametrize("text", ["", " ", "x" * 3000, "in 5/4", "201 bars"])
def test_what_can_not_be_had_is_refused(composer, text):
    with pytest.raises(BadInput):
        composer.generate(text, 1)


def test_a_piece_for_which_nobody_asks_a_key_is_told_one_of_the_mode_asked_for(composer, monkeypatch):
    """Without several tries: nobody asked for that key."""
    orders = []
    compose_alike = composer_module.compose_alike
    monkeypatch.setattr(
        composer_module, "compose_alike", lambda trained, own: orders.extend(own) or compose_alike(trained, own)
    )
    plans = [composer.plan(composer.understand(text)) for text in ("1 bar", "1 bar, minor", "1 bar, in D minor")]
    composer.compose(plans, [(4,)] * 3)
    free, minor, whole = (order.told.frame for order in orders)
    known = {key for key in composer.trained.keys}
    assert Key(free.tonic, free.mode) in known
    assert minor.mode == "minor" and (Key(minor.tonic, "minor") in known or minor.tonic is None)
    assert (whole.tonic, whole.mode) == (2, "minor")
    assert [order.rules.key for order in orders] == ["", "", "D minor"]
    again = []
    monkeypatch.setattr(composer_module, "compose_alike", lambda trained, own: again.extend(own) or [])
    composer.compose(plans[:1], [(4,)])
    assert again[0].told == orders[0].told, "by the seed of the piece alone"


def test_only_a_whole_key_is_a_home():
    assert home_of(Frame(2, "minor")) == Key(2, "minor")
    assert home_of(Frame(None, "minor")) is None and home_of(Frame(2, None)) is None
    assert home_of(Frame()) is None
