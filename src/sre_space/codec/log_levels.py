"""The level of a log line as OTLP's severity number, in every way that programs are known to say it."""

import re
from collections.abc import Mapping
from functools import lru_cache

FATAL, ERROR, WARN, INFO, DEBUG, TRACE = 21, 17, 13, 9, 5, 1
NOTICE = 10
READ = 400  # characters of a line in which its level is looked for

_BY_NAME: Mapping[int, str] = {
    FATAL: "fatal ftl critical crit panic dpanic emergency emerg alert f c",
    ERROR: "error err eror erro severe fail failure e",
    WARN: "warn warning wrn w",
    NOTICE: "notice",
    INFO: "info information informational inf i log config",
    DEBUG: "debug dbug dbg debg verbose vrb fine d v",
    TRACE: "trace trce trc finer finest t",
}
_NUMBERS = {name: number for number, names in _BY_NAME.items() for name in names.split()}
_WORDS = sorted((name for name in _NUMBERS if len(name) > 2 and name not in ("log", "config")), key=len, reverse=True)
_LONG = "|".join(_WORDS)
_KEYS = "log_?level|level(?:name)?|lvl|severity(?:_?text)?|loglevel|sev"
_SYSLOG = (FATAL, FATAL, FATAL, ERROR, WARN, NOTICE, INFO, DEBUG)  # RFC 5424, severities 0 to 7
_PINO = {10: TRACE, 20: DEBUG, 30: INFO, 40: WARN, 50: ERROR, 60: FATAL}  # Bunyan's and Pino's numbers
_PYTHON = {10: DEBUG, 20: INFO, 30: WARN, 40: ERROR, 50: FATAL}  # `levelno` of Python's logging
_JAVA = {10_000: DEBUG, 20_000: INFO, 30_000: WARN, 40_000: ERROR, 50_000: FATAL}  # Logback's and Log4j 1's numbers
_JAVA |= {900: WARN, 1000: ERROR}  # java.util.logging's; its others mean something else in other libraries
_REDIS = {"#": WARN, "*": NOTICE, "-": DEBUG, ".": TRACE}

# The leftmost of these is the level: what follows it is the message, which may speak of other levels.
_LEVEL = re.compile(
    rf"""
    \b(?:{_KEYS})["']?\s*[=:]\s*["']?(?P<key>[A-Za-z]+)            # level=error, "severity": "ERROR"
    | [\[(<|]\s*(?:[\w.-]+:)?(?P<box>(?i:{_LONG})|[EWIDF])\d?\s*[\])>|]   # [error], <Warning>, [core:error]
    | \]\s*[\w-]+\.(?P<channel>{_LONG.upper()}):                             # [2026-07-25 10:00:00] app.ERROR: ...
    | \bPHP\s(?:Recoverable\s|Core\s|Compile\s)?(?P<php>Fatal|Parse|Warning|Notice)\b   # PHP Fatal error: ...
    | ^\d{{4}}-\d\d-\d\d\s[\d:.,]+\s(?P<letter>[TDIWEF])\s\[            # Semantic Logger
    | ^\d+:[XCSM]\s\d\d\s\w{{3}}\s\d{{4}}\s[\d:.]+\s(?P<redis>[.*\#-])\s
    | ^[^A-Za-z]*(?:\d{{2}}T\d{{2}}\S*|[A-Z][a-z]{{2}}\s+\d+\s[\d:.]+\s\S+\s\S+:)?[^A-Za-z]*
      (?P<head>(?i:{_LONG}))\d?\s*(?:\[\d+\])?\s*(?::|-\s|\||\t|\s{{2}})  # error: ..., 2026-07-25T10:00:00Z ERROR - ...
    | (?<![\w.-])(?P<word>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRIT|CRITICAL|FATAL|PANIC|EMERG|ALERT
      |ERR|ERRO|WRN|INF|FTL|DBG)(?![\w-]|\.\w)                      # ERROR anywhere, if it is a word of its own
    """,
    re.X,
)
_KLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d")
_PRIORITY = re.compile(r"^<(\d{1,3})>")
_CEF = re.compile(r"^(?:.{0,80}\s)?CEF:\d+(?:\|[^|]*){5}\|(\d+|[A-Za-z-]+)\|")
_TROUBLE = re.compile(
    r"^\s*(?:Traceback \(most recent call last\)|panic: |fatal error: |Exception in thread |thread '[^']*' panicked at"
    r"|(?:Uncaught|Unhandled|UnhandledPromiseRejection)\w*\b|(?:\w+\.)+\w*(?:Exception|Error)\b(?::|$|\s)"
    r"|[A-Z]\w*(?:Exception|Error)(?:: | \())|\bpanic serving\b|[Ss]egmentation fault|\(core dumped\)|OOMKilled"
    r"|Out of memory: Kill|\bOutOfMemoryError\b"
    r"|(?i:\b(?:error|fatal|panic)\b:)(?!\s*(?:0\b|no\b|none|null|nil|<nil>|false|$))"
)
# A request that its server could not answer, as access logs write it; only the server's failures (5xx) are faults.
_VERBS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_ANSWERED_BADLY = re.compile(
    rf"""
    "(?:{_VERBS})\s\S+(?:\sHTTP/[\d.]+)?"\s5\d\d\b            # Common Log Format, Envoy, uvicorn
    | \b(?:{_VERBS})\s\S+(?:\sHTTP/[\d.]+)?\s5\d\d\b         # morgan
    | \s5\d\d\s\d+\s.*"(?:{_VERBS})\s\S+\sHTTP/             # HAProxy
    | ^\[GIN\].*\|\s*5\d\d\s*\|
    """,
    re.X,
)
_STATUS = re.compile(
    r"\b(?:(?:http|response|downstream|origin)?[._]?status(?:[._]?code)?|response[._]code)[\"']?\s*[=:]\s*[\"']?5\d\d\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(rf"\b(?:method|\w*path|uri|url|request\w*|route)\b|\b(?:{_VERBS})\b", re.IGNORECASE)


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
    """Return the severity number of a level's name or number; 0 if unknown.

    >>> [level_of(name) for name in ("SEVERE", "error2", "ERROR+4", "LogLevel.Error", "E", "50", "40000")]
    [17, 17, 17, 17, 17, 17, 17]
    """
    word = name.strip().strip("[]<>():\"'")
    if word.isdecimal():
        return _numeric(int(word)) if len(word) < 6 else 0
    last = re.split(r"[+-]\d", word)[0].rpartition(".")[2].lower()
    return _NUMBERS.get(last.rstrip("1234"), 0) or number_of(word)


def _numeric(number: int) -> int:
    """Return the severity of a number: 0 to 7 are syslog's, tens are Bunyan's and Pino's, thousands are Java's."""
    return _SYSLOG[number] if number < len(_SYSLOG) else _PINO.get(number, 0) or _JAVA.get(number, 0)


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
    stated = _stated(start)
    if stated < WARN and is_bad_answer(start):
        return ERROR
    return stated or (ERROR if _TROUBLE.search(start) else 0)


def _stated(start: str) -> int:
    """Return the severity that the beginning of a line states in so many words; 0 if it states none."""
    klog, priority, security = _KLOG.match(start), _PRIORITY.match(start), _CEF.match(start)
    if klog:
        return level_of(klog[1])
    if priority and int(priority[1]) < 192:
        return _SYSLOG[int(priority[1]) % 8]
    if security:
        return _of_security(security[1])
    for match in _LEVEL.finditer(start):
        number = _REDIS.get(match["redis"], 0) or level_of(next(group for group in match.groups() if group))
        if number:
            return number
    return 0


def _of_security(severity: str) -> int:
    """Return the severity of a Common Event Format event: 0 to 10, or a word."""
    if severity.isdecimal():
        return ERROR if int(severity) >= 7 else WARN if int(severity) >= 4 else INFO
    return {"high": ERROR, "very-high": FATAL, "medium": WARN}.get(severity.lower(), INFO)


def is_bad_answer(line: str) -> bool:
    """Return True for the line of a request that was answered with a server's failure (5xx), in any access log.

    >>> [is_bad_answer(line) for line in ("GET /x 503 in 4 ms", "GET /x 200 in 503 ms", "method=GET status=502")]
    [True, False, True]
    """
    return bool(_ANSWERED_BADLY.search(line)) or bool(_STATUS.search(line) and _REQUEST.search(line))
