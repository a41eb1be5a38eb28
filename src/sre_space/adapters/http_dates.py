"""The time in the `Date` header of web servers (RFC 9110, section 6.6.1): fulfils `ports.dates.Dates`."""

import asyncio
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx

TIMEOUT_S = 1.0
HALF_SECOND_NS = 5 * 10**8  # ns; added, since a date has whole seconds


class HttpDates:
    """The clocks of the servers at `urls` (by name), read with one GET each; the status does not matter."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def ask(self) -> Mapping[str, int]:
        """Return the time (Unix ns) of each server that answered within `TIMEOUT_S`, by its name."""
        dates = await asyncio.gather(*(self._date(url) for url in self._urls.values()))
        return {name: date for name, date in zip(self._urls, dates, strict=True) if date is not None}

    async def _date(self, url: str) -> int | None:
        """Return the server's time in Unix ns, or None without an answer or a date."""
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),  # httpx limits each read, this the whole answer
                self._client.stream("GET", url) as response,  # its body may be an endless stream of events
            ):
                date = parsedate_to_datetime(response.headers["date"])
        except (httpx.HTTPError, TimeoutError, KeyError, ValueError, OverflowError):
            return None
        return int(date.replace(tzinfo=date.tzinfo or UTC).timestamp()) * 10**9 + HALF_SECOND_NS
