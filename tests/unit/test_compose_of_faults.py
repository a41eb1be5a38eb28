"""The containers of the faults: they come with a file of their own, as confined as all others, and reach no agent."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "compose"
FAULTS: dict[str, Any] = yaml.safe_load((FOLDER / "chaos.yml").read_text())["services"]
STACK: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OWN = {"network", "docker-chaos", "chaos", "evaluation"}
AGENTS = {"scout", "brain", "fixer", "memory", "deployer", "operator"}


def test_without_their_file_the_stack_has_none_of_them() -> None:
    assert {name for name, one in FAULTS.items() if "build" in one} == OWN
    assert not OWN & set(STACK)
    assert "CONTAINERS_CHAOS" not in (ROOT / "docker-compose.yml").read_text()


@pytest.mark.parametrize("name", sorted(OWN))
def test_each_is_confined(name: str) -> None:
    one = FAULTS[name]

    assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert one["mem_limit"] == one["memswap_limit"]
    assert "ports" not in one
    assert one["user"] == ("0:0" if name == "docker-chaos" else "10001:10001")  # it becomes the other before it listens


def test_the_door_hits_the_application_and_its_servers_and_no_agent_and_two_containers_reach_it() -> None:
    door = FAULTS["docker-chaos"]
    hit = set(door["environment"]["DOCKER_PROXY_SERVICES"].split(","))

    assert door["environment"]["DOCKER_PROXY_DOOR"] == "chaos"
    assert hit <= set(STACK)
    assert not hit & (AGENTS | {"forge", "docker-reading", "docker-acting", "secrets"})
    assert {name for name, one in FAULTS.items() if "runtime-chaos" in one.get("networks", ())} == OWN - {"network"}


def test_only_they_have_the_rights_of_the_faults() -> None:
    holders = {name for name, one in FAULTS.items() if any(v.startswith("chaos-keys:") for v in one.get("volumes", ()))}

    assert holders == {"secrets", "chaos", "evaluation"}
    assert not [v for name in holders for v in FAULTS[name]["volumes"] if v.startswith("operator-keys:")]


def test_agents_and_callers_are_given_the_same_links() -> None:
    links = dict(link.split("=") for link in FAULTS["network"]["environment"]["NETWORK_LINKS"].split(","))

    for service, variable in (("policy-service", "POLICY_SERVICE"), ("user-service", "USER_SERVICE")):
        port, host, target = links[service].split(":")
        assert (host, f"http://{host}:{target}") == (service, STACK["quote-service"]["environment"][f"{variable}_URL"])
        assert FAULTS["quote-service"]["environment"][f"{variable}_URL"] == f"http://network:{port}"
        for agent in AGENTS:
            environment = FAULTS[agent]["environment"]
            assert (environment[f"{variable}_LINK_HOST"], environment[f"{variable}_LINK_PORT"]) == ("network", port)
