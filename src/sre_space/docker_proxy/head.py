"""Checks of a request's head that hold for every request of both doors."""

from collections.abc import Collection, Iterable, Sequence
from urllib.parse import urlsplit

from sre_space.domain.errors import Refused

MAX_HEAD = 16_384  # bytes
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check_head(headers: Sequence[tuple[bytes, bytes]], hosts: Collection[str], max_body: int) -> None:
    """Return for a head that a client of ours may send; raise `Refused` otherwise.

    A browser's page (`Origin`, or a `Host` that is not among `hosts`), another protocol on the connection, a body
    without a length, and one of more than `max_body` bytes are refused, and a head of more than `MAX_HEAD` bytes.
    """
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEAD:
        raise Refused(f"a head of more than {MAX_HEAD} bytes is not let through")
    values = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    if "origin" in values:
        raise Refused("a request of a web page is not let through")
    if _host(values.get("host", "")) not in hosts:
        raise Refused(
            f"the host {values.get('host', '')[:100]!r} is not this proxy; DOCKER_PROXY_HOSTS names its hosts"
        )
    if "upgrade" in values or "upgrade" in values.get("connection", "").lower():
        raise Refused("no other protocol is let through on a connection")
    if chunked(headers):
        raise Refused("a body without a Content-Length is not let through")
    length = values.get("content-length", "0")
    if not length.isdecimal() or len(length) > len(str(max_body)) or int(length) > max_body:
        raise Refused(f"a body of more than {max_body} bytes is not let through here")


def chunked(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether the body comes in parts, each with its length."""
    return any(name.lower() == b"transfer-encoding" for name, _ in headers)


def _host(header: str) -> str | None:
    """Return the name in a `Host` header; None when it does not parse."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None
