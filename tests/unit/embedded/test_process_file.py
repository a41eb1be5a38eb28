"""`processes.yaml`: what a space starts of the application, and each mistake in it as one sentence."""

import re
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel
from support.planned import CONFIG, planned, table

from sre_embedded.bootstrap.network import parse_links
from sre_embedded.space import process_schema
from sre_embedded.space.environment import TokenSetup, environment_of
from sre_embedded.space.plan import plan_of
from sre_embedded.space.process_file import NAME, ProcessFile
from sre_embedded.space.processes import Link, Process, Role, links, process_table, services
from sre_embedded.space.requirements import check_requirements
from sre_embedded.space.supervision import configuration
from sre_space.bootstrap.space.names import AGENTS
from sre_space.domain.errors import Malformed
from sre_space.domain.health_check import CheckKind

SHOP = """\
processes:
  visitors: {command: [./visitors, "${BASKET_URL}"], role: client, after: [basket], environment: {HOME: ${SPACE_DATA}}}
  basket:
    command: ["${SPACE_PYTHON}", basket.py, "${SPACE_DATA}/basket.db"]
    environment: {PRICES: "127.0.0.1:${PRICES_LINK_PORT}", KEY: "${SHOP_KEY:-none}", OTEL_SERVICE_NAME: cart}
    ports: {BASKET_PORT: 7001}
    after: [prices]
    ready: {grpc: "127.0.0.1:${BASKET_PORT}"}
    page: http://127.0.0.1:${BASKET_PORT}/
  prices:
    command: [./prices]
    ports: {PRICES_PORT: 7002}
    link: {PRICES_LINK_PORT: 7102}
"""


def written(folder: Path, text: str = SHOP) -> Path:
    """Write the file, and return where its configuration would lie."""
    (folder / NAME).write_text(text)
    return folder / "sre-space.yaml"


def application(folder: Path, text: str = SHOP) -> dict[str, Process]:
    """Return the processes of a file by name."""
    plan, _ = plan_of(folder / "state", False, written(folder, text), False)
    return {one.name: one for one in plan.application}


def test_what_the_file_says_is_what_is_started(tmp_path: Path) -> None:
    found = application(tmp_path)

    basket = found["basket"]
    assert basket.argv == (sys.executable, "basket.py", f"{tmp_path}/state/apps/basket.db")
    assert (basket.role, basket.exports_as, basket.autorestarts) == (Role.APPLICATION, "cart", False)
    assert basket.environment == {"PRICES": "127.0.0.1:7102", "KEY": "none", "OTEL_SERVICE_NAME": "cart"}
    assert basket.ready is not None
    assert (basket.ready.kind, basket.ready.target) == (CheckKind.GRPC, "127.0.0.1:7001")
    assert (basket.page, basket.folder) == ("http://127.0.0.1:7001/", tmp_path)
    visitors = found["visitors"]
    assert (visitors.argv, visitors.environment) == (
        ("./visitors", "http://127.0.0.1:7001"),
        {"HOME": f"{tmp_path}/state/apps"},
    )
    assert (visitors.role, visitors.exports_as, visitors.autorestarts) == (Role.CUSTOMERS, "visitors", True)
    assert links(tuple(found.values())) == (Link("prices", 7102, 7002),)
    assert services(tuple(found.values())) == ("basket", "prices")


def test_a_process_starts_after_those_that_it_names_and_the_agents_after_all_services(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path / "state", False, written(tmp_path), False)
    stage = {one.name: one.stage for one in table(plan)}

    assert stage["network"] == 0
    assert (stage["prices"], stage["basket"], stage["visitors"]) == (1, 2, 3)
    assert {stage[name] for name in (*AGENTS, "deployer", "warden")} == {3}


def test_without_a_file_a_space_starts_its_servers_and_agents(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path / "state", False, tmp_path / "sre-space.yaml", False)

    assert plan.application == ()
    assert {one.name for one in table(plan)} == {
        "bus", "telemetry", "forge", "chroma", *AGENTS, "deployer", "dashboard", "warden",
    }  # fmt: skip


def test_the_processes_of_this_checkout_are_started_as_in_0_1_0(tmp_path: Path) -> None:
    """The names, order, stages and ports of the process table that stood in the code; the dashboard is newer."""
    plan = planned(tmp_path)
    stage = {one.name: one.stage for one in table(plan) if one.name != "dashboard"}

    assert list(stage) == [
        "bus", "telemetry", "forge", "network", "chroma", "user-service", "policy-service", "quote-service", "traffic",
        *AGENTS, "deployer", "warden",
    ]  # fmt: skip
    assert [*stage.values()] == [0] * 5 + [1] * 3 + [2] * 7
    ports = plan_of(tmp_path, False, CONFIG, False)[0].ports.numbers
    assert {name: port for name, port in ports.items() if name != "dashboard_port"} == {
        "bus_port": 9092, "otlp_grpc_port": 4317, "otlp_http_port": 4318, "jaeger_port": 16686, "chroma_port": 8000,
        "forge_port": 8010, "quote_service_port": 8001, "policy_service_port": 8002, "user_service_port": 8003,
        "policy_service_link_port": 8102, "user_service_link_port": 8103,
    }  # fmt: skip


def test_the_services_of_this_checkout_are_told_what_they_were_told_in_0_1_0(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    told = {one.name: environment_of(plan, one, TokenSetup({}, {})) for one in plan.application}
    port = plan.ports.numbers["policy_service_link_port"]

    assert told["quote-service"]["POLICY_SERVICE_URL"] == f"http://127.0.0.1:{port}"
    assert told["quote-service"]["DATABASE_URL"] == f"sqlite:///{plan.state.apps}/quote-service.db"
    assert told["traffic"]["TRAFFIC_DEMAND_FILE"] == f"{plan.state.apps}/demand.env"
    assert "DATABASE_URL" not in told["traffic"]


def test_a_port_is_set_by_the_variable_of_its_name_and_what_the_space_gives_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BASKET_PORT": "7011", "SHOP_KEY": "secret", "SPACE_DATA": "/elsewhere"}.items():
        monkeypatch.setenv(name, value)

    basket = application(tmp_path)["basket"]

    assert (basket.ports, basket.page) == ((7011,), "http://127.0.0.1:7011/")
    assert basket.environment["KEY"] == "secret"
    assert basket.argv[2] == f"{tmp_path}/state/apps/basket.db"
    monkeypatch.setenv("BASKET_PORT", "9092")
    with pytest.raises(Malformed, match=r"^BUS_PORT and BASKET_PORT are the same port; set them to different ones$"):
        application(tmp_path)


def test_a_setting_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config_path = written(tmp_path)
    (tmp_path / NAME).rename(tmp_path / "shop.yaml")
    monkeypatch.setenv("SRE_SPACE_PROCESSES", "shop.yaml")

    assert len(plan_of(tmp_path / "state", True, config_path, False)[0].application) == 3
    monkeypatch.setenv("SRE_SPACE_PROCESSES", "cart.yaml")
    with pytest.raises(Malformed, match=r"cart.yaml: No such file or directory; SRE_SPACE_PROCESSES names what the "):
        plan_of(tmp_path / "state", True, config_path, False)


def test_the_network_is_told_the_links_and_has_nothing_to_do_without_any(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path / "state", False, written(tmp_path), False)
    network = next(one for one in table(plan) if one.name == "network")

    told = environment_of(plan, network, TokenSetup({}, {}))["NETWORK_LINKS"]
    assert told == "prices=7102:7002"
    assert {port: (link.service, link.port) for port, link in parse_links(told).items()} == {7102: ("prices", 7002)}
    assert parse_links("") == {}
    (elsewhere,) = parse_links("prices=7102:prices.shop:7002").values()
    assert (elsewhere.host, elsewhere.port) == ("prices.shop", 7002)
    with pytest.raises(Malformed, match=r"^NETWORK_LINKS: 'prices' is not NAME=PORT:TO"):
        parse_links("prices")
    alone = [one for one in plan.application if one.link is None]
    assert "network" not in {one.name for one in process_table(plan.state, plan.ports, alone)}


def test_a_process_runs_in_the_folder_of_its_file_and_only_a_service_reads_desired_state(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path / "state", False, written(tmp_path), False)
    programs = configuration(plan, table(plan)).split("\n[program:")
    of = {text.partition("]")[0]: text for text in programs[1:]}

    assert f"\ndirectory={tmp_path}\n" in of["basket"]
    assert "directory=" not in of["bus"]
    assert "--config" in of["basket"]
    assert "--config" not in of["visitors"]


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("after: [prices]", "aftr: [prices]", "7: processes.basket.aftr: unknown key; did you mean after? known key"),
        (
            "    command: [./prices]\n",
            "",
            "10: processes.prices.command: command is missing; add it, for example `comma",
        ),
        ("[./prices]", "./prices", "11: processes.prices.command: a list is expected, such as [a, b], here, and thi"),
        ("[./prices]", "[./prices, 8]", "11: processes.prices.command.1: a string is expected, but YAML reads anoth"),
        ("[./prices]", "[]", "11: processes.prices.command: this is empty; write at least one"),
        ("  prices:", "  basket:", "10: 'basket' is here twice, first in line 3; keep one"),
        ("  visitors:", "  bus:", "2: processes.bus: the space has a process bus of its own; give this one another "),
        ("  prices:", "  Prices:", "10: processes.Prices: 'Prices' is not the name of a unit: small letters, digits"),
        ("[prices]", "[price]", "7: processes.basket.after.0: 'price' is not a process of this file; did you mean p"),
        ("[prices]", "[visitors]", "2: processes.visitors.after: `after` forms a cycle, visitors -> basket -> visit"),
        ("[prices]", "[basket]", "7: processes.basket.after: `after` forms a cycle, basket -> basket: none of them "),
        ("7002", "7001", "12: processes.prices.ports.PRICES_PORT: 7001 is basket's already; each port has its own n"),
        ("{PRICES_PORT: 7002}", "{PRICES_PORT: 7002, BASKET_PORT: 1}", "12: processes.prices.ports.BASKET_PORT: BAS"),
        ("PRICES_PORT: 7002", "FORGE_PORT: 7002", "12: processes.prices.ports.FORGE_PORT: FORGE_PORT is the name of"),
        ("PRICES_PORT: 7002", "PRICES: 7002", "12: processes.prices.ports.PRICES: 'PRICES' is not the name of a por"),
        ("7002", "70020", "12: processes.prices.ports.PRICES_PORT: 70020 is not at most 65535"),
        ("7002", "yes", "12: processes.prices.ports.PRICES_PORT: a number is expected here, not a boolean"),
        ("PRICES_PORT: 7", "PRICE_PORT: 7", "13: processes.prices.link.PRICES_LINK_PORT: this leads to PRICES_P"),
        ("role: client", "role: server", "2: processes.visitors.role: 'server' is not known here; did you mean serv"),
        ("KEY:", "SRE_SPACE_UNIT:", "5: processes.basket.environment: SRE_SPACE_UNIT is a variable of the space, wh"),
        ('"${SHOP_KEY:-none}"', "5", "5: processes.basket.environment.KEY: a string is expected, but YAML reads ano"),
        ('"${SHOP_KEY:-none}"', '"a\\nb"', "5: processes.basket.environment.KEY: this holds a line break; write it "),
        ("${SHOP_KEY:-none}", "${SHOP_KEY}", "5: ${SHOP_KEY} is not set here; set it, or write ${SHOP_KEY:-a defaul"),
        ("{grpc:", "{grcp:", "8: processes.basket.ready.grcp: unknown key; did you mean grpc? known keys: http, tcp"),
        (SHOP, "", "1: this holds nothing; it begins with `processes:`"),
        (SHOP, "process: {}", "1: process: unknown key; did you mean processes? known keys: processes"),
        (SHOP, "processes: {}", "1: processes: this is empty; write at least one"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line_and_the_remedy(
    tmp_path: Path, ours: str, theirs: str, told: str
) -> None:
    assert ours in SHOP

    with pytest.raises(Malformed) as mistake:
        application(tmp_path, SHOP.replace(ours, theirs))

    assert str(mistake.value).startswith(f"{tmp_path / NAME}:{told}")


def test_a_unit_that_no_process_has_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    config_path = tmp_path / "sre-space.yaml"
    config_path.write_text(CONFIG.read_text())
    missing, _ = plan_of(tmp_path / "state", True, config_path, False)
    with pytest.raises(Malformed, match=r"processes.yaml is missing: it says what the space starts, and quote-service"):
        check_requirements(missing)

    (tmp_path / NAME).write_text(CONFIG.with_name(NAME).read_text().replace("quote-service", "quotes"))
    other, _ = plan_of(tmp_path / "state", True, config_path, False)
    told = r"sre-space.yaml:\d+: services.quote-service.unit: the runtime has no unit 'quote-service'; did you mean "
    with pytest.raises(Malformed, match=told):
        check_requirements(other)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()

    with pytest.raises(Malformed, match=r"processes.yaml: Is a directory; SRE_SPACE_PROCESSES names what the space st"):
        ProcessFile.beside(tmp_path / "sre-space.yaml", {}, ())


def test_every_key_is_written_down_and_no_other_key_is_left_over() -> None:
    page = (CONFIG.parent / "docs" / "processes.md").read_text()
    entries = [one for one in vars(process_schema).values() if isinstance(one, type) and issubclass(one, BaseModel)]
    ours = [one for one in entries if one.__module__ == process_schema.__name__]
    keys = {name for entry in ours for name in entry.model_fields}
    table_of_keys = page.partition("| key |")[2].partition("\n\n")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table_of_keys, re.MULTILINE)) == keys
