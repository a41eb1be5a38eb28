"""A setting that no client could use is refused when a process reads it, by its name."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_embedded.settings import BusSettings, ForgeServerSettings
from sre_space import settings
from sre_space.codec import addresses
from sre_space.domain.errors import Malformed

NO_URLS = (
    "", "nonsense", "http://", "http://[::1", "http://127.0.0.1:99999", "http://x:0", "ftp://x", "http://\x1b[2J",
    "http://a\nb",
)  # fmt: skip
WRONG = {
    (settings.BrainSettings, "FORGE_URL"): NO_URLS,
    (settings.BrainSettings, "JAEGER_URL"): NO_URLS,
    (settings.MemorySettings, "CHROMA_URL"): NO_URLS,
    (settings.FixerSettings, "GITHUB_API_URL"): NO_URLS[1:],
    (settings.ScoutSettings, "OTEL_EXPORTER_OTLP_ENDPOINT"): ("", "http://[::1", "ftp://x", "a b", "127.0.0.1:99999"),
    (settings.ScoutSettings, "KAFKA_BOOTSTRAP_SERVERS"): (
        "",
        "a b::c",
        "127.0.0.1:9092,",
        "127.0.0.1:99999",
        "\x1b[2J",
    ),
    (settings.MemorySettings, "GITHUB_PERSONAL_ACCESS_TOKEN"): ("a\nb", "a b", "\N{EURO SIGN}"),
    (ForgeServerSettings, "REPO_OWNER"): ("", "..", "../x", "a/b", "x" * 101),
    (settings.FixerSettings, "REPO_NAME"): ("", ".", "a b"),
    (BusSettings, "BUS_PORT"): ("", "ninety", "-1", "65536", "1e3", "9" * 5000),
    (settings.ScoutSettings, "POLL_SECONDS"): ("0", "-1", "nan", "inf", "soon"),
    (settings.ScoutSettings, "SLO_WINDOW_SCALE"): ("0", "2", "nan"),
    (settings.FixerSettings, "DRY_RUN"): ("", "perhaps"),
}
RIGHT = {
    "FORGE_URL": ("https://api.githubcopilot.com/mcp/", "http://[::1]:8010/mcp", "http://user:secret@host/x?y=1"),
    "GITHUB_API_URL": ("", "https://api.github.com"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("collector:4317", "https://collector"),
    "KAFKA_BOOTSTRAP_SERVERS": ("a:1, b:2", "SASL_SSL://kafka.example:9093", "kafka"),
    "REPO_OWNER": ("a", "A-b_c.d"),
}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(kind, name, value) for (kind, name), values in WRONG.items() for value in values],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: type[settings.SpaceSettings], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Malformed, match=f"^{name}: .*docs/settings.md"):
        kind.read()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values])
def test_what_a_client_takes_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    assert getattr(settings.BrainSettings.read(), name.lower()) == value


@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    for read in (addresses.http_url, addresses.telemetry_endpoint, addresses.bus_servers, addresses.repository_part):
        with contextlib.suppress(ValueError):
            assert read(text) == text
