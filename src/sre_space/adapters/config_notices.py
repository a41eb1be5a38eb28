"""What a configuration leaves to a default that changes what is watched: a sentence with line and remedy for each.

A file of 0.1.0 could not say these things, and then they had another meaning. Used by `config_file`.
"""

from collections.abc import Iterator

from sre_space.adapters.config_journeys import JourneyEntry
from sre_space.adapters.config_mistakes import mistake
from sre_space.adapters.config_schema import SpaceFile
from sre_space.adapters.config_yaml import Document

NO_CONVERSION = (
    "`conversion` is missing, so nobody watches whether those who take the first step take the second; add its topics "
    "or steps, such as `conversion: {topics: [basket_filled, order_paid]}`, or write `conversion: none`"
)
NO_VISIT = (
    "`visit` is missing, so each trace is a visit of its own; add the attribute that all attempts of a visit share, "
    "such as `visit: session.id`, or write `visit: trace`"
)


def notices(raw: SpaceFile, source: Document, name: str) -> tuple[str, ...]:
    """Return the sentences about the file called `name`, in its order; () when it says everything itself."""
    found = ((journey, why) for journey, entry in raw.journeys.items() for why in _unsaid(entry))
    return tuple(f"{name}:{mistake(source, ('journeys', journey), why)}" for journey, why in found)


def _unsaid(entry: JourneyEntry) -> Iterator[str]:
    """Yield what a journey leaves unsaid; where it only has `spans`, it was written for the defaults of today."""
    older = entry.spans is None
    several = len(entry.spans.names) > 1 if entry.spans else True
    if older and "conversion" not in entry.model_fields_set:
        yield NO_CONVERSION
    if (several or (entry.conversion and entry.conversion.steps)) and "visit" not in entry.model_fields_set:
        yield NO_VISIT
