"""The web service: `GET /` says what it is, `GET /midi/200/` answers with a MIDI file of exactly 200 new notes.

`/docs` describes both, from files of our own, so that it works without a network. Everything heavy happens in worker
processes (`pool`); refusals are JSON that says what would be right (`refusals`).
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, Field

from reprise.composition.composer import load_composer
from reprise.errors import BadInput
from reprise.service.pool import WorkerPool
from reprise.service.refusals import Refusal, add_refusals
from reprise.service.settings import ServiceSettings

MOST_NOTES = 2_000
HOTTEST = 100
LARGEST_SEED = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly
USUAL_MODEL = "transformer"
SEED_HEADER = "Reprise-Seed"

DESCRIPTION = """New music from trained composers. The same model, notes, temperature and seed give the same file;
the header `Reprise-Seed` of an answer says which seed was drawn."""
REFUSALS = {
    422: {
        "model": Refusal,
        "description": "A parameter is wrong; `detail` names it, its value and what would be right",
    },
    503: {"model": Refusal, "description": "Too many requests wait; try again after `Retry-After` seconds"},
    504: {"model": Refusal, "description": "Composing took too long; ask for fewer notes"},
}
MIDI_FILE = {
    "description": "A MIDI file",
    "content": {"audio/midi": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        SEED_HEADER: {"description": "The seed to ask for the same file again", "schema": {"type": "integer"}},
        "Content-Disposition": {"description": "A name for the file", "schema": {"type": "string"}},
    },
}


class Status(BaseModel):
    """What `GET /` answers."""

    status: Literal["alive"] = "alive"
    version: str
    models: dict[str, dict] = Field(description="What each model knows: parts, MIDI pitches, metres")
    default_model: str


def create_app(settings: ServiceSettings) -> FastAPI:
    """The service with every composer in `settings.models`.

    Raises:
        BadInput: there is none, or one is damaged.
    """
    folders = find_composers(settings.models)
    models = {name: _facts(folder) for name, folder in folders.items()}
    usual = USUAL_MODEL if USUAL_MODEL in models else next(iter(models))
    right = {
        "notes": f"a whole number from 1 to {MOST_NOTES:,}",
        "model": f"one of {', '.join(models)}",
        "temperature": f"a number from 0 to {HOTTEST}",
        "seed": f"a whole number from 0 to {LARGEST_SEED}",
    }
    pool = WorkerPool(folders, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            await pool.start()
            yield
        finally:
            pool.stop()

    app = FastAPIOffline(
        title="Reprise",
        version=version("reprise"),
        description=DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.models, app.state.pool = models, pool
    add_refusals(app, right)

    class Options(BaseModel):
        """The query of `GET /midi/NOTES/`."""

        model_config = ConfigDict(extra="forbid")
        model: Literal[tuple(models)] = Field(usual, description=f"Who composes: {right['model']}")
        temperature: float = Field(
            1.0,
            ge=0,
            le=HOTTEST,
            description=f"How bold the music is, {right['temperature']}: 0 takes the likeliest note each time, "
            "1 draws as the model learnt it",
        )
        seed: int | None = Field(
            None,
            ge=0,
            le=LARGEST_SEED,
            description=f"Of the random numbers, {right['seed']}; drawn if it isn't given",
            examples=[7],
        )

    @app.get("/", summary="Is it alive, and what can it play?")
    async def status() -> Status:
        return Status(version=app.version, models=models, default_model=usual)

    @app.get("/midi/{notes}", include_in_schema=False)
    @app.get(
        "/midi/{notes}/",
        summary="A MIDI file of new music",
        response_class=Response,
        responses={200: MIDI_FILE, **REFUSALS},
    )
    async def midi(
        request: Request,
        notes: Annotated[
            int, PathParameter(ge=1, le=MOST_NOTES, description=f"How many notes, {right['notes']}", examples=[200])
        ],
        options: Annotated[Options, Query()],
    ) -> Response:
        seed = secrets.randbelow(1 << 31) if options.seed is None else options.seed
        content = await pool.midi_file(options.model, options.temperature, notes, seed, request.is_disconnected)
        name = f"reprise-{options.model}-{notes}-notes-seed-{seed}.mid"
        headers = {SEED_HEADER: str(seed), "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="audio/midi", headers={**headers, "Cache-Control": "no-store"})

    return app


def find_composers(folder: Path) -> dict[str, Path]:
    """The folders in `folder` that hold a composer, by their names.

    Raises:
        BadInput: there is none.
    """
    found = {path.parent.name: path.parent for path in sorted(folder.glob("*/config.json"))}
    if not found:
        raise BadInput(f"{folder}: no composer there, in a folder of its own; make some with ./run, or dvc pull them")
    return found


def _facts(folder: Path) -> dict:
    """What a composer knows, which is also the proof that it can be loaded."""
    config = load_composer(folder).config
    encoding = config.encoding
    return {
        "kind": config.model,
        "parts": encoding.parts,
        "pitches": [encoding.lowest, encoding.highest],
        "metres": [f"{beats}/{unit}" for beats, unit in encoding.metres],
    }
