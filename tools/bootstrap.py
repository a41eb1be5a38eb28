"""Makes `.venv` from `requirements.lock`, with uv inside it. Called by every make target; standard library only.

Done once: a stamp names the lock and the project files it was made from. An interrupted run is
taken up again by the next one. Package indexes are the ones that pip is set up with.
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
    "chaos",
    "evaluation",
)
SIZE = "about 260 MB to download, 680 MB in .venv"
LEAST = (3, 11)
PROGRESS = ("Downloading", "Prepared", "Installed")  # what uv says of its work


def main() -> None:
    """Set up, or say in one sentence why not."""
    if sys.version_info < LEAST:
        stop(
            f"Python {LEAST[0]}.{LEAST[1]} or newer is needed, this is {sys.version.split()[0]}; "
            "use make PYTHON=python3.12"
        )
    if STAMP.exists() and STAMP.read_text() == wanted():
        return
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            stop(f"Python's module {module} is missing; on Debian and Ubuntu: apt-get install python3-venv")
    count = len(re.findall(r"^[a-z]", LOCK.read_text(), re.MULTILINE))
    tell(f"Setting up .venv: {count} packages from requirements.lock, {SIZE}. This happens once.")
    begun = time.monotonic()
    make_venv()
    install_uv()
    install_lock()
    install_projects()
    STAMP.write_text(wanted())
    tell(f"Set up in {time.monotonic() - begun:.0f} s.")


def wanted() -> str:
    """The stamp that this checkout wants."""
    files = [LOCK, *(ROOT / project / "pyproject.toml" for project in PROJECTS)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + str(ROOT).encode()).hexdigest()


def make_venv() -> None:
    """A virtual environment with pip; one that was left half made is made anew."""
    if (VENV / "bin" / "pip").exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    step("virtual environment", [sys.executable, "-m", "venv", str(VENV)])


def install_uv() -> None:
    """uv in the version and with the hashes of the lock."""
    if (VENV / "bin" / "uv").exists():
        return
    found = re.search(r"^uv==.*?(?=^[a-zA-Z])", LOCK.read_text() + "\nz", re.MULTILINE | re.DOTALL)
    if found is None:
        stop("requirements.lock does not name uv")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(found[0])
        file.flush()
        step("uv", [str(VENV / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", file.name])


def install_lock() -> None:
    """Exactly what the lock names."""
    step("packages", [str(VENV / "bin" / "uv"), "pip", "sync", "--require-hashes", str(LOCK)])


def install_projects() -> None:
    """Our own packages, editable, built with what the lock installed."""
    editable = [word for project in PROJECTS for word in ("-e", str(ROOT / project))]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    step("SRE-Space", [*uv, *editable])


def step(what: str, command: list[str]) -> None:
    """Run one step and show how it gets on; all that it said when it fails."""
    tell(f"  {what} ...")
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never"}
    said: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.strip().startswith(PROGRESS):
                tell(f"    {line.strip()}")
    if process.returncode:
        sys.stderr.write("".join(said))
        stop(f"{what} could not be installed (see above); run make again when that is mended, it goes on from here")


def tell(text: str) -> None:
    """Progress, at once."""
    print(text, flush=True)


def stop(why: str) -> NoReturn:
    """End with one sentence."""
    sys.exit(f"setup: {why}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell's background job ignores it
    try:
        main()
    except KeyboardInterrupt:
        stop("interrupted; run make again, it goes on from here")
