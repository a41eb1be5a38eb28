"""Who may write, as the forge's REST API says it: what `/sre approve` is believed by."""

import pytest
from support.servers import ForgeServer

from sre_space.adapters.github_permissions import GithubWriters
from sre_space.domain.errors import Unavailable


@pytest.mark.parametrize(
    ("login", "may"), [("operator", True), ("sre-scout", True), ("mallory", False), ("../x", False)]
)
async def test_who_may_write_is_what_the_forge_grants(shared_forge: ForgeServer, login: str, may: bool) -> None:
    async def ask() -> bool:
        writers = GithubWriters(
            f"{shared_forge.url}/mcp", shared_forge.identities["sre-scout"].token, "local", "cloud-insurance"
        )
        try:
            return await writers.may_write(login)
        finally:
            await writers.close()

    assert await ask() is may


async def test_a_forge_that_is_down_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="robin"):
        await GithubWriters("http://127.0.0.1:1/mcp", "t", "o", "r").may_write("robin")
