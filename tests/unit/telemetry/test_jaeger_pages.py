"""The pages that Jaeger has and the embedded trace store has not lead to the dashboard, or else to the data."""

import asyncio
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sre_embedded.servers.telemetry.jaeger_api import app


@pytest.mark.parametrize(
    ("dashboard", "path", "to"),
    [
        ("https://sre.example", "/", "https://sre.example/"),
        ("https://sre.example", "/trace/0af7", "https://sre.example/traces/0af7"),
        ("https://sre.example", "/search?service=a", "/api/traces?service=a"),
        ("", "/trace/0af7", "/api/traces/0af7"),
        ("", "/", None),
    ],
)
def test_a_page_of_jaeger_leads_to_the_dashboard(tmp_path: Path, dashboard: str, path: str, to: str | None) -> None:
    loop = asyncio.new_event_loop()
    with TestClient(app(tmp_path / "spans.db", loop.create_future(), dashboard), follow_redirects=False) as client:
        assert client.get(path).headers.get("location") == to
    loop.close()
