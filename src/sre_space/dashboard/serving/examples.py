"""Real bodies as examples in the OpenAPI document, from `examples/*.json`; `tools/dashboard_examples.py` makes them."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


def example(name: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a route with its example; empty when none is kept of this name."""
    body = body_of(name)
    return {} if body is None else {status: {"content": {"application/json": {"example": body}}}}


@cache
def body_of(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return an example's body, None when there is none."""
    file = files("sre_space.dashboard").joinpath("examples", f"{name}.json")
    return json.loads(file.read_text()) if file.is_file() else None
