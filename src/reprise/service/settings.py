"""What the service is started with."""

from dataclasses import dataclass
from pathlib import Path

from reprise.params import require


@dataclass(frozen=True)
class ServiceSettings:
    """Where the models are and how much the service takes on.

    Attributes:
        models: a folder with composers, each in a folder of its own. workers: processes that compose; 0 for one a core.
        queue: requests that may wait for a worker; beyond them one is refused.
        wait_s: how long each may wait. limit_s: how long composing one batch may take.
    """

    models: Path = Path("models/composer")
    workers: int = 0
    queue: int = 64
    wait_s: float = 30.0
    limit_s: float = 60.0

    def __post_init__(self) -> None:
        require(self.workers >= 0, "workers", self.workers, "0 (one a core) or more")
        require(self.queue >= 0, "queue", self.queue, "0 or more")
        require(self.wait_s > 0, "wait_s", self.wait_s, "above 0")
        require(self.limit_s > 0, "limit_s", self.limit_s, "above 0")
