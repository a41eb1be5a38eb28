"""The types of single words and numbers in a configuration, each with the sentence for what it does not accept.

Used by `config_schema`; a mistake is a `ValueError`, to which `config_mistakes` adds the place.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sre_space.codec.yaml_values import PATH


def no_boolean(value: object) -> object:
    """Return the value unless it is a boolean, then raise `ValueError`; YAML reads `yes`, `no`, `on`, `off` as such."""
    if isinstance(value, bool):
        raise ValueError("a number is expected here, not a boolean")
    return value


def share(value: object) -> object:
    """Return the value unless it is a percentage (`99.9`, `99.9%`), then raise `ValueError` with the share to write."""
    percent = value.removesuffix("%").strip() if isinstance(value, str) else value
    try:
        number = float(percent)  # type: ignore[arg-type]  # whatever it is, the next line says so
    except (TypeError, ValueError):
        return value
    if isfinite(number) and (number >= 1 or percent != value):
        raise ValueError(f"{value} is not below 1; it is a share: write {_as_share(number)}")
    return value


def _as_share(percent: float) -> str:
    """Return a percentage as a share with its explanation, or an example when it is none.

    >>> _as_share(99.9)
    '0.999 for 99.9 %'
    """
    return f"{percent / 100:.6g} for {percent:.6g} %" if 0 < percent < 100 else "a number such as 0.999"


def reachable(address: str) -> str:
    """Return an address or URL if its port is absent or valid; raise `ValueError` otherwise."""
    try:
        port = urlsplit(address if "://" in address else f"//{address}").port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{address} has no port from 1 to 65535")
    return address


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a question with the known word that resembles `word` most, or "" when none does.

    >>> did_you_mean("autonomus", ["observe", "approve", "autonomous"])
    'did you mean autonomous? '
    """
    lower = {one.lower(): one for one in known}
    close = get_close_matches(word.lower(), lower, n=1)
    return f"did you mean {lower[close[0]]}? " if close else ""


def spelt(pattern: str, what: str) -> AfterValidator:
    """Return a check that a text matches a pattern as a whole; its mistake says `what` is expected, with an example."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(check)


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> object:
    """Return a duration such as `500 ms` or `2h` in seconds; raise `ValueError` for one without a unit.

    >>> seconds("500 ms")
    0.5
    """
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        return float(found[1]) * _SECONDS[found[2]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write {value}s, or with another one of ms, s, m, h, d")
    raise ValueError("a duration is expected here: a number with one of ms, s, m, h, d, such as 2s")


Whole = Annotated[int, BeforeValidator(no_boolean)]
Number = Annotated[float, BeforeValidator(no_boolean)]
Share = Annotated[float, BeforeValidator(share), BeforeValidator(no_boolean), Field(gt=0, lt=1)]  # the last is first
Text = Annotated[str, Field(min_length=1)]
Duration = Annotated[float, BeforeValidator(seconds)]
TimeOfDay = Annotated[
    str, spelt(r"([01]\d|2[0-3]):[0-5]\d|24:00", 'a time of day; write hours and minutes, such as "16:30"')
]
UnitName = Annotated[
    str, spelt(r"([a-z0-9][a-z0-9-]*)?", "the name of a unit: small letters, digits and -, such as web-1")
]
Url = Annotated[
    str, spelt(r"https?://[^\s/]+/\S*", "a URL with host and path, such as http://127.0.0.1:8080/health"),
    AfterValidator(reachable),
]  # fmt: skip
HostPort = Annotated[str, spelt(r"[^\s/:]+:\d+", "an address, such as 127.0.0.1:8080"), AfterValidator(reachable)]
Address = Annotated[
    str, spelt(r"([^\s/:]+:\d+)?", "an address, such as 127.0.0.1:8080"), AfterValidator(reachable)
]  # fmt: skip
_FILE = "[A-Za-z0-9_][A-Za-z0-9_.-]*"  # no name begins with a dot: neither `..` nor `.github`
DesiredFile = Annotated[
    str,
    spelt(rf"((\./)?{_FILE}(/{_FILE})*)?", "a file's path in the repository, such as charts/shop.yaml"),
    Field(max_length=200),
]  # fmt: skip
ValuePath = Annotated[
    str, spelt(f"({PATH.pattern})?", "a path such as services.shop.env.POOL_SIZE or items[name=shop].size"),
    Field(max_length=300),
]  # fmt: skip
Link = Annotated[
    str, spelt(r"(https?://[^\s/@<>()|`]+(/[^\s<>()|`]*)?)?", "a link without a password, such as https://wiki.example/shop"),
    Field(max_length=300),
]  # fmt: skip
PeopleName = Annotated[str, spelt(r"[^\r\n`<>|]{0,100}", "a name: one line of at most 100 characters without ` < > |")]
TargetName = Annotated[
    str, spelt(r"([a-z0-9][a-z0-9-]{0,62})?", "the name of a target in SRE_NOTIFY_URLS, such as shop-team")
]  # fmt: skip
KeyName = Annotated[
    str, spelt(r"[A-Z][A-Z0-9_]*", "the name of a key: capital letters, digits and _, such as POOL_SIZE")
]  # fmt: skip


class Strict(BaseModel):
    """A mapping of the file: its keys are these and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
