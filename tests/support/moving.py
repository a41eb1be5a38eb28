"""A back-up of an embedded space with an open incident, to be restored elsewhere."""

from pathlib import Path
from time import time_ns

from support.live import LiveSpace
from support.waiting import until

from sre_space.domain.facts import Step


def back_up_an_open_incident(live: LiveSpace, file: Path) -> int:
    """Return the incident's issue: Brain has decided on a restart, and the space is halted, so that nobody acts."""
    live.healthy()
    since = time_ns()
    live.state.halt.touch()
    live.kill("policy-service")
    issue = live.outage("policy-service", since).issue
    until(lambda: live.outage("policy-service", since).last.step is Step.DECIDE, "Brain decides")
    assert live.command("doctor").returncode == 1
    assert "it holds private keys" in live.answer("backup", str(file))
    return issue
