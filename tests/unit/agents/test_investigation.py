"""What Brain makes of traces, logs, metrics, deployments and states, and that its bundle says the same again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from support.clinic import NOW, SECOND, SERVICES, SICK, Clinic, case, spans_at
from support.shop import HEALTHY, Fault, shop

from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.investigation import cause_line
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.codec.case_files import INCIDENT, case_of, telemetry_of
from sre_space.domain.diagnosis import CauseKind, Confidence, Diagnosis
from sre_space.domain.errors import Missing, Unavailable
from sre_space.domain.facts import Action, ActionResult, Decision, Outcome, Payload, Undo, Verification
from sre_space.domain.remedies import Remedy, Restart, SetConfig
from sre_space.domain.symptoms import JourneyCount, SymptomKind
from sre_space.domain.telemetry import Span
from sre_space.ports.bus import Record
from sre_space.ports.unit_output import UnitOutput
from sre_space.text.diagnosis_report import fact_of

POOL = "DATABASE_POOL_SIZE=5\n"


@cache
def usual() -> Sequence[Span]:
    """Return the spans of a minute of a healthy application."""
    return spans_at(shop(650, 3), SICK - 66 * SECOND)


def clinic(fault: Fault = HEALTHY) -> Clinic:
    """Return the sources of an investigation: a minute of healthy spans, then twenty seconds of a fault."""
    return Clinic([*usual(), *spans_at(shop(200, 5, fault), SICK)])


def first(found: Diagnosis) -> str:
    """Return the line of the first cause; an empty text when there is none."""
    return cause_line(found.causes[0]) if found.causes else ""


def test_a_slow_operation_is_named_with_its_service_and_drawn() -> None:
    found = clinic(Fault(slow={"GET /rate": 300})).ask(case())

    assert found.verdict is Confidence.CONFIRMED
    assert first(found) == f"tax: {CauseKind.SLOW_CODE} at `GET /rate`"
    assert found.report.startswith("CONFIRMED: tax takes too long")
    assert "culprit" in found.report


@pytest.mark.parametrize("later", [86_400, -86_400, 120, 10**9])
def test_spans_lines_and_samples_of_another_time_move_nothing(later: int) -> None:
    here, forged = clinic(Fault(slow={"GET /rate": 300})), clinic(Fault(slow={"GET /rate": 300}))
    at = NOW + later * SECOND
    roots = [one for one in forged.spans if not one.parent_id]
    for number, root in enumerate(roots[:400:10]):
        forged.spans.append(replace(root, span_id=f"f{number}", parent_id=root.span_id, start=at, end=at + SECOND))
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "cart"
    metric = resource.scope_metrics.add().metrics.add(name="process.memory.usage")
    metric.gauge.data_points.add(time_unix_nano=max(0, at), as_double=5.0)
    forged.topics.add("otlp_metrics", SICK + SECOND, request.SerializeToString())

    found, sound = forged.ask(case()), here.ask(case())

    assert (found.verdict, found.causes, found.evidence) == (sound.verdict, sound.causes, sound.evidence)
    assert fact_of(diagnose_case(case_of(forged.shelf.kept[found.bundle])), found.bundle) == found


async def test_a_deployment_that_somebody_says_is_done_tomorrow_moves_no_window() -> None:
    here = clinic(Fault(slow={"GET /rate": 300}))
    here.deploy("c0ffee", "cart", SICK - 600 * SECOND, POOL, "DATABASE_POOL_SIZE=500\n")
    forged = f'{{"id": "c0ffee", "phase": "done", "time": {NOW + 86_400 * SECOND}, "service": "cart"}}'
    here.topics.records["changes"].insert(0, Record("changes", 0, 9, SICK - 601 * SECOND, forged.encode()))

    (change,) = await RecentDeployments(here.topics, here.git).before(NOW, NOW, ())

    assert change.settled == SICK - 598 * SECOND


async def test_a_deployment_that_was_given_up_was_over_when_the_next_began() -> None:
    here = clinic()
    given_up, reverted = SICK - 600 * SECOND, SICK - 500 * SECOND
    here.deploy("c0ffee", "cart", given_up, POOL, "DATABASE_POOL_SIZE=500\n")
    here.topics.records["changes"].pop()
    here.deploy("decaf", "cart", reverted, "DATABASE_POOL_SIZE=500\n", POOL)

    first, second = await RecentDeployments(here.topics, here.git).before(NOW, NOW, ())

    assert (first.id, first.settled) == ("c0ffee", reverted)
    assert second.settled == reverted + 2 * SECOND


def test_nothing_wrong_names_nobody() -> None:
    assert clinic().ask(case()).verdict is Confidence.INCONCLUSIVE


def test_a_service_outside_the_chart_is_not_judged() -> None:
    found = clinic(Fault(slow={"GET /rate": 300})).ask(case(), ("web", "cart"))

    assert not any(cause.service == "tax" for cause in found.causes)


@pytest.mark.parametrize("fault", [HEALTHY, Fault(slow={"GET /rate": 300}), Fault(fails={"GET /rate": "KeyError"})])
def test_the_bundle_says_the_same_again(fault: Fault) -> None:
    here = clinic(fault)
    here.log("tax", SICK, "KeyError")
    found = here.ask(case())

    assert fact_of(diagnose_case(case_of(here.shelf.kept[found.bundle])), found.bundle) == found


def of_kiosk(spans: Sequence[Span]) -> list[Span]:
    """Return the same requests as they are when another caller than the web makes them."""
    return [
        replace(
            one,
            trace_id=f"k{one.trace_id}",
            span_id=f"k{one.span_id}",
            parent_id=one.parent_id and f"k{one.parent_id}",
            service="kiosk" if one.service == "web" else one.service,
        )
        for one in spans
    ]


@pytest.mark.parametrize(("callers", "told"), [(("web", "kiosk"), "tax"), (("web",), "")])
def test_what_only_one_of_several_callers_meets_is_in_the_traces_of_all(callers: Sequence[str], told: str) -> None:
    """The web's requests stay well; those of the kiosk, gathered only where it is a caller of a journey, do not."""
    slow = spans_at(shop(200, 5, Fault(slow={"GET /rate": 300})), SICK)
    well = spans_at(shop(200, 7), SICK)
    calls = {"web": ("cart", "price", "mail"), "price": ("tax",)}
    here = Clinic([*usual(), *of_kiosk(usual()), *well, *of_kiosk(slow)], calls=calls, callers=callers)

    found = here.ask(case())

    assert [cause.service for cause in found.causes[:1]] == [told] * bool(told)
    read = telemetry_of(here.shelf.kept[found.bundle], INCIDENT).spans
    assert {"web", "kiosk"} & {read.names[code] for code in read.service} == set(callers)
    assert len(read.trace_ids) == len(set(read.trace_ids))  # one that several callers have comes once


def test_memory_that_meets_its_limit_soon_is_saturation_though_no_span_shows_it() -> None:
    here = clinic()
    here.limits = {"cart": 400, "tax": 400}
    for step in range(-130, 40):
        here.level("cart", "process.memory.usage", SICK + step * SECOND // 2, 100 + max(0, step) * 5)
        here.level("tax", "process.memory.usage", SICK + step * SECOND // 2, 100 + step % 3)

    found = here.ask(case(SymptomKind.SATURATION))

    assert (found.causes[0].service, found.causes[0].kind) == ("cart", CauseKind.SATURATION)
    assert found.verdict is Confidence.CONFIRMED


def test_what_fails_from_a_deployment_on_is_that_commits_fault() -> None:
    here = clinic(Fault(fails={"GET /rate": "KeyError"}))
    here.deploy("c0ffee", "tax", SICK - SECOND, POOL, "DATABASE_POOL_SIZE=500\n")

    found = here.ask(case(SymptomKind.ERROR))

    assert (found.causes[0].service, found.causes[0].kind, found.change) == ("tax", CauseKind.BAD_CHANGE, "c0ffee")


def test_a_deployment_under_which_all_went_well_for_a_while_is_innocent() -> None:
    here = clinic(Fault(fails={"GET /rate": "KeyError"}))
    here.deploy("c0ffee", "tax", SICK - 40 * SECOND, POOL, "DATABASE_POOL_SIZE=500\n")

    found = here.ask(case(SymptomKind.ERROR))

    assert (found.causes[0].service, found.causes[0].kind, found.change) == ("tax", CauseKind.ERROR, "")


def test_what_was_deployed_after_the_incident_was_opened_did_not_cause_it() -> None:
    here = Clinic([*usual()])
    here.spans += spans_at(shop(90, 6, Fault(fails={"GET /rate": "KeyError"})), SICK + 10 * SECOND)
    here.deploy("c0ffee", "tax", SICK + 9 * SECOND, POOL, "DATABASE_POOL_SIZE=500\n")
    chain = restarted("tax", SICK + 8 * SECOND, Outcome.NOT_RECOVERED)

    found = here.ask(case(SymptomKind.ERROR, *chain))

    assert (found.causes[0].service, found.causes[0].kind, found.change) == ("tax", CauseKind.ERROR, "")


def test_a_deployment_of_another_service_is_innocent() -> None:
    here = clinic(Fault(fails={"GET /rate": "KeyError"}))
    here.deploy("c0ffee", "mail", SICK - SECOND, POOL, "DATABASE_POOL_SIZE=500\n")

    assert here.ask(case(SymptomKind.ERROR)).change == ""


def test_a_hint_that_git_does_not_confirm_is_not_believed() -> None:
    here = clinic(Fault(fails={"GET /rate": "KeyError"}))
    here.deploy("c0ffee", "tax", SICK - SECOND, POOL, "DATABASE_POOL_SIZE=500\n")
    here.git.commits_.clear()
    here.topics.add("changes", SICK, b"no hint at all")

    assert here.ask(case(SymptomKind.ERROR)).change == ""


def test_a_unit_that_ended_right_after_its_deployment_was_broken_by_it() -> None:
    here = clinic(Fault(dead="tax"))
    here.ended["tax"] = ""
    here.deploy("c0ffee", "tax", SICK - SECOND, POOL, "DATABASE_POOL_SIZE=500\n")

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.causes[0].kind, found.change) == ("tax", CauseKind.BAD_CHANGE, "c0ffee")


@pytest.mark.parametrize(
    ("said", "kind"),
    [("ended by a signal", CauseKind.CRASH), ("killed: out of memory, 41 bytes of 40 allowed", CauseKind.SATURATION)],
)
def test_what_the_runtime_says_of_an_end_tells_the_kind(said: str, kind: CauseKind) -> None:
    here = clinic(Fault(dead="tax"))
    here.ended["tax"] = said

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.causes[0].kind, found.verdict) == ("tax", kind, Confidence.CONFIRMED)


def test_a_unit_that_lives_and_does_not_answer_hangs_and_its_spans_are_waited_for_no_longer_than_patience() -> None:
    here = clinic()
    here.silent.add("tax")

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.HANG)
    assert here.time - NOW <= 1.6 * SECOND


def test_half_of_the_services_out_without_a_common_cause_are_nobodys_fault() -> None:
    here = clinic(Fault(dead="tax"))
    here.silent |= {"tax", "mail", "cart"}

    assert here.ask(case(SymptomKind.INFRASTRUCTURE)).verdict is Confidence.INCONCLUSIVE


@pytest.mark.parametrize("others", [{"mail"}, {"mail", "cart"}, {"web", "cart", "price", "mail"}])
def test_what_the_runtime_says_has_ended_is_named_first_in_its_own_incident_however_many_have(others: set[str]) -> None:
    here = clinic(Fault(dead="tax"))
    here.ended |= dict.fromkeys({"tax", *others}, "")

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.CRASH)
    assert found.verdict is Confidence.CONFIRMED


def test_what_ended_is_named_also_beside_half_of_the_services_that_are_silent() -> None:
    here = clinic(Fault(dead="tax"))
    here.ended["tax"] = ""
    here.silent |= {"web", "cart", "price"}

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.verdict) == ("tax", Confidence.CONFIRMED)


def test_a_silent_service_is_charged_to_what_it_calls_that_is_out() -> None:
    here = clinic(Fault(dead="tax"))
    here.calls["tax"] = ("mail",)
    here.silent.add("tax")
    here.ended["mail"] = ""

    assert here.ask(case(SymptomKind.INFRASTRUCTURE)).causes[0].service == "mail"


@pytest.mark.parametrize("gone", [{"traces"}, {"topics"}, {"git"}, {"traces", "topics", "git"}])
@pytest.mark.parametrize("hangs", [False, True])
def test_a_death_that_the_runtime_tells_is_decided_without_what_does_not_answer(gone: set[str], hangs: bool) -> None:
    here = clinic(Fault(dead="tax"))
    here.ended["tax"] = ""
    here.deploy("c0ffee", "mail", SICK - 40 * SECOND, POOL, "DATABASE_POOL_SIZE=500\n")
    here.gone, here.hangs, here.patience_s = gone, hangs, 1.0

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.causes[0].kind, found.verdict) == (
        "tax",
        CauseKind.CRASH,
        Confidence.CONFIRMED,
    )
    assert ("traces were not available: " in found.report) == ("traces" in gone)
    assert ("deployments were not available: " in found.report) == bool(gone & {"topics", "git"})
    assert fact_of(diagnose_case(case_of(here.shelf.kept[found.bundle])), found.bundle) == found


def test_traces_that_make_no_sense_are_left_out_of_a_death_too() -> None:
    here = clinic(Fault(dead="tax"))
    here.ended["tax"] = ""
    here.garbage = b'{"data": [1}'

    found = here.ask(case(SymptomKind.INFRASTRUCTURE))

    assert (found.causes[0].service, found.verdict) == ("tax", Confidence.CONFIRMED)
    assert "traces were not available: no Jaeger query JSON" in found.report


def test_what_is_slow_waits_for_its_evidence() -> None:
    here = clinic(Fault(slow={"GET /rate": 300}))
    here.gone = {"traces"}

    with pytest.raises(Unavailable):
        here.ask(case())


def restarted(service: str, at: int, outcome: Outcome) -> list[tuple[int, Payload]]:
    """Return the decision, the action and the verification of a restart, each with its time."""
    return carried_out(Restart(service, "1", ""), at, outcome)


def carried_out(remedy: Remedy, at: int, outcome: Outcome) -> list[tuple[int, Payload]]:
    """Return the decision, the action and the verification of a remedy, each with its time."""
    decision = Decision(Diagnosis(Confidence.LIKELY, (), ()), remedy, (), 0)
    action = Action(ActionResult.DONE, remedy, "", "", "", (), "")
    return [(at, decision), (at, action), (at, Verification(outcome, JourneyCount(0, 1, 0, 1), 0, 1, 1, 0, ""))]


def test_a_restart_that_did_not_help_disproves_what_restarts_cure() -> None:
    here = clinic(Fault(dead="tax"))
    here.silent.add("tax")
    chain = restarted("tax", SICK + 10 * SECOND, Outcome.NOT_RECOVERED)

    found = here.ask(case(SymptomKind.INFRASTRUCTURE, *chain))

    assert found.verdict is Confidence.INCONCLUSIVE
    assert not any((cause.service, cause.kind) == ("tax", CauseKind.HANG) for cause in found.causes)


def test_a_life_that_ended_after_a_restart_is_another_one_and_no_restart_disproves_it() -> None:
    here = clinic(Fault(dead="tax"))
    here.ended["tax"] = ""
    chain = restarted("tax", SICK + 10 * SECOND, Outcome.NOT_RECOVERED)

    found = here.ask(case(SymptomKind.INFRASTRUCTURE, *chain))

    assert (found.causes[0].kind, found.verdict) == (CauseKind.CRASH, Confidence.CONFIRMED)


def test_after_a_remedy_only_what_came_after_it_is_looked_at() -> None:
    here = Clinic([*usual()])
    here.spans += spans_at(shop(90, 5, Fault(slow={"GET /rate": 300})), SICK)
    here.spans += spans_at(shop(90, 6, Fault(slow={"GET /items": 300})), SICK + 10 * SECOND)
    chain = restarted("tax", SICK + 10 * SECOND, Outcome.UNDECIDED)

    assert first(here.ask(case(SymptomKind.LATENCY, *chain))).startswith("cart")


ATTEMPTS = SetConfig("price", "deploy/config/price.env", "ATTEMPTS", "1", "4", "", "ask again")
FAILING = Fault(fails={"GET /rate": "the quota is used up"})
SLOW, SLOW_AND_ASKED_AGAIN = Fault(slow={"GET /rate": 60}), Fault(slow={"GET /rate": 60}, repeats={"GET /rate": 4})


def test_what_a_remedy_did_until_it_was_taken_back_is_blamed_on_no_commit() -> None:
    here = Clinic([*usual(), *spans_at(shop(60, 5, SLOW), SICK)])
    here.spans += spans_at(shop(60, 6, SLOW_AND_ASKED_AGAIN), SICK + 6 * SECOND)
    here.spans += spans_at(shop(80, 7, SLOW), SICK + 12 * SECOND)
    here.deploy("c0ffee", "price", SICK - SECOND, POOL, "DATABASE_POOL_SIZE=6\n")
    undo = Undo(ActionResult.DONE, ATTEMPTS, "", "", "")

    chain = [*carried_out(ATTEMPTS, SICK + 6 * SECOND, Outcome.NOT_RECOVERED), (SICK + 12 * SECOND, undo)]
    found = here.ask(case(SymptomKind.LATENCY, *chain))

    assert (first(found), found.change) == (f"tax: {CauseKind.SLOW_CODE} at `GET /rate`", "")


def test_what_the_deployment_of_an_undoing_interrupts_is_blamed_on_no_commit() -> None:
    here = Clinic([*usual(), *spans_at(shop(60, 5, FAILING), SICK)])
    here.spans += spans_at(shop(60, 6, FAILING), SICK + 6 * SECOND)
    here.spans += spans_at(shop(20, 7, Fault(dead="price")), SICK + 12 * SECOND)
    here.spans += spans_at(shop(20, 8, FAILING), SICK + 18 * SECOND)
    here.deploy("c0ffee", "price", SICK - 3 * SECOND, POOL, "DATABASE_POOL_SIZE=6\n")
    here.deploy("badcab", "price", SICK + 12 * SECOND - 1, "ATTEMPTS=4\n", "ATTEMPTS=1\n")
    undo = Undo(ActionResult.DONE, ATTEMPTS, "", "", "")

    chain = [*carried_out(ATTEMPTS, SICK + 6 * SECOND, Outcome.NOT_RECOVERED), (SICK + 12 * SECOND, undo)]
    found = here.ask(case(SymptomKind.ERROR, *chain))

    assert [cause.service for cause in found.causes] == ["tax"]
    assert found.change == ""


def test_what_a_service_does_under_a_remedy_that_stands_is_blamed_on_no_commit() -> None:
    here = Clinic([*usual(), *spans_at(shop(60, 5, SLOW), SICK)])
    here.spans += spans_at(shop(140, 6, SLOW_AND_ASKED_AGAIN), SICK + 6 * SECOND)
    here.deploy("c0ffee", "price", SICK - SECOND, POOL, "DATABASE_POOL_SIZE=6\n")

    found = here.ask(case(SymptomKind.LATENCY, *carried_out(ATTEMPTS, SICK + 6 * SECOND, Outcome.IMPROVED)))

    assert found.change == ""


def test_logs_and_metrics_of_strangers_are_left_out() -> None:
    here = clinic()
    here.log("stranger", SICK, "all is lost")
    here.level("stranger", "process.memory.usage", SICK, 1.0)
    here.topics.add("otlp_logs", SICK, b"\xff no request")
    found = here.ask(case())

    kept = here.shelf.kept[found.bundle]
    assert not any(b"stranger" in content for content in kept.values())
    assert set(SERVICES) <= set(kept["incident/alert.json"].decode().replace('"', " ").split())


@dataclass
class Written(UnitOutput):
    """What units wrote; with an `error`, nobody can say."""

    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def newest(self, name: str) -> bytes:
        """Return a line."""
        self.asked.append(name)
        if self.error:
            raise self.error
        return f"{name} said\n".encode()


def test_what_a_service_that_is_out_wrote_last_is_in_the_bundle_and_changes_no_diagnosis() -> None:
    here, without = clinic(), clinic()
    for one in (here, without):
        one.ended["tax"] = "ended by a signal"
    here.output = Written()
    found, same = here.ask(case()), without.ask(case())

    files = here.shelf.kept[found.bundle]
    assert files[INCIDENT + "output/tax.log"] == b"tax said\n"
    assert here.output.asked == ["tax"]  # who is well may go on writing
    assert {path: text for path, text in files.items() if "output/" not in path} == without.shelf.kept[same.bundle]
    assert (found.verdict, found.causes, found.report) == (same.verdict, same.causes, same.report)


@pytest.mark.parametrize("error", [Unavailable("it is down"), Missing("no such unit"), TimeoutError()])
def test_output_that_cannot_be_read_is_left_out_and_nothing_waits_for_it(error: Exception) -> None:
    here = clinic()
    here.ended["tax"], here.output = "", Written(error)
    found = here.ask(case())

    assert found.verdict is Confidence.CONFIRMED
    assert not any("output/" in path for path in here.shelf.kept[found.bundle])


def test_the_end_of_a_unit_waits_only_shortly_for_failed_requests() -> None:
    """It is evidence of its own; a service that is only silent gets as long as the spans of a failure may take."""
    ended, silent = Clinic(list(usual())), Clinic(list(usual()))
    ended.ended["tax"] = "ended by a signal"
    silent.silent.add("tax")
    found = ended.ask(case())
    silent.ask(case())

    assert (found.verdict, first(found)) == (Confidence.CONFIRMED, "tax: crash")
    assert (ended.time - NOW) / SECOND < 0.5
    assert (silent.time - NOW) / SECOND >= 1.5
