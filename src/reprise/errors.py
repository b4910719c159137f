"""The errors that a person sees: each names the file or key, its value, and what would be right."""


class RepriseError(Exception):
    """A failure that is ours to explain; the command line exits with `exit_code`."""

    exit_code = 1


class BadInput(RepriseError):
    """Something handed in is wrong: a parameter, a file, a label, an option."""

    exit_code = 2


class ParamsError(BadInput):
    """A key of params.yaml (or of a profile) is unknown, missing, of the wrong type or out of range."""


class AudioError(BadInput):
    """An audio file that can't be used."""


class ScoreError(BadInput):
    """A score that can't be read or written."""


class MidiError(ScoreError):
    """A MIDI file that can't be used."""


class FontError(BadInput):
    """A sound font that is missing, altered or unreadable."""


class ShardError(BadInput):
    """A shard that is damaged or doesn't hold what its manifest says."""
