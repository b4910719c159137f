"""What the service is started with."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from reprise.checked import checked


@checked
class ServiceSettings:
    """Where the models are and how much the service takes on.

    Attributes:
        models: a folder with models, each in a folder of its own. workers: processes that compose; 0 for one a core.
        queue: requests that may wait for a worker; beyond them one is refused.
        wait_s: how long each may wait. limit_s: how long composing one batch may take.
    """

    models: Path = Path("models/composer")
    workers: Annotated[int, Field(ge=0)] = 0
    queue: Annotated[int, Field(ge=0)] = 64
    wait_s: Annotated[float, Field(gt=0)] = 30.0
    limit_s: Annotated[float, Field(gt=0)] = 60.0
