"""The peers' programs, built from their Go modules once, into a cache folder outside the repository."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CONTRIB = "github.com/open-telemetry/opentelemetry-collector-contrib"
BUILDER, COLLECTOR = "go.opentelemetry.io/collector/cmd/builder", "0.155.0"
MANIFEST = f"""dist: {{name: otelcol, output_path: ./out}}
receivers: [{{gomod: "go.opentelemetry.io/collector/receiver/otlpreceiver v{COLLECTOR}"}}]
connectors: [{{gomod: "{CONTRIB}/connector/spanmetricsconnector v{COLLECTOR}"}}]
exporters: [{{gomod: "{CONTRIB}/exporter/prometheusexporter v{COLLECTOR}"}}]
"""


class Missing(Exception):
    """A program cannot be had here; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Program:
    """A program of a Go module. `pages` are files that the module embeds and its download lacks: made empty."""

    name: str
    module: str
    version: str
    package: str
    tags: str = ""
    pages: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Return the name of the built program in the cache."""
        return f"{self.name}-{self.version}"


PROGRAMS = (
    Program("prometheus", "github.com/prometheus/prometheus", "v0.316.0", "cmd/prometheus", tags="remove_all_sd"),
    Program(
        "alertmanager", "github.com/prometheus/alertmanager", "v0.35.0", "cmd/alertmanager",
        pages=("ui/app/dist/index.html",),
    ),
)  # fmt: skip


def cache() -> Path:
    """Return the folder of what is built: `BENCH_PEERS_CACHE`, else one in the user's cache folder."""
    named, base = os.environ.get("BENCH_PEERS_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".cache") / "sre-space-peers"


def programs(folder: Path) -> Mapping[str, Path]:
    """Return the path of each program by its name, built where it is not in `folder`; raise `Missing`."""
    built = {one.name: folder / one.file for one in PROGRAMS}
    built["otelcol"] = folder / f"otelcol-v{COLLECTOR}"
    absent = [name for name, path in built.items() if not path.exists()]
    if absent and shutil.which("go") is None:
        told = f"{', '.join(absent)}: not in {folder}, and Go, which builds them, is not installed"
        raise Missing(f"{told}; install Go 1.25 or newer, or set BENCH_PEERS_CACHE to a folder that has them")
    for one in PROGRAMS:
        if one.name in absent:
            _build(one, folder, built[one.name])
    if "otelcol" in absent:
        _build_collector(folder, built["otelcol"])
    return built


def _build(program: Program, folder: Path, path: Path) -> None:
    """Build in a copy of the module's source: what it embeds and its download lacks is added there."""
    print(f"building {program.file} (minutes, once)", flush=True)
    work = folder / f"build-{program.name}"
    work.mkdir(parents=True, exist_ok=True)
    told = _run(program.file, work, ["go", "mod", "download", "-json", f"{program.module}@{program.version}"])
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(json.loads(told)["Dir"], source, copy_function=shutil.copyfile)
    _run(program.file, work, ["chmod", "-R", "u+w", str(source)])
    for page in program.pages:
        (source / page).parent.mkdir(parents=True, exist_ok=True)
        (source / page).write_text("<title>no pages in this build</title>\n")
    command = ["go", "build", "-tags", program.tags, "-o", str(path), f"./{program.package}"]
    _run(program.file, source, command, GOWORK="off")


def _build_collector(folder: Path, path: Path) -> None:
    print(f"building {path.name} (minutes, once)", flush=True)
    work = folder / "build-otelcol"
    work.mkdir(parents=True, exist_ok=True)
    (work / "manifest.yaml").write_text(MANIFEST)
    _run(path.name, work, ["go", "install", f"{BUILDER}@v{COLLECTOR}"], GOBIN=str(work))
    _run(path.name, work, [str(work / "builder"), "--config", "manifest.yaml"])
    shutil.move(work / "out" / "otelcol", path)


def _run(what: str, work: Path, command: Sequence[str], **settings: str) -> str:
    done = subprocess.run(
        command, cwd=work, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["(nothing said)"]
        raise Missing(f"{what} cannot be built: `{' '.join(command[:3])}` ended with {done.returncode}: {said[0]}")
    return done.stdout
