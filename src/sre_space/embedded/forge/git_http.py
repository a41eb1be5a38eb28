"""Git over HTTP by git's own `http-backend` (git-http-backend(1)), so that a person can clone the desired state."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.refs import Refs

NO_GIT = "git is not installed on this machine: the repository cannot be cloned over HTTP"


def git_route(refs: Refs, prefix: str) -> Route:
    """Clone for everybody with a token, push for those who may write; protected branches for administrators only."""
    return Route(prefix + "/{path:path}", _endpoint(refs), methods=["GET", "POST"])


def _endpoint(refs: Refs) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        git = shutil.which("git")
        if git is None:
            return PlainTextResponse(NO_GIT, 501)
        who: Identity = request.scope["user"]
        pushes = "git-receive-pack" in (request.path_params["path"], request.query_params.get("service"))
        if pushes and not who.may("write"):
            return PlainTextResponse("pushing needs write permission", 403)
        body = await request.body()
        environment = _environment(request, refs, who, len(body))
        process = await asyncio.create_subprocess_exec(
            git, "http-backend", env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate(body)
        return _response(out)

    return endpoint


def _environment(request: Request, refs: Refs, who: Identity, size: int) -> dict[str, str]:
    """The CGI variables (RFC 3875) that http-backend reads; nothing else of ours but the path."""
    headers = request.headers
    return {
        **_configuration(refs, who),
        "PATH": os.environ.get("PATH", ""),
        "GIT_PROJECT_ROOT": str(Path(refs.repository.path)),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": "/" + request.path_params["path"],
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "REMOTE_USER": who.login,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(size),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "HTTP_GIT_PROTOCOL": headers.get("git-protocol", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }


def _configuration(refs: Refs, who: Identity) -> dict[str, str]:
    """git-config(1): a ref that is hidden from a push can be neither changed nor deleted by it."""
    settings = [("http.receivepack", "true" if who.may("write") else "false"), ("safe.directory", "*")]
    settings += [("receive.hideRefs", "refs/pull")]
    settings += [] if who.may("admin") else [("receive.hideRefs", f"refs/heads/{name}") for name in refs.protected]
    values = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        values |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return values


def _response(out: bytes) -> Response:
    head, _, body = out.partition(b"\r\n\r\n")
    lines = (line.decode("latin-1").partition(":") for line in head.splitlines())
    headers = {key.strip(): value.strip() for key, _, value in lines}
    status = int(headers.pop("Status", "200").split()[0])
    return Response(body, status, headers)
