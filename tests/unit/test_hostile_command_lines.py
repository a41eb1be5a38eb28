"""Whatever a person types: an exit status that fits, one sentence on stderr, and never a traceback."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import psutil
import pytest
from support.commands import DOCUMENTED, VERBS, ended

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.space.ports import Ports
from sre_embedded.space.processes import IDENTITIES
from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import Running, SpaceState
from sre_space.cli.options import STATE

ROOT = Path(__file__).resolve().parents[2]
TYPED: Mapping[str, tuple[str, ...]] = {  # what each verb is told besides its state folder
    "up": ("--ports", "free"), "down": (), "status": (), "logs": ("bus",), "halt": (), "resume": (), "incidents": (),
    "show": ("1",), "audit": (), "plan": ("1",), "approve": ("p",), "reject": ("p",), "restart": ("policy-service",),
    "deploy": (), "diagnose": ("--incident-number", "1"), "demo": (), "eval": ("--detection",), "keys list": (),
    "keys rotate": (), "resolved": ("1", "by hand"), "memory rebuild": (),
    "hold": ("policy-service", "--for", "2h", "--reason", "new disks"), "holds": (), "release": (),
    "open": (), "operators add": ("ada",), "operators remove": ("ada",), "operators list": (),
    "doctor": (), "keys make": (), "backup": ("/nowhere/b",), "restore": ("/nowhere/b",),
}  # fmt: skip
HOSTILE = {
    "control": "a\x1b[2J\rb\nc", "long": "x" * 300_000, "surrogate": "\udcff\ud800", "nul": "a\0b", "empty": "",
    "digits": "9" * 5000, "backwards": "\u202e\u2066", "braces": "{0.__class__}%s%n[/bold]",
}  # fmt: skip
STARTS = ("up", "demo", "eval")  # with a good state folder these would begin to work


WITH_STATE = [verb for verb, command in VERBS.items() if STATE in command.params]
Said = pytest.CaptureFixture[str]


def told(capsys: Said, *words: str) -> tuple[int, str]:
    """Its exit status and the one sentence on stderr, which is empty when all is well."""
    status = ended(*words)
    said = capsys.readouterr().err
    verb = next((verb for verb in VERBS if words[: len(verb.split())] == tuple(verb.split())), "")
    assert status in (DOCUMENTED[verb].statuses if verb else {2}), said
    assert (said == "") is (status == 0), said
    assert said == "" or (said.startswith("sre-space: ") and said.count("\n") == 1), said
    assert len(said) < 2_200
    assert all(one.isprintable() or one == "\n" for one in said)
    return status, said


def test_every_verb_is_in_the_matrix() -> None:
    assert set(TYPED) == set(VERBS)


@pytest.mark.parametrize("verb", ["nonsense", "incident", "", "-x", "--nonsense", "\x1b[2J", "keys nonsense"])
def test_a_wrong_command_is_told_with_where_the_help_is(capsys: Said, verb: str) -> None:
    status, said = told(capsys, *verb.split(" "))

    assert status == 2
    assert "--help" in said


@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_option_or_number_of_arguments_is_usage(capsys: Said, verb: str) -> None:
    words = verb.split()

    assert told(capsys, *words, *TYPED[verb], "--nonsense")[0] == 2
    assert told(capsys, *words, *TYPED[verb], "one", "two")[0] == 2
    wanted = [
        one.human_readable_name.upper()
        for one in VERBS[verb].params
        if isinstance(one, click.Argument) and one.required
    ]
    for name in wanted[:1]:
        assert told(capsys, *words) == (2, f"sre-space: Missing argument '{name}'; see: sre-space {verb} --help\n")
    for parameter in VERBS[verb].params:
        if isinstance(parameter, click.Option) and not parameter.is_flag:
            assert told(capsys, *words, *TYPED[verb], parameter.opts[0])[0] == 2


VALUES = [
    (verb, parameter.opts[0])
    for verb, command in VERBS.items()
    for parameter in command.params
    if not getattr(parameter, "is_flag", False)
]


@pytest.mark.parametrize(("verb", "parameter"), VALUES)
def test_no_value_of_an_option_or_argument_makes_a_traceback(
    capsys: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, parameter: str
) -> None:
    monkeypatch.setenv("SRE_SPACE_STATE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for value in HOSTILE.values():
        given = (parameter, value) if parameter.startswith("-") else ("--", value)
        typed = TYPED[verb] if parameter.startswith("-") else ()
        fit = value == HOSTILE["braces"]
        if fit and verb in STARTS:
            continue  # other tests ask for what is not there
        status, said = told(capsys, *verb.split(), *typed, *given)
        assert fit or status == 2, said


@pytest.mark.parametrize(("verb", "option"), VALUES)
def test_a_value_of_another_type_is_usage(capsys: Said, verb: str, option: str) -> None:
    (parameter,) = (one for one in VERBS[verb].params if option in one.opts)
    if isinstance(parameter.type, click.IntRange | click.FloatRange | click.Choice | type(click.INT)):
        for value in ("x", "1e400", "nan", "inf", "0x10", "-1e9999"):
            given = (option, value) if option.startswith("-") else ("--", value)
            assert told(capsys, *verb.split(), *(TYPED[verb] if option.startswith("-") else ()), *given)[0] == 2


def folders(root: Path) -> tuple[Path, ...]:
    """State folders that are none."""
    (root / "file").write_text("")
    (root / "circle").symlink_to(root / "circle")
    return root / "file", root / "file" / "state", root / "circle"


@pytest.mark.parametrize("verb", WITH_STATE)
def test_a_state_path_that_is_no_folder_is_told(capsys: Said, tmp_path: Path, verb: str) -> None:
    for path in folders(tmp_path):
        status, said = told(capsys, *verb.split(), *TYPED[verb], "--state", str(path))
        assert (status, str(path) in said) == (2, True), said


WITHOUT_SPACE = {
    "down": 0,
    "halt": 0,
    "resume": 0,
    "keys list": 0,
    "keys make": 0,
    "keys rotate": 2,
    "operators list": 0,
    "operators remove": 2,
    "backup": 2,
    "restore": 2,
}  # 3 for all others


@pytest.mark.parametrize("verb", [verb for verb in WITH_STATE if verb not in STARTS])
@pytest.mark.parametrize("record", [None, b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"pid": "x"}', b"null", b"1e999"])
def test_without_a_space_what_needs_one_is_not_reachable(
    capsys: Said, tmp_path: Path, record: bytes | None, verb: str
) -> None:
    if record is not None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "space.json").write_bytes(record)
    status, said = told(capsys, *verb.split(), *TYPED[verb], "--state", str(tmp_path))

    assert status == WITHOUT_SPACE.get(verb, 3)
    assert status != 3 or "start one with: sre-space up" in said


@pytest.fixture(name="deserted")
def _deserted(tmp_path: Path) -> Iterator[SpaceState]:
    """Yield the state of a space whose supervisord is a running process, and of which nothing answers."""
    state = SpaceState(tmp_path / "state")
    state.make()
    for name in SIGNERS:
        make_key(state.root / "keys" / f"{name}.key", state.root / "trust", name)
    write_identities(state.identities, IDENTITIES)
    with subprocess.Popen(["sleep", "600"]) as process:
        created, ports = psutil.Process(process.pid).create_time(), Ports.free_block().numbers
        config_path = str(ROOT / "sre-space.yaml")
        state.write_record(
            Running(process.pid, created, str(state.socket), ports, config_path, "local/cloud-insurance")
        )
        yield state
        process.kill()


DESERTED = {
    "up": 1,
    "down": 0,
    "logs": 2,
    "halt": 0,
    "resume": 0,
    "keys list": 0,
    "operators list": 0,
    "operators remove": 2,
    "keys make": 0,
    "backup": 2,
    "restore": 1,
}  # 3 for all others


@pytest.mark.parametrize("verb", WITH_STATE)
def test_a_space_that_does_not_answer_is_not_reachable(capsys: Said, deserted: SpaceState, verb: str) -> None:
    status = ended(*verb.split(), *TYPED[verb], "--state", str(deserted.root))
    said = capsys.readouterr().err

    assert status == DESERTED.get(verb, 3), said
    assert status in DOCUMENTED[verb].statuses
    assert status == 0 or (said.startswith("sre-space: ") and said.count("\n") == 1), said


def test_identities_without_the_operator_are_told(capsys: Said, deserted: SpaceState) -> None:
    deserted.identities.unlink()
    write_identities(deserted.identities, {"sre-scout": "write"})

    status, said = told(capsys, "incidents", "--state", str(deserted.root))

    assert (status, "operator" in said) == (2, True)


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """As a user who is nobody: root may read everything."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    tmp_path.chmod(0o700)
    script = (
        "import os, sys; from sre_space.cli import edge, main; os.setuid(65534); "
        f"sys.exit(edge.run(main.app, 'sre-space', ['status', '--state', {str(tmp_path / 'x')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{tmp_path / 'x'}: Permission denied; choose another" in done.stderr
