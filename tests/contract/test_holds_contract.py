"""Holds on a forge: what an operator signs counts until it is released; what an account without permission does not.

The same stories over the forge adapter with our server and over the double of the unit tests.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from support.doubles import ADAPTER, BOTH, adapter_alone
from support.servers import ForgeServer
from support.world import SECOND, Key, MemoryForge, Trust, World

from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.adapters.github_permissions import GithubWriters
from sre_space.adapters.system_clock import SystemClock
from sre_space.bootstrap.held_units import HeldUnits
from sre_space.domain.errors import Unavailable
from sre_space.domain.holds import Hold
from sre_space.domain.labels import HOLD
from sre_space.ports.forge import Forge
from sre_space.ports.orders import Writers
from sre_space.ports.signing import Signer
from sre_space.record.hold_format import render_hold
from sre_space.record.holds import UNSIGNED, IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.order_format import render_order
from sre_space.record.orders import OPERATOR, IssueOrders

REPOSITORY = "local/cloud-insurance"
CLOCK = SystemClock()


@dataclass(frozen=True)
class Site:
    """A forge as the operator, a stranger and an agent reach it, and the agent's reading of the holds on it."""

    operator: Forge
    stranger: Forge
    key: Key
    holds: IssueHolds

    async def place(self, forge: Forge, key: Signer) -> int:
        """Open an issue with the label and sign a hold of an hour on it; return its number."""
        now = CLOCK.now()
        placed = Hold(frozenset({"user-service"}), now, now + 3600 * SECOND, "new disks: `ä`", OPERATOR, "")
        number = await forge.open_issue("[HOLD] user-service", "the agents wait", (HOLD,))
        await forge.comment(number, render_order(REPOSITORY, number, "hold", render_hold(placed), key))
        return number

    async def held(self) -> Sequence[tuple[int, str]]:
        """Return issue and reason of each hold that the agent sees now."""
        return [(hold.issue, hold.reason) for hold in await self.holds.current(fresh=True)]


def site(operator: Forge, stranger: Forge, agent: Forge, writers: Writers) -> Site:
    """Wire one."""
    key = Key(OPERATOR)
    incidents = IncidentRepository(agent, Trust({OPERATOR: key}), REPOSITORY)
    orders = IssueOrders(agent, incidents.trust, writers, REPOSITORY)
    return Site(operator, stranger, key, IssueHolds(incidents, orders, World().config, CLOCK))


@pytest.fixture(params=BOTH)
async def forge(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Of an empty repository in memory, or of one that other stories use as well."""
    if request.param != ADAPTER:
        memory = MemoryForge(now=CLOCK.now)
        yield site(memory, memory, memory, World())
        return
    server: ForgeServer = request.getfixturevalue("shared_forge")
    tokens = {login: server.identities[login].token for login in ("operator", "mallory", "sre-scout")}
    url, names = f"{server.url}/mcp", ("local", "cloud-insurance")
    forges = {login: GithubMcpForge(url, token, *names) for login, token in tokens.items()}
    writers = GithubWriters(url, tokens["sre-scout"], *names)
    yield site(forges["operator"], forges["mallory"], forges["sre-scout"], writers)
    for one in forges.values():
        await one.close()
    await writers.close()


async def test_a_signed_hold_lasts_until_it_is_released(forge: Site) -> None:
    number = await forge.place(forge.operator, forge.key)
    assert await forge.held() == [(number, "new disks: `ä`")]

    await forge.operator.comment(number, render_order(REPOSITORY, number, "release", "", forge.key))
    assert await forge.held() == []

    await forge.operator.close_issue(number)
    assert await forge.holds.issues() == ()


async def test_an_issue_with_the_label_that_nobody_signed_holds_nothing_and_says_why(forge: Site) -> None:
    number = await forge.place(forge.operator, Key(OPERATOR))

    assert await forge.held() == []
    assert [(found.number, found.why_not) for found in await forge.holds.issues()] == [(number, UNSIGNED)]
    await forge.operator.close_issue(number)


async def test_a_closed_hold_holds_nothing(forge: Site) -> None:
    await forge.operator.close_issue(await forge.place(forge.operator, forge.key))

    assert await forge.held() == []


@adapter_alone("forge", "the double has no permissions")
async def test_an_account_without_permission_sets_no_label_and_ends_no_hold(forge: Site) -> None:
    await forge.place(forge.stranger, forge.key)
    assert await forge.held() == []

    number = await forge.place(forge.operator, forge.key)
    with pytest.raises(Exception, match="update issue"):
        await forge.stranger.close_issue(number)
    with pytest.raises(Exception, match="update issue"):
        await forge.stranger.set_labels(number, ())
    assert [issue for issue, _ in await forge.held()] == [number]
    await forge.operator.close_issue(number)


async def test_a_forge_that_is_down_says_nothing_of_holds() -> None:
    down = GithubMcpForge("http://127.0.0.1:1/mcp", "t", "local", "cloud-insurance")
    with pytest.raises(Unavailable):
        await site(down, down, down, World()).holds.current()
    await down.close()


async def test_fixer_calls_nobody_for_a_unit_whose_service_is_held(forge: Site) -> None:
    units = HeldUnits(forge.holds, World().config, CLOCK)
    assert await units.read() == set()

    number = await forge.place(forge.operator, forge.key)
    assert await forge.held()
    assert await units.read() == {"user-service"}

    await forge.operator.close_issue(number)
    assert not await forge.held()
    assert await units.read() == set()


async def test_a_unit_is_not_held_when_the_forge_does_not_say_so() -> None:
    down = GithubMcpForge("http://127.0.0.1:1/mcp", "t", "local", "cloud-insurance")
    assert await HeldUnits(site(down, down, down, World()).holds, World().config, CLOCK).read() == ()
    await down.close()
