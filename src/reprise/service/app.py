"""The web service: `GET /` says what it is, `GET /midi/200/` answers with a MIDI file of exactly 200 new notes.

`/docs` describes both, from files of our own, so that it works without a network. Everything heavy happens in worker
processes (`pool`); refusals are JSON that says what would be right (`refusals`).
"""

import math
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi_offline import FastAPIOffline
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model
from starlette.types import ASGIApp, Receive, Scope, Send

from reprise.checked import LARGEST_SEED
from reprise.composition.models.trained import ModelConfig, load_model
from reprise.composition.sampling.rules import OPTIONS, Option, SamplingRules, load_rules
from reprise.composition.use.composing import check_rules
from reprise.composition.use.models import best_model, find_models
from reprise.params import plain_number
from reprise.service.pool import WorkerPool
from reprise.service.refusals import Refusal, add_refusals
from reprise.service.settings import ServiceSettings

MOST_NOTES = 2_000
SEED_HEADER = "Reprise-Seed"
IS_HEAD = "reprise.is_head"  # in the scope of a request
PLAIN = BeforeValidator(lambda text: plain_number(text, int))  # outside the bounds, which the interface then shows

DESCRIPTION = """New music from trained models. The same model, notes, sampling options and seed give the same file;
the header `Reprise-Seed` of an answer says which seed was drawn."""
REFUSALS: dict[int | str, dict[str, Any]] = {
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
    models: dict[str, dict] = Field(
        description="What each model knows (parts, MIDI pitches, metres), its nats a note on validation pieces, "
        "and the sampling options that hold unless a request has others"
    )
    default_model: str = Field(description="The one with fewest validation nats")


def create_app(settings: ServiceSettings) -> FastAPI:
    """The service with every model in `settings.models`.

    Raises:
        BadInput: there is none, or one is damaged.
    """
    folders = find_models(settings.models)
    configs = {name: load_model(folder).config for name, folder in folders.items()}  # the proof that they load
    measured = {name: load_rules(folder)[0] for name, folder in folders.items()}
    models = {name: _facts(config, measured[name]) for name, config in configs.items()}
    usual = best_model(folders)
    right = {
        "notes": f"a whole number from 1 to {MOST_NOTES:,}",
        "model": f"one of {', '.join(models)}",
        **{name: option.right for name, option in OPTIONS.items()},
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
    app.add_middleware(HeadAsGet)
    app.state.models, app.state.pool = models, pool
    add_refusals(app, right)

    Options = _query(tuple(models), usual, right)

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
            Annotated[int, Field(ge=1, le=MOST_NOTES), PLAIN],
            PathParameter(description=f"How many notes, {right['notes']}", examples=[200]),
        ],
        options: Annotated[Options, Query()],  # type: ignore[valid-type]  # made above, of the models there are
    ) -> Response:
        asked: dict[str, Any] = dict(options)
        model, seed = asked["model"], secrets.randbelow(1 << 31) if asked["seed"] is None else asked["seed"]
        rules = measured[model].told(asked)
        check_rules(rules, configs[model])
        name = f"reprise-{model}-{notes}-notes-seed-{seed}.mid"
        headers = {SEED_HEADER: str(seed), "Content-Disposition": f'attachment; filename="{name}"'}
        headers["Cache-Control"] = "no-store"
        if request.scope.get(IS_HEAD):  # which nothing is composed for, so that no length is known
            answer = Response(media_type="audio/midi", headers=headers)
            del answer.headers["Content-Length"]
            return answer
        content = await pool.midi_file(model, rules, notes, seed, request.is_disconnected)
        return Response(content, media_type="audio/midi", headers=headers)

    return app


class HeadAsGet:
    """Whatever answers GET answers HEAD, with the same headers; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", IS_HEAD: True}
        await self.app(scope, receive, send)


def _facts(config: ModelConfig, rules: SamplingRules) -> dict:
    """What a model knows."""
    encoding = config.encoding
    return {
        "kind": config.model,
        "parts": encoding.parts,
        "pitches": [encoding.lowest, encoding.highest],
        "metres": [f"{beats}/{unit}" for beats, unit in encoding.metres],
        "validation_nats": None if math.isnan(config.validation_nats) else config.validation_nats,
        "sampling": {**asdict(rules), "field_temperature": dict(rules.field_temperature)},
    }


def _query(models: tuple[str, ...], usual: str, right: dict[str, str]) -> type[BaseModel]:
    """The query of `GET /midi/NOTES/`: a model, the sampling options, a seed."""
    seed = f"Of the random numbers, {right['seed']}; drawn if it isn't given"
    parameters: dict[str, Any] = {
        "model": (Literal[models], Field(usual, description=f"Who composes: {right['model']}")),
        **{name: _parameter(option) for name, option in OPTIONS.items()},
        "seed": (
            Annotated[int, Field(ge=0, le=LARGEST_SEED), PLAIN] | None,
            Field(None, description=seed, examples=[7]),
        ),
    }
    return create_model("Options", __config__=ConfigDict(extra="forbid"), **parameters)


def _parameter(option: Option) -> tuple[object, object]:
    """A sampling option as pydantic wants it, a type and a field: `Option.parse` reads it, the rest is description."""
    text = f"{option.help[0].upper()}{option.help[1:]}: {option.right}"
    parse, short = option.parse, Field(max_length=option.longest)
    if option.kind is str:
        return Annotated[str, short, AfterValidator(parse)] | None, Field(None, description=text)
    if option.by_field:
        return list[Annotated[str, short, AfterValidator(parse)]] | None, Field(None, description=text)
    ends: dict[str, Any] = {"gt" if option.above_low else "ge": option.low, "le": option.high}
    return Annotated[option.kind, BeforeValidator(parse)] | None, Field(None, **ends, description=text)
