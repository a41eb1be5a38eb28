"""Values of OTLP attributes in JSON as Python's own: the AnyValue message in its JSON mapping."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]  # foreign JSON


KINDS = frozenset(
    ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue", "kvlistValue"),
)


def plain_value(value: Any) -> Any:  # noqa: ANN401 - an AnyValue
    """Return the value of an AnyValue, lists and maps as Python's; "" for an empty one, what is none as it is."""
    if value is not None and (not isinstance(value, Mapping) or not KINDS.issuperset(value)):
        return value
    for kind, plain in (value or {}).items():
        if kind == "arrayValue":
            return [plain_value(item) for item in _values(plain)]
        if kind == "kvlistValue":
            return {str(pair["key"]): plain_value(pair.get("value")) for pair in _values(plain)}
        return plain
    return ""


def flat_value(value: Any) -> Any:  # noqa: ANN401 - same
    """Return the value of an AnyValue; lists and maps become their JSON text, a plain value is itself."""
    if type(value) is not dict:
        return "" if value is None else value
    for kind, plain in value.items():
        return json.dumps(plain_value(value)) if kind in ("arrayValue", "kvlistValue") else plain
    return ""


def attributes_of(pairs: Sequence[Json] | Json | None) -> dict[str, Any]:
    """Return attributes by key; those that are one object already (as some exporters write them) as they are."""
    if isinstance(pairs, Mapping):
        return {str(key): value for key, value in pairs.items()}
    return {pair["key"]: flat_value(pair.get("value")) for pair in pairs or ()}


def _values(container: Any) -> Sequence[Json]:  # noqa: ANN401 - an ArrayValue or KeyValueList
    values: Sequence[Json] = (container.get("values") if isinstance(container, Mapping) else container) or ()
    return values
