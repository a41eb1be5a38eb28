"""What an agent's process says before it does anything."""

from pathlib import Path

import pytest

from sre_space.adapters.config_notices import NO_CONVERSION, NO_VISIT
from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.agent import AgentContext
from sre_space.domain.facts import Agent
from sre_space.paths import StatePaths
from sre_space.settings import AgentSettings

OLD = Path(__file__).resolve().parents[1] / "compat" / "0.1.0" / "space" / "sre-space.yaml"


@pytest.mark.parametrize("agent", Agent)
def test_the_first_lines_of_its_log_say_what_an_older_configuration_leaves_to_a_default(
    agent: Agent, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StatePaths(tmp_path)
    make_key(state.key(agent), state.trust, agent)

    monkeypatch.setenv("SRE_SPACE_STATE", str(tmp_path))
    monkeypatch.setenv("SRE_SPACE_CHART", str(OLD))
    context = AgentContext.prepare(agent, AgentSettings.read())

    said = [record.getMessage().partition("buy-insurance: ")[2] for record in caplog.records[:2]]
    assert said == [NO_CONVERSION, NO_VISIT]
    assert context.config.notices
    context.reporter.close()  # its exporter's thread draws from `random`, which Hypothesis takes for a test's doing
