"""Log lines to templates, and templates that are new or more frequent.

Drain (He et al., ICWS 2017) in its essence: a fixed-depth tree by length and first word, lines
join the first template that agrees in at least half of its words. Only distinct lines are parsed.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.diagnosis.tables import LogTable

AGREE = 0.5  # the share of words that must agree, as Drain's authors chose
MAX_TEMPLATES = 256  # templates of one length and first word; lines beyond them join the last, so the cost stays linear
WILD = "<*>"
WARNING, FAULT = 13, 17  # OTLP severity numbers

_VARIABLE = re.compile(r"\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b|\d+(?:[.:]\d+)*|0x[0-9a-fA-F]+")
_SPLIT = re.compile(r"[\s=,;\"]+")


@dataclass
class Templates:
    """The templates of the lines so far; `of(line)` is the number of the line's template.

    Lines of different ranks (nothing wrong, a warning, a fault) share no template, however alike their words are.
    """

    words: list[list[str]] = field(default_factory=list)
    _known: dict[tuple[str, int], int] = field(default_factory=dict)
    _tree: dict[tuple[int, str, int], list[int]] = field(default_factory=lambda: defaultdict(list))

    def of(self, line: str, rank: int = 0) -> int:
        """Return the number of the template that the line joins, a new one if none fits; repeatable for a line."""
        if (line, rank) not in self._known:
            self._known[line, rank] = self._joined(line, rank)
        return self._known[line, rank]

    def _joined(self, line: str, rank: int) -> int:
        words = [word for word in _SPLIT.split(_VARIABLE.sub(WILD, line)) if word]
        first = words[0] if words and WILD not in words[0] else WILD
        branch = self._tree[len(words), first, rank]
        for number in branch:
            if self._agrees(number, words):
                known = self.words[number]
                self.words[number] = [a if a == b else WILD for a, b in zip(known, words, strict=True)]
                return number
        if len(branch) >= MAX_TEMPLATES:
            return branch[-1]
        self.words.append(words)
        branch.append(len(self.words) - 1)
        return len(self.words) - 1

    def text(self, number: int) -> str:
        """Return the template as text for people."""
        return " ".join(self.words[number])

    def _agrees(self, number: int, words: Sequence[str]) -> bool:
        known = self.words[number]
        same = sum(a == b for a, b in zip(known, words, strict=True))
        return same >= AGREE * len(words)


@dataclass(frozen=True)
class LogShift:
    """A template of one service that became more frequent.

    `share` is its part of the service's lines now; `known` is how often health had it.
    """

    service: str
    number: int
    text: str
    example: str
    severity: int
    count: int
    expected: float
    share: float
    p_value: float
    since: int
    known: int


def log_shifts(incident: LogTable, baselines: Sequence[LogTable], seconds: tuple[float, float]) -> list[LogShift]:
    """Return the templates that became more frequent, given both lengths in seconds."""
    templates = Templates()
    before = Counter(key for table in baselines for key in _keys(table, templates).elements())
    now = _keys(incident, templates)
    lines: Counter[str] = Counter()
    for (service, _), count in now.items():
        lines[service] += count
    details = _details(incident, templates)
    scale = seconds[0] / seconds[1] if seconds[1] else 0.0
    busier = _busier(now, before, details)
    shifts = []
    for (service, number), count in now.items():
        severity, since, example = details[service, number]
        expected = (before[service, number] + 0.5) * scale if scale else 0.5
        if scale and severity >= WARNING:
            expected = max(expected, before[service, number] * busier.get(service, 0.0))
        p_value = poisson_tail(count, expected)
        if count > expected:
            share = (count - expected) / lines[service]
            words, known = templates.text(number), before[service, number]
            shifts.append(
                LogShift(
                    service, number, words, example, severity, count, expected, max(0.0, share), p_value, since, known
                )
            )
    return shifts


def _busier(
    now: Counter[tuple[str, int]],
    before: Counter[tuple[str, int]],
    details: Mapping[tuple[str, int], tuple[int, int, str]],
) -> Mapping[str, float]:
    """Return how many times as often each service writes the harmless lines that health has, too: its load by its log.

    With more of them come more of its everyday faults.
    """
    written: Counter[str] = Counter()
    usual: Counter[str] = Counter()
    for key, count in now.items():
        if details[key][0] < WARNING and before[key]:
            written[key[0]] += count
            usual[key[0]] += before[key]
    return {service: count / usual[service] for service, count in written.items()}


def _keys(table: LogTable, templates: Templates) -> Counter[tuple[str, int]]:
    """Return the number of lines by service and template; each distinct line is parsed once."""
    lines, counts = np.unique(_lines(table), axis=0, return_counts=True)
    keys: Counter[tuple[str, int]] = Counter()
    for (service, body, rank), count in zip(lines.tolist(), counts.tolist(), strict=True):
        keys[table.names[service], templates.of(table.names[body], rank)] += count
    return keys


def _lines(table: LogTable) -> NDArray[np.int32]:
    """Return service, text and rank of each line; the rank is 1 for a warning, 2 for a fault, else 0."""
    return np.stack((table.service, table.body, np.digitize(table.severity, (WARNING, FAULT)).astype(np.int32)), 1)


def _details(table: LogTable, templates: Templates) -> Mapping[tuple[str, int], tuple[int, int, str]]:
    """Return the highest severity, first time (Unix ns) and first line of each template."""
    details: dict[tuple[str, int], tuple[int, int, str]] = {}
    lines, first = np.unique(_lines(table), axis=0, return_index=True)
    for (service, body, rank), row in sorted(
        zip(lines.tolist(), first.tolist(), strict=True), key=lambda entry: entry[1]
    ):
        key = table.names[service], templates.of(table.names[body], rank)
        severity, since, example = details.get(key, (0, int(table.time[row]), table.names[body]))
        details[key] = max(severity, int(table.severity[row])), since, example
    return details


def poisson_tail(count: float, expected: float) -> float:
    """Return a bound on the probability of `count` or more events when `expected` are usual (Chernoff's bound)."""
    if count <= expected:
        return 1.0
    return math.exp(count - expected - count * math.log(count / max(expected, 1e-9)))
