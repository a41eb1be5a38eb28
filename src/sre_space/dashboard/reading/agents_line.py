"""The quiet line for the four agents."""

from collections.abc import Sequence

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import AgentNow, AgentsLine
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.outcomes import ended_as
from sre_space.dashboard.reading.stories import lasted
from sre_space.dashboard.reading.words import ago, listed, ms
from sre_space.domain.case import Case
from sre_space.domain.facts import Agent

NO_INCIDENT = "No incident yet."


def agents_line(known: Known) -> AgentsLine:
    """Return the line and the state of each agent."""
    agents = [_agent(known, agent) for agent in Agent]
    last = max((case for case in known.cases if not case.is_open), key=lambda case: case.last.at, default=None)
    return AgentsLine(text=_text(known, agents, last), agents=tuple(agents), last=last.issue if last else None)


def _agent(known: Known, agent: Agent) -> AgentNow:
    if agent is Agent.SCOUT and known.report is not None:
        text = f"looked {ago(known.report.at, known.now)}"
        return AgentNow(
            name=agent.value, state=State.WELL if known.fresh else State.UNKNOWN, text=text, at=ms(known.report.at)
        )
    unit = known.agents.get(agent.value)
    if unit is None or known.runtime.error:
        return AgentNow(name=agent.value, state=State.UNKNOWN, text="not known: no runtime lists it")
    if unit.state == "running":
        return AgentNow(name=agent.value, state=State.WELL, text="ready")
    return AgentNow(name=agent.value, state=State.FAILING, text=f"{unit.state}: it does nothing")


def _text(known: Known, agents: Sequence[AgentNow], last: Case | None) -> str:
    scout, others = agents[0], agents[1:]
    ready = [agent.name.capitalize() for agent in others if agent.state is State.WELL]
    parts = [f"Scout {scout.text}." if known.report else "Scout has sent no report yet."]
    parts += [f"{listed(ready)} ready."] if ready else []
    parts += [f"{agent.name.capitalize()} is {agent.text}." for agent in others if agent.state is State.FAILING]
    return " ".join([*parts, _last(known, last)])


def _last(known: Known, last: Case | None) -> str:
    if last is None:
        return NO_INCIDENT
    ended = f", {ended_as(last)} after {lasted(last)}" if last.recovered else ""
    return f"Last incident {ago(last.detection.since, known.now)}{ended}."
