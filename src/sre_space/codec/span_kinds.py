"""The numbers of OTLP's span kinds, which everything that reads or writes one shares."""

from sre_space.domain.telemetry import SpanKind

KINDS = tuple(SpanKind)  # each at its number in OTLP
NUMBERS = {kind.value: number for number, kind in enumerate(KINDS)}  # by the name that Jaeger has for it
