"""The benchmarks of composition: what the earlier models read and how they are counted; tiny runs of both."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_model
import torch
from music21 import expressions, note, stream, tie
from tiny_model import backbone_params, chorale

from benchmarks import seed_spread as seeds
from benchmarks.composition import earlier_lstm_models as models
from benchmarks.composition import earlier_models as earlier
from benchmarks.composition import ending_tries as tries
from benchmarks.composition import phrase_ends as ends
from benchmarks.composition import sampling_options
from benchmarks.composition import sampling_speed as speed
from benchmarks.composition.withheld import withhold
from reprise.composition.encoding.hearing.sonority import ROLES
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import DURATION, PITCH
from reprise.composition.models.batches import make_examples
from reprise.composition.models.trained import ModelConfig, TrainedModel, make_model
from reprise.composition.sampling.compose import Order, compose
from reprise.errors import ParamsError
from reprise.music.piece import Piece, note_table
from reprise.params import read_yaml
from reprise.pipeline.stage import stage_entries
from scripts import profile_clone


def make_piece(pitches, parts=2):
    """Chords of `parts` notes a beat, the pitches dealt out from part 0 on."""
    rows = [(i // parts, 1.0, pitch, 64, i % parts) for i, pitch in enumerate(pitches)]
    return Piece(note_table(rows), 96.0, (0,) * parts, (4, 4), "made here")


def make_splits(count=3, length=40):
    """Random pieces; half of the held-out ones' pitches lie above those of the training pieces."""
    rng = np.random.default_rng(0)
    ranges = {"train": (40, 52), "validation": (46, 58), "test": (46, 58)}
    return {name: [make_piece(rng.integers(*span, length)) for _ in range(count)] for name, span in ranges.items()}


def notes_of(*pieces):
    """float64[N, 3] of each piece."""
    return earlier.read_split(pieces, NotesEncoding.of(pieces))


# --- what is read and counted


def test_notes_are_ours_in_our_order_and_doubled_ones_count_once():
    rows = [(1.0, 0.5, 60, 64, 0), (0.0, 1.0, 48, 64, 1), (0.0, 1.0, 64, 64, 0), (1.0, 1.0, 60, 64, 0)]
    (notes,) = notes_of(Piece(note_table(rows), 96.0, (0, 0), (4, 4), "made here"))
    assert notes.tolist() == [[0, 1, 64], [0, 1, 48], [1, 1, 60]]


def test_a_piece_that_ours_leave_out_is_left_out():
    known, strange = make_piece([60, 62]), make_piece([60, 100])
    assert len(earlier.read_split([known, strange], NotesEncoding.of([known]))) == 1


def test_every_row_is_predicted_once_from_the_rows_before_it_in_its_piece():
    pieces = [np.array([[1.0], [2], [3]], np.float32), np.array([[4.0], [5]], np.float32)]
    windows = models.Windows(pieces, 2)
    before, following = windows.take(np.arange(len(windows)))
    assert before[..., 0].tolist() == [[0, 0], [0, 1], [1, 2], [0, 0], [0, 4]]
    assert following[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert windows.owner.tolist() == [0, 0, 0, 1, 1]


def test_hits_count_each_note_of_each_piece_by_hand():
    """A network that always says token 2: three of the five notes, and a token unknown to training is never hit."""

    class AlwaysTwo(torch.nn.Module):
        def forward(self, windows):
            return torch.tensor([[0.0, 1.0, 0.0]]).repeat(len(windows), 1), windows[:, 0, :0]

    pieces = [np.array([[2.0], [2], [0]], np.float32), np.array([[1.0], [2]], np.float32)]
    windows = models.Windows(pieces, 50)
    found = models.hits(AlwaysTwo(), windows, np.arange(len(windows)))
    assert found.tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("design", earlier.DESIGNS)
def test_a_window_holds_tokens_of_one_piece_of_one_split(design, monkeypatch):
    """Each piece has a pitch of its own, so a window with two tokens would have crossed a border."""
    pieces = {
        name: [make_piece([pitch] * 40, 1) for pitch in pitches]
        for name, pitches in {"train": (40, 50), "validation": (40,), "test": (50,)}.items()
    }
    seen = []

    def watch(network, learnt, validation, *_):
        seen.extend((network.ids, windows.take(np.arange(len(windows)))) for windows in (learnt, validation))
        return {}

    monkeypatch.setattr(earlier, "train", watch)
    encoding = NotesEncoding.of(pieces["train"])
    splits = {name: earlier.read_split(pieces[name], encoding) for name in pieces}
    earlier.judge(design, splits, earlier.QUICK)
    for (ids, (before, following)), known in zip(seen, (pieces["train"], pieces["validation"]), strict=True):
        assert len(before) == sum(len(piece.notes) for piece in known)
        assert set(following[:, 0].tolist()) == {ids[0, piece.notes["pitch"][0]] for piece in known}
        for window, target in zip(before[..., 0], following[:, 0]):
            assert set(window.tolist()) <= {0.0, target.item()}


def test_nothing_held_out_reaches_the_vocabulary():
    splits = {name: notes_of(*pieces) for name, pieces in make_splits().items()}
    network = models.ScalarLstm(splits["train"], models.pitch_tokens)
    assert {pitch for _, pitch in network.ids} == set(np.concatenate(splits["train"])[:, 2])


def test_chord_tokens_lose_the_octave_and_lone_notes_keep_it():
    rows = [(0.0, 1.0, pitch, 64, 0) for pitch in (48, 64, 67, 72)] + [(1.0, 1.0, 61, 64, 0)]
    (notes,) = notes_of(Piece(note_table(rows), 96.0, (0,), (4, 4), "made here"))
    chord, lone = models.chord_tokens(notes)
    assert chord == (models.CHORD_TOKEN, 0, 4, 7) and lone == (models.PITCH_TOKEN, 61)


def test_rare_pitches_are_filtered_from_training_alone():
    train = notes_of(make_piece([60] * 30 + [61], 1))
    network = models.MultiHeadLstm(train)
    assert list(network.ids) == [(models.PITCH_TOKEN, 60)]
    assert len(network.kept(train[0])) == 30
    assert network.rows(train[0])[-1, 0] == 0 and len(network.rows(train[0])) == 31


def test_times_are_logarithms_of_one_plus_beats():
    rows = [(0.0, 1.0, 60, 64, 0), (3.0, 0.5, 60, 64, 0)]
    (notes,) = notes_of(Piece(note_table(rows), 96.0, (0,), (4, 4), "made here"))
    network = models.MultiHeadLstm([np.repeat(notes, models.RARE, axis=0)])
    assert network.rows(notes)[:, 1].tolist() == pytest.approx([0, np.log(4)])
    assert network.rows(notes)[:, 2].tolist() == pytest.approx([np.log(2), np.log(1.5)])


# --- the designs


def test_the_networks_have_the_sizes_of_the_earlier_designs():
    train = notes_of(make_piece([60, 62] * 20))

    def size(*modules):
        return sum(parameter.numel() for module in modules for parameter in module.parameters())

    scalar, heads = models.ScalarLstm(train, models.pitch_tokens), models.MultiHeadLstm(train)
    layer = lambda inputs, width: 4 * width * (inputs + width + 2)  # noqa: E731  four gates with two biases each
    assert size(scalar.lstm) == layer(1, 288) + layer(288, 288)
    assert size(heads.first, heads.second) == layer(66, 256) + layer(256, 128)
    assert (scalar.window, heads.window) == (50, 32)


@pytest.mark.parametrize("design", earlier.DESIGNS)
def test_a_small_step_lowers_the_loss(design):
    torch.manual_seed(0)
    train = notes_of(make_piece([60, 64, 62, 65] * 10))
    network = earlier.DESIGNS[design][1](train)
    windows = models.Windows([network.rows(notes) for notes in train], network.window)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    network.eval()  # no dropout
    first, second = (models.step(network, optimizer, *windows.take(np.arange(len(windows)))) for _ in range(2))
    assert second < first


def test_the_best_look_at_the_validation_pieces_is_kept(monkeypatch):
    train = notes_of(make_piece([60, 62] * 20))
    network = models.MultiHeadLstm(train)
    windows = models.Windows([network.rows(notes) for notes in train], network.window)
    accuracies = iter([0.1, 0.5, 0.4] + [0.2] * models.CHECKS)
    biases, now = [], iter(range(1000))
    monkeypatch.setattr(models, "step", lambda network, *_: network.pitch.bias.data.add_(1.0))

    def look(network, *_):
        biases.append(network.pitch.bias.tolist())
        return np.array([next(accuracies)])

    monkeypatch.setattr(models, "hits", look)
    found = models.train(network, windows, windows, 5, models.CHECKS, 1, clock=lambda: next(now))  # a second a batch
    assert len(biases) == models.CHECKS and network.pitch.bias.tolist() == biases[1] != biases[-1]
    assert found == {"epochs": 12.0, "seconds": 12, "validation_accuracy": 0.5, "best_epoch": 2.0}


def test_generated_music_has_its_notes_and_depends_on_the_seed_only_where_pitches_are_drawn():
    train = notes_of(make_piece([60, 64, 62, 65] * 10))
    torch.manual_seed(0)
    heads, scalar = models.MultiHeadLstm(train), models.ScalarLstm(train, models.pitch_tokens)
    pitches = {
        (network, seed): models.generate(network, train, 60, seed)[0].notes["pitch"].tolist()
        for network in (heads, scalar)
        for seed in (1, 2)
    }
    assert all(len(found) == 60 and set(found) <= {60, 62, 64, 65} for found in pitches.values())
    assert pitches[heads, 1] != pitches[heads, 2]
    assert pitches[scalar, 1] == pitches[scalar, 2]


def test_seed_pitches_are_brought_into_the_training_range():
    train = notes_of(make_piece([60, 62] * 20))
    network = models.MultiHeadLstm(train)
    low, high = np.array([[0.0, 1.0, 50.0]]), np.array([[0.0, 1.0, 90.0]])
    assert network.seed_rows(low)[0, 0] == network.ids[0, 60] and network.seed_rows(high)[0, 0] == network.ids[0, 62]
    assert network.rows(low)[0, 0] == 0


# --- the comparison


@pytest.mark.slow
def test_the_comparison_counts_every_test_note(capsys):
    pieces = make_splits()
    rows = earlier.compare(pieces, earlier.QUICK, ["a tune", "another", "another"])
    notes = sum(len(piece.notes) for piece in pieces["test"])
    assert rows.keys() == earlier.DESIGNS.keys()
    for row in rows.values():
        assert row["predicted"] == (notes if row["unit"] == earlier.NOTE else notes // 2)
        assert 0 <= row[earlier.ACCURACY[row["unit"]]]["value"] <= 1
        assert row[earlier.ACCURACY[row["unit"]]]["count"] == 2, "families"
    assert json.dumps(rows) and "multi-head LSTM" in earlier.show(rows)


def test_ours_are_read_from_their_metrics_and_missing_ones_are_named(tmp_path, capsys):
    estimate = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 3}
    content = {
        "test": {"pitch_accuracy_past_only": estimate, "notes": 120},
        "reference": {"polyphony": estimate | {"value": 3.5}},
        "generated": {"0.7": {"polyphony": estimate}, "1": {"polyphony": estimate | {"value": 3.25}}},
    }
    (tmp_path / "transformer.json").write_text(json.dumps(content))
    rows = earlier.read_ours(tmp_path)
    assert "lstm.json isn't there" in capsys.readouterr().out
    assert rows.keys() == {"real music", "our transformer"}
    assert rows["our transformer"]["pitch_accuracy_past_only"] == estimate
    assert rows["our transformer"]["temperature"] == 1
    shown = earlier.show(rows)
    assert "3.250" in shown and "3.500" in shown and "0.500 (0.400-0.600)" in shown


# --- sampling


def make_tiny_model(kind):
    pieces = make_splits()["train"]
    encoding = NotesEncoding.of(pieces)
    params = backbone_params(kind, dropout=0.0)
    torch.manual_seed(0)
    config = ModelConfig(kind, params, None, encoding, (0, 0), (4, 4), 96.0)
    return TrainedModel(make_model(config).eval(), config, tuple(map(encoding.encode, pieces)))


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_recomputing_makes_the_same_music_as_the_cache(kind):
    trained = make_tiny_model(kind)
    recomputed = replace(trained, network=speed.Recomputing(trained.network))
    made, again = (compose(c, [Order(seed=(1,), notes=30)])[0] for c in (trained, recomputed))
    assert len(made.notes) == 30 and np.array_equal(made.notes, again.notes)


def test_the_peer_is_as_large_as_our_model_and_makes_a_token_a_field():
    trained = make_tiny_model("transformer")
    other = speed.make_gpt2(trained, 40)
    ratio = speed.parameters(other) / speed.parameters(trained.network)
    assert 0.8 < ratio < 1.25 and len(other.transformer.h) == 2
    assert speed.gpt2(other, 40)(1).shape == (1, 1 + 40)
    assert other.config.vocab_size == sum(trained.config.encoding.shape.sizes) + 1


def test_every_way_of_sampling_is_measured():
    threads = torch.get_num_threads()
    found = speed.measure(make_tiny_model("transformer"), make_tiny_model("lstm"), notes=5, rounds=2)
    assert found.keys() == {
        speed.OURS,
        speed.LSTM,
        f"{speed.OURS}, {speed.RECOMPUTED}",
        f"{speed.LSTM}, {speed.RECOMPUTED}",
        speed.PEER,
    }
    assert found[speed.OURS]["our_transformer_is_faster"] == {"median": 1, "low": 1, "high": 1, "rounds": 2}
    assert speed.PEER in speed.show(found) and torch.get_num_threads() == threads


# --- the spread of seeds


def test_three_seeds_begin_with_the_pipeline_s_own():
    params = read_yaml(seeds.ROOT / "params.yaml")
    assert seeds.own_seed("recognizer", params) == params["recognizer"]["seed"]
    assert seeds.own_seed("vae", params) == params["models"]["training"]["seed"]
    assert seeds.seeds_from(7) == (7, 8, 9)
    with pytest.raises(ParamsError, match="seed: is 4294967296"):
        seeds.seeds_from(2**32 - 2)


@pytest.mark.parametrize("model", seeds.SECTIONS)
def test_only_the_seed_of_the_training_differs(model, tmp_path):
    texts = []
    for seed in (5, 6):
        path = tmp_path / f"{seed}.yaml"
        path.write_text((seeds.ROOT / "params.yaml").read_text())
        profile_clone.overlay(path, seeds.changes_for(model, seed), "test")
        texts.append(path.read_text().splitlines())
    apart = [(a.split("#")[0].strip(), b.split("#")[0].strip()) for a, b in zip(*texts, strict=True) if a != b]
    assert apart == [("seed: 5", "seed: 6")]
    assert seeds.own_seed(model, read_yaml(path)) == 6
    stage, metrics = seeds.stage_of(model)
    entry = stage_entries(seeds.ROOT / "dvc.yaml")[stage]
    written = [item for kind in ("outs", "metrics") for item in entry.get(kind, [])]
    assert metrics in [item if isinstance(item, str) else next(iter(item)) for item in written]


def test_a_spread_by_hand():
    def metrics(nats, density):
        row = {"value": nats, "low": nats - 0.25, "high": nats + 0.25, "count": 14}
        split = {"nats_per_note": row, "pitch_accuracy": {"value": 0.5, "count": 1}, "pitch_accuracy_past_only": row}
        apart = {"0.7": {}, "1": {"note_density": density, **({"pitch_range": 1.0} if nats == 2 else {})}}
        return {"validation": split, "test": split, "standardised_difference": apart}

    rows = seeds.spread_of("lstm", {1: metrics(2, -0.5), 2: metrics(1.5, 0.25), 3: metrics(2.25, 0)})
    by_name = {row["figure"]: row for row in rows}
    assert by_name["test nats_per_note"]["values"] == {"1": 2, "2": 1.5, "3": 2.25}
    assert (by_name["test nats_per_note"]["spread"], by_name["test nats_per_note"]["interval_width"]) == (0.75, 0.5)
    assert by_name["difference of note_density, T = 1"]["spread"] == 0.75
    assert "interval_width" not in by_name["test pitch_accuracy"], "of one family"
    assert "difference of pitch_range, T = 1" not in by_name, "undefined for one of the seeds"
    shown = [line.split("  ") for line in seeds.show(rows).splitlines()]
    assert [cell.strip() for cell in shown[2] if cell] == [
        "lstm", "validation nats_per_note", "2.000", "1.500", "2.250", "0.750", "0.500", "2.000 (1.750-2.250)",
    ]  # fmt: skip


def test_each_model_begins_with_its_own_seed(monkeypatch, tmp_path):
    """Two share theirs: what was tried with the one must not be where the other begins."""
    (tmp_path / "params.yaml").write_text((seeds.ROOT / "params.yaml").read_text())
    clone, tried = SimpleNamespace(folder=tmp_path), []

    def repro(stage):
        model = stage.partition("@")[2]
        (tmp_path / f"metrics/composer/{model}.json").write_text("{}")
        tried.append((model, seeds.own_seed(model, read_yaml(tmp_path / "params.yaml"))))

    (tmp_path / "metrics/composer").mkdir(parents=True)
    clone.repro = repro
    monkeypatch.setattr(seeds, "spread_of", lambda model, by_seed: list(by_seed))
    assert seeds.measure("lstm", clone) == seeds.measure("vae", clone) == [1, 2, 3]
    assert tried == [(model, seed) for model in ("lstm", "vae") for seed in (1, 2, 3)]


def test_a_run_of_one_model_leaves_the_rows_of_others(tmp_path):
    assert seeds.known_rows(tmp_path / "none.json") == []
    (tmp_path / "rows.json").write_text(
        json.dumps({"rows": [{"model": "vae", "figure": 1}, {"model": "lstm", "figure": 2}]})
    )
    known = seeds.known_rows(tmp_path / "rows.json")
    new = [{"model": "recognizer", "figure": 3}, {"model": "lstm", "figure": 4}]
    assert [row["figure"] for row in seeds.merged(known, new)] == [3, 4, 1]


def test_the_recognizer_s_sets_are_all_compared():
    row = {"macro_f1": {"value": 0.5, "low": 0.4, "high": 0.6, "count": 9}}
    found = seeds.figures_of("recognizer", {"test": row | {"micro_f1": 1}, "ceiling": row})
    assert found == {"test macro_f1": row["macro_f1"], "ceiling macro_f1": row["macro_f1"]}


# --- phrase ends


def marked_note(pitch: int, length: float, *, fermata: bool = False, tied: str = "") -> note.Note:
    made = note.Note(pitch, quarterLength=length)
    if fermata:
        made.expressions.append(expressions.Fermata())
    if tied:
        made.tie = tie.Tie(tied)
    return made


def test_a_fermata_is_that_of_the_whole_tied_note():
    part = stream.Part([
        marked_note(60, 1),
        marked_note(62, 2, tied="start"),
        marked_note(62, 1, tied="stop", fermata=True),
        marked_note(62, 1),
    ])  # fmt: skip
    assert ends.marked(part) == ([60, 62, 62], [False, True, False])


def test_ends_that_are_found_are_counted_beside_fermatas(monkeypatch):
    """Phrases of six quarters and a half note end where they should; the second fermata stands on a quarter."""
    lengths = [1, 1, 1, 1, 1, 1, 2] * 3
    rows = [
        (sum(lengths[:n]), length, 60 + n % 5 - 12 * part, 64, part)
        for part in (0, 1)
        for n, length in enumerate(lengths)
    ]
    piece = Piece(note_table([(float(row[0]), float(row[1]), *row[2:]) for row in rows]), 96.0, (0, 0), (4, 4), "made")
    monkeypatch.setattr(ends, "fermatas_of", lambda piece, line: np.array([6, 12]))
    found = ends.compare(piece)
    assert found["found: precision"] == found["found: recall"] == found["long notes: recall"] == (1, 2)
    assert found["found: root position"][1] == found["fermatas: authentic"][1] == 2
    estimate = ends.estimates([(found, "a"), (found, "b")])["found: recall"]
    assert estimate["value"] == 0.5 and estimate["count"] == 2


# --- how pieces end


def test_the_very_last_chord_says_how_a_piece_ends():
    one, five, seventh = (72, 67, 64, 48), (71, 67, 62, 43), (70, 67, 64, 48)

    def ending(*chords):
        return tries.last_of(make_piece([pitch for chord in chords for pitch in chord], parts=4))

    assert ending(*[one, five] * 4, one, five, five, one).triad
    assert not ending(*[one, five] * 4, one, five, five, seventh).triad
    assert ending(*[one, five] * 4, one, five, one, five) is None, "a tonic before the end isn't the end"


def test_shares_are_over_all_pieces():
    one, five = (72, 67, 64, 48), (71, 67, 62, 43)
    ended, open_end = ([*one, *five] * 5 + [*five, *last] for last in (one, five))
    found = tries.figures([make_piece(ended, parts=4), make_piece(open_end, parts=4)])
    assert {name: row["value"] for name, row in found.items()} == {
        "closes": 0.5, "rests": 0.5, "authentic": 0.5, "melody": 0.5, "beats": 0.5,
    }  # fmt: skip


# --- options of sampling, and candidates


def test_the_figures_of_candidates_are_those_of_the_pieces_given():
    trained, pieces = tiny_model.make_tiny_model("lstm"), [chorale(seed) for seed in range(4)]
    alike = sampling_options.figures(pieces, pieces, trained)
    assert alike["difference"] == 0 and alike["copied"]["count"] == 4
    assert sampling_options.figures(pieces, [make_piece(range(40, 72), parts=4)] * 2, trained)["difference"] > 0.5


# --- what is withheld


@pytest.mark.parametrize(
    ("withheld", "left"), [("nothing", "srm"), ("rests", "sm"), ("sonority", "rm"), ("motifs", "sr")]
)
def test_what_is_withheld_is_0_and_all_else_stays(withheld, left):
    pieces = [chorale(seed) for seed in range(4)]
    encoding = NotesEncoding.of(pieces)
    (whole,) = make_examples(encoding, [encoding.encode(piece_with_returns(pieces[0]))], [(4, 4)])
    got = withhold(whole, withheld)
    parts = {
        "s": np.where(got.classes[PITCH][:, 1] < ROLES, got.classes[PITCH][:, 1], 0),
        "m": np.concatenate([got.classes[PITCH][:, 2:].reshape(len(got), -1), got.given[PITCH][:, -2:]], axis=1),
        "r": np.stack([got.read[:, 2], got.given[0][:, 2], got.given[DURATION][:, 2]], axis=1),
    }
    for name, found in parts.items():
        assert found.any() == (name in left), name
    assert np.array_equal(got.events, whole.events) and np.array_equal(
        got.classes[PITCH][:, 0], whole.classes[PITCH][:, 0]
    )


def piece_with_returns(piece: Piece) -> Piece:
    """The first two bars, a bar's rest, and the same again."""
    first = piece.notes[piece.notes["onset"] < 8]
    again = first.copy()
    again["onset"] += 12
    return replace(piece, notes=np.concatenate([first, again]))
