"""The page's built files, from `static/` in the package; a plain sentence where it was not built."""

import re
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from sre_space.dashboard.serving.views import Views
from sre_space.domain.errors import Missing

NOT_BUILT = (
    "The page was not built: run `make page` where npm's registry can be reached. "
    "Everything else works; the read API is at api/v1/openapi.json, and `sre-space status` shows the space."
)
VIEWS = ("/", "/now", "/incidents", "/incidents/{rest:path}", "/traces/{rest:path}")
DATA = ("api/", "static/")
FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"[.-][0-9A-Za-z_]{8,}\.\w+$")
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")


def static_folder() -> Path:
    """Return the folder of the page's built files; it does not exist where they were not built."""
    return Path(str(files("sre_space.dashboard"))) / "static"


def page_routes(app: FastAPI, base_path: str, views: Views, folder: Path | None = None) -> None:
    """Serve the page on every view's address, and its files below `/static/`.

    Issues and calls link to an incident by its ULID, which leads to the address with its number.
    """
    static = folder or static_folder()

    async def page(status: HTTPStatus = HTTPStatus.OK) -> Response:
        index = static / "index.html"
        if not index.is_file():
            return HTMLResponse(f"<!doctype html><title>SRE-Space</title><p>{NOT_BUILT}</p>", status)
        html = index.read_text().replace("{{base}}", f"{base_path}/")
        return HTMLResponse(html, status, headers={"Cache-Control": "no-cache"})

    async def view() -> Response:
        return await page()

    @app.get("/incidents/{incident}", include_in_schema=False)
    async def incident(incident: str) -> Response:
        number = views.facts.number_of(incident)
        return await page() if number is None else RedirectResponse(f"{base_path}/incidents/{number}")

    for address in VIEWS:
        app.add_api_route(address, view, methods=["GET"], include_in_schema=False)

    @app.get("/static/{name:path}", include_in_schema=False)
    async def asset(name: str) -> FileResponse:
        path = static / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise Missing(f"the page has no file {name[:100]!r}")
        return FileResponse(path, headers={"Cache-Control": FOREVER if _HASHED.search(name) else "no-cache"})

    @app.get("/{rest:path}", include_in_schema=False)
    async def unknown(rest: str) -> Response:
        if rest.startswith(DATA):
            raise Missing(f"there is nothing at {rest[:100]!r}")
        return await page(HTTPStatus.NOT_FOUND)  # which says so, and leads back
