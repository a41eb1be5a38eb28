"""What each door lets through: whole patterns of the path as it came, undecoded, and of every parameter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from sre_space.codec.docker import events_query, listing_query
from sre_space.domain.errors import Refused

MAX_PARAMETERS = 8
MAX_QUERY = 2_000  # characters
_SHOWN = 200  # characters of a method or a path that a sentence repeats
_FLAG = re.compile(r"0|1|true|false")
_MOMENT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_LINES = re.compile(r"[0-9]{1,5}")
_SECONDS = re.compile(r"[12]?[0-9]|30")
_SIGNALS = re.compile(r"SIGKILL|SIGHUP")
_NAME = r"(?P<container>[A-Za-z0-9][A-Za-z0-9_.-]{0,127})"  # of a container; an id has this form too


class Door(StrEnum):
    """Which of the proxies a process is."""

    READING = "reading"
    ACTING = "acting"
    CHAOS = "chaos"


class Kind(StrEnum):
    """What a request asks for."""

    PING = "ping"
    LIST = "list"
    INSPECT = "inspect"
    STATS = "stats"
    LOGS = "logs"
    EVENTS = "events"
    RESTART = "restart"
    UPDATE = "update"
    KILL = "kill"
    STOP = "stop"
    START = "start"
    PAUSE = "pause"
    UNPAUSE = "unpause"


CHANGES = frozenset({Kind.RESTART, Kind.UPDATE, Kind.KILL, Kind.STOP, Kind.START, Kind.PAUSE, Kind.UNPAUSE})


@dataclass(frozen=True)
class _Rule:
    kind: Kind
    method: str
    path: re.Pattern[str]
    parameters: Mapping[str, re.Pattern[str]]


@dataclass(frozen=True)
class Wanted:
    """A request that a door lets through: its kind, the name or id of its container ("" without), its parameters."""

    kind: Kind
    container: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Rules:
    """The rules of a door for a project."""

    door: Door
    project: str

    def wanted(self, method: str, path: str, query: str) -> Wanted:
        """Return what a request asks for; raise `Refused` with one sentence when the door does not let it through."""
        for rule in self._rules():
            match = rule.path.fullmatch(path)
            if match and rule.method == method:
                return Wanted(rule.kind, match.groupdict().get("container", ""), _parameters(rule, query))
        raise Refused(f"the {self.door} door lets no such request through: {method[:_SHOWN]} {path[:_SHOWN]}")

    def _rules(self) -> tuple[_Rule, ...]:
        listing, events = (
            _exactly(one["filters"]) for one in (listing_query(self.project), events_query(self.project))
        )
        common = (
            _Rule(Kind.PING, "GET", re.compile("/_ping"), {}),
            _Rule(Kind.LIST, "GET", re.compile("/containers/json"), {"all": _FLAG, "filters": listing}),
            _Rule(Kind.INSPECT, "GET", _of_container("json"), {}),
        )
        if self.door is Door.ACTING:
            return (
                *common,
                _Rule(Kind.RESTART, "POST", _of_container("restart"), {"t": _SECONDS}),
                _Rule(Kind.UPDATE, "POST", _of_container("update"), {}),
            )
        if self.door is Door.CHAOS:
            parameters = {Kind.KILL: {"signal": _SIGNALS}, Kind.STOP: {"t": _SECONDS}}
            kinds = (Kind.UPDATE, Kind.KILL, Kind.STOP, Kind.START, Kind.PAUSE, Kind.UNPAUSE)
            return (*common, *(_Rule(one, "POST", _of_container(one), parameters.get(one, {})) for one in kinds))
        logs = dict.fromkeys(("stdout", "stderr", "timestamps", "follow"), _FLAG)
        logs |= {"since": _MOMENT, "until": _MOMENT, "tail": _LINES}
        return (
            *common,
            _Rule(Kind.STATS, "GET", _of_container("stats"), {"stream": _FLAG, "one-shot": _FLAG}),
            _Rule(Kind.LOGS, "GET", _of_container("logs"), logs),
            _Rule(Kind.EVENTS, "GET", re.compile("/events"), {"since": _MOMENT, "until": _MOMENT, "filters": events}),
        )


def _of_container(verb: str) -> re.Pattern[str]:
    return re.compile(f"/containers/{_NAME}/{verb}")


def _exactly(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def _parameters(rule: _Rule, query: str) -> Mapping[str, str]:
    """Return the parameters of a query; raise `Refused` for one that is unknown, twice there, or of another form."""
    if len(query) > MAX_QUERY:
        raise Refused(f"a query of more than {MAX_QUERY} characters is not let through")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        raise Refused(f"the query is not let through: {error}") from error
    for name, value in pairs:
        form = rule.parameters.get(name)
        if form is None:
            raise Refused(f"the parameter {name!r} of {rule.kind} is not let through")
        if not form.fullmatch(value):
            raise Refused(f"the value {value[:100]!r} of {name!r} is not let through")
    if len({name for name, _ in pairs}) < len(pairs):
        raise Refused("a parameter that is there twice is not let through")
    return dict(pairs)
