"""The numbers of OTLP's span kinds; used by every parser and writer of spans."""

from sre_space.domain.telemetry import SpanKind

KINDS = tuple(SpanKind)  # each at its number in OTLP
NUMBERS = {kind.value: number for number, kind in enumerate(KINDS)}  # by Jaeger's name of the kind
