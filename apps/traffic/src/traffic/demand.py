"""The rate of customers: from the setting, or from a demand file that may change at run time."""

import logging
import math

from traffic.settings import MAX_PER_SECOND, Settings

KEY = "TRAFFIC_JOURNEYS_PER_SECOND"
log = logging.getLogger(__name__)


def per_second(settings: Settings) -> float:
    """Return the customers per second now; an invalid demand file is logged and ignored."""
    usual, path = settings.traffic_journeys_per_second, settings.traffic_demand_file
    if path is None or not path.exists():
        return usual
    try:
        demanded = parse(path.read_text(errors="replace"))
    except OSError:
        demanded = None
    if demanded is None:
        log.warning("%s is not %s=n with 0 < n <= %g; the usual rate of customers is kept", path, KEY, MAX_PER_SECOND)
        return usual
    return demanded


def parse(text: str) -> float | None:
    """Return the rate in a demand file's text; None when there is none or it is out of range.

    >>> parse("TRAFFIC_JOURNEYS_PER_SECOND=20")
    20.0
    """
    key, _, value = text.strip().partition("=")
    try:
        number = float(value) if key == KEY else math.nan
    except ValueError:
        return None
    return number if 0 < number <= MAX_PER_SECOND else None
