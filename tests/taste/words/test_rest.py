"""What the small CLAP is asked about at all: words near those that it learnt."""

import numpy as np
import pytest
from tiny_clap import tiny_clap

from reprise.taste.words.rest import FAMILIAR, familiarity, poles
from reprise.taste.words.understanding import understand


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    """Nobody's weights: wherever it's asked it finds something or other."""
    return tiny_clap(tmp_path_factory.mktemp("clap"))


def asked(monkeypatch, clap, text: str) -> list[str]:
    """The texts that the small CLAP is given for a text."""
    given: list[str] = []
    monkeypatch.setattr(clap, "embed_text", lambda texts: given.extend(texts) or np.zeros((len(texts), 2), np.float32))
    understand(text, clap)
    return given


def test_what_was_learnt_is_familiar_wholly_and_what_is_said_of_anything_is_not():
    found = familiarity("a very loud piece")
    assert found["loudness"] == pytest.approx(1, abs=1e-5) and max(found.values()) == found["loudness"]
    assert set(familiarity("please make me some music, in this key!").values()) == {0}
    assert set(familiarity("... 12").values()) == {0}


@pytest.mark.parametrize("near", ["thunder", "sunshine and laughter", "murmured", "a miserable winter"])
@pytest.mark.parametrize("far", ["asdf qwerty", "a recipe for bread", "Tuesday", "hjkl bnm"])
def test_words_near_those_that_were_learnt_are_more_familiar(near, far):
    assert max(familiarity(near).values()) >= FAMILIAR > max(familiarity(far).values())


def test_a_word_is_familiar_for_the_axis_that_it_speaks_of():
    assert familiarity("murmured")["loudness"] >= FAMILIAR > familiarity("murmured")["mode"]
    assert familiarity("miserable")["mode"] >= FAMILIAR > familiarity("miserable")["articulation"]


def test_the_small_clap_is_not_asked_about_what_it_never_learnt(monkeypatch, clap):
    assert asked(monkeypatch, clap, "asdf qwerty, for my sister Anna") == []
    assert asked(monkeypatch, clap, "like thunder")[0] == "like thunder"


def test_it_is_asked_about_axes_of_which_it_learnt_such_words(monkeypatch, clap):
    given = asked(monkeypatch, clap, "a miserable man")
    assert {"minor music", "major music"} <= set(given) and "staccato music" not in given


def test_one_familiar_word_is_enough_and_the_others_stay(monkeypatch, clap):
    assert asked(monkeypatch, clap, "Anna's thunder on a Tuesday")[0] == "anna's thunder on a tuesday"


def test_words_with_letters_that_english_lacks_are_left_out(monkeypatch, clap):
    assert asked(monkeypatch, clap, "żółć thunder canción")[0] == "thunder"
    assert asked(monkeypatch, clap, "гром") == []


def test_an_axis_that_has_its_wish_is_not_asked_about(monkeypatch, clap):
    assert not {"slow music", "fast music"} & set(asked(monkeypatch, clap, "slow thunder"))


def test_another_embedder_is_asked_about_anything():
    class Other:
        name = "other"

        def embed_text(self, texts):
            return np.array([[1, 0], [1, 0], [0, 1]], np.float32)

    assert list(poles("asdf", ["mode"], Other())) == [("mode", "minor", "'asdf', nearest to 'minor music' for other")]
