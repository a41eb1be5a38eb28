"""Who may write to the repository, by GitHub's REST API: fulfils `ports.orders.Writers`.

`GET /repos/{owner}/{repo}/collaborators/{login}/permission`; it tells `write` for maintainers too. The embedded forge
answers it beside its MCP endpoint.
"""

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from sre_space.domain.errors import Malformed, Unavailable
from sre_space.ports.orders import Writers

TIMEOUT_S = 5.0
MAY_WRITE = ("write", "admin")


class GithubWriters(Writers):
    """One repository as one identity; `api_url` "": beside the MCP endpoint `url`."""

    def __init__(self, url: str, token: str, owner: str, repo: str, api_url: str = "") -> None:
        at = urlsplit(url)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self._client = httpx.AsyncClient(
            base_url=api_url or f"{at.scheme}://{at.netloc}", headers=headers, timeout=TIMEOUT_S, trust_env=False
        )
        self._path = f"/repos/{owner}/{repo}/collaborators"

    async def may_write(self, login: str) -> bool:
        """Asked anew each time: a permission that was taken away counts at once."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                response = await self._client.get(f"{self._path}/{quote(login, safe='')}/permission")
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable(f"the forge did not tell what {login} may do: {error!r}") from error
        if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN):
            return False
        if not response.is_success:
            raise Unavailable(f"the forge answered {response.status_code} to what {login} may do")
        try:
            told: Any = response.json()
        except (ValueError, RecursionError) as error:
            raise Malformed(f"the forge answered no JSON to what {login} may do: {response.text[:200]}") from error
        return isinstance(told, dict) and told.get("permission") in MAY_WRITE

    async def close(self) -> None:
        """Release the connection."""
        await self._client.aclose()
