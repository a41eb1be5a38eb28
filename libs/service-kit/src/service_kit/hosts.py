"""The check of `Host` and `Origin`: no web page can reach a service by DNS rebinding or by a cross-site request."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit import problems


class OnlyAllowedHosts:
    """A middleware that refuses a foreign `Host` or `Origin`; `allowed` are host names, separated by commas."""

    def __init__(self, app: ASGIApp, allowed: str) -> None:
        self.app, self.allowed = app, frozenset(allowed.split(","))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403 with a problem detail."""
        if scope["type"] != "http" or not (foreign := self._foreign(Request(scope))):
            return await self.app(scope, receive, send)
        refusal = problems.answer(Request(scope), 403, f"{foreign} is not allowed; ALLOWED_HOSTS names those that are")
        return await refusal(scope, receive, send)

    def _foreign(self, request: Request) -> str:
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        if origin is not None and _name(origin) not in self.allowed:
            return f"the origin {origin!r}"
        return "" if _name(f"//{host}") in self.allowed else f"the host {host!r}"


def _name(url: str) -> str | None:
    """Return the host name of a URL; None when it has none or does not parse."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
