"""What an earlier release left on disk is read by this one: bundles, the state folder, the forge's repository."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.recorded import SPACES, Chain, archive, chains, world_with
from support.world import World

from sre_embedded.servers.bus.batches import read_header
from sre_embedded.servers.bus.partition import Partition
from sre_embedded.servers.bus.topics import Topics
from sre_embedded.servers.forge.repository import open_repository
from sre_embedded.servers.forge.store import Store
from sre_embedded.space.telemetry_secrets import read_tokens
from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.ed25519 import TrustFolder
from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.bootstrap.space import crash_watch
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.case_files import case_of
from sre_space.codec.changes import deployment_of
from sre_space.codec.footer import parse_footer
from sre_space.codec.wake_ups import parse_wake_up
from sre_space.deployment import journal as deploy_journal
from sre_space.domain.case import Case
from sre_space.domain.facts import OWNER, Agent, Step
from sre_space.identities import read_identities
from sre_space.ports.outbox import Pending
from sre_space.text.diagnosis_report import document

REAL = [space for space in SPACES if (space / "state.tar.xz").is_file()]
BUNDLES = sorted(path for space in SPACES for path in (space / "bundles").glob("*.tar.xz"))


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: f"{path.parents[2].name}-{path.name.partition('.')[0]}")
async def test_a_bundle_is_kept_and_diagnosed_as_it_was(path: Path, tmp_path: Path) -> None:
    """What was decided and why: verdict, first cause, change, evidence and chain.

    Scores are those of today, and so are lesser suspects: what merely differed then is no cause now.
    """
    before = json.loads(path.with_name(f"{path.name.partition('.')[0]}.json").read_text())

    shelf = BundleFolder(tmp_path)
    now = json.loads(
        json.dumps(
            document(before["case"], diagnose_case(case_of(await shelf.load(await shelf.keep(archive(path))))), 0.0)
        )
    )
    for answer in ("case", "verdict", "change"):
        assert now[answer] == before[answer]
    first, was = now["causes"][0], before["causes"][0]
    assert [first[key] for key in ("service", "operation", "kind")] == [
        was[key] for key in ("service", "operation", "kind")
    ]
    assert set(was["evidence"]) <= set(first["evidence"])
    assert [step["evidence"] for step in now["chain"]] == [step["evidence"] for step in before["chain"]]


@pytest.fixture(params=REAL, ids=lambda space: f"{space.parent.name}-{space.name}")
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, SpaceState]:
    """Unpack the state folder of a recorded space with paths of this test, and return the space and its state."""
    space: Path = request.param
    root = tmp_path / "state"
    for name, content in archive(space / "state.tar.xz").items():
        path = root / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = content.replace(b"{state}", str(root).encode()).replace(b"{checkout}", str(tmp_path).encode())
        path.write_bytes(text)
        path.chmod(0o600)
    return space, SpaceState(root)


def test_the_record_of_the_space_and_the_deployers_journal_are_read(recorded: tuple[Path, SpaceState]) -> None:
    _, state = recorded
    running, last = state.record(), deploy_journal.last(state)

    assert running is not None
    assert (running.repository, running.chart) == ("local/cloud-insurance", f"{state.root.parent}/sre-space.yaml")
    assert {"bus_port", "forge_port", "jaeger_port"} <= set(running.ports)
    assert last is not None
    assert len(last.commit) == 40
    assert last.changed
    assert deploy_journal.under_way(state, ("quote-service", "policy-service", "user-service")) is None
    assert crash_watch.crash_loops(state) == []
    assert not list(state.root.rglob("*.damaged-*"))


def test_keys_tokens_and_accounts_are_read(recorded: tuple[Path, SpaceState]) -> None:
    _, state = recorded
    owners = {key.owner for key in TrustFolder(state.root / "trust").listed()}

    assert owners == {"scout", "brain", "fixer", "memory", "operator"}
    assert {"sre-scout", "operator"} <= {one.login for one in read_identities(state.identities)}
    assert read_tokens(state.telemetry_tokens) is not None


def test_the_bus_gives_what_it_held_and_its_records_are_understood(recorded: tuple[Path, SpaceState]) -> None:
    _, state = recorded
    topics = Topics(state.root / "bus" / "topics")
    told = {topic: b"".join(_records(topics.get(topic)[0])) for topic in ("changes", "sre_facts")}
    deployments = [deployment_of(value) for value in re.findall(rb'\{"id": .*?\}', told["changes"])]
    rings = [parse_wake_up(value) for value in re.findall(rb'\{"issue": .*?\}', told["sre_facts"])]

    assert {one.phase for one in deployments} == {"started", "done"}
    assert all(len(one.commit) == 40 and one.services and one.files for one in deployments)
    assert {one.issue for one in rings} > {1, 2, 3}


def _records(partition: Partition) -> Iterator[bytes]:
    """Everything that a partition holds, uncompressed as it was sent."""
    assert not partition.gaps
    offset = partition.start
    while offset < partition.next:
        part = partition.read(offset, 1)
        yield part
        offset = read_header(part, 0, 0).last + 1


def test_the_forge_gives_its_issues_comments_and_commits(recorded: tuple[Path, SpaceState]) -> None:
    space, state = recorded
    store = Store(state.root / "forge" / "forge.db")
    repository = open_repository(state.root / "forge" / "local" / "cloud-insurance.git", None)

    for chain in chains(space).values():
        row = store.issue(chain.issue.number)
        assert row is not None
        assert (row.title, row.body) == (chain.issue.title, chain.issue.body)
        bodies = [one.body for one in store.comments(chain.issue.number)]
        assert bodies == [one.body for one in chain.comments][: len(bodies)] or chain.issue.state == "open"
    known = {one["sha"] for one in json.loads((space / "desired-state.json").read_text())["main"]}
    assert str(repository.branches["main"].target) in known


def test_a_judgement_that_waited_in_the_outbox_is_read_and_made_anew_and_its_incident_is_finished(
    recorded: tuple[Path, SpaceState], tmp_path: Path
) -> None:
    """What was judged before an agent started is never posted: it is too old."""
    space, state = recorded
    (path,) = (state.root / "outbox").glob("*/*.json")
    agent, pending = Agent(path.parent.name), OutboxFolder(path.parent).get(path.stem)
    assert pending is not None
    signed = parse_footer(pending.body)
    assert signed is not None
    trust = TrustFolder(state.root / "trust")
    assert trust.owner(signed.key_id, signed.message, signed.signature, signed.fact.at) == agent
    chain = next(one for one in chains(space).values() if one.issue.number == pending.issue)
    world, case = _finished(chain.after(pending.seq - 1), {(agent, pending.incident): pending}, tmp_path)

    assert case.chain[pending.seq].fact.step is signed.fact.step
    assert not world.set_aside


@pytest.mark.parametrize("step", [Step.ACT, Step.UNDO, Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER])
@pytest.mark.parametrize("space", REAL, ids=lambda space: f"{space.parent.name}-{space.name}")
def test_a_deed_that_waited_in_the_outbox_is_posted_as_it_was_signed(space: Path, step: Step, tmp_path: Path) -> None:
    undone = next(one for one in chains(space).values() if any("\nstep=undo\n" in one.body for one in one.comments))
    number = next(place for place, one in enumerate(undone.comments) if f"\nstep={step}\n" in one.body)
    body = undone.comments[number].body
    signed = parse_footer(body)
    assert signed is not None
    fact = signed.fact
    pending = Pending(fact.issue, fact.incident, fact.seq, fact.prev, body)

    world, case = _finished(undone.after(number), {(OWNER[step], fact.incident): pending}, tmp_path)

    assert world.forge.written[fact.issue][number].body == body
    assert case.chain[fact.seq].digest == signed.digest


def _finished(chain: Chain, waiting: Mapping[tuple[Agent, str], Pending], folder: Path) -> tuple[World, Case]:
    """Let the agents finish an incident that starts with these pending facts; return the world and the case."""
    signed = [parse_footer(one.body) for one in waiting.values()]
    world = world_with(chain, folder / "world", max(one.fact.at for one in signed if one is not None))
    world.pending.update(waiting)
    case = asyncio.run(world.play(chain.issue.number, 400))
    assert not case.is_open
    assert not world.pending
    return world, case
