"""The message of a log body, taken out of the JSON that collectors and log libraries wrap around it."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sre_space.codec.log_levels import ERROR, WARN, is_bad_answer, level_in, level_of, number_of, python_level

# Keys are looked for as they are and in lower case; @m, @mt, @l and @x are Serilog's, PRIORITY is the journal's.
MESSAGES = (
    "message", "msg", "@message", "@m", "renderedmessage", "@mt", "messagetemplate", "log", "body", "event", "text",
    "short_message", "fields",
)  # fmt: skip
SEVERITIES = (
    "severity_text", "severitytext", "level_name", "levelname", "severity", "level", "lvl", "loglevel", "log_level",
    "log.level", "@level", "@l", "PRIORITY", "level_value", "detected_level", "syslog.severity.name",
    "syslog.severity", "s",
)  # fmt: skip
FAILURES = (
    "error", "err", "exception", "error.message", "exception.message", "exc_info", "stack_trace", "thrown", "@x",
)  # fmt: skip
NO_FAILURES = ("", "null", "none", "nil", "<nil>", "false", "true")
STATUSES = ("status", "status_code", "statuscode", "response_code", "http.response.status_code", "http.status_code")
DETAILS = ("message", "msg", "exception_message", "localizedMessage", "reason", "name", "type", "class", "kind")
MAX_DEPTH = 3  # wrappers inside wrappers
MAX_LENGTH = 2000  # characters of a message
MAX_FAILURE = 500  # characters of a failure that stands beside the message

_BAD_STATUS = re.compile(r"5\d\d(?:\.0)?")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class LogText(NamedTuple):
    """The message, and the level that its wrapper states ("" when none)."""

    message: str
    level: str


def text_of(body: object) -> LogText:
    """Return the innermost message of a body (a text, or a map) with its failure, and its level.

    A body that is neither JSON nor a map is the message itself.
    """
    text, level, failure = body if isinstance(body, Mapping) else str(body).strip(), "", ""
    for _ in range(MAX_DEPTH):
        wrapper = _lower(text) if isinstance(text, Mapping) else _wrapper(text)
        level = _level(wrapper) or level
        failure = _failure(wrapper) or failure
        inner = next((wrapper[key] for key in MESSAGES if wrapper.get(key) and _is_message(wrapper[key])), None)
        if inner is None:
            break
        text = inner if isinstance(inner, Mapping) else inner.strip()
    message = json.dumps(text, default=str) if isinstance(text, Mapping) else text
    if failure and failure not in message:
        message = f"{message[:MAX_LENGTH]}: {failure}"
    # JSON can hold a lone surrogate, which UTF-8 cannot encode
    whole = _COLOURS.sub("", message[:MAX_LENGTH]).encode(errors="replace").decode()
    return LogText(whole, level or ("error" if failure else ""))


def _is_message(value: object) -> bool:
    return isinstance(value, str | Mapping)


def _wrapper(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        wrapper = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return _lower(wrapper) if isinstance(wrapper, dict) else {}


def _lower(wrapper: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Return the map with each key in lower case too."""
    return {**{str(key).lower(): value for key, value in wrapper.items()}, **wrapper}


def _level(wrapper: Mapping[str, Any]) -> str:
    """Return the level that a wrapper states: its name, or OTLP's number as `SEVERITY_NUMBER_...` names it."""
    for key in SEVERITIES:
        stated = wrapper.get(key)
        if isinstance(stated, Mapping):
            stated = stated.get("name") or stated.get("value")
        if stated not in (None, "") and not isinstance(stated, bool) and level_of(str(stated)):
            return str(stated)
    status = wrapper.get("status")
    if isinstance(status, str) and not status.isdecimal() and level_of(status):  # Datadog
        return status
    nested = wrapper.get("log")
    if isinstance(nested, Mapping) and isinstance(nested.get("level"), str):  # Elastic's common schema
        return str(nested["level"])
    number = python_level(wrapper.get("levelno")) or number_of(wrapper.get("severityNumber"))
    return _NAMES.get(number - (number - 1) % 4, "") if number else ""


_NAMES = {1: "trace", 5: "debug", 9: "info", 13: "warn", 17: "error", 21: "fatal"}


def _failure(wrapper: Mapping[str, Any]) -> str:
    """Return the first line of the failure that stands beside a message: a text, or an object that has one."""
    for key in FAILURES:
        value = wrapper.get(key)
        if isinstance(value, Mapping):
            value = next((value[name] for name in DETAILS if isinstance(value.get(name), str) and value[name]), None)
        if isinstance(value, str) and value.strip().lower() not in NO_FAILURES:
            return value.strip().splitlines()[0][:MAX_FAILURE]
    return next((f"status={wrapper[key]}" for key in STATUSES if _BAD_STATUS.fullmatch(str(wrapper.get(key)))), "")


def severity_of(number: object, name: object, text: LogText) -> int:
    """Return OTLP's severity number (1 to 24): as stated, by the level's name, or as the text says; 0 if none does.

    Access logs say INFO of a request that failed (5xx): that is an ERROR.
    """
    stated = number_of(number) or level_of(str(name or "")) or level_of(text.level)
    return ERROR if 0 < stated < WARN and is_bad_answer(text.message) else stated or level_in(text.message)


def severity_beside(attributes: Mapping[str, Any]) -> int:
    """Return the severity that a record's attributes state, ERROR for an exception among them; 0 if none."""
    stated = level_of(_level(_lower(attributes)))
    return stated or (ERROR if attributes.get("exception.type") or attributes.get("exception.message") else 0)


def with_failure(text: LogText, attributes: Mapping[str, Any]) -> LogText:
    """Return the text with the exception among its record's attributes behind the message."""
    failure = _failure(attributes)
    if not failure or failure in text.message:
        return text
    return text._replace(message=f"{text.message}: {failure}"[:MAX_LENGTH].encode(errors="replace").decode())
