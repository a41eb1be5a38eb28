"""Somebody's hands on the forge of a live space: what an account may do with its own token."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from support.live import LiveSpace

from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.bootstrap.space.servers import HOST
from sre_space.identities import read_identities


def token(live: LiveSpace, login: str) -> str:
    """Return the account's token."""
    return next(one.token for one in read_identities(live.state.identities) if one.login == login)


def as_user(live: LiveSpace, login: str, work: Callable[[GithubMcpForge], Awaitable[None]]) -> None:
    """Do something on the forge with somebody's token."""

    async def done() -> None:
        url = f"http://{HOST}:{live.running.ports['forge_port']}/mcp"
        forge = GithubMcpForge(url, token(live, login), *live.running.repository.split("/"))
        try:
            await work(forge)
        finally:
            await forge.close()

    with ThreadPoolExecutor(1) as elsewhere:  # a test that drives a browser has a loop of its own
        elsewhere.submit(lambda: asyncio.run(done())).result()


def edit(live: LiveSpace, comment: int, body: str, login: str = "operator") -> None:
    """Edit a comment as who may write."""
    forge = f"http://{HOST}:{live.running.ports['forge_port']}"
    answer = httpx.patch(
        f"{forge}/repos/{live.running.repository}/issues/comments/{comment}",
        headers={"Authorization": f"Bearer {token(live, login)}"},
        json={"body": body},
        timeout=30,
        trust_env=False,
    )
    answer.raise_for_status()
