"""How a check is carried out: within a bounded time, and every error that a person can fix is one line."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sre_space.domain.checks import Check, Level
from sre_space.domain.errors import Damaged, Malformed, Missing, SpaceError, Unavailable
from sre_space.ports.server_check import ServerCheck

WITHIN_S = 15.0  # longer than each adapter waits by itself


def failed(name: str, error: Exception) -> Check:
    """Return the check of a name that ended with an error, whose message holds the remedy."""
    if isinstance(error, Malformed | Damaged | Missing):
        level = Level.WRONG
    elif isinstance(error, Unavailable | OSError):
        level = Level.AWAY
    else:
        level = Level.REFUSED
    return Check(name, level, " ".join(str(error).split()))


async def asked(name: str, check: Awaitable[Check]) -> Check:
    """Return a check, or the line of its error; never wait longer than `WITHIN_S`."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return await check
    except TimeoutError:
        return Check(name, Level.AWAY, f"no answer within {WITHIN_S:g} s", "look whether its machine is overloaded")
    except (SpaceError, Damaged, OSError) as error:
        return failed(name, error)


async def told(name: str, server: Callable[[], ServerCheck]) -> Check:
    """Return the check whose words a server says; `server` may raise, as for a malformed address."""
    return Check(name, Level.OK, await server().ask())


async def all_asked(checks: Sequence[tuple[str, Awaitable[Check]]]) -> Sequence[Check]:
    """Return all checks, in their order; they are carried out at once."""
    return await asyncio.gather(*(asked(name, check) for name, check in checks))
