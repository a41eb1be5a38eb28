"""The names of the topics on the bus; defined only here."""

SPANS, LOGS, METRICS = "otlp_spans", "otlp_logs", "otlp_metrics"  # OTLP protobuf from the telemetry server
SIGNALS = "sre_signals"  # sketches of spans
SYMPTOM_REPORTS = "sre_sightings"  # Scout's signed symptom reports, one a second
FACTS = "sre_facts"  # wake-up messages: a fact was recorded
CHANGES = "changes"  # announced deployments

# Made with one partition: their order counts, or one member of a group must read all of it (docs/detection.md).
ONE_PARTITION = frozenset({SIGNALS, SYMPTOM_REPORTS, FACTS, CHANGES})
