"""No released name, field or value goes or changes: what others read and write by it would break."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import payload_schemas
import public_names
import pytest
from support.recorded import RELEASES

SCHEMAS = payload_schemas.schemas()
RECORDED = [path for release in RELEASES for path in sorted((release / "payloads").glob("*.json"))]


@cache
def names() -> list[str]:
    """Those of the code."""
    return public_names.names()


def test_no_released_name_is_gone() -> None:
    assert public_names.gone(names()) == []


def test_every_name_is_on_record() -> None:
    """A new one is a decision: `make record-names` writes it down."""
    known = public_names.NAMES.read_text().splitlines()

    assert sorted(set(names()) - set(known)) == [], "new public names; where they are meant: make record-names"
    assert sorted(set(known) - set(names())) == [], "names that no release has are gone; where that is meant: the same"


def test_a_name_that_goes_is_told_with_its_release_and_the_remedy() -> None:
    (told,) = public_names.gone(set(names()) - {"label needs-human"})

    assert told.startswith("a released name is gone: label needs-human (since 0.1.0); bring it back")


def test_the_names_of_each_kind_are_there() -> None:
    kinds = {name.partition(" ")[0] for name in names()}

    assert kinds >= {"topic", "field", "header", "label", "metric", "variable", "verb", "option", "json", "exit"}
    assert {"option sre-space up --state", "field changes id", "json sre-space audit issues.facts.seq"} < set(names())


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_every_released_payload_is_read_as_it_was(path: Path) -> None:
    assert path.stem in SCHEMAS
    assert list(payload_schemas.broken(json.loads(path.read_text()), SCHEMAS[path.stem], path.stem)) == []


Schema = Mapping[str, Any]
BEFORE: Schema = {
    "type": "object",
    "properties": {"result": {"enum": ["done", "failed"], "type": "string"}, "at": {"type": "integer"}},
    "required": ["result"],
}


def changed(**properties: object) -> Schema:
    """Today's schema, with these properties instead."""
    return {**BEFORE, "properties": {**BEFORE["properties"], **properties}}


def test_what_is_added_with_a_default_breaks_nothing() -> None:
    now = changed(more={"type": "string", "default": ""}, result={"enum": ["done", "new", "failed"], "type": "string"})

    assert list(payload_schemas.broken(BEFORE, now, "act")) == []


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({**BEFORE, "properties": {"result": BEFORE["properties"]["result"]}}, "a released field is gone: act.at"),
        (changed(at={"type": "string"}), "a released field has changed: act.at: it was 'integer' and is 'string'"),
        (changed(at={"type": "integer", "minimum": 1}), "a released field has become narrower: act.at: minimum 1"),
        (changed(result={"enum": ["done"], "type": "string"}), 'a released value is gone: act.result: "failed"'),
        ({**BEFORE, "required": ["result", "at"]}, "a field that no earlier release wrote is required: act.at"),
    ],
)
def test_what_old_facts_would_not_survive_is_told(now: Schema, told: str) -> None:
    (sentence,) = payload_schemas.broken(BEFORE, now, "act")

    assert sentence.startswith(told)
