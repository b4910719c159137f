"""The two earlier composers, for `earlier_models.py`: what they read, their networks, training and generation.

- `ScalarLstm` ("Grieg LSTM", github.com/GioSanToR/MLDS6): two LSTMs of 288 with dropout .1 read the last 50 token ids
  as raw scalars; Adam .003, batches of 128, the likeliest token is taken. Its tokens are pitches, and chords without
  octaves; with `pitch_tokens` it reads one token a note instead, so that its accuracy has our unit.
- `MultiHeadLstm` ("Chopin/Mozart multi-head LSTM"): a pitch embedding of 64 with log(1 + step) and log(1 + duration),
  then LSTMs of 256 and 128, read the last 32 notes; a softmax for the pitch and two linear outputs for the times;
  cross-entropy + 10 x squared errors; notes whose pitch is rare are filtered out of its training pieces. Where the
  source is silent, our choice: Adam .001, batches of 128, rare below `RARE` notes.

Notes are float64[N, 3] with the columns onset and duration in beats and MIDI pitch, in our order (onset, part, pitch).
Shapes: B windows, W notes or tokens seen, K columns a row, V tokens. Column 0 of a row is the token's id, 1..V; 0 is a
token that the training pieces lack and, in a window, what lies before the piece: every note of a piece is predicted
once, the first ones too. A window never reaches into another piece.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from reprise.music.piece import Piece, note_table
from reprise.progress import progress_bar

Token = tuple[int, ...]
PITCH_TOKEN, CHORD_TOKEN = 0, 1  # the first number of a token; MIDI pitch, or pitch classes, follow
NOTE_BEATS = 0.5  # the length of every generated token
CHORD_OCTAVE = 60  # chord tokens have lost theirs
RARE = 10  # notes with one pitch in all training pieces
SHORTEST = 1 / 12  # beats; a generated duration is no shorter
TIME_WEIGHT = 10.0  # of squared errors beside cross-entropy
BATCH, VELOCITY, VOICE, TEMPO_BPM = 128, 64, 0, 120.0
CHECKS = 12  # looks at the validation pieces within the time for training


def pitch_tokens(notes: np.ndarray) -> list[Token]:
    """One token a note: its pitch."""
    return [(PITCH_TOKEN, int(pitch)) for pitch in notes[:, 2]]


def chord_tokens(notes: np.ndarray) -> list[Token]:
    """One token an onset, as the earlier system had it: the pitch of a lone note, the pitch classes of a chord."""
    tokens = []
    for group in np.split(notes[:, 2].astype(int), np.flatnonzero(np.diff(notes[:, 0])) + 1):
        pitches = sorted(set(group.tolist()))
        classes = sorted({pitch % 12 for pitch in pitches})
        tokens.append((PITCH_TOKEN, *pitches) if len(pitches) == 1 else (CHORD_TOKEN, *classes))
    return tokens


def ids_of(tokens: Sequence[Token]) -> dict[Token, int]:
    """Each distinct token's id, counted from 1 in ascending order."""
    return {token: number for number, token in enumerate(sorted(set(tokens)), start=1)}


class ScalarLstm(nn.Module):
    """See the module's text; rows are float32[N, 1], the ids."""

    window, learning_rate = 50, 0.003

    def __init__(self, train: Sequence[np.ndarray], spell: Callable[[np.ndarray], list[Token]]) -> None:
        super().__init__()
        self.spell = spell
        self.ids = ids_of([token for notes in train for token in spell(notes)])
        self.lstm = nn.LSTM(1, 288, 2, batch_first=True, dropout=0.1)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(288, len(self.ids))

    def kept(self, notes: np.ndarray) -> np.ndarray:
        """The notes that it is trained on: all."""
        return notes

    def rows(self, notes: np.ndarray) -> np.ndarray:
        """A piece as float32[tokens, 1]."""
        return np.array([[self.ids.get(token, 0)] for token in self.spell(notes)], np.float32).reshape(-1, 1)

    def seed_rows(self, notes: np.ndarray) -> np.ndarray:
        """The rows of an opening to continue."""
        return self.rows(notes)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Logits float[B, V] of the token after each window, float[B, W, 1], and no times, float[B, 0]."""
        y = self.lstm(windows)[0][:, -1]
        return self.out(self.drop(y)), y[:, :0]

    def next_rows(self, windows: Tensor, rngs: Sequence[np.random.Generator]) -> Tensor:
        """The likeliest next rows, float[B, 1]: an opening leads to the same music each time."""
        return self(windows)[0].argmax(dim=1, keepdim=True) + 1.0

    def piece(self, rows: np.ndarray, notes: int) -> Piece:
        """The first `notes` notes of generated rows, one token after another: this design knows no times."""
        tokens = list(self.ids)
        pitches = [_pitches(tokens[int(row[0]) - 1]) for row in rows]
        table = [(place * NOTE_BEATS, NOTE_BEATS, p, VELOCITY, VOICE) for place, own in enumerate(pitches) for p in own]
        return Piece(note_table(table[:notes]), TEMPO_BPM, (0,), source="earlier design")


def _pitches(token: Token) -> list[int]:
    kind, *values = token
    return values if kind == PITCH_TOKEN else [CHORD_OCTAVE + value for value in values]


class MultiHeadLstm(nn.Module):
    """See the module's text; rows are float32[N, 3]: id, log(1 + step), log(1 + duration), times in beats."""

    window, learning_rate = 32, 0.001
    temperature = 1.0  # of the pitch; the times have none

    def __init__(self, train: Sequence[np.ndarray]) -> None:
        super().__init__()
        counts = Counter(token for notes in train for token in pitch_tokens(notes))
        self.ids = ids_of([token for token, count in counts.items() if count >= RARE])
        self.embedding = nn.Embedding(len(self.ids) + 1, 64)
        self.first = nn.LSTM(64 + 2, 256, batch_first=True)
        self.second = nn.LSTM(256, 128, batch_first=True)
        self.pitch, self.times = nn.Linear(128, len(self.ids)), nn.Linear(128, 2)

    def kept(self, notes: np.ndarray) -> np.ndarray:
        """The notes that it is trained on: those whose pitch isn't rare."""
        return notes[[token in self.ids for token in pitch_tokens(notes)]]

    def rows(self, notes: np.ndarray) -> np.ndarray:
        """A piece as float32[notes, 3]."""
        ids = [self.ids.get(token, 0) for token in pitch_tokens(notes)]
        steps = np.diff(notes[:, 0], prepend=0.0)
        return np.stack([ids, np.log1p(steps), np.log1p(notes[:, 1])], axis=1).astype(np.float32)

    def seed_rows(self, notes: np.ndarray) -> np.ndarray:
        """The rows of an opening to continue, its pitches brought into the training pieces' range."""
        pitches = [pitch for _, pitch in self.ids]
        notes = notes.copy()
        notes[:, 2] = notes[:, 2].clip(min(pitches), max(pitches))
        return self.rows(notes)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Pitch logits float[B, V] and log times float[B, 2] of the note after each window, float[B, W, 3]."""
        x = torch.cat([self.embedding(windows[..., 0].long()), windows[..., 1:]], dim=-1)
        y = self.second(self.first(x)[0])[0][:, -1]
        return self.pitch(y), self.times(y)

    def next_rows(self, windows: Tensor, rngs: Sequence[np.random.Generator]) -> Tensor:
        """Rows of the next notes, float[B, 3]: only the pitch is drawn, for each sequence with its own generator."""
        logits, times = self(windows)
        shares = (logits.double() / self.temperature).softmax(dim=1).numpy()
        drawn = [rng.choice(len(own), p=own / own.sum()) + 1 for rng, own in zip(rngs, shares)]
        return torch.cat([torch.tensor(drawn, dtype=torch.float32)[:, None], times.clamp(min=0)], dim=1)

    def piece(self, rows: np.ndarray, notes: int) -> Piece:
        """The first `notes` notes of generated rows."""
        tokens, times = list(self.ids), np.expm1(rows[:notes, 1:].astype(float))
        onsets, durations = np.cumsum(times[:, 0]), np.maximum(times[:, 1], SHORTEST)
        table = [
            (onset, duration, *_pitches(tokens[int(row[0]) - 1]), VELOCITY, VOICE)
            for onset, duration, row in zip(onsets, durations, rows)
        ]
        return Piece(note_table(table), TEMPO_BPM, (0,), source="earlier design")


Network = ScalarLstm | MultiHeadLstm


class Windows:
    """Every row of some pieces with the `size` rows before it, zeros where the piece hasn't begun.

    Attributes:
        owner: int[N], the piece of each window, counted from 0.
    """

    def __init__(self, pieces: Sequence[np.ndarray], size: int) -> None:
        nothing = np.zeros((size, pieces[0].shape[1]), np.float32)
        rows = np.concatenate([part for piece in pieces for part in (nothing, piece)])
        starts = np.concatenate([np.zeros(0, int), *(np.arange(len(piece)) for piece in pieces)])
        self.owner = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        self._starts = starts + np.array([0, *np.cumsum([len(piece) + size for piece in pieces])])[self.owner]
        self._views = np.lib.stride_tricks.sliding_window_view(rows, size + 1, axis=0)  # [M, K, size + 1]

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
        """Windows float32[B, W, K] and what follows each, float32[B, K]."""
        rows = torch.from_numpy(self._views[self._starts[chosen]].transpose(0, 2, 1))
        return rows[:, :-1].contiguous(), rows[:, -1]


@torch.inference_mode()
def hits(network: Network, windows: Windows, chosen: np.ndarray) -> np.ndarray:
    """Whether the likeliest token is the one that follows each chosen window, bool[len(chosen)]."""
    network.eval()
    found = [np.zeros(0, bool)]
    for start in range(0, len(chosen), 4 * BATCH):
        before, following = windows.take(chosen[start : start + 4 * BATCH])
        found.append((network(before)[0].argmax(dim=1) + 1 == following[:, 0]).numpy())
    return np.concatenate(found)


def train(
    network: Network,
    train_set: Windows,
    validation: Windows,
    validation_windows: int,
    budget_s: float,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Train for `budget_s` seconds; leaves the weights that were best on the validation pieces.

    They are looked at `CHECKS` times, which isn't part of the time: accuracy on at most `validation_windows` windows,
    spread evenly over all.

    Returns:
        `epochs`, `seconds`, `validation_accuracy` of the best look and its `best_epoch`.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=network.learning_rate)
    looked_at = np.unique(np.linspace(0, len(validation) - 1, validation_windows).astype(int))
    rng, spent, batches = np.random.default_rng(seed), 0.0, 0
    best = {"validation_accuracy": -math.inf}
    weights, order = {}, np.zeros(0, int)
    with progress_bar(CHECKS, "earlier design", "looks") as bar:
        for check in range(1, CHECKS + 1):
            network.train()
            while spent < budget_s * check / CHECKS:
                start = clock()
                order = order if len(order) else rng.permutation(len(train_set))
                step(network, optimizer, *train_set.take(order[:BATCH]))
                order, batches = order[BATCH:], batches + 1
                spent += clock() - start
            epochs = batches / math.ceil(len(train_set) / BATCH)
            accuracy = hits(network, validation, looked_at).mean()
            if accuracy > best["validation_accuracy"]:
                best = {"validation_accuracy": float(accuracy), "best_epoch": round(epochs, 2)}
                weights = {key: value.clone() for key, value in network.state_dict().items()}
            bar.set_postfix_str(f"epoch {epochs:.1f}, accuracy {accuracy:.3f}", refresh=False)
            bar.update(1)
    network.load_state_dict(weights)
    network.eval()
    best["validation_accuracy"] = round(best["validation_accuracy"], 4)
    return {"epochs": round(epochs, 2), "seconds": round(spent, 1), **best}


def step(network: Network, optimizer: torch.optim.Optimizer, windows: Tensor, targets: Tensor) -> float:
    """One step on cross-entropy and the weighted squared errors of the times; returns the loss before it."""
    logits, times = network(windows)
    squared = (times - targets[:, 1:]).square().mean(dim=0).sum()
    loss = nn.functional.cross_entropy(logits, targets[:, 0].long() - 1) + TIME_WEIGHT * squared
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.inference_mode()
def generate(network: Network, openings: Sequence[np.ndarray], notes: int, seed: int) -> list[Piece]:
    """For each opening the `notes` notes that follow its first window, without it; piece i draws from [seed, i]."""
    network.eval()
    rngs = [np.random.default_rng(np.random.SeedSequence([seed, number])) for number in range(len(openings))]
    starts = [network.seed_rows(opening)[: network.window] for opening in openings]
    windows = torch.stack(
        [torch.from_numpy(np.pad(rows, ((network.window - len(rows), 0), (0, 0)))) for rows in starts]
    )
    made = []
    for _ in range(notes):
        made.append(network.next_rows(windows, rngs))
        windows = torch.cat([windows[:, 1:], made[-1][:, None]], dim=1)
    rows = torch.stack(made, dim=1).numpy()
    return [network.piece(own, notes) for own in rows]
