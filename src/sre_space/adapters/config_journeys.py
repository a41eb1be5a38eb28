"""What `journeys` of `sre-space.yaml` may contain; used by `config_schema`, which is the whole file."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from sre_space.adapters.config_words import Duration, Share, Strict, Text, Whole, spelt
from sre_space.domain.journeys import RECORD_KEY, ConversionSteps, Journey, Side, SpanSelector, Success

_CODES = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?|([1-5])xx")


def _codes(value: object) -> object:
    """Return a code (`404`), range (`200-299`) or class (`2xx`) as both ends; raise `ValueError` otherwise."""
    found = _CODES.fullmatch(str(value))
    if found is None or isinstance(value, bool):
        raise ValueError(
            f"{value!r} is no code; write one such as 404, a range such as 200-299, or a class such as 2xx"
        )
    if found[3]:
        return int(found[3]) * 100, int(found[3]) * 100 + 99
    return int(found[1]), int(found[2] or found[1])


class SpansEntry(Strict):
    """`spans` of a journey: which spans are its attempts."""

    service: Text = Field(examples=["web"])
    names: tuple[Text, ...] = ()
    side: Side = Side.SERVER
    attributes: dict[Text, str] = Field({})


class SuccessEntry(Strict):
    """`success` of a journey: when an attempt is good."""

    codes: tuple[Annotated[tuple[int, int], BeforeValidator(_codes)], ...] = ()
    attribute: str = ""
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> "SuccessEntry":
        if bool(self.codes) == bool(self.attribute):
            raise ValueError("say either `codes`, or `attribute` with `values`; without `success` the status counts")
        if bool(self.attribute) != bool(self.values):
            raise ValueError("`attribute` and `values` belong together, such as {attribute: result, values: [sold]}")
        return self


class ConversionEntry(Strict):
    """`conversion` of a journey: its two steps, or the topics of the two events."""

    steps: tuple[Text, ...] = ()
    topics: tuple[Text, ...] = ()
    key: Annotated[str, spelt(r"key|(header|data):\S+", "the place of a key: key, header:NAME or data:a.b")] = (
        RECORD_KEY
    )
    within: Annotated[Duration, Field(gt=0, le=3600)] = 5.0

    @model_validator(mode="after")
    def _two(self) -> "ConversionEntry":
        if (len(self.steps), len(self.topics)) not in ((2, 0), (0, 2)):
            raise ValueError("say two `steps` or two `topics`, the first before the second, such as [asked, bought]")
        if self.steps and self.key != RECORD_KEY:
            raise ValueError("only `topics` have a `key`; steps share their visit")
        return self

    def conversion(self) -> ConversionSteps:
        """Return this entry as a value of the domain."""
        first, second = self.steps or self.topics
        return ConversionSteps(first, second, bool(self.topics), self.key, int(self.within * 1e9))


NONE, TRACE = "none", "trace"  # what says that the default is meant


def _unless(word: str, meant: object) -> BeforeValidator:
    """Return a validator that takes `word` for the default, which is `meant`."""
    return BeforeValidator(lambda value: meant if value == word else value)


class JourneyEntry(Strict):
    """A critical user journey; `caller` and `steps` are the short form of `spans` with the side `root`."""

    caller: Text | None = None
    steps: tuple[Text, ...] = ()
    spans: SpansEntry | None = None
    visit: Annotated[str, _unless(TRACE, "")] = ""
    success: SuccessEntry | None = None
    slo: Share = Field(examples=["0.999"])
    good_visits: Whole = Field(30, ge=1)
    conversion: Annotated[ConversionEntry | None, _unless(NONE, None)] = None

    @model_validator(mode="after")
    def _selects_spans(self) -> "JourneyEntry":
        if self.spans is None and not (self.caller and self.steps):
            raise ValueError("its spans are missing; add for example `spans: {service: web, names: [POST /order]}`")
        if self.spans is not None and (self.caller or self.steps):
            raise ValueError("say either `spans`, or `caller` and `steps`")
        names = self.spans.names if self.spans else self.steps
        if self.conversion and names and (unknown := [one for one in self.conversion.steps if one not in names]):
            raise ValueError(f"`conversion` has the step {unknown[0]!r}, which the journey has not: {', '.join(names)}")
        return self

    def named(self, name: str) -> Journey:
        """Return this entry as the journey `name`."""
        spans = (
            SpanSelector(self.spans.service, self.spans.names, self.spans.side, self.spans.attributes)
            if self.spans
            else SpanSelector(self.caller or "", self.steps)
        )
        success = self.success or SuccessEntry.model_construct()
        return Journey(
            name,
            spans,
            self.slo,
            self.good_visits,
            self.visit,
            Success(success.codes, success.attribute, success.values),
            self.conversion.conversion() if self.conversion else None,
        )
