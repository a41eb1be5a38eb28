"""Error responses as problem details (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    codes: {"description": f"{whose}, as a problem detail (RFC 9457)", "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
    for codes, whose in (("4XX", "The caller's error"), ("5XX", "The service's error"))
}  # for OpenAPI


class Problem(Exception):
    """An error response: `status` is the HTTP status, `detail` one sentence for the caller."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def install(app: FastAPI) -> None:
    """Install handlers that answer all errors of this app as problem details."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        if error.status >= 500:
            log.error("%s %s: %d %s", request.method, request.url.path, error.status, error.detail)
        return answer(request, error.status, error.detail)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return answer(request, 422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")

    @app.exception_handler(DBAPIError)
    async def database(request: Request, error: DBAPIError) -> JSONResponse:
        """Answer 503: the database refuses, is locked or is gone, which is no bug of the service."""
        log.error("%s %s: the database failed: %s", request.method, request.url.path, error.orig)
        return answer(request, 503, "the database failed; the service's log says how")

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__, exc_info=error)
        return answer(request, 500, "the service failed; its log has the trace")


def answer(request: Request, status: int, detail: str) -> JSONResponse:
    """Return the problem detail as a response."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)
