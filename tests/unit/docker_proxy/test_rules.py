"""What the two doors let through, over any request that can be thought of."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.docker_proxy.rules import CHANGES, Door, Kind, Rules, Wanted
from sre_space.domain.errors import Refused

METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "get", "OPTIONS", ""])
WORDS = st.sampled_from(
    [
        "containers",
        "json",
        "restart",
        "update",
        "kill",
        "pause",
        "logs",
        "stats",
        "events",
        "_ping",
        "exec",
        "..",
        ".",
        "",
        "a" * 64,
        "%2e",
        "v1.43",
        "x y",
    ]
)
PATHS = st.one_of(st.text(), st.lists(WORDS, max_size=5).map(lambda words: "/" + "/".join(words)))
LET_THROUGH = re.compile(
    r"/(_ping|events|containers/json|containers/[A-Za-z0-9][\w.-]*/"
    r"(json|logs|stats|restart|update|kill|stop|start|pause|unpause))",
    re.A,
)


def asked(door: Door, method: str, path: str, query: str = "") -> Wanted | None:
    """Return what a door takes a request for; None when it refuses it."""
    try:
        return Rules(door, "shop").wanted(method, path, query)
    except Refused:
        return None


@given(st.sampled_from(Door), METHODS, PATHS)
def test_a_request_is_let_through_as_it_is_written_or_not_at_all(door: Door, method: str, path: str) -> None:
    wanted = asked(door, method, path)
    if wanted is None:
        return
    assert LET_THROUGH.fullmatch(path)
    assert wanted.container in path.split("/")
    assert method == ("POST" if wanted.kind in CHANGES else "GET")
    assert door is not Door.READING or wanted.kind not in CHANGES
    assert (door is Door.CHAOS) or wanted.kind not in CHANGES - {Kind.RESTART, Kind.UPDATE}


@given(st.sampled_from(Door), st.text())
def test_of_a_query_only_what_is_known_remains(door: Door, query: str) -> None:
    wanted = asked(door, "GET", "/containers/json", query)
    assert wanted is None or set(wanted.parameters) <= {"all", "filters"}


@pytest.mark.parametrize(
    ("door", "kinds"),
    [
        (Door.READING, {Kind.PING, Kind.LIST, Kind.INSPECT, Kind.STATS, Kind.LOGS, Kind.EVENTS}),
        (Door.ACTING, {Kind.PING, Kind.LIST, Kind.INSPECT, Kind.RESTART, Kind.UPDATE}),
        (Door.CHAOS, {Kind.PING, Kind.LIST, Kind.INSPECT, *CHANGES} - {Kind.RESTART}),
    ],
)
def test_each_door_has_its_kinds(door: Door, kinds: set[Kind]) -> None:
    paths = ["/_ping", "/containers/json", "/events"]
    paths += [f"/containers/web/{verb}" for verb in ("json", "stats", "logs", "restart", "update", "exec")]
    paths += [f"/containers/web/{verb}" for verb in ("kill", "stop", "start", "pause", "unpause", "wait", "rename")]
    found = [asked(door, method, path) for method in ("GET", "POST") for path in paths]

    assert {one.kind for one in found if one} == kinds


@pytest.mark.parametrize("value", ["٣", "1e3", " 1", "1 ", "+1", "-1", "", "1\n", "31", "100"])
def test_seconds_are_digits_up_to_thirty(value: str) -> None:
    assert asked(Door.ACTING, "POST", "/containers/web/restart", f"t={quote(value)}") is None
