"""The page's types are the API's, and the built page is in the wheel."""

import tomllib
from pathlib import Path

import page_types

ROOT = Path(__file__).resolve().parents[3]


def test_the_pages_types_are_those_of_the_api() -> None:
    assert page_types.TYPES.read_text() == page_types.types(), "run .venv/bin/python tools/page_types.py"


def test_a_union_and_a_map_are_written_as_typescript_has_them() -> None:
    numbers = {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}

    assert page_types.expression(numbers) == "readonly (number | null)[]"
    assert page_types.expression(
        {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Spark"}}
    ) == ("Readonly<Record<string, Spark>>")


def test_the_built_page_is_part_of_the_wheel_and_of_no_commit() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert "src/sre_space/dashboard/static/**" in wheel["artifacts"]
    assert "/src/sre_space/dashboard/static*/" in (ROOT / ".gitignore").read_text()


def test_the_lock_of_npm_names_no_address() -> None:
    lock = (ROOT / "apps/frontend/package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert "registry" not in lock.replace("omit-lockfile-registry-resolved", "")
