"""The chart's tunables and guardrails: what they say, and that a mistake is named exactly."""

from pathlib import Path

import pytest

from sre_space.adapters.chart_file import parse_chart, read_chart
from sre_space.domain.chart import FreezeWindow, Tunable
from sre_space.domain.configuration import FOLDER, SPACE_FILE, keys_of
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.errors import Malformed

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "sre-space.yaml"
TUNABLES = [one for service in read_chart(CHART, {}).services.values() for one in service.tunables]


def test_every_key_of_desired_state_that_heals_something_is_there_or_has_a_default() -> None:
    present = {f"{FOLDER}/{path.name}": keys_of(path.read_text()) for path in (ROOT / FOLDER).glob("*.env")}

    for tunable in TUNABLES:
        assert tunable.file in present
        assert tunable.protected or tunable.cure is None or tunable.key in present[tunable.file]


@pytest.mark.parametrize("tunable", TUNABLES, ids=lambda one: one.key)
def test_no_cure_leaves_the_bounds_of_its_tunable(tunable: Tunable) -> None:
    if tunable.cure is not None:
        assert not tunable.why_not(tunable.cured("400000000" if tunable.file == SPACE_FILE else "1"))


def test_a_cure_that_has_reached_the_maximum_is_none_any_more() -> None:
    (memory,) = [one for one in TUNABLES if one.key == "POLICY_SERVICE_MEMORY_BYTES"]

    assert memory.cured("400000000") == "600000000"
    assert memory.cured("1500000000") == "1600000000"
    assert memory.cured("1600000000") is None
    assert memory.cured("much") is None


def test_errors_of_a_dependency_are_healed_by_asking_again() -> None:
    chart = read_chart(CHART, {})
    tunable = chart.tunable(f"{FOLDER}/quote-service.env", "DOWNSTREAM_ATTEMPTS")

    assert tunable is not None
    assert tunable.cure is not None
    assert tunable.cure.of_dependency
    assert CauseKind.ERROR in tunable.cure.kinds
    assert tunable.cured("1") == "5"
    assert tunable.cured("5") is None


def test_a_freeze_window_is_read_in_utc() -> None:
    text = CHART.read_text().replace("freeze: []", 'freeze: [{days: [fri, sat], since: "16:00"}]')

    assert parse_chart(text, {}).guardrails.freeze == (FreezeWindow((4, 5), 16 * 3600, 24 * 3600),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max: 6", "max: 0", "services.quote-service.tunables.DOWNSTREAM_ATTEMPTS: .*min 1 is over max 0"),
        ('to: "5"', 'to: "7"', "DOWNSTREAM_ATTEMPTS: .*heals.to: 7 is over 6"),
        ('to: "5"', 'to: "5"\n          times: 2', "DOWNSTREAM_ATTEMPTS.heals: .*either `to` or `times`"),
        ("type: integer\n        min: 1\n", "type: whole\n        min: 1\n", "DOWNSTREAM_ATTEMPTS.type"),
        ("of: dependency\n          to: standard", "of: nobody\n          to: standard", "RISK_FALLBACK.heals.of"),
        ("to: standard-tariff", "to: free", "RISK_FALLBACK: .*'free' is none of off, standard-tariff"),
        ("type: text\n        values", "type: text\n        min: 1\n        values", "RISK_FALLBACK: .*not min"),
        ("DATABASE_URL: {type", "database_url: {type", "tunables.database_url"),
        ("file: space.env", "file: ../../etc/passwd", "QUOTE_SERVICE_MEMORY_BYTES.file"),
        ("actions: [restart,", "actions: [reboot,", "guardrails.actions.0"),
        ("freeze: []", "freeze: [{days: [someday]}]", "guardrails.freeze.0.days.0"),
        ("freeze: []", 'freeze: [{days: [fri], since: "18:00", until: "08:00"}]', "one window for each day"),
        ("autonomy: autonomous", "autonomy: autonomous\n    most_replicas: 0", "most_replicas"),
        (
            "protected: true, purpose", "protected: true, heals: {kinds: [error], of: itself, to: x}, purpose",
            "DATABASE_URL: .*only people change it",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_chart_is_named_exactly(old: str, new: str, told: str) -> None:
    assert old in CHART.read_text()
    with pytest.raises(Malformed, match=told):
        parse_chart(CHART.read_text().replace(old, new, 1), {})
