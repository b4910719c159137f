"""Training that is interrupted."""

from reprise.pipeline.tracking import Tracker


class Stop(Tracker):
    """Breaks off training after an epoch, as Ctrl-C does."""

    def __init__(self, after: int) -> None:
        self.after = after

    def metrics(self, values: dict[str, float], step: int | None = None) -> None:
        if step == self.after:
            raise KeyboardInterrupt
