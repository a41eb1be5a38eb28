"""Creates `.venv` from `requirements.lock`, with uv in it. Called by every make target; standard library only.

It runs once: a stamp identifies the lock and the project files. The next run continues an
interrupted one. The package indexes are those of pip's configuration.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "sre-space.stamp"
PROJECTS = (
    ".",
    "libs/service-kit",
    "apps/quote-service",
    "apps/policy-service",
    "apps/user-service",
    "apps/traffic",
    "embedded",
    "chaos",
    "evaluation",
)
SIZE = "about 380 MB to download, 1 GB in .venv"
MIN_PYTHON = (3, 11)
PROGRESS = ("Downloading", "Prepared", "Installed")  # lines of uv's output that are shown


def main() -> None:
    """Set up `.venv` unless its stamp is current; exit with one sentence when that is not possible."""
    if sys.version_info < MIN_PYTHON:
        stop(
            f"Python {MIN_PYTHON[0]}.{MIN_PYTHON[1]} or newer is needed, this is {sys.version.split()[0]}; "
            "use make PYTHON=python3.12"
        )
    if not STAMP.exists() or STAMP.read_text() != current_stamp():
        set_up()
    build_page()


def set_up() -> None:
    """Create `.venv` with everything of the lock, and stamp it."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            stop(f"Python's module {module} is missing; on Debian and Ubuntu: apt-get install python3-venv")
    count = len(re.findall(r"^[a-z]", LOCK.read_text(), re.MULTILINE))
    show(f"Setting up .venv: {count} packages from requirements.lock, {SIZE}. This happens once.")
    begun = time.monotonic()
    make_venv()
    install_uv()
    install_lock()
    install_projects()
    STAMP.write_text(current_stamp())
    show(f"Set up in {time.monotonic() - begun:.0f} s.")


def current_stamp() -> str:
    """Return the stamp of this checkout: a hash of the lock, the project files and the path."""
    files = [LOCK, *(ROOT / project / "pyproject.toml" for project in PROJECTS)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + str(ROOT).encode()).hexdigest()


def make_venv() -> None:
    """Create a virtual environment with pip, replacing an incomplete one."""
    if (VENV / "bin" / "pip").exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    step("virtual environment", [sys.executable, "-m", "venv", str(VENV)])


def install_uv() -> None:
    """Install uv in the version and with the hashes of the lock."""
    if (VENV / "bin" / "uv").exists():
        return
    entry = re.search(r"^uv==.*?(?=^[a-zA-Z])", LOCK.read_text() + "\nz", re.MULTILINE | re.DOTALL)
    if entry is None:
        stop("requirements.lock does not name uv")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(entry[0])
        file.flush()
        step("uv", [str(VENV / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", file.name])


def install_lock() -> None:
    """Install exactly the packages in the lock."""
    step("packages", [str(VENV / "bin" / "uv"), "pip", "sync", "--require-hashes", str(LOCK)])


def install_projects() -> None:
    """Install our own packages as editable, built with the installed packages."""
    editable = [argument for project in PROJECTS for argument in ("-e", str(ROOT / project))]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    step("SRE-Space", [*uv, *editable])


def build_page() -> None:
    """Build the dashboard's page unless it is that of these sources; without it everything else works."""
    if (ROOT / "tools" / "build_page.py").exists():
        subprocess.run([str(VENV / "bin" / "python"), str(ROOT / "tools" / "build_page.py")], check=False)


def step(name: str, command: list[str]) -> None:
    """Run one step and show its progress; when it fails, print its whole output and exit."""
    show(f"  {name} ...")
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never"}
    output: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if line.strip().startswith(PROGRESS):
                show(f"    {line.strip()}")
    if process.returncode:
        sys.stderr.write("".join(output))
        stop(f"{name} could not be installed (see above); fix that and run make again, which continues here")


def show(text: str) -> None:
    """Print progress at once."""
    print(text, flush=True)


def stop(reason: str) -> NoReturn:
    """Exit with one sentence."""
    sys.exit(f"setup: {reason}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell's background job ignores it
    try:
        main()
    except KeyboardInterrupt:
        stop("interrupted; run make again, which continues here")
