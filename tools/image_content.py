"""Copies what the program of each image needs: `python tools/image_content.py IMAGES.toml FOLDER`.

For each table of the file, `FOLDER/TABLE` gets the libraries, and for each image in it `FOLDER/IMAGE` our own modules.
It follows the imports of an image's modules through our own packages, also those inside of functions: our own modules
that it reaches, and of what is installed the distributions that these import, with all that these require. So an image
has no code that its program cannot import. `deploy/compose/Dockerfile` runs it.
"""

import ast
import functools
import importlib.util
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

OURS = (
    "sre_space", "sre_embedded", "sre_chaos", "sre_evaluation", "service_kit", "quote_service", "policy_service",
    "user_service", "traffic",
)  # fmt: skip
ALSO = "also"
EVERY = ".*"  # after a package: every module in it


def main() -> None:
    """Copy the content of all images, and print what it is."""
    images, folder = tomllib.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    for table, content in images.items():
        libraries: set[str] = set()
        packages: set[str] = set()
        for image, roots in content.items():
            if image == ALSO:
                continue
            modules, imported = reached(roots)
            libraries |= imported
            ours = {module.partition(".")[0] for module in modules}
            packages |= ours
            for module, path in modules.items():
                _copy(path, folder / image / _place(module, path))
                for data in data_of(path):
                    _copy(data, folder / image / _place(module, path).parent / data.relative_to(path.parent))
            for package in ours:
                _copy_metadata(distribution(package), folder / image)
            print(f"{image}: {len(modules)} modules of our own")
        wanted = [*map(Requirement, content.get(ALSO, ())), *_with_extras(libraries, packages)]
        required = closure(wanted)
        for one in required.values():
            _copy_distribution(one, folder / table)
        print(f"{table}: {', '.join(sorted(required))}")


def reached(roots: Iterable[str]) -> tuple[Mapping[str, Path], frozenset[str]]:
    """Return our own modules that are reached from `roots`, with their files, and the distributions they import."""
    modules: dict[str, Path] = {}
    libraries: set[str] = set()
    pending = [module for root in roots for module in _modules(root)]
    while pending:
        name = pending.pop()
        if name.partition(".")[0] not in OURS:
            libraries |= distribution_of(name)
            continue
        path = _file_of(name)
        if path is None or name in modules:
            continue
        modules[name] = path
        pending += [name.rpartition(".")[0]] * ("." in name)
        pending += _imported(path)
    return modules, frozenset(libraries)


def data_of(path: Path) -> Iterator[Path]:
    """Yield the files of a package, given its `__init__.py`, that are no modules, as the dashboard's page."""
    if path.name != "__init__.py":
        return
    for file in sorted(path.parent.rglob("*")):
        inner = [
            folder for folder in file.relative_to(path.parent).parents if (path.parent / folder / path.name).exists()
        ]
        if file.is_file() and file.suffix not in {".py", ".pyc"} and inner == [Path()]:
            yield file


def closure(wanted: Iterable[Requirement]) -> Mapping[str, Distribution]:
    """Return what is installed of some requirements and of all that these require, by normal name."""
    found: dict[str, Distribution] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    pending = list(wanted)
    while pending:
        one = pending.pop()
        name, extras = _normal(one.name), frozenset(one.extras)
        if (name, extras) in done or name not in _installed():
            continue  # the lock leaves out what its overrides exclude
        done.add((name, extras))
        found[name] = distribution(name)
        for line in found[name].requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                pending.append(needed)
    return found


def distribution_of(module: str) -> frozenset[str]:
    """Return the installed distributions with a module, none for the standard library's; of a namespace all below."""
    if module.partition(".")[0] in sys.stdlib_module_names:
        return frozenset()
    owners, parts = _owners(), module.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in owners:
            return frozenset({owners[name]})
    return frozenset()


@functools.cache
def _owners() -> Mapping[str, str]:
    """Return the distribution that installed each module, by the module's name."""
    owners: dict[str, str] = {}
    for one in distributions():
        for file in one.files or ():
            if file.suffix in (".py", ".so") and ".." not in file.parts:
                parts = [*file.parent.parts, file.name.partition(".")[0]]
                owners[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = _normal(one.metadata["Name"])
    return owners


def _modules(root: str) -> list[str]:
    """Return the module, or every module of the package, that a root names."""
    if not root.endswith(EVERY):
        return [root]
    package = root.removesuffix(EVERY)
    path = _file_of(package)
    return [package, *(f"{package}.{one.stem}" for one in path.parent.glob("*.py"))] if path else [package]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(module: str) -> Path | None:
    """Return the file of one of our modules; None for a name in a module."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _place(module: str, path: Path) -> Path:
    folder = Path(*module.split("."))
    return folder / path.name if path.name == "__init__.py" else folder.with_suffix(path.suffix)


def _with_extras(names: Iterable[str], packages: Iterable[str]) -> list[Requirement]:
    """Return requirements for these distributions, with the extras that the projects of our `packages` name."""
    projects = [distribution(package) for package in packages]
    ours = [Requirement(line) for one in projects for line in one.requires or ()]
    extras = {_normal(one.name): ",".join(sorted(one.extras)) for one in ours if one.extras and one.marker is None}
    return [Requirement(f"{name}[{extras[name]}]" if name in extras else name) for name in names]


@functools.cache
def _installed() -> frozenset[str]:
    return frozenset(_normal(one.metadata["Name"]) for one in distributions())


def _copy_distribution(one: Distribution, folder: Path) -> None:
    for file in one.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            source = Path(str(one.locate_file(file)))
            if source.is_file():
                _copy(source, folder / file)


def _copy_metadata(one: Distribution, folder: Path) -> None:
    """Copy what says which version of ours is installed, and nothing of where it was built."""
    for file in one.files or ():
        if file.name == "METADATA":
            _copy(Path(str(one.locate_file(file))), folder / file)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, of a module also what it was compiled to: an image's file system cannot be written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    if source.suffix == ".py":
        compiled = Path(importlib.util.cache_from_source(str(source)))
        if compiled.exists():
            _copy(compiled, Path(importlib.util.cache_from_source(str(target))))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
