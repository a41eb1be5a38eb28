"""The proxy as an ASGI application."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from sre_space.codec.docker import PROJECT, SERVICE, events_query, listing_query
from sre_space.docker_proxy.answers import inspected, listed
from sre_space.docker_proxy.head import check_head, chunked
from sre_space.docker_proxy.limits import MAX_BODY, MemoryBounds
from sre_space.docker_proxy.rules import CHANGES, Kind, Rules, Wanted
from sre_space.docker_proxy.streaming import pass_on
from sre_space.domain.errors import Refused, Unavailable
from sre_space.ports.kill_switch import KillSwitch

log = logging.getLogger(__name__)

CHANGES_WITHIN_S = 45.0  # a restart waits up to 30 s for the process to end
_CLOSE = {"Connection": "close"}
_SHOWN = 300  # characters of a refusal in the log


class Engine(Protocol):
    """The engine behind the proxy, as `adapters.docker.engine.Engine` is."""

    async def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        within_s: float | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Return the answer's JSON; raise `Refused` or `Unavailable`."""
        ...

    def stream(
        self, path: str, query: Mapping[str, str]
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open an answer, and yield its parts; raise `Refused` or `Unavailable`."""
        ...


@dataclass(frozen=True)
class DockerProxy:
    """One door; `hosts` are its names in a `Host` header, `services` those that may be changed (none: all)."""

    rules: Rules
    engine: Engine
    kill_switch: KillSwitch
    hosts: Collection[str]
    services: Collection[str]
    bounds: MemoryBounds
    closing: asyncio.Event = field(default_factory=asyncio.Event)  # ends the answers that have no end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; 403 with one sentence for what is refused, 502 without an answer of the engine."""
        if scope["type"] != "http":
            return
        response: Response | None
        try:
            response = await self._answer(scope, receive, send)
        except ClientDisconnect:
            return
        except Refused as refused:
            log.warning("refused: %s", str(refused)[:_SHOWN])
            if chunked(scope["headers"]) and (await receive())["type"] == "http.disconnect":
                return  # its parts were none, and the server has answered 400
            response = JSONResponse({"message": str(refused)}, 403, _CLOSE)
        except Unavailable as unavailable:
            log.warning("%s", str(unavailable)[:_SHOWN])
            response = JSONResponse({"message": str(unavailable)}, 502, _CLOSE)
        if response is not None:
            await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """Return the answer to a request; None when it was streamed already."""
        path = scope["raw_path"].decode("latin-1")
        wanted = self.rules.wanted(scope["method"], path, scope["query_string"].decode("latin-1"))
        check_head(scope["headers"], self.hosts, MAX_BODY if wanted.kind is Kind.UPDATE else 0)
        match wanted.kind:
            case Kind.PING:
                await self._containers()
                return PlainTextResponse("OK")
            case Kind.LIST:
                return JSONResponse([listed(one) for one in await self._containers()])
            case Kind.INSPECT:
                return await self._inspected(wanted)
            case kind if kind in CHANGES:
                return await self._changed(wanted, Request(scope, receive))
            case Kind.EVENTS:
                query = {**wanted.parameters, **events_query(self.rules.project)}
                await self._pass_on("/events", query, receive, send)
            case Kind.STATS | Kind.LOGS:
                id = (await self._container(wanted))["Id"]
                await self._pass_on(f"/containers/{id}/{wanted.kind}", wanted.parameters, receive, send)
        return None

    async def _inspected(self, wanted: Wanted) -> Response:
        id = (await self._container(wanted))["Id"]
        return JSONResponse(inspected(await self.engine.ask("GET", f"/containers/{id}/json")))

    async def _changed(self, wanted: Wanted, request: Request) -> Response:
        """Change a container or its limits as wanted; raise `Refused` while halted."""
        body = self.bounds.checked(await _body(request)) if wanted.kind is Kind.UPDATE else None
        container = await self._container(wanted)
        service = container["Labels"].get(SERVICE, "")
        if self.services and service not in self.services:
            raise Refused(
                f"{service} is not among the services that this door changes; DOCKER_PROXY_SERVICES names them"
            )
        if self.kill_switch.halted():
            raise Refused("the space is halted, and nothing is changed until `sre-space resume`")
        path = f"/containers/{container['Id']}/{wanted.kind}"
        answer = await self.engine.ask("POST", path, wanted.parameters, body, CHANGES_WITHIN_S)
        log.info("%s of %s, container %s %s", wanted.kind, service, container["Id"], body or "")
        return Response(status_code=204) if answer is None else JSONResponse(answer)

    async def _containers(self) -> Sequence[Mapping[str, Any]]:
        """Return the project's containers as the engine lists them, whatever a client asked for."""
        containers = await self.engine.ask("GET", "/containers/json", listing_query(self.rules.project))
        return [one for one in containers if one["Labels"].get(PROJECT) == self.rules.project]

    async def _container(self, wanted: Wanted) -> Mapping[str, Any]:
        """Return the project's container with exactly this id or name; raise `Refused` when there is none.

        What the client wrote never reaches the engine, which would take the beginning of any container's id as well.
        """
        for one in await self._containers():
            if wanted.container == one["Id"] or f"/{wanted.container}" in (one["Names"] or ()):
                return one
        raise Refused(f"the project {self.rules.project} has no container {wanted.container}")

    async def _pass_on(self, path: str, query: Mapping[str, str], receive: Receive, send: Send) -> None:
        """Pass an answer on as it comes; the client's connection is cut when the engine's breaks off."""
        begun = False
        try:
            async with self.engine.stream(path, query) as parts:
                begun = True
                await pass_on(parts, receive, send, self.closing)
        except Unavailable as error:
            if not begun:
                raise
            log.warning("%s", error)


async def _body(request: Request) -> bytes:
    """Return a request's body; raise `Refused` beyond `MAX_BODY` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refused(f"a body of more than {MAX_BODY} bytes is not let through here")
    return body
