"""What `pip install sre-space` alone gives: the agents' processes and the command line, without the embedded space."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
ABSENT = "the embedded space is not installed here; install it: pip install sre-embedded, or in a checkout: make setup"
IMPORT_ALL = """
import importlib, pkgutil, sre_space
names = [one.name for one in pkgutil.walk_packages(sre_space.__path__, "sre_space.")]
for name in names:
    if name != "sre_space.adapters.apprise_notifier":  # its library is an extra
        importlib.import_module(name)
print(len(names))
"""


def run(*command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program with these settings and none of this checkout's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SRE_SPACE", "VIRTUAL_ENV"))}
    return subprocess.run(
        command, env={**kept, "COLUMNS": "300", **settings}, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(name="environment", scope="module")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `bin` folder of a new environment, in which the wheel and its locked libraries alone are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["override-dependencies"]
    (folder / "overrides.txt").write_text("\n".join(left_out))
    python = folder / "venv" / "bin" / "python"
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    locked = ("-c", ROOT / "requirements.lock", "--override", folder / "overrides.txt")
    for command in (("venv", "--python", sys.executable, folder / "venv"),
                    ("pip", "install", "--python", python, *locked, wheel)):  # fmt: skip
        done = run(UV, *command, UV_PYTHON_DOWNLOADS="never")
        assert done.returncode == 0, done.stderr
    return python.parent


def test_every_module_is_imported_without_the_embedded_space(environment: Path) -> None:
    done = run(environment / "python", "-c", IMPORT_ALL)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200
    assert run(environment / "python", "-c", "import sre_embedded").returncode == 1
    assert run(environment / "python", "-c", "import pygit2").returncode == 1  # a library of the embedded forge alone


@pytest.mark.parametrize("words", [("up",), ("up", "--ports", "free", "--dry-run"), ("down",), ("demo", "--json")])
def test_what_needs_the_embedded_space_says_in_one_sentence_what_to_install(
    environment: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run(environment / "sre-space", *words, SRE_SPACE_STATE=str(tmp_path / "state"))

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"sre-space: {ABSENT}\n")
    assert not (tmp_path / "state").exists()


def test_the_command_line_answers(environment: Path, tmp_path: Path) -> None:
    program, state = environment / "sre-space", str(tmp_path / "state")
    shown, version = run(program, "--help"), run(program, "--version")
    status = run(program, "status", SRE_SPACE_STATE=state)

    assert (shown.returncode, version.returncode) == (0, 0)
    assert "incidents" in shown.stdout
    said = f"sre-space: no space runs in {state}; start one with: sre-space up\n"
    assert (status.returncode, status.stderr) == (3, said)


@pytest.mark.parametrize("name", ["scout", "brain", "fixer", "memory", "deployer"])
def test_each_process_reads_its_settings_and_names_the_wrong_one(environment: Path, tmp_path: Path, name: str) -> None:
    settings = {"SRE_SPACE_STATE": str(tmp_path), "FORGE_URL": "nonsense"}
    done = run(environment / "python", "-m", f"sre_space.bootstrap.{name}", **settings)

    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}: FORGE_URL: 'nonsense' is not a URL"), done.stderr
    assert done.stderr.count("\n") == 1
