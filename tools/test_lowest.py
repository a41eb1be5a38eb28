"""Runs the unit tests with the lowest versions that the project files allow, in `.venv-lowest`: `make test-lowest`.

Only direct dependencies have their lowest version; transitive ones have the newest that fits.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from bootstrap import PROJECTS

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-lowest"
UV = Path(sys.executable).with_name("uv")
TESTS = ("tests/unit", "tests/attack", "chaos", "evaluation", "libs", "apps/policy-service", "apps/user-service")


def main() -> None:
    """Install the packages and run the tests; exit with the status of pytest."""
    _run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, VENV])
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
    editable = [argument for project in PROJECTS for argument in ("-e", ROOT / project)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides:
        overrides.write("\n".join(settings["override-dependencies"]))
        overrides.flush()
        options = [
            "--resolution",
            "lowest-direct",
            "--override",
            overrides.name,
            "--group",
            "dev",
            "--group",
            "embedded",
            "--group",
            "application",
        ]
        _run([UV, "pip", "install", "--python", VENV / "bin" / "python", *options, *editable])
    _run([VENV / "bin" / "python", "-m", "pytest", "-n", "2", "--dist", "loadfile", "-m", "not e2e", *TESTS])


def _run(command: list[str | Path]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=ROOT, env={**environment, "UV_PYTHON_DOWNLOADS": "never"}, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
