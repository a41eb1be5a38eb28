"""Errors as problems (RFC 9457), and the token in a request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from sre_space.dashboard.answers.problems import Problem
from sre_space.domain.errors import Conflict, Malformed, Missing, Refused, SpaceError, Unavailable

MEDIA_TYPE = "application/problem+json"
MAX_DETAIL = 500  # characters
_STATUS: Mapping[type[SpaceError], HTTPStatus] = {
    Missing: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Refused: HTTPStatus.FORBIDDEN,
    Malformed: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "a problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}},
    "5XX": {"description": "a problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}},
}


class Unauthorized(Refused):
    """The request carries no token, or none that is known."""


def problem(status: int, detail: str, instance: str = "") -> Response:
    """Return a response with a problem."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail[:MAX_DETAIL], instance=instance)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def status_of(error: SpaceError) -> HTTPStatus:
    """Return the status of the nearest class of the error."""
    if isinstance(error, Unauthorized):
        return HTTPStatus.UNAUTHORIZED
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.SERVICE_UNAVAILABLE)


def answer_with_problems(app: FastAPI) -> None:
    """Let every error of the application be answered with a problem."""

    async def space_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, SpaceError)
        return problem(status_of(error), str(error), request.url.path)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(422, f"{place}: {first['msg']}", request.url.path)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), request.url.path)

    async def bug(request: Request, _: Exception) -> Response:
        return problem(500, "the dashboard failed; its log says how: sre-space logs dashboard", request.url.path)

    app.add_exception_handler(SpaceError, space_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, bug)


def token_of(request: Request) -> str:
    """Return the bearer token of a request, "" without one. Cookies are never read: they go to every port."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
