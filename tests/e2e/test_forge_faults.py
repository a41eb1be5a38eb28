"""A forge that is slow, broken, limiting or away in mid-incident: agents back off, and nothing is lost or done twice.

All agents reach the forge through a real proxy that can be told to fail.
"""

import re
import time
from collections.abc import Iterator

import pytest
from support.kills import ended_well, next_outage, quiet
from support.live import LiveSpace
from support.proxy import Fault, Proxy
from support.troubles import Killed
from support.waiting import until

from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.space.servers import HOST
from sre_space.state_files import write_private

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(600),
]

AWAY = None
FAULTS = {
    "slow": Fault(delay_s=0.3),
    "answering 500": Fault(status=500),
    "limiting with 403": Fault(status=403, retry_after="2"),
    "limiting with 429": Fault(status=429, retry_after="2"),
    "losing its answers": Fault(loses_answers=True),
    "away": AWAY,
}


@pytest.fixture(scope="module")
def proxy(live_space: LiveSpace) -> Iterator[Proxy]:
    """In front of the forge for all agents, as long as this module runs."""
    direct = f"http://{HOST}:{live_space.running.ports['forge_port']}/mcp"
    with Proxy(direct) as proxy:
        _reach(live_space, proxy.url)
        yield proxy
        _reach(live_space, direct)


def _reach(live: LiveSpace, url: str) -> None:
    """Start every agent anew with another address of the forge."""
    for agent in AGENTS:
        path = live.state.run / "env" / f"{agent}.env"
        write_private(path, re.sub(r"^FORGE_URL=.*$", f"FORGE_URL={url}", path.read_text(), flags=re.MULTILINE))
        path.with_name(f"{agent}.on-duty").unlink(missing_ok=True)
        live.kill(agent)
    live.healthy()


def _begin(proxy: Proxy, fault: Fault | None) -> None:
    if fault is AWAY:
        proxy.go_away()
    else:
        proxy.fault = fault


def _end(proxy: Proxy, fault: Fault | None) -> None:
    if fault is AWAY:
        proxy.come_back()
    proxy.fault = Fault()


def _told(live: LiveSpace) -> dict[str, int]:
    """How often each agent has said that the forge fails."""
    return {agent: live.state.log(agent).read_text(errors="replace").count("the forge") for agent in AGENTS}


def _felt(live: LiveSpace, before: dict[str, int]) -> bool:
    return all(count > before[agent] for agent, count in _told(live).items())


def _incident(live: LiveSpace, proxy: Proxy, fault: Fault | None, sooner: bool, seconds: float) -> None:
    """One incident with the fault from before it, or from its opening on, until every agent has felt it so long."""
    since, killed, before = quiet(live), Killed.of(live), _told(live)
    if not sooner:
        killed.strike()
        next_outage(live, since)
    _begin(proxy, fault)
    try:
        begun = time.monotonic()
        if sooner:
            killed.strike()
        slow = fault is not None and not (fault.status or fault.loses_answers)
        until(lambda: slow or _felt(live, before), "every agent feels it")
        until(lambda: time.monotonic() - begun > seconds, "it lasts", seconds + 30)
        if slow:
            live.closed(next_outage(live, since).issue)
    finally:
        _end(proxy, fault)
    case = live.closed(next_outage(live, since).issue)
    ended_well(live, case, since)
    killed.holds(case)


@pytest.mark.parametrize("name", FAULTS)
def test_a_forge_that_fails_in_mid_incident_costs_time_only(live: LiveSpace, proxy: Proxy, name: str) -> None:
    _incident(live, proxy, FAULTS[name], sooner=False, seconds=0.0)


@pytest.mark.parametrize("name", ["away", "limiting with 429"])
def test_a_forge_that_fails_before_the_fault_gets_the_incident_later(live: LiveSpace, proxy: Proxy, name: str) -> None:
    _incident(live, proxy, FAULTS[name], sooner=True, seconds=0.0)


@pytest.mark.parametrize("sooner", [False, True])
@pytest.mark.parametrize("name", [name for name in FAULTS if name != "slow"])
def test_a_minute_without_a_forge_costs_time_only(live: LiveSpace, proxy: Proxy, name: str, sooner: bool) -> None:
    _incident(live, proxy, FAULTS[name], sooner, seconds=60.0)
