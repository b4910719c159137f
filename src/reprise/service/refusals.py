"""What a client reads when it is refused: JSON `{"detail": "..."}`, with what was wrong and what is right."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from reprise.errors import BadInput

LONGEST_SHOWN = 80  # characters of a wrong value
MOST_NAMED = 8  # wrong parameters
METHODS = "GET, HEAD"


class Refusal(BaseModel):
    """The body of every answer that is no success."""

    detail: str


def add_refusals(app: FastAPI, right: dict[str, str]) -> None:
    """Let `app` refuse in these words; `right` has what each parameter must be, by its name."""

    async def wrong_parameters(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = error.errors()
        said = [sentence(problem, right) for problem in problems[:MOST_NAMED]]
        if more := len(problems) - len(said):
            said.append(f"and {more:,} more")
        return JSONResponse({"detail": "; ".join(said)}, 422)

    answers: dict[type[Exception], Callable[[Request, Any], Awaitable[JSONResponse]]] = {
        RequestValidationError: wrong_parameters,
        BadInput: _bad_input,
        HTTPException: _http_error,
        Exception: _failure,
    }
    for error, answer in answers.items():
        app.add_exception_handler(error, answer)


def sentence(problem: dict, right: dict[str, str]) -> str:
    """One of pydantic's problems in words: the parameter, its value, what would be right."""
    name = str(problem["loc"][1])  # after where it was: in the path or the query
    if problem["type"] == "extra_forbidden":
        return f"{shown(name)} is no parameter; the parameters are {', '.join(right)}"
    return f"{name}: is {shown(problem['input'])}; it must be {right[name]}"


def shown(value: object) -> str:
    """A value as a message repeats it, cut where it is long."""
    text = str(value)
    return f"'{text}'" if len(text) <= LONGEST_SHOWN else f"'{text[:LONGEST_SHOWN]}...'"


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    path = shown(request.url.path)
    details = {
        404: f"there is nothing at {path}; see /docs",
        405: f"{path} doesn't take {request.method[:LONGEST_SHOWN]}, only GET and HEAD",
    }
    headers = {"Allow": METHODS} if error.status_code == 405 else error.headers
    return JSONResponse({"detail": details.get(error.status_code, error.detail)}, error.status_code, headers)


async def _bad_input(request: Request, error: BadInput) -> JSONResponse:
    """What each parameter may be, but not with the others, or not for the model."""
    return JSONResponse({"detail": str(error)}, 422)


async def _failure(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "something failed here, which is not your request's fault; the log says what"}, 500)
