"""What a Jaeger query API has stored, asked as anybody may."""

import httpx

from sre_space.codec.jaeger import spans_from
from sre_space.domain.telemetry import Span


def services(url: str) -> list[str]:
    """Every service that was seen."""
    return sorted(httpx.get(f"{url}/api/services", trust_env=False).json()["data"] or ())


def trace(url: str, id: str) -> list[Span]:
    """Return the spans of one trace, by start; none for one that is unknown."""
    answer = httpx.get(f"{url}/api/traces/{id}", trust_env=False).json()
    return sorted(spans_from(answer["data"] or ()), key=lambda span: span.start)
