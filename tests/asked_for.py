"""What a text asks for, in short."""

from reprise.taste.words.understanding import understand


def wishes(text: str) -> dict:
    """What the words of a text ask for, by name."""
    return {name: wish.value for name, wish in understand(text).wishes.items()}


def programs(text: str) -> list[int]:
    return [program for program, _ in understand(text).instruments]
