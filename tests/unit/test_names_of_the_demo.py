"""The code names nothing of the demo: it is one application among all that `sre-space.yaml` can describe."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
AGENTS, EMBEDDED = ROOT / "src" / "sre_space", ROOT / "embedded" / "src" / "sre_embedded"
STRANGER = "mallory"  # who has an account in the tests of the forge
SILENT = ("_MEMORY_BYTES", "_REPLICAS", '"MEMORY_BYTES"', '"REPLICAS"', "/ready")  # put together with a service's name

WORD = "a kind of cause or a word of metrics, not the demo's customers"
LIMITS = "how the deployer hands limits to launcher and warden in the state folder, as 0.1.0 did"
BEFORE = "where a configuration of 0.1.0, which cannot say it, has limits and replicas"
DEFAULT = "the default of REPO_NAME in 0.1.0; a space of before has its issues there"

# What is still named, by file, and why. It only shrinks: an entry that is not needed any more fails, too.
ALLOWED: dict[str, tuple[frozenset[str], str]] = {
    "agents/brain/candidate_remedies.py": (frozenset({"traffic"}), WORD),
    "analysis/diagnosis/kinds.py": (frozenset({"traffic"}), WORD),
    "analysis/diagnosis/load.py": (frozenset({"traffic"}), WORD),
    "analysis/diagnosis/metric_words.py": (frozenset({"traffic"}), WORD),
    "analysis/diagnosis/metrics.py": (frozenset({"traffic"}), WORD),
    "analysis/diagnosis/signals.py": (frozenset({"traffic"}), WORD),
    "dashboard/reading/causes.py": (frozenset({"traffic"}), WORD),
    "domain/diagnosis.py": (frozenset({"traffic"}), WORD),
    "text/diagnosis_report.py": (frozenset({"traffic"}), WORD),
    "domain/configuration.py": (frozenset({"space.env"}), BEFORE),
    "adapters/config_desired.py": (frozenset({"_MEMORY_BYTES", "_REPLICAS"}), BEFORE),
    "codec/variables.py": (frozenset({"_MEMORY_BYTES"}), LIMITS),
    "settings.py": (frozenset({"cloud-insurance"}), DEFAULT),
}


def names() -> set[str]:
    """Return the names of the demo: from its configuration and from its desired state."""
    text = (ROOT / "sre-space.yaml").read_text()
    config = yaml.safe_load(text)
    journeys = config["journeys"].values()
    said = {config["space"], STRANGER, *config["services"], *config["journeys"]}
    said |= {service["unit"] for service in config["services"].values()}
    said |= {key for service in config["services"].values() for key in service["tunables"]}
    said |= {name for one in journeys for name in (one["caller"], one["visit"], *one["steps"])}
    said |= {topic for one in journeys for topic in one["conversion"]["topics"]}
    said |= {part for pair in re.findall(r"\$\{(\w+_PORT):-(\d+)\}", text) for part in pair}
    files = sorted((ROOT / "deploy" / "config").iterdir())
    said |= {path.name for path in files}
    return said | {key for path in files for key in re.findall(r"^(\w+)=", path.read_text(), re.MULTILINE)}


def found() -> dict[str, frozenset[str]]:
    """Return the names that stand in each file of the source, in lower case; names are words of their own."""
    alternatives = "|".join(sorted(map(re.escape, names()), key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])({alternatives})(?![\w-])", re.IGNORECASE)
    paths = {path.relative_to(AGENTS).as_posix(): path for path in AGENTS.rglob("*.py")}
    paths |= {path.relative_to(EMBEDDED.parent).as_posix(): path for path in EMBEDDED.rglob("*.py")}
    return {
        path: frozenset(name.lower() for name in pattern.findall(text))
        | {silent for silent in SILENT if silent in text}
        for path, text in ((path, found.read_text()) for path, found in paths.items())
    }


FOUND = found()


def test_what_is_looked_for_is_there() -> None:
    """Nothing is found that nobody looks for."""
    assert {"quote-service", "8001", "quote_requested", "journey quote", "RISK_FALLBACK", "space.env"} <= names()


@pytest.mark.parametrize("path", sorted(FOUND.keys() | ALLOWED.keys()))
def test_no_name_of_the_demo_stands_in_the_code(path: str) -> None:
    allowed, reason = ALLOWED.get(path, (frozenset(), ""))

    assert FOUND.get(path, frozenset()) == allowed, reason or "read it from the configuration instead"


# The library that the demo's services share: its own endpoints, keys and type of event, whose names on the wire stay.
LIBRARIES = {
    "service-kit/src/service_kit/app.py": {"/ready"},
    "service-kit/src/service_kit/database.py": {"database_url"},
    "service-kit/src/service_kit/settings.py": {"database_pool_size", "database_url"},
    "service-kit/src/service_kit/outbox.py": {"cloud-insurance"},
}


def test_the_libraries_of_the_services_name_nothing_but_their_own() -> None:
    sought = [*(re.escape(name) for name in names()), *map(re.escape, SILENT)]
    pattern = re.compile(rf"(?<![\w-])({'|'.join(sought)})(?![\w-])", re.IGNORECASE)
    named = {
        path.relative_to(ROOT / "libs").as_posix(): {name.lower() for name in pattern.findall(path.read_text())}
        for path in (ROOT / "libs").glob("*/src/**/*.py")
    }

    assert {path: found for path, found in named.items() if found} == LIBRARIES
