"""Keys and tokens of a living space: replaced in mid-incident, and told to nobody."""

import base64
import gzip
import json
from functools import partial
from pathlib import Path
from time import time_ns

import psutil
import pytest
from support.live import LiveSpace, telemetry_tokens
from support.waiting import until
from support.world import SERVICES

from sre_embedded.space.processes import LOGINS
from sre_space.adapters.ed25519 import KeyFile
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.domain.facts import Step
from sre_space.identities import read_identities

pytestmark = pytest.mark.e2e


def key_ids(live: LiveSpace) -> set[str]:
    """Return the ids of the keys that the four agents sign with now."""
    return {KeyFile.load(live.state.root / "keys" / f"{agent}.key").key_id for agent in AGENTS}


def test_new_keys_in_mid_incident_lose_nothing(live: LiveSpace) -> None:
    since, starts = time_ns(), live.starts("policy-service")
    live.state.halt.touch()
    live.kill("policy-service")
    issue = live.outage("policy-service", since).issue
    until(lambda: live.outage("policy-service", since).last.step is Step.DECIDE, "Brain decides")

    old = key_ids(live)
    live.answer("keys", "rotate")
    live.state.halt.unlink()
    case = live.closed(issue)

    assert case.recovered
    assert live.starts("policy-service") == starts + 1
    (told,) = json.loads(live.answer("audit", "--incident", str(issue), "--json"))["issues"]
    first = {fact["step"]: fact["key"] for fact in reversed(told["facts"])}
    by_key = {fact["step"]: fact["key"] for fact in told["facts"]}
    assert {first["detect"], first["decide"]} <= old  # a decision that expired while halted is made again
    assert {by_key["act"], by_key["verify"], by_key["conclude"], by_key["remember"]} == key_ids(live)
    assert not told["broken"]


def private_material(live: LiveSpace) -> set[bytes]:
    """Every private key in the forms in which it could be told."""
    raw = [(live.state.root / "keys" / f"{name}.key").read_bytes() for name in SIGNERS]
    network, records = live.state.network_key.read_bytes(), live.state.record_key.read_bytes()
    forms = {form for key in raw for form in (key, key.hex().encode(), *_base64(key))}
    return forms | {network, records} | set(_base64(network))


def _base64(key: bytes) -> tuple[bytes, bytes]:
    return base64.b64encode(key).rstrip(b"="), base64.urlsafe_b64encode(key).rstrip(b"=")


def processes(live: LiveSpace) -> dict[str, psutil.Process]:
    """Every process of the space by its unit's name."""
    found = {}
    for process in psutil.process_iter():
        try:
            name, _, mark = process.environ().get("SRE_SPACE_UNIT", "").partition("@")
        except psutil.Error:
            continue
        if mark == live.state.mark:
            found[name] = process
    return found


def issues(live: LiveSpace) -> bytes:
    """Everything that was ever written on the forge."""

    async def read(operator: Operator) -> str:
        told = []
        for issue in await operator.forge.issues(state="all"):
            comments = await operator.forge.comments(issue.number)
            told += [issue.title, issue.body, *(comment.body for comment in comments)]
        return "\n".join(told)

    return live.ask(read).encode()


def test_no_key_and_no_token_is_in_a_log_an_issue_a_command_line_or_a_foreign_environment(calm: LiveSpace) -> None:
    keys = private_material(calm)
    tokens = {one.login: one.token.encode() for one in read_identities(calm.state.identities)}
    exporters = telemetry_tokens(calm)
    running = processes(calm)
    assert set(AGENTS) <= set(running)
    assert set(exporters) == {*AGENTS, *SERVICES, "traffic"}

    logs = {path: path.read_bytes() for path in calm.state.log("any").parent.iterdir()}
    lines = {name: "\0".join(process.cmdline()).encode() for name, process in running.items()}
    public = {**{str(path): text for path, text in logs.items()}, **lines, "issues": issues(calm)}
    for place, text in public.items():
        assert not [key for key in (*keys, *tokens.values(), *exporters.values()) if key in text], place
    for name, process in running.items():
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert not [key for key in keys if key in environment], name
        assert {login for login, token in tokens.items() if token in environment} <= {LOGINS.get(name)}, name
        known = {owner for owner, token in exporters.items() if token in environment}
        assert known == ({name} & set(exporters)), name


def test_what_holds_a_secret_is_for_its_owner_alone_and_outside_the_repository(calm: LiveSpace) -> None:
    root = calm.state.root
    secret = [*(root / "keys").iterdir(), calm.state.identities, *(root / "run" / "env").glob("*.env")]

    assert {path.stat().st_mode & 0o077 for path in secret} == {0}
    assert not root.is_relative_to(calm.plan.checkout)
    tokens = [one.token.encode() for one in read_identities(calm.state.identities)]
    secrets = (*private_material(calm), *tokens, *telemetry_tokens(calm).values())
    for path in calm.plan.checkout.rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert not [key for key in secrets if key in text], path


def test_a_service_that_was_restarted_is_heard_with_the_token_that_it_had(live: LiveSpace) -> None:
    live.healed("policy-service")
    instance = f"policy-service-{until(lambda: live.pid('policy-service'), 'it runs')}".encode()
    for topic in ("otlp_spans", "otlp_metrics"):
        records = partial(live.records, topic, time_ns() - 10 * 10**9)
        until(lambda ask=records: [one for one in ask() if instance in one.value], f"it is on {topic}")  # type: ignore[misc]


def test_what_is_kept_and_shown_of_an_incident_holds_no_token(live: LiveSpace) -> None:
    live.healed("policy-service")
    tokens = [*telemetry_tokens(live).values(), live.state.record_key.read_bytes()]

    told = {str(path): gzip.decompress(path.read_bytes()) for path in live.state.bundles.glob("*.gz")}
    assert told
    told |= {command: live.answer(*command.split()).encode() for command in ("status", "audit", "keys list")}

    for place, text in told.items():
        assert not [token for token in tokens if token in text], place
