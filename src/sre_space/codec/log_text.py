"""The message of a log body, taken out of the JSON that collectors and log libraries wrap around it."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MESSAGES = ("message", "msg", "log", "body", "event", "text")
SEVERITIES = ("severity_text", "severity", "level", "lvl", "loglevel")
MAX_DEPTH = 3  # wrappers inside wrappers
MAX_LENGTH = 2000  # characters of a message

_NUMBERS = {"trace": 1, "debug": 5, "info": 9, "notice": 10, "warn": 13, "warning": 13}
_NUMBERS |= {"error": 17, "err": 17, "critical": 21, "fatal": 21, "panic": 21, "alert": 21, "emergency": 21}
_LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b")


class LogText(NamedTuple):
    """The message, and the level that its JSON wrapper states ("" when none)."""

    message: str
    level: str


def text_of(body: object) -> LogText:
    """Return the innermost message of a body, and its level; a body that is not JSON is the message itself."""
    text, level = str(body).strip(), ""
    for _ in range(MAX_DEPTH):
        wrapper = _wrapper(text)
        inner = next((wrapper[key] for key in MESSAGES if isinstance(wrapper.get(key), str)), None)
        level = next((str(wrapper[key]) for key in SEVERITIES if wrapper.get(key)), level)
        if inner is None:
            break
        text = inner.strip()
    whole = (
        text[:MAX_LENGTH].encode(errors="replace").decode()
    )  # JSON can hold a lone surrogate, which UTF-8 cannot encode
    return LogText(whole, level)


def _wrapper(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        wrapper = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return wrapper if isinstance(wrapper, dict) else {}


def severity_of(number: object, name: object, text: LogText) -> int:
    """Return OTLP's severity number (1 to 24), else the number of the level's name; 0 when neither is known."""
    if isinstance(number, int) and 0 < number <= 24:
        return number
    for level_name in (str(name or ""), text.level):
        if level_name.lower() in _NUMBERS:
            return _NUMBERS[level_name.lower()]
    match = _LEVEL.search(text.message[:80])
    return _NUMBERS[match[1].lower()] if match else 0
