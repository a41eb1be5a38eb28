"""What the message of a failure names, by the vocabulary in which runtimes and clients report their errors."""

import re

from sre_space.domain.diagnosis import CauseKind

_PHRASES = (
    (
        CauseKind.SATURATION,
        r"exhausted|no space left|out ?of ?memory|heap space|\boom|throttl|capacity|too many|overload|queue (is )?full"
        r"|pool (is )?(probably )?(full|saturated|timeout)|QueuePool|HikariPool|acquiring a connection|rate limit"
        r"|ProvisionedThroughput|waiting for (an? )?(idle object|free connection|connection from)"
        r"|resource temporarily unavailable",
    ),
    (
        CauseKind.MISCONFIGURATION,
        r"misconfigur|invalid (config|setting|value for)|missing (config|setting|env|key)|environment variable"
        r"|no such host|name or service not known|unknown host|permission denied|unauthori[sz]ed|authentication failed"
        r"|access denied|bad credentials|certificate|not configured|NOAUTH|WRONGPASS|authentication required|ENOTFOUND"
        r"|NXDOMAIN",
    ),
    (CauseKind.HANG, r"timed? ?out|timeout|deadline exceeded|not responding"),
    (
        CauseKind.CRASH,
        r"connection refused|ECONNREFUSED|connection attempts failed|ConnectError|connection reset|connection closed"
        r"|broken pipe|unreachable|killed|segfault|core dumped",
    ),
)
# What a caller says of itself: whom it asks and with which rights is its own setting, as is what it runs out of.
_OF_THE_CALLER = re.compile(
    r"no such host|name or service not known|unknown host|name resolution|getaddrinfo|nodename nor servname|ENOTFOUND"
    r"|NXDOMAIN|permission denied|unauthori[sz]ed|authentication failed|access denied|bad credentials|not configured"
    r"|NOAUTH|WRONGPASS|authentication required|pool(?!\(host=)|too many open files|cannot assign requested address",
    re.IGNORECASE,
)
# The other end's certificate is not valid any more; what it says of the caller's own comes as an alert of TLS.
_EXPIRED = re.compile(
    r"(?!.*\balert\b)(?!.*remote error)(?=.*cert|.*PKIX|.*x509)"
    r".*(expired|not yet valid|NotTimeValid|validity (check|period)|notAfter)",
    re.IGNORECASE | re.DOTALL,
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PHRASES)


def kind_of_message(text: str) -> CauseKind | None:
    """Return the kind of cause that a message names; None when it contains no known phrase."""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), None)


def is_expired(message: str) -> bool:
    """Return True when the caller refuses the other end for a certificate that is out of date.

    >>> [is_expired(text) for text in ("x509: certificate has expired", "tls: alert: certificate expired", "expired")]
    [True, False, False]
    """
    return bool(_EXPIRED.match(message))


def is_callers_fault(message: str) -> bool:
    """Return True when what a failed call says is the caller's to set or to own: a name, a password, its pool.

    >>> [is_callers_fault(text) for text in ("QueuePool limit reached", "connection refused", "429 Too Many Requests")]
    [True, False, False]
    """
    return bool(_OF_THE_CALLER.search(message))
