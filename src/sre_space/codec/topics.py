"""The names of the topics on the bus, each written here alone."""

SPANS, LOGS, METRICS = "otlp_spans", "otlp_logs", "otlp_metrics"  # OTLP protobuf, as the telemetry server hands it on
SIGNALS = "sre_signals"  # sketches of spans
SIGHTINGS = "sre_sightings"  # what Scout sees, signed, each second
FACTS = "sre_facts"  # a doorbell: a fact was recorded
CHANGES = "changes"  # hints of deployments
ASKED, BOUGHT = "quote_requested", "quote_purchased"  # the application's events
