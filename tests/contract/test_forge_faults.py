"""What the adapter makes of a forge that is slow, broken, limiting or away: `Unavailable`, and then rest."""

import asyncio
from collections.abc import Iterator

import pytest
from support.proxy import Fault, Proxy
from support.servers import ForgeServer

from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.domain.backoff import LIMITED_S, MAX_ADVISED_S
from sre_space.domain.errors import Refused, Unavailable


@pytest.fixture
def proxy(shared_forge: ForgeServer) -> Iterator[Proxy]:
    with Proxy(shared_forge.url + "/mcp") as proxy:
        yield proxy


def adapter(proxy: Proxy, shared_forge: ForgeServer, login: str = "sre-scout") -> GithubMcpForge:
    """Through the proxy."""
    return GithubMcpForge(proxy.url, shared_forge.identities[login].token, "local", "cloud-insurance")


async def failed(forge: GithubMcpForge) -> Unavailable:
    """Return the error of a call, which must be `Unavailable`."""
    with pytest.raises(Unavailable) as caught:
        await forge.whoami()
    return caught.value


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("status", [403, 429, 503])
async def test_a_forge_that_names_a_time_is_not_asked_again_before_it(
    shared_forge: ForgeServer, proxy: Proxy, status: int, connected: bool
) -> None:
    one = adapter(proxy, shared_forge)
    if connected:
        await one.whoami()
    proxy.fault = Fault(status=status, retry_after="600")
    assert (await failed(one)).retry_after == 600.0
    counted = proxy.counted
    for _ in range(5):
        assert 0 < ((await failed(one)).retry_after or 0) <= 600.0
    assert proxy.counted == counted
    await one.close()


async def test_a_limit_without_a_time_is_a_minute_and_a_time_beyond_an_hour_is_an_hour(
    shared_forge: ForgeServer, proxy: Proxy
) -> None:
    for told, most in (("", LIMITED_S), ("999999", MAX_ADVISED_S)):
        one = adapter(proxy, shared_forge)
        proxy.fault = Fault(status=429, retry_after=told)
        await failed(one)
        assert 0 < ((await failed(one)).retry_after or 0) <= most
        await one.close()


async def test_a_refused_token_is_no_limit(shared_forge: ForgeServer, proxy: Proxy) -> None:
    one = GithubMcpForge(proxy.url, "wrong", "local", "cloud-insurance")
    with pytest.raises(Refused, match="GITHUB_PERSONAL_ACCESS_TOKEN"):
        await one.whoami()
    await one.close()


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(loses_answers=True), None])
async def test_after_a_fault_without_a_time_the_same_adapter_works_again(
    shared_forge: ForgeServer, proxy: Proxy, fault: Fault | None
) -> None:
    one = adapter(proxy, shared_forge)
    number = await one.open_issue("t", "b", ())
    if fault is None:
        await asyncio.to_thread(proxy.go_away)
    else:
        proxy.fault = fault
    await failed(one)
    proxy.fault = Fault()
    if fault is None:
        await asyncio.to_thread(proxy.come_back)
    while True:  # it rests for a moment
        try:
            issue = await one.issue(number)
            break
        except Unavailable:
            await asyncio.sleep(0.05)
    assert issue.title == "t"
    await one.close()


async def test_a_slow_forge_is_waited_for(shared_forge: ForgeServer, proxy: Proxy) -> None:
    async def asked() -> str:
        one = adapter(proxy, shared_forge)
        proxy.fault = Fault(delay_s=0.3)
        try:
            return await one.whoami()
        finally:
            await one.close()

    assert await asked() == "sre-scout"
