"""The small CLAP: saved and loaded, the same vector in any company, windows, profiles in any key."""

import numpy as np
import pytest
import torch
from tiny_clap import TOWERS, WINDOW_S, clip_set, tiny_clap
from tiny_recognizer import RATE

from reprise.embedding.clap.notes import collate_notes, note_set
from reprise.embedding.clap.towers import NotesTower
from reprise.embedding.embedder import NotesEmbedder
from reprise.errors import BadInput
from reprise.music.piece import Piece, note_table


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    return tiny_clap(tmp_path_factory.mktemp("clap"))


@pytest.fixture(scope="module")
def sounds():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1, int(RATE * seconds)).astype(np.float32) for seconds in (1, 0.4, 2.5, 1, 3)]


def test_it_is_an_embedder_of_notes_too(clap):
    assert isinstance(clap, NotesEmbedder) and len(clap.checkpoint_sha256) == 64
    assert (clap.sample_rate, clap.window_s) == (RATE, WINDOW_S)


def test_sounds_texts_and_notes_have_unit_vectors_of_one_size(clap, sounds):
    pieces = clip_set(3).pieces
    for vectors in (clap.embed_audio(sounds), clap.embed_text(["a violin", "fast"]), clap.embed_notes(pieces)):
        assert vectors.shape[1] == TOWERS.size and vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_vector_depends_on_nothing_that_is_embedded_with_it(clap, sounds):
    together = clap.embed_audio(sounds)
    assert clap.embed_audio(sounds[::-1])[::-1] == pytest.approx(together, abs=1e-5)
    assert np.concatenate([clap.embed_audio([sound]) for sound in sounds]) == pytest.approx(together, abs=1e-5)
    texts = ["a violin", "a slow, dark piece for a trumpet and an organ", "loud", ""]
    assert np.concatenate([clap.embed_text([text]) for text in texts]) == pytest.approx(
        clap.embed_text(texts), abs=1e-5
    )
    pieces = clip_set(5).pieces
    alone = np.concatenate([clap.embed_notes([piece]) for piece in pieces])
    assert alone == pytest.approx(clap.embed_notes(pieces), abs=1e-5)


def test_a_long_sound_is_the_normalised_mean_of_its_windows(clap, sounds):
    whole = sounds[4]
    parts = clap.embed_audio([whole[:RATE], whole[RATE : 2 * RATE], whole[2 * RATE :]])
    mean = parts.mean(axis=0)
    assert clap.embed_audio([whole])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_a_long_piece_is_the_mean_of_its_windows_and_empty_ones_do_not_count(clap):
    rows = [(0.0, 1.0, 60, 80, 0), (4.0, 1.0, 72, 80, 0)]
    long, first, second = (Piece(note_table(own), 60.0, (0,)) for own in (rows, rows[:1], [(0.0, *rows[1][1:])]))
    parts = clap.embed_notes([first, second]).mean(axis=0)
    assert clap.embed_notes([long])[0] == pytest.approx(parts / np.linalg.norm(parts), abs=1e-5)
    assert np.isfinite(clap.embed_notes([Piece(note_table([]), 60.0, ())])).all()


def test_weights_of_another_shape_are_refused(tmp_path, clap):
    tiny_clap(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"text_width": 16', '"text_width": 32'))
    with pytest.raises(BadInput, match="doesn't fit"):
        type(clap)(tmp_path)
    with pytest.raises(BadInput, match=r"no CLAP there; make one with \./run"):
        type(clap)(tmp_path / "none")


def test_profiles_of_pitch_classes_know_no_tonic():
    torch.manual_seed(0)
    tower = NotesTower(TOWERS)
    scale = [(float(beat), 1.0, 60 + step, 80, 0) for beat, step in enumerate((0, 2, 4, 5, 7, 9, 11))]
    sets = [
        note_set(Piece(note_table([(o, d, p + up, v, part) for o, d, p, v, part in scale]), 60.0, (0,)), 0, 8.0)
        for up in range(12)
    ]
    found = tower._profiles(collate_notes(sets)).detach().numpy()
    assert found == pytest.approx(np.tile(found[0], (12, 1)), abs=1e-6)


def test_other_weights_have_another_checksum(tmp_path, clap):
    assert tiny_clap(tmp_path, seed=1).checkpoint_sha256 != clap.checkpoint_sha256
