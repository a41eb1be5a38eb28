"""The Compose stack, started, broken and healed by the commands that a person types; the tests tell one story."""

import json
import subprocess
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from support.compose import PATIENCE_S, PROJECT, Stack
from support.compose_faults import endless_upload, pushed, ran_out_or_was_restarted, slow_database
from support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.compose, pytest.mark.timeout(2_400)]

APPLICATION = ("quote-service", "policy-service", "user-service")
AGENTS = ("scout", "brain", "fixer", "memory")
POLICY = f"{PROJECT}-policy-service-1"
OURS = "10001"


def service_of(container: Mapping[str, Any]) -> str:
    """Return the name of a container in the Compose file."""
    name: str = container["Config"]["Labels"]["com.docker.compose.service"]
    return name


def test_a_customer_buys_soon_after_the_start(stack: Stack) -> None:
    print(f"a whole journey {stack.healthy_after_s:.0f} s after `docker compose up -d --build`")

    assert stack.sells()


def test_every_container_is_confined(stack: Stack) -> None:
    for container in stack.containers():
        host, name = container["HostConfig"], service_of(container)
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert not host["Privileged"], name
        assert 0 < host["Memory"] == host["MemorySwap"], name
        assert host["PidsLimit"], name
        ports = [one for some in (host["PortBindings"] or {}).values() for one in some]
        assert {one["HostIp"] for one in ports} <= {"127.0.0.1"}, name
        assert (host["RestartPolicy"]["Name"] in ("", "no")) == (name in (*APPLICATION, "secrets")), name


def test_no_process_is_roots_and_only_the_proxies_see_the_socket(stack: Stack) -> None:
    for container in stack.containers():
        if container["State"]["Running"]:
            lines = stack.docker("top", container["Id"], "-eo", "pid,uid,args").splitlines()[1:]
            users = {line.split()[1] for line in lines if "docker-init" not in line}
            assert users == {OURS}, service_of(container)
        sees = any(mount["Destination"] == "/var/run/docker.sock" for mount in container["Mounts"])
        assert sees == service_of(container).startswith("docker-")


def test_a_container_has_its_own_key_and_no_other(stack: Stack) -> None:
    for agent in AGENTS:
        names = set(stack.docker("exec", f"{PROJECT}-{agent}-1", "ls", "/state/keys").split())
        assert {name for name in names if name.endswith(".key")} - {"telemetry-records.key"} == {f"{agent}.key"}
        refused = subprocess.run(
            ["docker", "exec", f"{PROJECT}-{agent}-1", "touch", "/state/trust/x"], capture_output=True, check=False
        )
        assert b"Read-only file system" in refused.stderr
    for service in APPLICATION:
        files = stack.docker("exec", f"{PROJECT}-{service}-1", "find", "/state/keys", "-type", "f")
        assert files.split() == ["/state/keys/environment"]


@pytest.mark.parametrize(
    ("container", "host", "port"),
    [
        ("quote-service", "chroma", 8000), ("quote-service", "forge", 8010), ("quote-service", "docker-acting", 2375),
        ("traffic", "kafka", 19092), ("scout", "docker-acting", 2375), ("scout", "chroma", 8000),
        ("memory", "docker-reading", 2375), ("dashboard", "docker-acting", 2375),
    ],
)  # fmt: skip
def test_who_need_not_reach_a_server_does_not(stack: Stack, container: str, host: str, port: int) -> None:
    program = (
        f"import socket\ntry: socket.create_connection(('{host}', {port}), 2)\n"
        "except OSError as error: print('not reached:', error)"
    )
    tried = subprocess.run(
        ["docker", "exec", f"{PROJECT}-{container}-1", "python", "-c", program], capture_output=True, check=False
    )

    assert tried.stdout.startswith(b"not reached: ")


def test_no_image_has_what_its_program_does_not_need(stack: Stack) -> None:
    finds = "import importlib.util as u, sys; print([one for one in sys.argv[1:] if u.find_spec(one)])"
    unneeded = ["pip", "mypy", "pytest", "sre_embedded", "pygit2", "sqlalchemy"]
    for agent in (*AGENTS, "deployer"):
        shown = stack.docker("exec", f"{PROJECT}-{agent}-1", "python", "-c", finds, *unneeded)
        assert shown.strip() == "[]", agent
    for service in APPLICATION:
        shown = stack.docker("exec", f"{PROJECT}-{service}-1", "python", "-c", finds, *unneeded[:-1], "numpy")
        assert shown.strip() == "[]", service


@pytest.mark.parametrize("agent", AGENTS)
def test_the_log_of_an_agent_is_followed(stack: Stack, agent: str) -> None:
    command = ["docker", "logs", "-f", f"{PROJECT}-{agent}-1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as following:
        assert following.stdout is not None
        try:
            first = following.stdout.readline()
        finally:
            following.kill()  # terminated, Docker's client may stay until the next line comes
    assert b"on duty for" in first


def test_a_killed_service_is_restarted_and_the_incident_ends_with_its_post_mortem(stack: Stack) -> None:
    before, known = started(stack), stack.known()

    stack.docker("kill", POLICY)

    story = stack.healed(known, "policy-service")
    assert started(stack) != before
    assert "MITIGATION: RESTART policy-service" in story
    assert "Post-mortem" in story
    until(stack.sells, "a customer buys", PATIENCE_S)


def test_memory_that_runs_out_is_the_kernels_kill_and_is_healed(stack: Stack) -> None:
    known = stack.known()

    with endless_upload(int(stack.ports["POLICY_SERVICE_PORT"])) as upload:
        until(lambda: ran_out_or_was_restarted(upload), "the memory is full, or Fixer came first", PATIENCE_S)

    story = stack.healed(known, "policy-service")
    assert "MITIGATION: RESTART policy-service" in story or "MEMORY_BYTES" in story
    until(stack.sells, "a customer buys", PATIENCE_S)


def test_a_bad_commit_is_reverted(stack: Stack, tmp_path: Path) -> None:
    known, key = stack.known(), "ONLINE_PURCHASE_LIMIT_CENTS"
    head = pushed(stack, tmp_path, "quote-service.env", key, "1000", "Sell small policies online only")

    until(lambda: key in stack.deployed("quote-service.env", "1000"), "the commit is deployed", PATIENCE_S)
    story = stack.healed(known, "")

    assert "MITIGATION: PR" in story
    assert head[:7] in story
    assert key not in stack.deployed("quote-service.env", "1000")
    until(stack.sells, "a customer buys", PATIENCE_S)


def test_a_slow_database_is_answered_by_a_setting(stack: Stack) -> None:
    known = stack.known()

    with slow_database(stack):
        until(lambda: stack.deployed("quote-service.env", "standard-tariff"), "the setting is deployed", PATIENCE_S)
        until(stack.sells, "a customer buys although the database is slow", PATIENCE_S)
    story = stack.healed(known, "")

    assert "Latency" in story
    assert "slow-query" in story
    assert "MITIGATION: PR SET quote-service RISK_FALLBACK" in story


def test_every_fact_verifies(stack: Stack) -> None:
    assert json.loads(stack.operator("audit", "--json"))["broken"] == 0


def test_while_halted_nothing_is_restarted(stack: Stack) -> None:
    stack.operator("halt")
    try:
        program = (
            "import urllib.request as u, urllib.error as e\n"
            f"r = u.Request('http://docker-acting:2375/containers/{POLICY}/restart', method='POST')\n"
            "try: u.urlopen(r, timeout=20)\nexcept e.HTTPError as x: print(x.code, x.read().decode())"
        )
        shown = stack.docker("exec", f"{PROJECT}-fixer-1", "python", "-c", program)
        assert shown.startswith("403")
        assert "halted" in shown
    finally:
        stack.operator("resume")


def test_the_dashboard_reads_every_source_and_a_person_who_was_added_halts_over_it(stack: Stack) -> None:
    def sources() -> set[str]:
        shown = stack.dashboard.get("/api/v1/now").json()["sources"]
        return {str(shown[name]["state"]) for name in ("report", "record", "runtime")}

    until(lambda: sources() == {"live"}, "the dashboard hears everything", PATIENCE_S)
    token = stack.compose("run", "--rm", "--no-TTY", "people", "add", "ada").split()[-1]
    try:
        asked = stack.dashboard.post(
            "/api/v1/orders", json={"verb": "halt"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert asked.status_code == HTTPStatus.CREATED, asked.text
        assert stack.dashboard.post("/api/v1/orders", json={"verb": "resume"}).status_code == HTTPStatus.UNAUTHORIZED
        assert stack.dashboard.get("/api/v1/now").json()["mode"]["halted"]
    finally:
        stack.operator("resume")
    assert "<sre-page" in stack.dashboard.get("/").text or "not built" in stack.dashboard.get("/").text


def test_a_commit_made_while_the_stack_was_down_is_in_force_once_it_is_up_again(stack: Stack, tmp_path: Path) -> None:
    stack.docker("stop", f"{PROJECT}-deployer-1")
    pushed(stack, tmp_path, "quote-service.env", "DOWNSTREAM_TIMEOUT_SECONDS", "1.75", "Wait less for a score")
    stack.down()

    stack.up()

    assert stack.deployed("quote-service.env", "1.75") == ["DOWNSTREAM_TIMEOUT_SECONDS"]
    assert "restarted: nothing" in stack.both_streams("logs", f"{PROJECT}-deployer-1")


def test_down_leaves_no_container_and_no_network(stack: Stack) -> None:
    stack.down()

    assert stack.containers() == []
    assert stack.docker("network", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}") == ""


def started(stack: Stack) -> str:
    """Return when the policy service was started last."""
    return stack.docker("inspect", "--format", "{{.State.StartedAt}}", POLICY)
