"""Who may write, as the forge's REST API says it: what `/sre approve` is believed by; and as the double says it."""

from collections.abc import AsyncIterator

import pytest
from support.doubles import ADAPTER, BOTH
from support.servers import ForgeServer
from support.world import World

from sre_space.adapters.github_permissions import GithubWriters
from sre_space.domain.errors import Unavailable
from sre_space.ports.orders import Writers


@pytest.fixture(params=BOTH)
async def writers(request: pytest.FixtureRequest) -> AsyncIterator[Writers]:
    """Of a repository to which the operator and the agents may write."""
    if request.param != ADAPTER:
        yield World(writers=frozenset({"operator", "sre-scout"}))
        return
    server: ForgeServer = request.getfixturevalue("shared_forge")
    found = GithubWriters(f"{server.url}/mcp", server.identities["sre-scout"].token, "local", "cloud-insurance")
    yield found
    await found.close()


@pytest.mark.parametrize(
    ("login", "may"), [("operator", True), ("sre-scout", True), ("mallory", False), ("nobody", False), ("../x", False)]
)
async def test_who_may_write_is_what_the_forge_grants(writers: Writers, login: str, may: bool) -> None:
    assert await writers.may_write(login) is may


async def test_a_forge_that_is_down_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="robin"):
        await GithubWriters("http://127.0.0.1:1/mcp", "t", "o", "r").may_write("robin")
