"""What is said of an opening that `reprise generate` continues: as JSON and in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprise.composition.models.trained import TrainedModel
    from reprise.music.piece import Piece


def told_of_opening(start: "Piece", trained: "TrainedModel") -> dict:
    """How much of it stays, and what of it the model reads otherwise; see `opening.what_moved`.

    Raises:
        BadInput: it doesn't fit the model.
    """
    from reprise.composition.sampling.opening import read_opening, what_moved

    reading = read_opening(start, trained.config.encoding)
    return {"file": start.source, "notes": len(reading.piece.notes), **what_moved(reading)}


def print_opening(told: dict) -> None:
    """What `told_of_opening` gives, in one line."""
    read = []
    shift = told.get("read_higher_by_semitones", 0)
    if isinstance(shift, dict):
        by_part = (f"part {part} by {semitones:+d}" for part, semitones in shift.items() if semitones)
        read.append(f"moved by octaves ({', '.join(by_part)} semitones) and moves what follows back")
    elif shift:
        read.append(f"moved by {shift:+d} semitones and moves what follows back")
    if count := told.get("notes_read_at_other_times"):
        read.append(f"{count:,} of its notes at the nearest times and lengths that it knows")
    if count := told.get("velocities_not_read"):
        read.append(f"{count:,} notes without their velocities")
    line = f"{told['file']}: its opening stays as it is, {told['notes']:,} notes"
    if read:
        line += f"; the model reads it {', '.join(read)}"
    if count := told.get("parts_left_out"):
        line += f"; {count:,} parts are left out, as the model has no more"
    left_out = [f"{count:,} {kind}" for kind, count in told.get("left_out_of_the_file", {}).items()]
    print(line + (f"; left out of the file: {', '.join(left_out)}" if left_out else ""))
