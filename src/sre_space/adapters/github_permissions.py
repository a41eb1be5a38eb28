"""The check who may write to the repository, by GitHub's REST API: fulfils `ports.orders.Writers`.

`GET /repos/{owner}/{repo}/collaborators/{login}/permission`; it answers `write` for maintainers too. The embedded forge
serves it beside its MCP endpoint.
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
    """The writers of one repository, asked with one token; without `api_url` REST is beside the MCP endpoint `url`."""

    def __init__(self, url: str, token: str, owner: str, repo: str, api_url: str = "") -> None:
        at = urlsplit(url)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self._client = httpx.AsyncClient(
            base_url=api_url or f"{at.scheme}://{at.netloc}", headers=headers, timeout=TIMEOUT_S, trust_env=False
        )
        self._path = f"/repos/{owner}/{repo}/collaborators"

    async def may_write(self, login: str) -> bool:
        """Return True when the account may write, never cached; raise `Unavailable` or `Malformed` on failure."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                response = await self._client.get(f"{self._path}/{quote(login, safe='')}/permission")
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable(f"the forge did not answer for the permission of {login}: {error!r}") from error
        if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN):
            return False
        if not response.is_success:
            raise Unavailable(f"the forge answered {response.status_code} for the permission of {login}")
        try:
            permission: Any = response.json()
        except (ValueError, RecursionError) as error:
            raise Malformed(
                f"the forge's answer for the permission of {login} is not JSON: {response.text[:200]}"
            ) from error
        return isinstance(permission, dict) and permission.get("permission") in MAY_WRITE

    async def close(self) -> None:
        """Release the connection."""
        await self._client.aclose()
