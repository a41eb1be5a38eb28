"""The level of a log line as OTLP's severity number, in every way that programs are known to say it."""

import re
from collections.abc import Mapping
from functools import lru_cache

FATAL, ERROR, WARN, INFO, DEBUG, TRACE = 21, 17, 13, 9, 5, 1
NOTICE = 10
READ = 400  # characters of a line in which its level is looked for

_BY_NAME: Mapping[int, str] = {
    FATAL: "fatal ftl critical crit panic dpanic emergency emerg alert f c",
    ERROR: "error err eror severe fail failure e",
    WARN: "warn warning wrn w",
    NOTICE: "notice",
    INFO: "info information informational inf i log config",
    DEBUG: "debug dbug dbg verbose vrb fine d v",
    TRACE: "trace trce trc finer finest t",
}
_NUMBERS = {name: number for number, names in _BY_NAME.items() for name in names.split()}
_WORDS = sorted((name for name in _NUMBERS if len(name) > 2 and name not in ("log", "config")), key=len, reverse=True)
_LONG = "|".join(_WORDS)
_KEYS = "log_?level|level(?:name)?|lvl|severity(?:_?text)?|loglevel|sev"
_SYSLOG = (FATAL, FATAL, FATAL, ERROR, WARN, NOTICE, INFO, DEBUG)  # RFC 5424, severities 0 to 7
_PINO = {10: TRACE, 20: DEBUG, 30: INFO, 40: WARN, 50: ERROR, 60: FATAL}  # Bunyan's and Pino's numbers
_PYTHON = {10: DEBUG, 20: INFO, 30: WARN, 40: ERROR, 50: FATAL}  # `levelno` of Python's logging

# The leftmost of these is the level: what follows it is the message, which may speak of other levels.
_LEVEL = re.compile(
    rf"""
    \b(?:{_KEYS})["']?\s*[=:]\s*["']?(?P<key>[A-Za-z]+)            # level=error, "severity": "ERROR"
    | [\[(<{{|]\s*(?:[\w.-]+:)?(?P<box>(?i:{_LONG})|[EWIDF])\d?\s*[\])>}}|]   # [error], <Warning>, [core:error]
    | ^[^A-Za-z]*(?:\d{{2}}T\d{{2}}\S*|[A-Z][a-z]{{2}}\s+\d+\s[\d:.]+\s\S+\s\S+:)?[^A-Za-z]*
      (?P<head>(?i:{_LONG}))\d?\s*(?:\[\d+\])?\s*(?::|-\s|\||\t|\s{{2}})  # error: ..., 2026-07-25T10:00:00Z ERROR - ...
    | (?<![\w.-])(?P<word>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRIT|CRITICAL|FATAL|PANIC|EMERG|ALERT
      |ERR|WRN|INF|FTL|DBG)(?![\w-]|\.\w)                           # ERROR anywhere, if it is a word of its own
    """,
    re.X,
)
_KLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d")
_PRIORITY = re.compile(r"^<(\d{1,3})>")
_TROUBLE = re.compile(
    r"^\s*(?:Traceback \(most recent call last\)|panic: |fatal error: |Exception in thread |thread '[^']*' panicked at"
    r"|(?:Uncaught|Unhandled|UnhandledPromiseRejection)\w*\b|(?:\w+\.)+\w*(?:Exception|Error)\b(?::|$|\s)"
    r"|[A-Z]\w*(?:Exception|Error): )"
)


def number_of(stated: object) -> int:
    """Return the severity number that OTLP's field states, as a number, its text or its name in the protocol.

    >>> [number_of(stated) for stated in (17, "18", 17.0, "SEVERITY_NUMBER_ERROR2", "ERROR", None)]
    [17, 18, 17, 18, 0, 0]
    """
    text = str(stated).removesuffix(".0")
    if text.isdecimal() and len(text) < 3:
        return int(text) if 0 < int(text) <= 24 else 0
    name = re.fullmatch(r"SEVERITY_NUMBER_([A-Z]+?)([1-4]?)", text)
    if name is None or name[1].lower() not in _NUMBERS:
        return 0
    return _NUMBERS[name[1].lower()] + (int(name[2]) - 1 if name[2] else 0)


def level_of(name: str) -> int:
    """Return the severity number of a level's name or number ("SEVERE", "crit", "error2", "E", "50"); 0 if unknown."""
    word = name.strip().strip("[]<>():\"'").lower()
    if word.isdecimal():
        return _numeric(int(word)) if len(word) < 4 else 0
    return _NUMBERS.get(word.rstrip("1234"), 0)


def _numeric(number: int) -> int:
    """Return the severity of a number: 0 to 7 are syslog's, tens are Bunyan's and Pino's."""
    return _SYSLOG[number] if number < len(_SYSLOG) else _PINO.get(number, 0)


def python_level(number: object) -> int:
    """Return the severity of a `levelno` of Python's logging, 0 for another number."""
    return _PYTHON.get(number, 0) if isinstance(number, int) else 0


@lru_cache(maxsize=65_536)
def level_in(line: str) -> int:
    """Return the severity that a line says at its beginning; ERROR for a stack trace or a panic; 0 if it says none.

    >>> [level_in(line) for line in ("level=warn msg=x", "[error] 7#7: x", "E0725 10:00:00.1 x", "all is well")]
    [13, 17, 17, 0]
    """
    start = line[:READ]
    klog, priority = _KLOG.match(start), _PRIORITY.match(start)
    if klog:
        return level_of(klog[1])
    if priority and int(priority[1]) < 192:
        return _SYSLOG[int(priority[1]) % 8]
    for match in _LEVEL.finditer(start):
        number = level_of(next(group for group in match.groups() if group))
        if number:
            return number
    return ERROR if _TROUBLE.match(start) else 0
