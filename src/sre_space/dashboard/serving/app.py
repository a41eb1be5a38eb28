"""The dashboard's application: guard, read API, stream, metrics and the page's files."""

from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from sre_space.dashboard.serving.guard import Guard, Rules
from sre_space.dashboard.serving.page import page_routes
from sre_space.dashboard.serving.problems import answer_with_problems
from sre_space.dashboard.serving.routes import router
from sre_space.dashboard.serving.sse import stream_route
from sre_space.dashboard.serving.views import Views
from sre_space.dashboard.stream.hub import Hub

VERSION = "1"
OPENAPI = "/api/v1/openapi.json"


def application(views: Views, hub: Hub, rules: Rules) -> ASGIApp:
    """Return the whole application behind its guard."""
    return Guard(api(views, hub, rules.base_path), rules)


def api(views: Views, hub: Hub, base_path: str = "") -> FastAPI:
    """Return the application without its guard; it describes itself at `/api/v1/openapi.json`."""
    app = FastAPI(
        title="SRE-Space dashboard",
        version=VERSION,
        description="See docs/dashboard-api.md. Times are Unix milliseconds, durations seconds, shares 0 to 1.",
        openapi_url=OPENAPI,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        servers=[{"url": base_path}] if base_path else None,
    )
    answer_with_problems(app)
    app.include_router(router(views))
    stream_route(app, hub)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(await views.facts.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    page_routes(app, base_path, views)
    return app
