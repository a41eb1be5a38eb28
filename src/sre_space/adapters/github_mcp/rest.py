"""A client of GitHub's REST API, for what its MCP server lacks: expected heads, parents of commits, branches."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import httpx2

from sre_space.adapters.github_mcp.connection import TIMEOUT_S
from sre_space.adapters.github_mcp.meaning import refused
from sre_space.domain.errors import Malformed, Unavailable

PAGE = 100


class Rest:
    """REST for one repository with one token; no connection is opened before the first request."""

    def __init__(self, url: str, token: str, owner: str, repo: str) -> None:
        self._base = f"{url.rstrip('/')}/repos/{owner}/{repo}"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self._client = httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_S, trust_env=False)

    async def json(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - foreign JSON
        """Return the answer's JSON, None for an empty answer; raise a `SpaceError` for every failure."""
        request = f"{method} {self._base}/{path}"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                response = await self._client.request(method, f"{self._base}/{path}", params=query, json=body)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise Unavailable(f"{request}: {error!r}; FORGE_URL, or GITHUB_API_URL, names the address") from error
        if not response.is_success:
            raise refused(request, response.status_code, response.headers, _message(response))
        try:
            return response.json() if response.content else None
        except (ValueError, RecursionError) as error:
            raise Malformed(f"the answer to {request} is not JSON: {response.text[:200]}") from error

    async def pages(self, path: str, query: Mapping[str, str]) -> list[Any]:
        """Return a list over all pages."""
        items: list[Any] = []
        for page in range(1, 1000):
            batch = await self.json("GET", path, {**query, "per_page": str(PAGE), "page": str(page)})
            items += batch
            if len(batch) < PAGE:
                break
        return items

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _message(response: httpx2.Response) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        return str(response.json()["message"])
    return response.text
