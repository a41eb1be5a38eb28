"""The JSON schema of each signed payload, and the check that it is compatible with a released one.

    python tools/payload_schemas.py FOLDER   # writes FOLDER/STEP.json for each step

The schemas are derived from the dataclasses as the codec reads them. References are resolved and
titles left out, so that they do not depend on class names. What a release signed must stay readable:
fields and values may be added (a new field with a default), none may be removed or changed.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sre_space.domain.facts import PAYLOAD

Schema = Mapping[str, Any]
_LEFT_OUT = ("title", "description", "$defs", "discriminator")
_CHOICES = ("anyOf", "oneOf", "enum", "prefixItems")
REMEDY = "bring it back; a new field has a default (docs/compatibility.md)"


def schemas() -> Mapping[str, Schema]:
    """Return the schema of each payload by the name of its step."""
    by_step = {step.value: TypeAdapter(kind).json_schema() for step, kind in PAYLOAD.items()}
    return {step: _plain(schema, schema.get("$defs", {})) for step, schema in by_step.items()}


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with references resolved and titles and descriptions left out."""
    if isinstance(node, list):
        return [_plain(child, definitions) for child in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        referred = definitions[node["$ref"].rpartition("/")[2]]
        return _plain({**referred, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    return {
        key: {name: _plain(child, definitions) for name, child in value.items()}
        if key == "properties"
        else _plain(value, definitions)
        for key, value in node.items()
        if key not in _LEFT_OUT
    }


def broken(before: Any, now: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield a sentence for each part of a released schema that is no longer in today's."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        if before != now:
            yield f"a released field has changed: {at}: it was {before!r} and is {now!r}; {REMEDY}"
        return
    for key, value in before.items():
        yield from _part_broken(key, value, now.get(key), at)
    for name in sorted(now.keys() - before.keys() - {"default", "properties", "required"}):
        yield f"a released field has become narrower: {at}: {name} {_short(now[name])}; {REMEDY}"
    for name in sorted({*now.get("required", ())} - {*before.get("required", ())}):
        yield f"a field that no earlier release wrote is required: {at}.{name}; {REMEDY}"


def _part_broken(key: str, before: Any, now: Any, at: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    if key == "required":
        return  # a field that is optional now is still read
    if key == "properties":
        for name, value in before.items():
            if name in (now or {}):
                yield from broken(value, now[name], f"{at}.{name}")
            else:
                yield f"a released field is gone: {at}.{name}; {REMEDY}"
    elif key in _CHOICES:
        gone = [choice for choice in before if not any(_holds(choice, other, at) for other in now or ())]
        yield from (f"a released value is gone: {at}: {_short(choice)}; {REMEDY}" for choice in gone)
    else:
        yield from broken(before, now, at)


def _holds(before: Any, now: Any, at: str) -> bool:  # noqa: ANN401 - JSON
    return not list(broken(before, now, at))


def _short(node: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(node)[:200]


def write(folder: Path) -> None:
    """Write the schemas to a folder, one file for each step."""
    folder.mkdir(parents=True, exist_ok=True)
    for step, schema in schemas().items():
        (folder / f"{step}.json").write_text(json.dumps(schema, indent=1) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
