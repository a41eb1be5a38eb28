"""What `sre-space status` says of Scout's detectors: the unwell first, and never well where nobody knows."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from support.onlooker import operator
from support.world import REPOSITORY, SECOND, Key, World

from sre_space.cli.detectors import document, rendered
from sre_space.cli.status import document as whole
from sre_space.cli.views import space_summary
from sre_space.codec.symptom_report import SymptomReport, encode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState, MeasureUnit, by_urgency
from sre_space.domain.facts import Agent
from sre_space.domain.symptoms import SymptomKind
from sre_space.feeds.newest_report import newest_report

NOW = 1_700_000_000 * SECOND  # 22:13:20 UTC
ROWS = (
    DetectorReport(SymptomKind.ERROR, "policy-service", DetectorState.FIRING, "server POST /policies",
                   NOW - 12 * SECOND, 0.5, 0.01, 0.001, why="5 of 10 failed"),
    DetectorReport(SymptomKind.LATENCY, "user-service", DetectorState.LEARNING, "server GET /users/{id}",
                   NOW - SECOND, why="3 of 100 requests and 1 of 60 s are learnt", until=NOW + 90 * SECOND),
    DetectorReport(SymptomKind.INFRASTRUCTURE, "user-service", DetectorState.OK, value=0.0, threshold=0.5,
                   unit=MeasureUnit.SECONDS),
)  # fmt: skip
REPORT = DetectorsReport(NOW, tuple(sorted(ROWS, key=by_urgency)), budgets={"buy": 0.2}, left_out={"OK": 40})
TOLD = SymptomReport(REPOSITORY, NOW, ("error/policy-service",), False, REPORT)
OLD = SymptomReport(REPOSITORY, NOW - 73 * SECOND, (), False, REPORT)


def text(told: SymptomReport | None) -> str:
    """As a wide terminal shows it."""
    file = io.StringIO()
    console = Console(file=file, width=300)
    for part in rendered(told, NOW + SECOND):
        console.print(part, markup=False, highlight=False)
    return file.getvalue()


def test_what_is_not_well_is_a_table_and_the_others_are_counted() -> None:
    lines = [" ".join(line.replace("│", " ").split()) for line in text(TOLD).splitlines()]

    firing = next(number for number, line in enumerate(lines) if "FIRING" in line)
    learning = next(number for number, line in enumerate(lines) if "LEARNING" in line)
    assert lines[firing] == "Error policy-service server POST /policies FIRING 50.00% 1.00% 0.10% 13 s 5 of 10 failed"
    assert lines[learning].endswith("3 of 100 requests and 1 of 60 s are learnt; until 22:14:50 UTC")
    assert firing < learning
    assert not any("Infrastructure" in line for line in lines)
    assert lines[-1] == "detectors, 22:13:20 UTC: 1 FIRING, 1 LEARNING, 41 OK (40 of them are not listed)"


def test_of_many_that_learn_a_few_are_listed_and_of_those_that_fire_all() -> None:
    rows = tuple(replace(one, operation=f"GET /{n:02}") for one in ROWS[:2] for n in range(30))

    lines = text(replace(TOLD, report=DetectorsReport(NOW, rows))).splitlines()

    assert (sum("FIRING" in line for line in lines[:-1]), sum("LEARNING" in line for line in lines[:-1])) == (30, 8)
    assert lines[-1].endswith("30 FIRING, 30 LEARNING; 22 that are not OK are listed by --json alone")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "Scout has sent no report for a quarter of an hour"),
        (OLD, "the newest report of Scout is 74 s old, of 22:12:07 UTC; firing then: Error policy-service"),
        (replace(TOLD, report=None), "Scout's report has no detectors"),
    ],
)
def test_no_report_or_an_old_one_is_said_to_be_none_and_nothing_is_called_well(
    told: SymptomReport | None, said: str
) -> None:
    assert text(told).startswith(f"detectors: UNKNOWN: {said}")
    assert "OK" not in text(told)
    machine = document(told, NOW + SECOND)
    assert said.partition(";")[0] in str(machine["unknown"])
    assert (machine["detectors"], machine.get("counts")) == ([], None)


def test_the_document_is_json_with_every_detector() -> None:
    told = json.loads(json.dumps(document(TOLD, NOW + SECOND)))

    assert told["unknown"] is None
    assert told["counts"]["OK"] == 41
    assert told["budgets"] == {"buy": 0.2}
    first = told["detectors"][0]
    assert (first["kind"], first["state"], first["value"], first["threshold"]) == ("Error", "FIRING", 0.5, 0.01)


def test_names_of_strangers_are_shown_and_not_obeyed() -> None:
    hostile = replace(ROWS[0], operation="server \x1b[2J[red]\n| x", why="\u202e")

    shown_text = text(replace(TOLD, report=DetectorsReport(NOW, (hostile,))))

    assert not [one for one in shown_text if not one.isprintable() and one != "\n"]


async def test_the_newest_sighting_that_scout_signed_for_this_repository_counts() -> None:
    world = World()
    now, bus = world.clock.now(), world.bus

    def tell(key: Key, **changed: object) -> None:
        told = replace(TOLD, **{"at": now, **changed})  # type: ignore[arg-type]
        value, headers = encode(replace(told, report=None), key)
        bus.add(SYMPTOM_REPORTS, told.at, value, headers)

    found = [await newest_report(bus, world.trust, REPOSITORY, now)]
    tell(world.keys["scout"], at=now - 600 * SECOND)
    found.append(await newest_report(bus, world.trust, REPOSITORY, now))
    tell(world.keys["scout"], at=now - 3 * SECOND)
    tell(world.keys["brain"])
    tell(world.keys["scout"], repository="somebody/else")
    found.append(await newest_report(bus, world.trust, REPOSITORY, now))
    none, old, newest = [one and replace(one, at=one.at - now) for one in found]

    assert none is None
    assert old is not None
    assert newest is not None
    assert (old.at, newest.at) == (-600 * SECOND, -3 * SECOND)


async def test_status_begins_with_what_the_configuration_leaves_to_a_default(tmp_path: Path) -> None:
    world = World()
    notice = "sre-space.yaml:3: journeys.buy: `visit` is missing"
    seen = replace(operator(world, tmp_path), config=replace(world.config, notices=(notice,)))

    assert (await space_summary(seen)).splitlines()[0] == notice
    assert (await whole(seen))["notices"] == (notice,)


async def test_status_as_json_says_what_is_away(tmp_path: Path) -> None:
    world = World()
    world.forge.down = True

    told = json.loads(json.dumps(await whole(operator(world, tmp_path))))

    assert (told["incidents"], told["away"]) == (None, ["the forge is away"])
    assert told["report"]["unknown"] == "Scout has sent no report for a quarter of an hour"
    assert told["journey"]["good"] == 0


async def test_while_halted_an_incident_waits_for_the_resume_and_no_agent_is_overdue(tmp_path: Path) -> None:
    world = World()
    person = operator(world, tmp_path)
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await world.turn(number, Agent.BRAIN)
    person.state.halt.touch()

    (halted,) = json.loads(json.dumps(await whole(person)))["incidents"]
    person.state.halt.unlink()
    (resumed,) = json.loads(json.dumps(await whole(person)))["incidents"]

    assert halted["waits_for"] == "fixer: act, halted until `sre-space resume`"
    assert resumed["waits_for"].startswith("fixer: act")
