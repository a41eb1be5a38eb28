"""The hostile generator: well-formed cases, honest about what customers feel, the same for the same seed."""

import hashlib
import json
import random
from functools import lru_cache

import pytest

from sre_evaluation.hostile.case import NONE, ROUND, SPACING, Case, made
from sre_evaluation.hostile.choosing import KINDS
from sre_evaluation.hostile.files import files_of, row_of, write
from sre_evaluation.hostile.kernel import Kernel, Slots, Steps, sleep
from sre_evaluation.hostile.symptoms import failing_share, symptoms
from sre_evaluation.hostile.topology import MAX_SERVICES, Call, random_system

FEW = range(8)
ROUND_OF_SEEDS = range(len(ROUND))  # every kind once
SEEDS = [*FEW, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in ROUND_OF_SEEDS if seed not in FEW)]
CASE_KINDS = {"spans": "traces", "logs": "logs", "metrics": "metrics"}

case_of = lru_cache(maxsize=None)(made)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_case_is_well_formed(seed: int) -> None:
    case = case_of(seed)
    files = files_of(case)

    row = row_of(case)
    assert 1 <= len(case.system.services) <= MAX_SERVICES
    for signal in case.signals:
        assert f"{row['incident']}/{CASE_KINDS[signal]}.jsonl" in files
    for content in files.values():
        assert all(isinstance(json.loads(line), dict) for line in content.splitlines())
    assert all(0 <= span.start <= span.end for observed in case.baselines for span in observed.spans)
    assert sum(len(observed.served) for observed in case.baselines) >= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_names_parts_of_the_system(seed: int) -> None:
    case = case_of(seed)
    known = {*case.system.services, *case.system.databases, *case.system.hosts, NONE}
    ids = {record["id"] for record in case.changes}

    assert set(case.truth["services"]) <= known  # type: ignore[call-overload]  # foreign JSON
    assert case.truth["change"] in {None, NONE, *ids}
    assert case.innocent


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_fault_customers_notice_nothing(seed: int) -> None:
    case = case_of(seed)
    if case.faults:
        return

    usual = max(failing_share(baseline.served) for baseline in case.baselines)
    assert case.kind == NONE
    assert not symptoms(case.incident, case.baselines)
    assert failing_share(case.incident.served) <= usual + 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_a_visible_fault_is_felt_by_customers(seed: int) -> None:
    case = case_of(seed)

    assert case.truth["visible"] == bool(case.symptoms)
    if case.symptoms:
        assert list(case.symptoms) == symptoms(case.incident, case.baselines)


@pytest.mark.matrix
def test_most_faults_are_visible() -> None:
    faulty = [case for case in map(case_of, ROUND_OF_SEEDS) if case.faults]

    assert sum(bool(case.symptoms) for case in faulty) >= 0.85 * len(faulty)


def test_a_round_of_seeds_has_every_kind() -> None:
    assert {ROUND[seed * SPACING % len(ROUND)] for seed in ROUND_OF_SEEDS} == {*KINDS, NONE}


@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    assert _digest(made(seed)) == _digest(case_of(seed))


def test_a_set_is_written_as_the_labelled_sets_are(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")

    write([case_of(0), case_of(1)], folder)

    rows = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]
    truths = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    assert [row["case"] for row in rows] == [truth["case"] for truth in truths] == ["hostile-0000", "hostile-0001"]
    assert all((folder / part).is_dir() for row in rows for part in (row["incident"], *row["baseline"]))


@pytest.mark.parametrize("seed", range(200))
def test_requests_of_a_system_end_somewhere(seed: int) -> None:
    system = random_system(random.Random(f"system {seed}"))

    assert all(operation.service in system.services for operation in system.operations())
    assert all(entry.steps for entry, _ in system.entries)


def test_an_entry_calls_something_though_all_that_it_could_call_is_large() -> None:
    system = random_system(random.Random("system 638"))
    assert all(any(isinstance(step, Call) for step in entry.steps) for entry, _ in system.entries)


def test_a_queue_is_first_come_first_served() -> None:
    kernel, order = Kernel(), list[tuple[str, float]]()
    slots = Slots(kernel, 1)

    def use(name: str) -> Steps[None]:
        assert (yield from slots.acquire())
        yield from sleep(10)
        order.append((name, kernel.now))
        slots.release()

    for name in "abc":
        kernel.spawn(use(name))
    kernel.run(100)

    assert order == [("a", 10), ("b", 20), ("c", 30)]
    assert slots.free == 1


def test_who_waits_too_long_for_a_slot_gets_none() -> None:
    kernel, got = Kernel(), list[bool]()
    slots = Slots(kernel, 1)

    def impatient() -> Steps[None]:
        got.append((yield from slots.acquire(5)))

    def holder() -> Steps[None]:
        yield from slots.acquire()
        yield from sleep(50)
        slots.release()

    kernel.spawn(holder())
    kernel.spawn(impatient())
    kernel.run(100)

    assert got == [False]
    assert not slots.queue
    assert slots.free == 1


def test_a_pool_that_was_made_smaller_serves_fewer_at_once() -> None:
    kernel, ends = Kernel(), list[float]()
    slots = Slots(kernel, 3)

    def use() -> Steps[None]:
        yield from slots.acquire()
        yield from sleep(10)
        ends.append(kernel.now)
        slots.release()

    for _ in range(6):
        kernel.spawn(use())
    kernel.run(5)
    slots.free -= 2
    kernel.run(100)

    assert ends == [10, 10, 10, 20, 30, 40]


def _digest(case: Case) -> str:
    sha = hashlib.sha256()
    for path, content in files_of(case).items():
        sha.update(path.encode() + content)
    return sha.hexdigest()
