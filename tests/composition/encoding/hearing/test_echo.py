"""An echo on repetitions made by hand: events are letters, of two fields."""

import numpy as np

from reprise.composition.encoding.hearing.echo import LENGTHS, Echo

NOTHING = [0, 0]
ANY = np.array([[0, 0]])


def letters(text: str) -> list[np.ndarray]:
    """Each letter as an event of one sequence, int64[1, 2]: a is (0, 1), b is (1, 2) ..."""
    return [np.array([[ord(letter) - ord("a"), ord(letter) - ord("a") + 1]]) for letter in text]


def after(text: str, context: int = 3) -> Echo:
    echo = Echo(1, 2, context)
    for event in letters(text):
        echo.push(event)
    return echo


def expected(text: str, context: int = 3) -> str:
    """The letter that is expected after a text; empty for none."""
    value = after(text, context).features(0, ANY)[0, 0]
    return chr(ord("a") + value - 1) if value else ""


def test_a_repetition_tells_what_came_next():
    assert expected("abcdxabc") == "d"
    assert expected("abcdxab") == "", "two alike are none yet"
    assert expected("abcd") == expected("") == ""


def test_the_latest_repetition_counts_where_one_begins():
    assert expected("abcdabcexabc") == "e"


def test_a_repetition_that_goes_on_stays_with_what_it_repeats():
    assert expected("abcdefgxabcde") == "f"
    assert expected("abcdxabce") == "", "it went on otherwise"
    assert expected("aaaa") == expected("aaaaa") == "a", "an event may repeat what has hardly ended"


def test_the_length_counts_by_powers_of_two():
    lengths = [after("abcdefghijkxabcdefghijk"[:end]).features(0, ANY)[0, 1] for end in range(14, 24)]
    assert lengths == [0, 2, 3, 3, 3, 3, 4, 4, 4, 4], "0, then 3, 4, 5, 6, 7, 8 ... events alike"
    assert after("a" * 5000).features(0, ANY)[0, 1] == LENGTHS - 1


def test_nothing_is_expected_of_an_event_that_is_already_another_one():
    echo = after("abcdxabc")  # d is (3, 4)
    assert echo.features(1, np.array([[3, 0]])).tolist() == [[5, 2]]
    assert echo.features(1, np.array([[2, 0]])).tolist() == [NOTHING]
    assert echo.features(0, np.array([[2, 0]])).tolist() == [[4, 2]], "a field that isn't known yet doesn't count"


def test_sequences_follow_each_their_own_past():
    echo = Echo(2, 2, 2)
    for first, second in zip(letters("abcab"), letters("babab")):
        echo.push(np.concatenate([first, second]))
    assert echo.features(0, np.zeros((2, 2))).tolist() == [[3, 2], [1, 2]]
    chosen = echo.select(np.array([1, 0, 1]))
    assert chosen.features(0, np.zeros((3, 2))).tolist() == [[1, 2], [3, 2], [1, 2]]
