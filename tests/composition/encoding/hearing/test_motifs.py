"""Motifs on melodies made by hand: each note begins a beat after the one before it, in bars of four."""

import numpy as np

from reprise.composition.encoding.hearing.motifs import POWERS, Motifs

BAR = np.array([48])


def heard(*notes: tuple[int, int, int], exact: bool, parts: int = 2) -> Motifs:
    """After these notes (part, pitch, duration) of one sequence."""
    motifs = Motifs(1, parts, exact)
    for beat, (part, pitch, duration) in enumerate(notes):
        motifs.push(np.array([part]), np.array([pitch]), np.array([duration]), np.array([12 * beat]), BAR)
    return motifs


def melody(*pitches: int, part: int = 0, duration: int = 1) -> list[tuple[int, int, int]]:
    return [(part, pitch, duration) for pitch in pitches]


def expected(motifs: Motifs, part: int = 0) -> tuple[int, int] | None:
    pitch, duration = motifs.expected[0, part].tolist()
    return None if pitch < 0 else (pitch, duration)


def test_two_notes_that_come_again_let_expect_the_third():
    notes = [*melody(60, 62), (0, 64, 3), *melody(50, 60, 62)]
    assert expected(heard(*notes, exact=True)) == (64, 3)
    assert expected(heard(*notes[:-1], exact=True)) is None, "one alone doesn't"


def test_another_rhythm_is_no_return():
    assert expected(heard(*melody(60, 62, 64, 50, 60), (0, 62, 2), exact=True)) is None


def test_exact_returns_are_of_a_part_itself_others_of_any_part_at_any_pitch():
    moved = [*melody(60, 62, 64, 65), *melody(70, 72, 74, part=1)]
    assert expected(heard(*moved, exact=True), part=1) is None
    assert expected(heard(*moved, exact=False), part=1) == (75, 1)


def test_parts_move_between_each_others_notes():
    notes = [note for pair in zip(melody(60, 62, 64, 60, 62), melody(48, 48, 47, 48, 45, part=1)) for note in pair]
    assert expected(heard(*notes, exact=True)) == (64, 1)


def test_the_length_grows_while_the_return_goes_on_and_ends_with_it():
    def length(count: int) -> int:
        notes = melody(*([60, 62, 64, 65, 67, 69, 71] * 2)[:count])
        return int(heard(*notes, exact=True).length(np.array([0]))[0])

    assert [length(count) for count in (7, 8, 9, 10, 11, 13)] == [0, 0, 1, 2, 2, 3]
    broken = [*melody(60, 62, 64, 65, 50, 60, 62, 64), (0, 70, 1)]
    assert heard(*broken, exact=True).length(np.array([0])).tolist() == [0]
    assert heard(*melody(*[60] * 500), exact=True).length(np.array([0])).tolist() == [POWERS]


def test_a_return_where_it_was_in_the_bar_is_told_from_others():
    bar_later = heard(*melody(60, 62, 64, 65, 60, 62), exact=True)
    beat_more = heard(*melody(60, 62, 64, 65, 67, 60, 62), exact=True)
    assert (bar_later.length(np.array([0])), beat_more.length(np.array([0]))) == ([POWERS + 1], [1])


def test_features_name_the_expected_class_and_the_duration_of_the_expected_pitch_alone():
    motifs = heard(*melody(60, 62), (0, 64, 3), *melody(50, 51, 60, 62), exact=True)
    classes, part = motifs.classes(np.array([0]))[0], np.array([0])
    assert classes[64 % 12] == 1 and classes.sum() == 1
    assert motifs.of_duration(part, np.array([64])).tolist() == [[1, 4]]
    assert motifs.of_duration(part, np.array([52])).tolist() == [[0, 0]], "the octave below is another pitch"
    assert not motifs.classes(np.array([1])).any() and not motifs.of_duration(np.array([1]), np.array([64])).any()


def test_sequences_are_apart_and_a_selection_has_its_own():
    motifs = Motifs(2, 1, exact=True)
    for first, second in zip((60, 62, 64, 60, 62), (60, 62, 65, 60, 62)):
        motifs.push(np.zeros(2, int), np.array([first, second]), np.ones(2, int), np.full(2, 12), BAR.repeat(2))
    assert motifs.expected[:, 0, 0].tolist() == [64, 65]
    chosen = motifs.select(np.array([1, 1, 0]))
    assert chosen.expected[:, 0, 0].tolist() == [65, 65, 64]
    chosen.expected[:] = 0
    assert motifs.expected[0, 0, 0] == 64
