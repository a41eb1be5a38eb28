"""`sre-space diagnose` from the outside: files in, a report or JSON out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import foreign
from support.clinic import SICK, Clinic, case, spans_at
from support.shop import EPOCH, Fault, Made, changed, shop, telemetry

from sre_space.adapters.jaeger_window import read_window
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.result import CaseDiagnosis, ChainStep
from sre_space.analysis.diagnosis.tables import SkippedInput
from sre_space.cli.main import app
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.errors import Malformed, Missing, Unavailable
from sre_space.domain.symptoms import SymptomKind
from sre_space.text.diagnosis_report import report, sentence

SLOW = Fault(slow={"GET /rate": 40})


def written(folder: Path, spans: list[Made]) -> Path:
    """Return a folder with the spans as the Collector writes them, one to a line."""
    return foreign.written(folder, "traces.jsonl", *(foreign.otlp([span]) for span in spans))


@pytest.fixture(name="cases")
def _cases(tmp_path: Path) -> Path:
    written(tmp_path / "incidents" / "one", shop(90, 2, SLOW))
    written(tmp_path / "incidents" / "two", shop(90, 3))
    written(tmp_path / "healthy", shop(90, 7))
    change = {"id": "c1", "time": str(EPOCH - 10**9), "service": "tax", "diff": "@@ tax.py @@\n-  cached(rate)\n"}
    (tmp_path / "incidents" / "one" / "changes.jsonl").write_text(json.dumps(change) + "\n")
    rows = [
        {"case": name, "incident": f"incidents/{name}", "baseline": ["healthy"], "changes": None}
        for name in ("one", "two")
    ]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["diagnose", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_one_incident_as_a_report(cases: Path) -> None:
    told = run("--incident", str(cases / "incidents" / "one"), "--baseline", str(cases / "healthy")).splitlines()
    assert told[1].startswith("CONFIRMED: tax was broken by a change (`GET /rate`)")
    assert "The change c1 explains it." in told[1]
    assert told.index("Why") < told.index("Evidence") < told.index("Services") < told.index("Slowest affected trace")
    assert any("tax GET /rate" in line and "◀ culprit" in line for line in told)
    assert any(line.startswith("price → ◀tax▶ ×") for line in told)


def test_one_incident_as_json(cases: Path) -> None:
    told = json.loads(
        run("--incident", str(cases / "incidents" / "one"), "--baseline", str(cases / "healthy"), "--json")
    )
    assert (told["case"], told["verdict"], told["change"]) == ("one", "CONFIRMED", "c1")
    assert told["causes"][0]["service"] == "tax"
    known = {item["id"] for item in told["evidence"]}
    assert set(told["causes"][0]["evidence"]) <= known
    assert all(set(step["evidence"]) <= known for step in told["chain"])
    assert told["seconds"] >= 0


def test_a_set_of_cases_gives_one_line_each_in_order(cases: Path) -> None:
    lines = [json.loads(line) for line in run("--cases", str(cases), "--jsonl").splitlines()]
    assert [line["case"] for line in lines] == ["one", "two"]
    assert [line["verdict"] for line in lines] == ["CONFIRMED", "INCONCLUSIVE"]
    assert [line["change"] for line in lines] == [None, None]


def test_a_truth_file_beside_the_cases_changes_nothing(cases: Path) -> None:
    def told() -> list[object]:
        lines = [json.loads(line) for line in run("--cases", str(cases), "--jsonl").splitlines()]
        return [{**line, "seconds": 0} for line in lines]

    before = told()
    (cases / "truth.jsonl").write_text(json.dumps({"case": "one", "services": ["mail"]}) + "\n")
    assert told() == before


def test_what_is_asked_wrongly_is_said_in_one_sentence(cases: Path, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="needs one of --incident"):
        run()
    with pytest.raises(Malformed, match="--jaeger needs --since and --until"):
        run("--jaeger", "http://127.0.0.1:9")
    with pytest.raises(Malformed, match="is not before"):
        run("--jaeger", "http://127.0.0.1:9", "--since", "2", "--until", "1")
    with pytest.raises(Missing, match=r"cases\.jsonl does not exist"):
        run("--cases", str(tmp_path / "healthy"))
    (cases / "cases.jsonl").write_text('{"case": 1}\n')
    with pytest.raises(Malformed, match=r"cases\.jsonl:1 is not a case: KeyError"):
        run("--cases", str(cases))


def test_a_jaeger_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"does not answer at http://127\.0\.0\.1:9"):
        read_window("http://127.0.0.1:9", 0, 1)


def test_a_diagnosis_that_cites_what_nobody_saw_is_a_bug() -> None:
    with pytest.raises(ValueError, match="the chain cites evidence that does not exist"):
        CaseDiagnosis(Confidence.LIKELY, (), (), (ChainStep("because", ("span:t/a",)),))


def test_what_telemetry_said_cannot_write_to_the_terminal() -> None:
    evil = telemetry(shop(90, 2, Fault(fails={"GET /rate": "\x1b[2J\x07gone" + "x" * 900})))
    told = report(diagnose(evil, [telemetry(shop(90, 7))]))
    assert "\x1b" not in told
    assert "\x07" not in told
    assert max(map(len, told.splitlines())) < 400


def test_nothing_found_is_said_so() -> None:
    healthy = telemetry(shop(90, 7))
    assert "nothing here differs from health" in sentence(diagnose(healthy, [healthy]))


def test_nothing_read_is_not_called_health() -> None:
    healthy, nothing = telemetry(shop(90, 7)), telemetry([])
    assert "the incident holds no telemetry that could be read" in sentence(diagnose(nothing, [healthy]))
    assert "no baseline holds telemetry that could be read" in sentence(diagnose(healthy, [nothing]))
    partly = replace(healthy, unreadable=(SkippedInput("x.json:1", "no JSON", 3),))
    assert "but 3 inputs could not be read" in sentence(diagnose(partly, [healthy]))


def test_what_could_not_be_read_has_an_exit_status_of_its_own(cases: Path) -> None:
    (cases / "healthy" / "more.json").write_text("{broken")
    incident, healthy = str(cases / "incidents" / "two"), str(cases / "healthy")
    done = CliRunner().invoke(app, ["diagnose", "--incident", incident, "--baseline", healthy], catch_exceptions=False)
    assert done.exit_code == 4
    assert "healthy/more.json:1: no JSON" in done.stdout
    assert "not all input could be read" in done.stderr
    told = CliRunner().invoke(app, ["diagnose", "--incident", incident, "--baseline", healthy, "--json"])
    assert [item["place"] for item in json.loads(told.stdout)["unread"]] == ["healthy/more.json:1"]


def test_nothing_of_a_folder_read_is_said(cases: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for incident, baseline in (("empty", "healthy"), ("healthy", "empty")):
        arguments = ["diagnose", "--incident", str(cases / incident), "--baseline", str(cases / baseline)]
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 4
        assert "nothing here differs" not in done.stdout


@pytest.mark.parametrize("service", ["t\x1b[31max", "t\ud800ax", "t\nax\x07", "t\x9bax", "t\u202eax"])
def test_a_service_of_any_name_is_reported_harmlessly(tmp_path: Path, service: str) -> None:
    renamed = changed(shop(90, 2, SLOW), lambda span: {"service": service} if span.service == "tax" else {})
    healthy = changed(shop(90, 7), lambda span: {"service": service} if span.service == "tax" else {})
    incident, baseline = written(tmp_path / "incident", renamed), written(tmp_path / "healthy", healthy)
    told = run("--incident", str(incident), "--baseline", str(baseline))
    assert all(char.isprintable() or char == "\n" for char in told)
    assert told.splitlines()[1].startswith("CONFIRMED: t")
    run("--incident", str(incident), "--baseline", str(baseline), "--json")


def test_a_bundle_unpacked_into_folders_is_diagnosed_as_it_was(tmp_path: Path) -> None:
    here = Clinic(spans_at(shop(650, 3), SICK - 66 * 10**9) + spans_at(shop(200, 5, Fault(dead="tax")), SICK))
    here.ended["tax"] = "ended by a signal"
    found = here.ask(case(SymptomKind.INFRASTRUCTURE))
    for path, content in here.shelf.kept[found.bundle].items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)

    told = json.loads(
        run("--incident", str(tmp_path / "incident"), "--baseline", str(tmp_path / "baseline-1"), "--json")
    )

    assert (told["verdict"], told["causes"][0]["service"], told["causes"][0]["kind"]) == ("CONFIRMED", "tax", "crash")


def test_a_state_that_is_none_is_skipped_and_named(cases: Path) -> None:
    (cases / "incidents" / "one" / "states.jsonl").write_text('{"service": "tax"}\n')
    arguments = ["diagnose", "--incident", str(cases / "incidents" / "one"), "--baseline", str(cases / "healthy")]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)

    assert done.exit_code == 4
    assert "states.jsonl:1" in done.stdout
