"""OTLP's fields as its JSON mapping spells them (`traceId`), from the protocol's own spelling (`trace_id`).

The Collector's reader takes both, and protobuf's writers can write both.
"""

import re
from typing import Any

_FIELDS = """
resource_spans scope_spans instrumentation_library_spans trace_id span_id parent_span_id trace_state
start_time_unix_nano end_time_unix_nano resource_metrics scope_metrics instrumentation_library_metrics data_points
time_unix_nano as_double as_int is_monotonic aggregation_temporality exponential_histogram quantile_values
bucket_counts explicit_bounds resource_logs scope_logs instrumentation_library_logs log_records
observed_time_unix_nano severity_number severity_text string_value int_value double_value bool_value bytes_value
array_value kvlist_value dropped_attributes_count
"""
_CAMEL = {name: re.sub("_([a-z])", lambda match: match[1].upper(), name) for name in _FIELDS.split()}


def camel(document: Any) -> Any:  # noqa: ANN401 - foreign JSON
    """Return the document with every field of OTLP in the spelling of its JSON mapping; as it is when it has that."""
    return _renamed(document) if _is_snake(document, 0) else document


def _is_snake(node: Any, depth: int) -> bool:  # noqa: ANN401 - same
    """Return True when one of the first objects down to a span's attributes has a field in the protocol's spelling."""
    if isinstance(node, list):
        return bool(node) and _is_snake(node[0], depth)
    if not isinstance(node, dict) or depth > _DEEP:
        return False
    return any(
        key in _CAMEL or (type(value) in (list, dict) and _is_snake(value, depth + 1)) for key, value in node.items()
    )


_DEEP = 7  # objects from a request to the value of an attribute


def _renamed(node: Any) -> Any:  # noqa: ANN401 - same
    if isinstance(node, list):
        return [_renamed(item) for item in node]
    if isinstance(node, dict):
        return {_CAMEL.get(key, key): _renamed(value) for key, value in node.items()}
    return node
