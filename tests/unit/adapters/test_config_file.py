"""The chart's tunables and guardrails: what they say, and that a mistake is named exactly."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.configured import parse_config
from support.git_world import keys_of
from support.matrix import matrix

from sre_space.adapters.config_file import read_config
from sre_space.adapters.config_notices import NO_CONVERSION, NO_VISIT
from sre_space.domain.configuration import FOLDER, SPACE_FILE, Place
from sre_space.domain.contacts import Contact
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.errors import Malformed
from sre_space.domain.health_check import CheckKind, HealthCheck
from sre_space.domain.journeys import ConversionSteps, Journey, Side, SpanSelector, Success
from sre_space.domain.space_config import Maintenance, Tunable
from sre_space.domain.windows import WeeklyWindow

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "sre-space.yaml"
TUNABLES = [one for service in read_config(CHART, {}).services.values() for one in service.tunables]


def test_every_key_of_desired_state_that_heals_something_is_there_or_has_a_default() -> None:
    present = {f"{FOLDER}/{path.name}": keys_of(path.read_text()) for path in (ROOT / FOLDER).glob("*.env")}

    for tunable in TUNABLES:
        assert tunable.file in present
        assert tunable.protected or tunable.remedy_for is None or tunable.key in present[tunable.file]


@pytest.mark.parametrize("tunable", TUNABLES, ids=lambda one: one.key)
def test_no_cure_leaves_the_bounds_of_its_tunable(tunable: Tunable) -> None:
    if tunable.remedy_for is not None:
        assert not tunable.why_not(tunable.remedied_value("400000000" if tunable.file == SPACE_FILE else "1"))


def test_a_cure_that_has_reached_the_maximum_is_none_any_more() -> None:
    (memory,) = [one for one in TUNABLES if one.key == "POLICY_SERVICE_MEMORY_BYTES"]

    assert memory.remedied_value("400000000") == "600000000"
    assert memory.remedied_value("1500000000") == "1600000000"
    assert memory.remedied_value("1600000000") is None
    assert memory.remedied_value("much") is None


def test_errors_of_a_dependency_are_healed_by_asking_again() -> None:
    config = read_config(CHART, {})
    tunable = config.tunable(f"{FOLDER}/quote-service.env", "DOWNSTREAM_ATTEMPTS")

    assert tunable is not None
    assert tunable.remedy_for is not None
    assert tunable.remedy_for.of_dependency
    assert CauseKind.ERROR in tunable.remedy_for.kinds
    assert tunable.remedied_value("1") == "5"
    assert tunable.remedied_value("5") is None


def test_a_recovery_takes_thirty_good_visits_where_the_chart_does_not_say_how_many() -> None:
    text = CHART.read_text()
    said = "    good_visits: 30\n"
    assert said in text

    assert parse_config(text.replace(said, ""), {}).journeys[0].good_visits == 30
    assert parse_config(text.replace(said, "    good_visits: 10\n"), {}).journeys[0].good_visits == 10
    with pytest.raises(Malformed, match=r"good_visits"):
        parse_config(text.replace(said, "    good_visits: 0\n"), {})


def test_a_freeze_window_is_read_in_utc() -> None:
    text = CHART.read_text().replace("freeze: []", 'freeze: [{days: [fri, sat], since: "16:00"}]')

    assert parse_config(text, {}).guardrails.freeze == (WeeklyWindow((4, 5), 16 * 3600, 24 * 3600),)


OLD = Path(__file__).resolve().parents[2] / "compat" / "0.1.0" / "space" / "sre-space.yaml"


def test_a_file_of_0_1_0_says_what_it_leaves_to_a_default_with_line_and_remedy() -> None:
    number = next(n for n, line in enumerate(OLD.read_text().splitlines(), 1) if line == "  buy-insurance:")

    config = read_config(OLD)

    assert config.notices == (
        f"{OLD}:{number}: journeys.buy-insurance: {NO_CONVERSION}",
        f"{OLD}:{number}: journeys.buy-insurance: {NO_VISIT}",
    )
    assert (config.journeys[0].conversion, config.journeys[0].visit) == (None, "")


def test_the_configuration_of_the_demo_leaves_nothing_to_a_default() -> None:
    assert read_config(CHART).notices == ()


@pytest.mark.parametrize(
    ("journey", "said"),
    [
        ("{caller: web, steps: [buy], slo: 0.99, conversion: none, visit: trace}", []),
        ("{caller: web, steps: [buy], slo: 0.99, conversion: {topics: [a, b]}, visit: session}", []),
        ("{caller: web, steps: [buy], slo: 0.99}", [NO_CONVERSION, NO_VISIT]),
        ("{caller: web, steps: [buy], slo: 0.99, visit: session}", [NO_CONVERSION]),
        ("{spans: {service: web}, slo: 0.99}", []),
        ("{spans: {service: web, names: [ask, buy]}, slo: 0.99}", [NO_VISIT]),
        ("{spans: {service: web, names: [ask, buy]}, slo: 0.99, visit: trace}", []),
        ("{spans: {service: web}, slo: 0.99, conversion: {steps: [ask, buy]}}", [NO_VISIT]),
    ],
)
def test_what_a_journey_leaves_unsaid_and_how_it_says_that_the_default_is_meant(journey: str, said: list[str]) -> None:
    text = CHART.read_text()
    start, end = text.index("  buy-insurance:"), text.index("guardrails:\n")
    config = parse_config(f"{text[:start]}  buy-insurance: {journey}\n{text[end:]}", {})

    assert [notice.partition("journeys.buy-insurance: ")[2] for notice in config.notices] == said
    assert config.journeys[0].visit in ("", "session")


def test_a_window_may_be_in_local_time() -> None:
    one = '{services: [all], days: [sun], since: "02:00", until: "04:00", reason: vacuum, timezone: Europe/Vienna}'
    text = CHART.read_text().replace("freeze: []", "freeze: [{days: [fri], timezone: America/New_York}]")

    config = parse_config(text.replace("maintenance: []", f"maintenance: [{one}]"), {})

    assert config.maintenance[0].window.zone == ZoneInfo("Europe/Vienna")
    assert config.guardrails.freeze[0].zone == ZoneInfo("America/New_York")


def test_maintenance_is_windows_with_services_and_a_reason() -> None:
    one = '{services: [policy-service], days: [sun], since: "02:00", until: "04:00", reason: vacuum}'
    text = CHART.read_text().replace(
        "maintenance: []", f"maintenance: [{one}, {{services: [all], days: [mon], reason: x}}]"
    )

    assert parse_config(text, {}).maintenance == (
        Maintenance(("policy-service",), WeeklyWindow((6,), 2 * 3600, 4 * 3600), "vacuum"),
        Maintenance(("all",), WeeklyWindow((0,), 0, 24 * 3600), "x"),
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max: 6", "max: 0", "services.quote-service.tunables.DOWNSTREAM_ATTEMPTS: .*min 1 is over max 0"),
        ('to: "5"', 'to: "7"', "DOWNSTREAM_ATTEMPTS: .*heals.to: 7 is above 6"),
        ('to: "5"', 'to: "5"\n          times: 2', "DOWNSTREAM_ATTEMPTS.heals: .*either `to` or `times`"),
        ("type: integer\n        min: 1\n", "type: whole\n        min: 1\n", "DOWNSTREAM_ATTEMPTS.type"),
        ("of: dependency\n          to: standard", "of: nobody\n          to: standard", "RISK_FALLBACK.heals.of"),
        ("to: standard-tariff", "to: free", "RISK_FALLBACK: .*'free' is not one of off, standard-tariff"),
        ("type: text\n        values", "type: text\n        min: 1\n        values", "RISK_FALLBACK: .*not min"),
        ("DATABASE_URL: {type", "database_url: {type", "tunables.database_url"),
        ("  file: space.env", "  file: ../../etc/passwd", "QUOTE_SERVICE_MEMORY_BYTES.file"),
        ("actions: [restart,", "actions: [reboot,", "guardrails.actions.0"),
        ("freeze: []", "freeze: [{days: [someday]}]", "guardrails.freeze.0.days.0"),
        (
            "maintenance: []",
            "maintenance: [{services: [all, polcy-service], days: [sun], reason: x}]",
            r"maintenance.0.services.1: 'polcy-service' is not a service of this file; did you mean .*: .*, or all",
        ),
        ("maintenance: []", "maintenance: [{services: [], days: [sun], reason: x}]", "maintenance.0.services"),
        (
            "freeze: []",
            "freeze: [{days: [fri], timezone: Europe/Viena}]",
            "guardrails.freeze.0.timezone: 'Europe/Viena' is no time zone; did you mean Europe/Vienna?",
        ),
        ("freeze: []", "freeze: [{days: [fri], timezone: CET+1}]", r"'CET\+1' is no time zone; .* Europe/Vienna"),
        ("freeze: []", "freeze: [{days: [fri], timezone: ../passwd}]", "'../passwd' is no time zone"),
        ("maintenance: []", "maintenance: [{services: [all], days: [sun]}]", "maintenance.0.reason"),
        ("maintenance: []", "maintenance: [{service: all, days: [sun], reason: x}]", "maintenance.0.service"),
        ("act_on: {}", "act_on: {reboot: likely}", "guardrails.act_on.reboot: .*'restart', 'set-config', 'revert' or"),
        ("act_on: {}", "act_on: {restart: maybe}", "act_on.restart: 'maybe' is not known here; it may be 'confirmed'"),
        ("act_on: {}", "act_on: {restart: inconclusive}", "act_on.restart: .*'confirmed' or 'likely'"),
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
        parse_config(CHART.read_text().replace(old, new, 1), {})


def test_the_chart_says_on_which_verdict_a_remedy_acts() -> None:
    text = CHART.read_text()
    limits = parse_config(text.replace("act_on: {}", "act_on: {restart: likely, revert: confirmed}"), {}).guardrails

    assert limits.acts_on("restart", Confidence.LIKELY)
    assert not limits.acts_on("revert", Confidence.LIKELY)
    assert not parse_config(text.replace("  act_on: {}\n", ""), {}).guardrails.acts_on("restart", Confidence.LIKELY)
    with pytest.raises(Malformed, match="`act_on` names scale, which `actions` does not allow; add it there"):
        parse_config(text.replace("revert, scale]", "revert]").replace("act_on: {}", "act_on: {scale: likely}"), {})


def told_of(content: bytes, folder: Path, units: tuple[str, ...] | None = None) -> str:
    """Write these bytes to a configuration file and return the one-line message with which it is refused."""
    path = folder / "sre-space.yaml"
    path.write_bytes(content)
    with pytest.raises(Malformed) as refused:
        read_config(path, {}, units)
    told = str(refused.value)
    assert told.startswith(str(path))
    assert "\n" not in told
    return told.removeprefix(str(path))


def line_of(text: str, words: str) -> int:
    """Return the number of the first line that contains these words."""
    return text[: text.index(words)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("slo: 0.999", "slo: 99.9", "slo: 99.9 is not below 1; it is a share: write 0.999 for 99.9 %"),
        ("slo: 0.999", "slo: .nan", "slo: .nan is no finite number; write one"),
        ("slo: 0.999", "slo: .inf", "slo: .inf is no finite number"),
        ("slo: 0.999", "slo: -1", "slo: -1 is not above 0"),
        ("slo: 0.999", "slo: yes", "slo: a number is expected here, not a boolean"),
        ("slo: 0.999", "sl0: 0.999", "sl0: unknown key; did you mean slo. known keys: caller, steps, spans"),
        ("${RESTARTS_PER_HOUR:-6}", "on", "restarts_per_hour: a number is expected"),
        ("${RESTARTS_PER_HOUR:-6}", "1e400", "a whole number is expected here, .*'1e400'"),
        ("cooldown_seconds: 5", "cooldown_seconds: .inf", "cooldown_seconds: .*finite"),
        ("cooldown_seconds: 5", "cooldown_seconds: 5s", "'5s' .* is in seconds: write the number alone"),
        ("cooldown_seconds: 5", "cooldown_seconds: 0,5", "write a point instead of the comma: 0.5"),
        ("cooldown_seconds: 5", "cooldown_seconds: soon", "a number is expected here, and this is 'soon'"),
        ("cooldown_seconds: 5", "cooldown_seconds: []", "a number is expected here, and this is a list"),
        ("cooldown_seconds: 5", "cooldown_seconds:", "a number is expected here, and this is nothing"),
        ("attempts: 3", "attempts: 2.5", "a whole number is expected here, and this is '2.5'"),
        ("attempts: 3", "attempt: 3", "unknown key; did you mean attempts. known keys: actions,"),
        ("autonomy: autonomous", "autonomy: Autonomus", "'Autonomus' .*did you mean autonomous. it may be"),
        ("slo: 0.999", "slo: 99.9%", "99.9% is not below 1; it is a share: write 0.999 for 99.9 %"),
        ("slo: 0.999", "slo: 0.9%", "it is a share: write 0.009 for 0.9 %"),
        ("slo: 0.999", "slo: 1", "1 is not below 1; it is a share: write 0.01 for 1 %"),
        ("slo: 0.999", "slo: 0,999", "write a point instead of the comma: 0.999"),
        ("calls: [user-service, policy-service]", "calls: user-service", "a list is expected, such as .*is a text"),
        ("calls: [user-service, policy-service]", "calls: [user-servce]", "did you mean user-service. its"),
        ("    calls: []\n", "    calls: [quote-service]\n", "cycle, quote-service -> policy-service -> quote.*leave"),
        ("    calls: []\n", "    calls: [policy-service]\n", "cycle, policy-service -> policy-service; "),
        ("protected: true", "protected: maybe", "true or false is expected here, and this is a text .maybe."),
        ("health: http:", "health: https:/", "is not a URL with host and path, such as http"),
        ("attempts: 3", "attempts: 3\n  attempts: 4", "'attempts' is here twice, first in line"),
        ("    unit: quote-service\n", "    unit: quote-service\n    unit: other\n", "'unit' is here twice"),
        ("unit: policy-service", "unit: quote-service", "policy-service.unit: quote-service is quote-service's"),
        ("unit: policy-service", "unit: policies", "policy-service.unit: the runtime has no unit 'policies'; it has: "),
        ("unit: policy-service", "unit: policyservice", "'policyservice'; did you mean policy-service. it has"),
        ("${POLICY_SERVICE_PORT:-8002}", "8001", "policy-service.health: .*:8001/health is quote-service's"),
        ("${POLICY_SERVICE_PORT:-8002}", "99999", "policy-service.health: .*has no port from 1 to 65535"),
        ("${POLICY_SERVICE_PORT:-8002}", "http", "policy-service.health: .*has no port from 1 to 65535"),
        ("${POLICY_SERVICE_PORT:-8002}", "${POLICY_SERVICE_PORT", "'.*' is not a variable; write .*NAME"),
        ("${POLICY_SERVICE_PORT:-8002}", "${POLICY_SERVICE_PORT:8002}", "is not a variable; write .*NAME"),
        ("${POLICY_SERVICE_PORT:-8002}", "${NOWHERE}", r"\$\{NOWHERE\} is not set here; set it, or write"),
        ("calls: [user-service, policy-service]", "calls: [ghost]", "calls.0: 'ghost' is not a service of this file"),
        ("caller: traffic", "caller: ''", "caller: this is empty; write at least one"),
        ('to: "5"', "to: 5", 'to: a string is expected, .* write it in quotes: "5"'),
        ('values: ["off", standard', "values: [off, standard", 'values.0: a string is expected, .* in quotes: "off"'),
        ("space: cloud-insurance", "space: 2026-01-01", 'space: a string is expected, .*"2026-01-01"'),
        ("space: cloud-insurance", "space: !!python/name:os.system x", "the tag tag:.*python/.* is not read"),
        ("space: cloud-insurance", "space: 2026-99-99", "is not a value; put quotes around it"),
        ("    calls: []\n", "\tcalls: []\n", "a tab; indent with spaces"),
        ("*memory", "*memories", "undefined alias 'memories'"),
        ("    calls: []\n", "    calls: [[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]\n", "nested more than 20 deep"),
        ("guardrails:\n", "---\nguardrails:\n", "a second document begins here"),
        ("    calls: []\n", "    calls: &a [*a]\n", "contains itself by an alias"),
        ("    calls: []\n", "    <<: {calls: []}\n", "`<<` is not read here"),
        ("    calls: []\n", "    ? [a]\n    : b\n", "a key is a single word"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_the_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    before = CHART.read_text()
    text = before.replace(old, new, 1)
    changed = next(n for n, (a, b) in enumerate(zip(before.split("\n"), text.split("\n"), strict=False), 1) if a != b)

    line, _, sentence = (
        told_of(text.encode(), tmp_path, ("quote-service", "policy-service", "user-service"))
        .removeprefix(":")
        .partition(": ")
    )

    assert changed <= int(line) <= changed + new.count("\n")
    assert re.search(told, sentence)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ":1: this holds nothing; it begins with `space:`"),
        (b"# only a comment\n", ":1: this holds nothing"),
        (b"- space\n", ":1: this holds a list"),
        (b"word\n", ":1: this holds a single value"),
        (b"space: a\nservices: \xff\n", r":2: this is not UTF-8 \(byte 0xff\); save it as UTF-8"),
        ("space: a\n".encode("utf-16"), ":1: this is not UTF-8"),
        ("space: a\nb: \x80\n".encode(), ":2: this holds the control character 0x80; delete it"),
        ("space: a\nb: \ufffe\n".encode(), ":2: this holds the control character 0xfffe; delete it"),
        (b"a: " + b"${a:-" * 190_000 + b"}", r":1: '\${a:-.* is not a variable; write \${NAME}"),
        (b"space: ${A:-${B:-x}}\n", r":1: '\${A:-\${B:-x}}' is not a variable; write \${NAME}"),
        (b"space: " + b"9" * 5000, ":1: '9{40}' is not a value; put quotes around it$"),
        (b"space: a\n\0\n", ":2: this holds the control character 0x00; delete it"),
        (b"space: a\n", ":1: services: services is missing; add it, for example `services: {web: {"),
        (b"space: a\nservices: []\n", ":2: services: keys with values are expected here, and this is a list"),
        (b"space: a\nservices: {}\n", ":2: services: this is empty; write at least one"),
        (b"space: a\nservices:\n", ":2: services: keys with values are expected here, and this is nothing"),
        (b"#" * 1_000_001, ": this has more than 1000000 bytes"),
        (b"[" * 100_000, ":1: this is nested more than 20 deep"),
        (b"space: 'a\n", ":[12]: this is not YAML"),
    ],
)
def test_what_is_no_configuration_at_all_is_told_in_one_sentence(tmp_path: Path, content: bytes, told: str) -> None:
    assert re.match(told, told_of(content, tmp_path))


def test_a_few_bytes_that_stand_for_a_billion_values_are_refused(tmp_path: Path) -> None:
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(12))

    assert "its aliases stand for more than 20000 values" in told_of(lists.encode(), tmp_path)


@pytest.mark.parametrize("value", ["a\nb", "a\u2028b: c", "\x1b[2J", "\udc80", "\x80"])
def test_a_variable_holds_one_line_of_text(value: str) -> None:
    with pytest.raises(
        Malformed, match=r"configuration:1: A holds a line break or a control character; set it to one line"
    ):
        parse_config("space: ${A}\n", {"A": value})


def test_a_folder_and_a_device_are_no_configuration(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(Malformed, match="is not a file; SRE_SPACE_CHART names the configuration"):
            read_config(path, {})


def test_a_byte_order_mark_foreign_line_ends_and_comments_with_variables_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "sre-space.yaml"
    text = "# ${NOT_SET} and ${unclosed\n" + CHART.read_text()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    assert read_config(path, {}) == read_config(CHART, {})


def test_words_that_yaml_takes_for_truth_values_are_names_where_a_name_stands() -> None:
    text = CHART.read_text().replace("buy-insurance:", "no:")

    assert parse_config(text, {}).journeys[0].name == "no"


@given(st.binary(max_size=200), st.integers(0, 5000), st.integers(0, 50))
def test_any_damage_is_read_or_refused_in_one_line(noise: bytes, at: int, cut: int) -> None:
    content = CHART.read_bytes()

    told = ""
    try:
        parse_config((content[:at] + noise + content[at + cut :]).decode(errors="replace"), {})
    except Malformed as error:
        told = str(error)

    assert "\n" not in told


HOSTILE = ["", "x", "-1", "5 s", "[]", "{}", "[[]]", "{a: b}", "1e999", "true", "null", "2026-01-01", "0x1F", "~"]


@pytest.mark.parametrize("value", matrix(HOSTILE))
def test_no_mistake_is_told_in_the_words_of_a_library(value: str) -> None:
    """Put the value in place of each value of the file; whatever is refused has a sentence of our own."""
    lines = CHART.read_text().split("\n")
    told = set()
    for number, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        if not colon or line.lstrip().startswith("#"):
            continue
        try:
            parse_config("\n".join([*lines[:number], f"{key}: {value}", *lines[number + 1 :]]), {})
        except Malformed as error:
            told.add(str(error))

    assert told
    for sentence in told:
        assert not re.search(r"Input should|pydantic|validation|type=", sentence)
        assert re.match(r"configuration:\d+: ", sentence)


def test_the_people_of_a_service_and_what_keeps_state_are_read() -> None:
    people = "    unit: policy-service\n    stateful: true\n    owner: Policies\n    notify: policies\n    runbook: https://w.example/a"
    text = CHART.read_text().replace("    unit: policy-service", people)

    config = parse_config(text, {})

    assert config.services["policy-service"].stateful
    assert config.services["policy-service"].contact == Contact(
        "policy-service", "Policies", "policies", "https://w.example/a"
    )
    assert not config.services["quote-service"].stateful
    assert not config.services["quote-service"].contact.known


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("runbook", "wiki", "'wiki' is not a link without a password, such as https://"),
        ("runbook", "https://me:secret@wiki.example/", "is not a link without a password"),
        ("runbook", "javascript:alert(1)", "is not a link"),
        ("runbook", "https://a/) [x](https://b/", "is not a link"),
        ("owner", "'a`b'", "is not a name: one line"),
        ("notify", "slack://token", "is not the name of a target in SRE_NOTIFY_URLS"),
        ("stateful", "perhaps", "true or false is expected"),
    ],
)
def test_a_mistake_about_the_people_of_a_service_is_told(key: str, value: str, told: str) -> None:
    text = CHART.read_text().replace("    unit: policy-service", f"    unit: policy-service\n    {key}: {value}")

    with pytest.raises(Malformed, match=rf"^configuration:\d+: services.policy-service.{key}: .*{told}"):
        parse_config(text, {})


def with_health(health: str) -> str:
    """Return the demo's configuration with another `health` of policy-service."""
    said = "    health: http://${POLICY_SERVICE_HOST:-127.0.0.1}:${POLICY_SERVICE_PORT:-8002}/health\n"
    assert said in CHART.read_text()
    return CHART.read_text().replace(said, health)


@pytest.mark.parametrize(
    ("health", "check"),
    [
        ("    health: http://a:1/h\n", HealthCheck(CheckKind.HTTP, "http://a:1/h")),
        ("    health: {http: 'http://a:1/h', status: [204]}\n", HealthCheck(CheckKind.HTTP, "http://a:1/h", (204,))),
        ("    health: {tcp: a:1, timeout: 250 ms}\n", HealthCheck(CheckKind.TCP, "a:1", timeout_s=0.25)),
        ("    health:\n      grpc: a:1\n      service: web\n", HealthCheck(CheckKind.GRPC, "a:1", service="web")),
    ],
)
def test_health_is_a_url_or_a_check(health: str, check: HealthCheck) -> None:
    service = parse_config(with_health(health), {}).services["policy-service"]

    assert service.health == check
    assert service.ready == check
    ready = parse_config(with_health(f"{health}    readiness: http://a:2/ready\n"), {}).services["policy-service"].ready
    assert ready == HealthCheck(CheckKind.HTTP, "http://a:2/ready")


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ("    health: nowhere\n", "health: 'nowhere' is not a URL with host and path"),
        ("    health: {}\n", "health: say one of `http`, `tcp` and `grpc`, such as"),
        ("    health: {tcp: a:1, http: 'http://a:1/'}\n", "health: say one of `http`, `tcp` and `grpc`"),
        ("    health: {tcp: a}\n", "health.tcp: 'a' is not an address, such as"),
        ("    health: {tcp: a:0}\n", "health.tcp: a:0 has no port from 1 to 65535"),
        ("    health: {tcp: a:1, status: [200]}\n", "health: only `http` has `status`"),
        ("    health: {tcp: a:1, service: web}\n", "health: only `grpc` has `service`"),
        ("    health: {tcp: a:1, timeout: 2}\n", "health.timeout: 2 has no unit; write 2s, or with another one of ms,"),
        (
            "    health: {tcp: a:1, timeout: 1 min}\n",
            "health.timeout: a duration is expected here: a number with one of",
        ),
        ("    health: {tcp: a:1, timeout: 1m}\n", "health.timeout: 1m is not at most 5"),
        ("    health: {tcp: a:1, timeout: 0s}\n", "health.timeout: 0s is not above 0"),
        ("    health: {tpc: a:1}\n", "health.tpc: unknown key; did you mean tcp. known keys: http, tcp, grpc"),
        ("    health: {http: 'http://a:1/', status: [20]}\n", "health.status.0: 20 is not at least 100"),
        ("    health: []\n", "health: keys with values are expected here, and this is a list"),
    ],
)
def test_a_mistake_in_a_check_is_told(health: str, told: str) -> None:
    with pytest.raises(Malformed, match=rf"^configuration:\d+: services.policy-service.{told}"):
        parse_config(with_health(health), {})


def test_memory_and_replicas_lie_where_the_file_says_and_else_where_they_lay_before() -> None:
    text, said = CHART.read_text(), "    memory: {file: space.env, key: POLICY_SERVICE_MEMORY_BYTES}\n"
    assert said in text
    other = text.replace(said, "    memory: {file: limits.env, key: POLICIES}\n")

    assert parse_config(other, {}).services["policy-service"].memory == Place("deploy/config/limits.env", "POLICIES")
    assert parse_config(text.replace(said, ""), {}) == parse_config(text, {})
    with pytest.raises(Malformed, match=r"memory.file: '../x.env' is not a file's path in the repository"):
        parse_config(text.replace(said, "    memory: {file: ../x.env, key: POLICIES}\n"), {})
    with pytest.raises(Malformed, match=r"memory.key: key is missing; add it, for example `key: POOL_SIZE`"):
        parse_config(text.replace(said, "    memory: {file: x.env}\n"), {})


def test_a_service_has_a_unit_or_no_runtime(tmp_path: Path) -> None:
    text, unit = CHART.read_text(), "    unit: policy-service\n"
    units = ("quote-service", "user-service")
    path = tmp_path / "sre-space.yaml"
    path.write_text(text.replace(unit, "    runtime: none\n"))
    service = read_config(path, {}, units).services["policy-service"]

    assert (service.has_runtime, service.unit) == (False, "policy-service")
    with pytest.raises(Malformed, match=r"policy-service: unit is missing; add it, .* or write `runtime: none`"):
        parse_config(text.replace(unit, ""), {})
    with pytest.raises(Malformed, match=r"policy-service: a service with `runtime: none` has no unit; leave one"):
        parse_config(text.replace(unit, f"{unit}    runtime: none\n"), {})
    with pytest.raises(Malformed, match=r"runtime: 'nomad' is not known here; it may be 'space' or 'none'"):
        parse_config(text.replace(unit, f"{unit}    runtime: nomad\n"), {})


def with_journey(entry: str) -> str:
    """Return the demo's configuration with other journeys."""
    text = CHART.read_text()
    return text[: text.index("journeys:\n")] + entry + text[text.index("guardrails:\n") :]


def test_a_journey_says_its_spans_its_visits_its_success_and_its_conversion() -> None:
    entry = """journeys:
  order:
    spans: {service: quote-service, names: [POST /order], side: client, attributes: {channel: web}}
    visit: session.id
    success: {codes: [2xx, 404, 300-399]}
    slo: 0.99
    conversion: {topics: [asked, bought], key: "data:order.id", within: 1m}
  browse:
    spans: {service: quote-service}
    success: {attribute: result, values: [found]}
    slo: 0.9
    good_visits: 5
"""
    spans = SpanSelector("quote-service", ("POST /order",), Side.CLIENT, {"channel": "web"})
    codes = Success(((200, 299), (404, 404), (300, 399)))
    conversion = ConversionSteps("asked", "bought", True, "data:order.id", 60 * 10**9)

    assert parse_config(with_journey(entry), {}).journeys == (
        Journey("order", spans, 0.99, 30, "session.id", codes, conversion),
        Journey(
            "browse", SpanSelector("quote-service", side=Side.SERVER), 0.9, 5, "", Success((), "result", ("found",))
        ),
    )


@pytest.mark.parametrize("entry", ["", "journeys: {}\n"])
def test_no_journey_has_to_be_declared(entry: str) -> None:
    assert parse_config(with_journey(entry), {}).journeys == ()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("slo: 0.9", "its spans are missing; add for example `spans: {service: web, names: .POST /order.}`"),
        ("caller: a, slo: 0.9", "its spans are missing"),
        ("caller: a, steps: [b], spans: {service: a}, slo: 0.9", "say either `spans`, or `caller` and `steps`"),
        ("spans: {names: [a]}, slo: 0.9", "service is missing; add it, for example `service: web`"),
        ("spans: {service: a}", "slo is missing; add it, for example `slo: 0.999`"),
        ("spans: {service: a, side: servr}, slo: 0.9", "'servr' is not known here; did you mean server. it may be"),
        ("spans: {service: a, attributes: {a: 1}}, slo: 0.9", 'a string is expected, .* write it in quotes: "1"'),
        ("spans: {service: a}, slo: 0.9, success: {}", "say either `codes`, or `attribute` with `values`"),
        ("spans: {service: a}, slo: 0.9, success: {attribute: a}", "`attribute` and `values` belong together"),
        ("spans: {service: a}, slo: 0.9, success: {codes: [good]}", "'good' is no code; write"),
        ("spans: {service: a}, slo: 0.9, conversion: {steps: [a]}", "say two `steps` or two `topics`"),
        ("spans: {service: a}, slo: 0.9, conversion: {topics: [a, b], within: 5}", "5 has no unit; write 5s"),
        (
            "spans: {service: a}, slo: 0.9, conversion: {topics: [a, b], key: id}",
            "'id' is not the place of a key: key,",
        ),
        ("spans: {service: a}, slo: 0.9, conversion: {steps: [a, b], key: 'data:a'}", "only `topics` have a `key`"),
        (
            "spans: {service: a, names: [a]}, slo: 0.9, conversion: {steps: [a, b]}",
            "has the step 'b', which the journey",
        ),
        ("spans: {service: a, nams: [a]}, slo: 0.9", "unknown key; did you mean names. known keys: service, names"),
    ],
)
def test_a_mistake_in_a_journey_is_told(entry: str, told: str) -> None:
    with pytest.raises(Malformed, match=rf"^configuration:\d+: journeys.order.*: .*{told}"):
        parse_config(with_journey(f"journeys:\n  order: {{{entry}}}\n"), {})


def test_a_journey_has_another_name_than_a_service() -> None:
    with pytest.raises(Malformed, match=r"journeys.user-service: user-service is a service's name already"):
        parse_config(with_journey("journeys:\n  user-service: {spans: {service: a}, slo: 0.9}\n"), {})


def test_a_configuration_of_the_first_release_says_what_it_said() -> None:
    config = read_config(ROOT / "tests/compat/0.1.0/space/sre-space.yaml", {})
    (journey,) = config.journeys
    policy = config.services["policy-service"]

    assert journey.spans == SpanSelector("traffic", ("journey quote", "journey purchase"), Side.ROOT)
    assert (journey.visit, journey.success, journey.conversion) == ("", Success(), None)
    assert policy.memory == Place(SPACE_FILE, "POLICY_SERVICE_MEMORY_BYTES")
    assert policy.replicas == Place(SPACE_FILE, "POLICY_SERVICE_REPLICAS")
    assert policy.health.kind is CheckKind.HTTP
    assert policy.has_runtime
    assert not policy.stateful
