"""`tools/bootstrap.py`, which every make target calls first: what stops it is one sentence that says what to do."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "tools/bootstrap.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what bootstrap reads into a checkout without a virtual environment, and return its folder."""
    projects = (ROOT.glob(pattern) for pattern in ("pyproject.toml", "*/pyproject.toml", "*/*/pyproject.toml"))
    for source in (ROOT / SCRIPT, ROOT / "requirements.lock", *(path for found in projects for path in found)):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return tmp_path


def run_with(checkout: Path, first: str) -> subprocess.CompletedProcess[str]:
    """Run it after some statements that make this Python a poorer one."""
    script = (
        f"import runpy, sys\n{first}\nrunpy.run_path({str(checkout / 'tools/bootstrap.py')!r}, run_name='__main__')"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(checkout: Path, module: str) -> None:
    done = run_with(checkout, f"sys.modules[{module!r}] = None")

    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"setup: Python's module {module} is missing; on Debian and Ubuntu: apt-get install python3-venv"
    )
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_told_which_is_needed(checkout: Path) -> None:
    done = run_with(checkout, "sys.version_info = (3, 10, 2); sys.version = '3.10.2 (main)'")

    assert done.returncode == 1
    assert "Python 3.11 or newer is needed, this is 3.10.2" in done.stderr


def test_ctrl_c_says_that_the_next_run_goes_on_and_leaves_no_traceback(checkout: Path) -> None:
    command = [sys.executable, "-u", str(checkout / SCRIPT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.readline()  # the first step has begun
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        code = process.wait(120)

    assert "packages from requirements.lock" in first
    assert "MB to download" in first
    assert (code, rest.strip()) == (1, "setup: interrupted; run make again, which continues here")


def test_the_lock_names_versions_and_hashes_and_no_address() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    packages = [line for line in lines if line and line[0].isalpha()]

    assert len(packages) > 50
    assert all("==" in line and line.endswith("\\") for line in packages)
    assert sum("--hash=sha256:" in line for line in lines) >= len(packages)
    assert not any("://" in line for line in lines)
