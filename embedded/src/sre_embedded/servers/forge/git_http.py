"""Git over HTTP through git's own `http-backend` (git-http-backend(1)), so that people can clone the desired state."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sre_embedded.servers.forge.refs import Refs
from sre_space.identities import Identity

NO_GIT = "git is not installed on this machine: the repository cannot be cloned over HTTP"


def git_route(refs: Refs, prefix: str) -> Route:
    """Return the route: any account may clone, writers may push, only administrators to protected branches."""
    return Route(prefix + "/{path:path}", _endpoint(refs), methods=["GET", "POST"])


def _endpoint(refs: Refs) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        git = shutil.which("git")
        if git is None:
            return PlainTextResponse(NO_GIT, 501)
        caller: Identity = request.scope["user"]
        pushes = "git-receive-pack" in (request.path_params["path"], request.query_params.get("service"))
        if pushes and not caller.may("write"):
            return PlainTextResponse("pushing needs write permission", 403)
        body = await request.body()
        environment = _environment(request, refs, caller, len(body))
        process = await asyncio.create_subprocess_exec(
            git, "http-backend", env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate(body)
        return _response(out)

    return endpoint


def _environment(request: Request, refs: Refs, caller: Identity, size: int) -> dict[str, str]:
    """Return the CGI variables (RFC 3875) that http-backend reads; of this process's own only PATH."""
    headers = request.headers
    return {
        **_configuration(refs, caller),
        "PATH": os.environ.get("PATH", ""),
        "GIT_PROJECT_ROOT": str(Path(refs.repository.path)),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": "/" + request.path_params["path"],
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "REMOTE_USER": caller.login,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(size),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "HTTP_GIT_PROTOCOL": headers.get("git-protocol", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }


def _configuration(refs: Refs, caller: Identity) -> dict[str, str]:
    """Return the git-config(1) settings as variables: a ref hidden from a push can be neither changed nor deleted."""
    settings = [("http.receivepack", "true" if caller.may("write") else "false"), ("safe.directory", "*")]
    settings += [("receive.hideRefs", "refs/pull")]
    settings += [] if caller.may("admin") else [("receive.hideRefs", f"refs/heads/{name}") for name in refs.protected]
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
