"""What a metric measures, from the words of its name: those of OpenTelemetry, Prometheus and similar systems."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise


class Meaning(StrEnum):
    """What a metric measures; more of it is bad (less, of SUCCESS)."""

    FAILURE = "failure"
    SUCCESS = "success"
    LATENCY = "latency"
    SATURATION = "saturation"
    TRAFFIC = "traffic"
    OTHER = "other"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS: Mapping[Meaning, frozenset[str]] = {
    Meaning.SUCCESS: _set("success successes successful availability available healthy ready ok"),
    Meaning.FAILURE: _set(
        "error errors err fail failed failure failures 5xx 500 503 exception exceptions panic panics crash oom"
        " restart restarts throttle throttled throttling reject rejected rejections drop dropped drops timeout timeouts"
        " oomkilled abort aborted deadlock deadlocks unavailable evicted evictions retry retries"
    ),
    Meaning.LATENCY: _set("latency duration elapsed delay p50 p75 p90 p95 p99 rt rtt"),
    Meaning.SATURATION: _set(
        "cpu memory mem heap disk filesystem fs storage pool queue queued backlog lag connections connection threads"
        " goroutines descriptor utilization utilisation usage saturation pending depth load buffer inodes fds gc"
    ),
    Meaning.TRAFFIC: _set(
        "requests request rps qps ops workload throughput calls traffic hits messages rate bytes packets count total"
        " net network receive received transmit transmitted rx tx"
    ),
}
_SHARES = _set("ratio rate percent percentage pct share")
_PER_CENT = _set("percent percentage pct")
_OUTGOING = _set("client outgoing outbound egress upstream producer published sent")
# Requests in flight grow as requests get slower (Little 1961), so they do not measure load.
_IN_FLIGHT = _set("active inflight flight concurrent")
_HOSTS = _set("node host")
_CLOCKS = _set("uptime created timestamp birth age since")
_OLDEST = _set("oldest")  # the age of what waits longest is a lag
_TIMES = _set("seconds milliseconds millis ms microseconds micros us nanoseconds nanos ns time")
_SIZES = _set("size bytes length body")
_WAITING = _set("ready unacked unacknowledged visible pending waiting queued undelivered outstanding backlogged oldest")
_UNUSED = _set("idle free unused limit limits quota")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+[a-z]*")


def words_of(name: str) -> tuple[str, ...]:
    """Return the lower-case words of snake_case, dotted and camelCase names."""
    return tuple(word.lower() for word in _WORD.findall(name))


def meaning_of(name: str, attributes: Sequence[tuple[str, str]] = ()) -> Meaning:
    """Return the first meaning, in the order of `Meaning`, that a word of the name has; OTHER for unused capacity.

    >>> meaning_of("db.client.connections.usage", [("state", "used")])
    <Meaning.SATURATION: 'saturation'>
    >>> meaning_of("db.client.connections.usage", [("state", "idle")])
    <Meaning.OTHER: 'other'>
    """
    words = words_of(name)
    if is_unused(name, attributes):
        return Meaning.OTHER
    if words[-1:] == ("count",) and not _WORDS[Meaning.LATENCY].isdisjoint(words):
        return Meaning.TRAFFIC  # a histogram's number of durations
    if "gc" in words:
        return Meaning.SATURATION  # a garbage collector's pauses are no request's
    if _is_of_messages(words):
        return Meaning.SATURATION
    if _is_mean_time(words):
        return Meaning.LATENCY
    for meaning in (Meaning.SUCCESS, Meaning.FAILURE, Meaning.LATENCY, Meaning.SATURATION):
        if not _WORDS[meaning].isdisjoint(words):
            return meaning
    arrives = words[-1:] != ("mean",) and _IN_FLIGHT.isdisjoint(words) and not _WORDS[Meaning.TRAFFIC].isdisjoint(words)
    return Meaning.TRAFFIC if arrives else Meaning.OTHER


def _is_of_messages(words: Sequence[str]) -> bool:
    """Return True for the messages that wait in a queue (RabbitMQ's `messages_ready`, SQS's `messages_visible`)."""
    holds = not {"message", "messages"}.isdisjoint(words) and not _WAITING.isdisjoint(words)
    return holds and words[-1] != "total"


def _is_mean_time(words: Sequence[str]) -> bool:
    """Return True for the mean of a histogram of times, or of requests, which are timed where nothing else is said."""
    if words[-1:] != ("mean",) or not _SIZES.isdisjoint(words) or "cpu" in words:
        return False
    return not _TIMES.isdisjoint(words) or words[-2:-1] == ("requests",)


def is_unused(name: str, attributes: Sequence[tuple[str, str]] = ()) -> bool:
    """Return True for what is free of a resource, or may be used of it: more of that harms nobody."""
    return not _UNUSED.isdisjoint((*words_of(name), *(value.lower() for _, value in attributes)))


def is_share(name: str) -> bool:
    """Return True for a part of a whole (0 to 1, or 0 to 100)."""
    return "%" in name or not _SHARES.isdisjoint(words_of(name))


def is_per_cent(name: str) -> bool:
    """Return True for a share from 0 to 100."""
    return "%" in name or not _PER_CENT.isdisjoint(words_of(name))


def is_utilization(name: str) -> bool:
    """Return True for the used share of a limit, 0 to 1 (OpenTelemetry, "Instrument naming": `utilization`)."""
    return words_of(name)[-1:] in (("utilization",), ("utilisation",))


def is_clock(name: str) -> bool:
    """Return True for what tells a time, not how a service is: since when it runs, when it was made.

    >>> [is_clock(name) for name in ("process.uptime", "process_start_time_seconds", "db.lookup.time")]
    [True, True, False]
    """
    words = words_of(name)
    if not _OLDEST.isdisjoint(words):
        return False
    return not _CLOCKS.isdisjoint(words) or ("start", "time") in pairwise(words)


def is_outgoing(name: str) -> bool:
    """Return True for the requests that a service sends to others."""
    return not _OUTGOING.isdisjoint(words_of(name))


def is_of_host(name: str) -> bool:
    """Return True for the usage of a machine, not of one service on it."""
    return not _HOSTS.isdisjoint(words_of(name)[:1])
