"""How many customers come: the setting, or a demand file that may change while they come."""

import logging
import math

from traffic.settings import MAX_PER_SECOND, Settings

KEY = "TRAFFIC_JOURNEYS_PER_SECOND"
log = logging.getLogger(__name__)


def per_second(settings: Settings) -> float:
    """Customers a second, now; a file that does not fit is said and not followed."""
    usual, path = settings.traffic_journeys_per_second, settings.traffic_demand_file
    if path is None or not path.exists():
        return usual
    try:
        demanded = parse(path.read_text(errors="replace"))
    except OSError:
        demanded = None
    if demanded is None:
        log.warning("%s is not %s=n with 0 < n <= %g; as many customers come as usual", path, KEY, MAX_PER_SECOND)
        return usual
    return demanded


def parse(text: str) -> float | None:
    """The number; None when there is none, or one out of range.

    >>> parse("TRAFFIC_JOURNEYS_PER_SECOND=20")
    20.0
    """
    key, _, value = text.strip().partition("=")
    try:
        number = float(value) if key == KEY else math.nan
    except ValueError:
        return None
    return number if 0 < number <= MAX_PER_SECOND else None
