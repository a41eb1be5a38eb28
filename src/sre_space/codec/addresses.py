"""Addresses and names as a person writes them into settings and options: what no client could use is refused early."""

import re
from collections.abc import Callable

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)"
_PORT = r"(?::(?P<port>\d{1,5}))?"
_URL = re.compile(rf"https?://(?:[!-.0-?A-~]+@)?{_HOST}{_PORT}(?:[/?][!-~]*)?")
_SERVER = re.compile(rf"(?:[A-Za-z_]+://)?{_HOST}{_PORT}")
_REPOSITORY_PART = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MAX_PORT = 65535
_SHOWN = 100  # characters


def http_url(text: str) -> str:
    """Return the text when it is a URL of HTTP; `ValueError` says what one looks like."""
    if not _fits(_URL, text):
        raise ValueError(f"{text[:_SHOWN]!r} is no URL such as http://127.0.0.1:8010/mcp")
    return text


def optional(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return the same check, passed by an empty text too."""
    return lambda text: text and check(text)


def telemetry_endpoint(text: str) -> str:
    """Return the text when OTLP's exporter takes it, which is also a host and port alone; `ValueError` otherwise."""
    if "://" in text:
        return http_url(text)
    http_url(f"http://{text}")
    return text


def bus_servers(text: str) -> str:
    """Return the text when it lists servers of the bus by commas; `ValueError` says what one looks like."""
    for one in text.split(","):
        if not _fits(_SERVER, one.strip()):
            raise ValueError(f"{one[:_SHOWN]!r} is no server such as 127.0.0.1:9092; separate several by commas")
    return text


def repository_part(text: str) -> str:
    """Return the text when it can be a repository's owner or name, which is a folder too; `ValueError` otherwise."""
    if not _REPOSITORY_PART.fullmatch(text) or text.strip(".") == "":
        raise ValueError(f"{text[:_SHOWN]!r} names no repository; use letters, digits, and the signs . _ -")
    return text


def bearer_token(text: str) -> str:
    """Return the text when a header of HTTP can hold it; `ValueError`, which does not show it, otherwise."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a token has printable ASCII characters only, and no blanks")
    return text


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.fullmatch(text)
    return found is not None and int(found["port"] or 1) in range(1, _MAX_PORT + 1)
