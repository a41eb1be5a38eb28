"""What `sre-space up` looks at before it starts anything: one sentence, exit 2, and nothing is started."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.commands import ended
from support.disks import small_disk
from support.waiting import until

from sre_embedded.space.exclusive import exclusive, reserved_ports
from sre_embedded.space.ports import Ports
from sre_embedded.space.supervision import startup_error
from sre_space.bootstrap.checkout import checkout_config
from sre_space.domain.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
SLO_LINE = (ROOT / "sre-space.yaml").read_text().partition("    slo: ")[0].count("\n") + 1
CLI = [sys.executable, "-m", "sre_space.cli.main"]
HOLDS = """
import sys
from pathlib import Path
from sre_embedded.space.exclusive import exclusive, reserved_ports
from sre_embedded.space.ports import Ports
with exclusive(Path(sys.argv[1])), reserved_ports(Ports()):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a new checkout with the configuration and the `deploy` folder."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    for name in ("sre-space.yaml", "processes.yaml"):
        shutil.copy(ROOT / name, folder)
    return folder


def plain(folder: Path, settings: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the settings of a space in a folder, for a wide terminal without colours."""
    return {"SRE_SPACE_STATE": str(folder / "state"), "NO_COLOR": "1", "COLUMNS": "400", **(settings or {})}


def sentence(folder: Path, out: str, err: str) -> str:
    """Return the one line of error output after checking that nothing was started."""
    assert out == ""
    assert err.startswith("sre-space: ")
    assert err.count("\n") == 1
    assert not (folder / "state" / "logs" / "supervisord.log").exists()
    return err.removeprefix("sre-space: ").strip()


def refused(folder: Path, *words: str, status: int = 2, limit: tuple[int, int] | None = None) -> str:
    """Run a command in a new process, check its status and that nothing was started, and return its error line."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(limit[0], (limit[1], limit[1]))

    environment = {**os.environ, **plain(folder)}
    done = subprocess.run(
        [*CLI, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limited
    )
    assert done.returncode == status, done
    return sentence(folder, done.stdout, done.stderr)


@dataclass
class Here:
    """The same in this process, which has no limits of its own."""

    patch: pytest.MonkeyPatch
    said: pytest.CaptureFixture[str]

    def refused(self, folder: Path, *words: str, settings: Mapping[str, str] | None = None) -> str:
        """Run a command in this process, check for status 2 and that nothing was started, and return its error line."""
        self.patch.chdir(ROOT)
        for name, value in plain(folder, settings).items():
            self.patch.setenv(name, value)
        assert ended(*words) == 2
        return sentence(folder, *self.said.readouterr())


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Return a runner of the command line in this process."""
    return Here(monkeypatch, capsys)


def rewritten(old: str, new: str) -> Callable[[Path], None]:
    """Another text in the chart."""

    def rewrite(checkout: Path) -> None:
        path = checkout / "sre-space.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return rewrite


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (rewritten("slo: 0.999", "slo: 99.9"), f"sre-space.yaml:{SLO_LINE}: journeys.buy-insurance.slo: 99.9 is not"),
        (rewritten("unit: user-service", "unit: users"), "the runtime has no unit 'users'; it has: user-service, "),
        (rewritten("unit: user-service", "unit: bus"), "user-service.unit: the runtime has no unit 'bus'"),
        (rewritten("cloud-insurance", "${HOME_OF_NOBODY}"), "sre-space.yaml:3: ${HOME_OF_NOBODY} is not set here"),
        (lambda folder: (folder / "sre-space.yaml").write_text(""), "sre-space.yaml:1: this holds nothing"),
        (lambda folder: (folder / "sre-space.yaml").unlink(), "No such file or directory; SRE_SPACE_CHART"),
        (lambda folder: shutil.rmtree(folder / "deploy"), "deploy/config is missing"),
        (
            lambda folder: (folder / "deploy/config/space.env").write_text("POLICY_SERVICE_MEMORY_BYTES=much\n"),
            "deploy/config/space.env:1: 'POLICY_SERVICE_MEMORY_BYTES=much' is not NAME=integer",
        ),
        (
            lambda folder: (folder / "deploy/config/user-service.env").write_text("A=1\n# A=\nA=2\n"),
            "deploy/config/user-service.env:3: A is here twice, first in line 1; keep one",
        ),
        (
            lambda folder: (folder / "deploy/config/user-service.env").write_bytes(b"A=1\nB=\xff\n"),
            "deploy/config/user-service.env:2: this is not UTF-8",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_told_before_anything_is_started(
    here: Here, checkout: Path, mistake: Callable[[Path], None], told: str
) -> None:
    mistake(checkout)

    assert told in here.refused(checkout, "up", "--ports", "free", "--chart", str(checkout / "sre-space.yaml"))


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("BUS_PORT", "ninety", "BUS_PORT=ninety is not a port; set it to a number from 1 to 65535"),
        ("BUS_PORT", "70000", "BUS_PORT=70000 is not a port"),
        ("BUS_PORT", "9" * 5000, "BUS_PORT=9999"),
        ("BUS_PORT", "8010", "BUS_PORT and FORGE_PORT are the same port"),
        ("REPO_NAME", "../../elsewhere", "REPO_NAME: '../../elsewhere' names no repository"),
        ("REPO_OWNER", "..", "REPO_OWNER: '..' names no repository"),
        ("SRE_SPACE_CHART", "/nowhere/sre-space.yaml", "/nowhere/sre-space.yaml: No such file"),
        ("SRE_SPACE_CHART", "/", "/ is not a file; SRE_SPACE_CHART names the configuration"),
        ("SRE_SPACE_STATE", "/dev/null", "/dev/null: "),
    ],
)
def test_a_setting_that_does_not_fit_is_named(here: Here, tmp_path: Path, setting: str, value: str, told: str) -> None:
    assert told in here.refused(tmp_path, "up", settings={setting: value})


def test_too_few_open_files_or_processes_end_in_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    files = refused(tmp_path, "up", "--ports", "free", status=1, limit=(resource.RLIMIT_NOFILE, 256))
    processes = refused(tmp_path, "up", "--ports", "free", status=1, limit=(resource.RLIMIT_NPROC, 150))

    assert files == "only 256 files may be open at once, and a space needs 1024; raise it with: ulimit -n 1024"
    assert processes.startswith("only 150 processes may run at once, and a space needs 200; raise it with: ulimit -u")


def test_a_disk_that_is_too_small_is_named_with_what_is_needed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 60) as disk:
        told = refused(disk.root, "up", "--ports", "free", status=1)
        assert not (disk.root / "state").exists()
    with small_disk(tmp_path / "disk", 400, inodes=300) as disk:
        inodes = refused(disk.root, "up", "--ports", "free", status=1)

    assert told.startswith("only 62 MB free in ")
    assert "and a space needs 150 MB; free some there, or set SRE_SPACE_STATE to a folder on another disk" in told
    assert "more files, and a space needs 1000 (inodes)" in inodes


def test_one_up_or_down_at_a_time_works_on_a_state_folder_and_on_a_port(tmp_path: Path) -> None:
    """Two processes, as two terminals have; what a killed one held is free again."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(Refused, match="another `sre-space up` or `sre-space down` is running in"),
            exclusive(tmp_path),
        ):
            pass
        taken, ports = r"port 9092 \(bus\) is reserved by another `sre-space up`; set BUS_PORT", Ports(forge_port=1)
        with pytest.raises(Refused, match=taken), reserved_ports(ports):
            pass
        with reserved_ports(Ports.of({name: 30_000 + n for n, name in enumerate(Ports().numbers)})):
            pass
        other.kill()

    def free() -> bool:
        with contextlib.suppress(Refused), exclusive(tmp_path), reserved_ports(Ports()):
            return True
        return False

    assert until(free, "the locks of the killed one are gone")


def test_outside_of_a_checkout_the_configuration_is_that_of_the_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert checkout_config() == ROOT / "sre-space.yaml"

    own = tmp_path / "sre-space.yaml"
    own.touch()
    assert checkout_config() == own


def test_supervisords_last_words_are_one_sentence_and_never_its_help(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert startup_error(path) == "its log is empty"
    path.write_text("Error: The minimum number is 1024.\nFor help, use /bin/supervisord -h\n")
    assert startup_error(path) == "The minimum number is 1024."
    path.write_text("Traceback (most recent call last):\n  File x\nValueError: bad\n\n")
    assert startup_error(path) == "ValueError: bad"


def test_a_port_that_only_the_system_may_take_is_told_as_one(tmp_path: Path) -> None:
    """As a user who is nobody, and only where the system keeps such ports to itself."""
    if os.geteuid() != 0 or int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1:
        pytest.skip("only root can become another user, and here anybody may take any port")
    script = "import os; from sre_embedded.space.ports import Ports; os.setuid(65534); Ports(1).refuse_taken()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert "Refused: port 1 (bus) is a system port: this user may use ports from 1024 on; set BUS_PORT" in done.stderr


def test_an_order_to_halt_that_cannot_be_written_says_what_stops_the_agents_then(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 20, inodes=100) as disk:
        assert subprocess.run([*CLI, "halt", "--state", str(disk.root / "state")], check=False).returncode == 0
        (disk.root / "state" / "halt").unlink()
        disk.use_all_inodes()
        told = refused(disk.root, "halt", status=3)

    assert told.startswith("NOT halted: ")
    assert told.endswith("No space left on device; stop every action with: sre-space down")
