"""The guard before every route: only this page's own origin reads, acts and listens, and every answer is locked down.

A page from another port of 127.0.0.1 is of another origin: a browser sends its `Origin`, or says `Sec-Fetch-Site:
same-site`, and what it embeds without either is refused by `Cross-Origin-Resource-Policy`. A name that an attacker
lets point to 127.0.0.1 (DNS rebinding) arrives as a foreign `Host`.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sre_space.dashboard.serving.problems import problem

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_BODY = 16_384  # bytes of an order
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types sre-space lit-html"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_FOREIGN_SITES = frozenset({"same-site", "cross-site"})
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Rules:
    """Whom the dashboard answers. `hosts` are further names by which it is reached, as through a proxy.

    `proxies` are networks whose `X-Forwarded-Host` and `-Proto` are believed. With `readers_need_token` a request for
    data without a known token is refused. `base_path` is "" or begins with "/".
    """

    hosts: frozenset[str] = frozenset()
    proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    base_path: str = ""
    readers_need_token: bool = False
    known_token: Callable[[str], Awaitable[bool]] | None = field(default=None, repr=False)


class Guard:
    """Middleware that refuses foreign hosts, origins and sites, and adds the security headers."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with a problem."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, scheme = self._reached_as(scope, headers)
        refusal = self._refusal(scope, headers, host, scheme)
        path = self._inner_path(scope["path"])
        if not refusal and path is None:
            await problem(404, f"everything is below {self.rules.base_path}/")(scope, receive, _locked_down(send))
            return
        if refusal:
            await problem(403, refusal)(scope, receive, _locked_down(send))
            return
        if not await self._may_read(path or "/", headers):
            await problem(401, "this dashboard answers only with a token: sre-space operators add NAME")(
                scope, receive, _locked_down(send)
            )
            return
        inner = {**scope, "path": path, "raw_path": (path or "/").encode()}
        await self.app(inner, receive, _locked_down(send))

    def _inner_path(self, path: str) -> str | None:
        """Return the path below the base path; None for one outside of it."""
        base = self.rules.base_path
        if not base:
            return path
        return (path.removeprefix(base) or "/") if path == base or path.startswith(f"{base}/") else None

    def _reached_as(self, scope: Scope, headers: Headers) -> tuple[str, str]:
        """Return host (with its port) and scheme under which the browser reached the dashboard."""
        host, scheme = headers.get("host", ""), scope.get("scheme", "http")
        if self._through_proxy(scope):
            host = headers.get("x-forwarded-host", host).split(",")[0].strip()
            scheme = headers.get("x-forwarded-proto", scheme).split(",")[0].strip()
        return host, scheme

    def _through_proxy(self, scope: Scope) -> bool:
        try:
            client = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(client in network for network in self.rules.proxies)

    def _refusal(self, scope: Scope, headers: Headers, host: str, scheme: str) -> str:
        """Return why the request is refused, "" when it is not."""
        if _name(f"//{host}") not in LOOPBACK | self.rules.hosts:
            return f"the host {host[:100]!r} is not this dashboard's; DASHBOARD_HOSTS names further ones"
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{scheme}://{host}".lower():
            return f"the origin {origin[:100]!r} is not this page's"
        site, navigates = headers.get("sec-fetch-site", ""), headers.get("sec-fetch-mode") == "navigate"
        is_page = navigates and scope["method"] in _SAFE and not _is_data(self._inner_path(scope["path"]) or "")
        if site in _FOREIGN_SITES and not is_page:
            return "a page of another origin may neither read nor act here"
        if scope["method"] not in _SAFE and not headers.get("content-type", "").startswith("application/json"):
            return "an order is sent as application/json"
        length = headers.get("content-length", "0")
        return "" if length.isdecimal() and int(length) <= MAX_BODY else f"a body has at most {MAX_BODY} bytes"

    async def _may_read(self, path: str, headers: Headers) -> bool:
        if not self.rules.readers_need_token or not _is_data(path):
            return True
        if self.rules.known_token is None:
            return False
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and await self.rules.known_token(token.strip())


def _is_data(path: str) -> bool:
    return path.startswith("/api/") or path == "/metrics"


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _locked_down(send: Send) -> Send:
    """Return a `send` that adds the security headers, and forbids caches to keep data."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
