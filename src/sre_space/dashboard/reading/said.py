"""Texts of signed facts in the words of the page: what a number counts, and what a remedy does, without code names."""

import re
from collections.abc import Mapping, Sequence

from sre_space.domain.remedies import Escalate, Remedy, Restart, RevertChange, Scale, SetConfig
from sre_space.text.plain_text import plain

_NAME = r"([\w.-]*\w)"
_WORDS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\bMITIGATION: (?=RESTART|PR )|\btake back: (?=SET|SCALE|REVERT)", ""),
        (rf"\b(?:PR )?SET {_NAME} ([A-Z][A-Z0-9_]+)\b", r"set \2 of \1"),
        (rf"\b(?:PR )?REVERT {_NAME}", r"revert the change of \1"),
        (rf"\b(?:PR )?SCALE {_NAME}", r"scale \1"),
        (rf"\bRESTART {_NAME}", r"restart \1"),
        (r"\bESCALATE\b", "call a person"),
        (r"no remedy of the chart fits", "no configured remedy fits"),
        (r"\bthe chart allows\b", "the configuration allows"),
        (r"(\d of \d+) failed at `all requests`", r"\1 requests failed"),
        (r"(\d of \d+) at `all requests`", r"\1 requests"),
        (r"\busually 0(?:\.0+)?%", "usually none"),
        (r"\b1 minutes\b", "1 minute"),
        (r"(\d)%", r"\1 %"),
    )
]
_TOO_LONG = 60  # characters of an operation in a sentence
_INFINITIVE: Mapping[type[Remedy], str] = {
    Restart: "restart {service}",
    RevertChange: "revert the change of {service}",
    Scale: "scale {service}",
    SetConfig: "set {key} of {service}",
    Escalate: "call a person",
}
_PAST: Mapping[str, str] = {"restart": "restarted", "revert": "reverted", "scale": "scaled", "call": "called"}


def said(text: str) -> str:
    """Return a text of a fact as people read it: `23 of 24 requests failed, usually none`."""
    words = plain(text)
    for pattern, said_so in _WORDS:
        words = pattern.sub(said_so, words)
    return words


def infinitive(remedy: Remedy) -> str:
    """Return what Fixer may do: `restart checkout`, `revert the change of checkout`."""
    return _INFINITIVE[type(remedy)].format(service=plain(remedy.service), key=plain(getattr(remedy, "key", "")))


def past(remedy: Remedy) -> str:
    """Return what Fixer did: `restarted checkout`, `set LIMIT of checkout`."""
    verb, _, rest = infinitive(remedy).partition(" ")
    return f"{_PAST.get(verb, verb)} {rest}"


def operation(name: str) -> str:
    """Return an operation in short: a statement without its columns and values, at most 60 characters."""
    short = plain(name).partition(" (")[0]
    return short if len(short) <= _TOO_LONG else f"{short[: _TOO_LONG - 1]}…"
