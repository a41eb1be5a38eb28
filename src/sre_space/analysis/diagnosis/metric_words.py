"""What a metric measures, told from the words of its name: the vocabulary of OpenTelemetry, Prometheus and their like."""

import re
from enum import StrEnum


class Meaning(StrEnum):
    """What it is bad to have more (SUCCESS: less) of."""

    FAILURE = "failure"
    SUCCESS = "success"
    LATENCY = "latency"
    SATURATION = "saturation"
    TRAFFIC = "traffic"
    OTHER = "other"


_WORDS: dict[Meaning, frozenset[str]] = {
    Meaning.SUCCESS: frozenset("success successes successful availability available healthy ready uptime ok".split()),
    Meaning.FAILURE: frozenset(
        "error errors err fail failed failure failures 5xx 500 503 exception exceptions panic panics crash oom oomkilled "
        "restart restarts throttle throttled throttling reject rejected rejections drop dropped drops timeout timeouts "
        "abort aborted deadlock deadlocks unavailable evicted evictions retry retries".split()
    ),
    Meaning.LATENCY: frozenset("latency duration elapsed delay p50 p75 p90 p95 p99 rt rtt".split()),
    Meaning.SATURATION: frozenset(
        "cpu memory mem heap disk filesystem fs storage pool queue queued backlog lag connections connection threads "
        "goroutines utilization utilisation usage saturation pending depth load buffer inodes fds gc".split()
    ),
    Meaning.TRAFFIC: frozenset(
        "requests request rps qps ops workload throughput calls traffic hits messages rate bytes packets count total".split()
    ),
}
_SHARES = frozenset("ratio rate percent percentage pct share".split())
_HOSTS = frozenset("node host".split())
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+[a-z]*")


def words_of(name: str) -> tuple[str, ...]:
    """Lower-case words of snake_case, dotted and camelCase names."""
    return tuple(word.lower() for word in _WORD.findall(name))


def meaning_of(name: str) -> Meaning:
    """The first meaning of `Meaning`'s order that a word speaks for."""
    words = words_of(name)
    for meaning in (Meaning.SUCCESS, Meaning.FAILURE, Meaning.LATENCY, Meaning.SATURATION, Meaning.TRAFFIC):
        if not _WORDS[meaning].isdisjoint(words):
            return meaning
    return Meaning.OTHER


def is_share(name: str) -> bool:
    """True for a part of a whole (0 to 1, or 0 to 100)."""
    return "%" in name or not _SHARES.isdisjoint(words_of(name))


def is_of_host(name: str) -> bool:
    """True for what a machine, not one service on it, uses."""
    return not _HOSTS.isdisjoint(words_of(name)[:1])
