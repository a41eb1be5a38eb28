"""Writes the page's types, `apps/frontend/src/api/types.ts`, from the dashboard's OpenAPI document.

They are committed, so that a reviewer sees what a change of the API means for the page; a test compares them with the
API (tests/unit/dashboard/test_page.py). `--check` compares and writes nothing.
"""

import sys
from pathlib import Path
from typing import Any, cast

from sre_space.dashboard.answers.problems import Problem
from sre_space.dashboard.serving.app import api
from sre_space.dashboard.serving.views import Views
from sre_space.dashboard.stream.hub import Hub

Schema = dict[str, Any]

TYPES = Path(__file__).resolve().parents[1] / "apps" / "frontend" / "src" / "api" / "types.ts"
HEADER = "// Made by tools/page_types.py from the dashboard's OpenAPI document; do not edit.\n"
PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
NOT_THE_PAGES = ("HTTPValidationError", "ValidationError")


def main() -> None:
    """Write the types, or with `--check` exit with one sentence when they are not those of the API."""
    if "--check" not in sys.argv[1:]:
        TYPES.parent.mkdir(parents=True, exist_ok=True)
        TYPES.write_text(types())
    elif not TYPES.is_file() or TYPES.read_text() != types():
        sys.exit(f"{TYPES.name} is not the API's: run .venv/bin/python tools/page_types.py")


def types() -> str:
    """Return the TypeScript of every type of the API."""
    document = api(cast(Views, None), cast(Hub, None)).openapi()
    schemas: dict[str, Schema] = {**document["components"]["schemas"], "Problem": Problem.model_json_schema()}
    return HEADER + "".join(declaration(name, schemas[name]) for name in sorted(schemas) if name not in NOT_THE_PAGES)


def declaration(name: str, schema: Schema) -> str:
    """Return one exported type with its description."""
    words = comment(schema.get("description", ""), "")
    if schema.get("type") != "object":
        return f"\n{words}export type {name} = {expression(schema)};\n"
    fields = "".join(member(field, part) for field, part in schema.get("properties", {}).items())
    return f"\n{words}export interface {name} {{\n{fields}}}\n"


def member(name: str, schema: Schema) -> str:
    """Return one field; the API always sends every field of an answer."""
    return f"{comment(schema.get('description', ''), '  ')}  readonly {name}: {expression(schema)};\n"


def comment(text: str, indent: str) -> str:
    """Return a description as a comment of one line, or nothing."""
    words = " ".join(text.split()).replace("*/", "* /")
    return f"{indent}/** {words} */\n" if words else ""


def expression(schema: Schema) -> str:
    """Return the TypeScript of a schema, as in `readonly string[]`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " | ".join(expression(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if schema.get("type") == "array":
        item = expression(schema.get("items", {}))
        return f"readonly ({item})[]" if "|" in item else f"readonly {item}[]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Readonly<Record<string, {expression(values) if isinstance(values, dict) else 'unknown'}>>"
    return PRIMITIVES.get(schema.get("type", ""), "unknown")


if __name__ == "__main__":
    main()
