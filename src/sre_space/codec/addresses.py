"""Checks of the addresses and names in settings and options: a value that no client could use is refused early."""

import re
from collections.abc import Callable

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)"
_PORT = r"(?::(?P<port>\d{1,5}))?"
_URL = re.compile(rf"https?://(?:[!-.0-?A-~]+@)?{_HOST}{_PORT}(?:[/?][!-~]*)?")
_SERVER = re.compile(rf"(?:[A-Za-z_]+://)?{_HOST}{_PORT}")
_DOCKER = re.compile(rf"unix:///[!-~]+|tcp://{_HOST}:(?P<port>\d{{1,5}})")
_LISTEN = re.compile(r"[\d.]+:(?P<port>\d{1,5})")
_COMPOSE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,100}")
_REPOSITORY_PART = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MAX_PORT = 65535
_SHOWN = 100  # characters of a refused value that an error message shows


def http_url(text: str) -> str:
    """Return `text` if it is an HTTP or HTTPS URL; raise `ValueError` with an example of a valid URL otherwise."""
    if not _fits(_URL, text):
        raise ValueError(f"{text[:_SHOWN]!r} is not a URL such as http://127.0.0.1:8010/mcp")
    return text


def optional(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a check that accepts the empty text too and otherwise does what `check` does."""
    return lambda text: text and check(text)


def telemetry_endpoint(text: str) -> str:
    """Return `text` if OTLP's exporter accepts it: a URL, or host and port alone; raise `ValueError` otherwise."""
    if "://" in text:
        return http_url(text)
    http_url(f"http://{text}")
    return text


def bus_servers(text: str) -> str:
    """Return `text` if it is a comma-separated list of bus servers; raise `ValueError` with an example otherwise."""
    for server in text.split(","):
        if not _fits(_SERVER, server.strip()):
            raise ValueError(f"{server[:_SHOWN]!r} is not a server such as 127.0.0.1:9092; separate several by commas")
    return text


def docker_address(text: str) -> str:
    """Return `text` if it is the address of a Docker engine; raise `ValueError` with examples otherwise."""
    if not _fits(_DOCKER, text):
        raise ValueError(
            f"{text[:_SHOWN]!r} is no address of Docker; write unix:///var/run/docker.sock or tcp://host:2375"
        )
    return text


def listen_address(text: str) -> str:
    """Return `text` if a server can listen there, an IPv4 address and a port; raise `ValueError` otherwise."""
    if not _fits(_LISTEN, text):
        raise ValueError(f"{text[:_SHOWN]!r} is no address and port such as 127.0.0.1:2375")
    return text


def compose_name(text: str) -> str:
    """Return `text` if it can name a Compose project; raise `ValueError` otherwise."""
    if not _COMPOSE_NAME.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} names no Compose project; use small letters, digits, and the signs _ -")
    return text


def repository_part(text: str) -> str:
    """Return `text` if it can name a repository or its owner, and so a folder; raise `ValueError` otherwise."""
    if not _REPOSITORY_PART.fullmatch(text) or text.strip(".") == "":
        raise ValueError(f"{text[:_SHOWN]!r} names no repository; use letters, digits, and the signs . _ -")
    return text


def bearer_token(text: str) -> str:
    """Return `text` if an HTTP header can hold it; raise `ValueError`, which does not contain the text, otherwise."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a token has printable ASCII characters only, and no blanks")
    return text


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    match = pattern.fullmatch(text)
    return match is not None and int(match.groupdict().get("port") or 1) in range(1, _MAX_PORT + 1)
