"""Reader of `processes.yaml`: what the embedded space starts of the application.

It lies beside the configuration, unless SRE_SPACE_PROCESSES names another file. Without one the space starts its
servers and agents only. Every mistake is one sentence with the line, the key and the remedy.
"""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sre_embedded.space.process_agreement import linked, must_agree, stages
from sre_embedded.space.process_schema import MAX_PORT, ProcessEntry, ProcessesFile
from sre_embedded.space.processes import OWN, Link, Process, Role
from sre_space.adapters.config_mistakes import first_mistake
from sre_space.adapters.config_yaml import document
from sre_space.domain.errors import Malformed

SETTING = "SRE_SPACE_PROCESSES"
NAME = "processes.yaml"
_FIRST = "processes"  # the key with which the file begins
_ROLES = {"service": Role.APPLICATION, "client": Role.CUSTOMERS}


@dataclass(frozen=True)
class ProcessFile:
    """The file's `content` at `path`; `taken` are the names of the space's own ports, which it may not use."""

    path: Path
    content: bytes
    taken: Collection[str]

    @classmethod
    def beside(cls, config_path: Path, settings: Mapping[str, str], taken: Collection[str]) -> "ProcessFile | None":
        """Return the file of a configuration, None where there is none; raise `Malformed` when it cannot be read."""
        named = settings.get(SETTING, "")
        path = config_path.parent / (named or NAME)
        if not named and not path.exists():
            return None
        try:
            return cls(path.resolve(), path.read_bytes(), taken)
        except OSError as error:
            raise Malformed(f"{path}: {error.strerror}; {SETTING} names what the space starts") from error

    def ports(self, settings: Mapping[str, str]) -> Mapping[str, int]:
        """Return the numbers that the file gives its ports, by their variable; raise `Malformed` when it is no YAML.

        All other mistakes are left to `processes`: most values are known only when the ports are.
        """
        source = document(self.content, settings, str(self.path), _FIRST, unset="1")
        entries = [entry for entry in _mapping(source.values, _FIRST).values() if isinstance(entry, dict)]
        found = [pair for entry in entries for key in ("ports", "link") for pair in _mapping(entry, key).items()]
        return {name: number for name, number in found if _is_port(number) and name not in self.taken}

    def processes(
        self, settings: Mapping[str, str], addresses: Mapping[str, str], ports: Mapping[str, int], data: Path
    ) -> tuple[Process, ...]:
        """Return the processes, with `${NAME}` replaced; raise `Malformed` with a mistake.

        What the space gives wins over the `settings` of a person: `addresses` of its servers by variable, `ports` by
        name in small letters, the folder for `data`.
        """
        numbers = {name.upper(): number for name, number in ports.items()}
        own = {"SPACE_PYTHON": sys.executable, "SPACE_DATA": str(data), "SPACE_FOLDER": str(self.path.parent)}
        given = {**settings, **addresses, **{name: str(number) for name, number in numbers.items()}, **own}
        entries = self._entries(given)
        stage = stages(entries)
        return tuple(self._process(name, entry, stage[name], numbers) for name, entry in entries.items())

    def _entries(self, environment: Mapping[str, str]) -> Mapping[str, ProcessEntry]:
        name = str(self.path)
        source = document(self.content, environment, name, _FIRST)
        try:
            raw = ProcessesFile.model_validate(source.values)
        except ValidationError as error:
            raise Malformed(f"{name}:{first_mistake(error, source, ProcessesFile)}") from error
        must_agree(raw, source, name, {*OWN, *self.taken})
        return raw.processes

    def _process(self, name: str, entry: ProcessEntry, stage: int, numbers: Mapping[str, int]) -> Process:
        link = next((Link(name, numbers[one], numbers[linked(one)]) for one in entry.link), None)
        return Process(
            name,
            _ROLES[entry.role],
            entry.command,
            stage,
            self.path.parent,
            entry.environment,
            tuple(numbers[port] for port in entry.ports),
            link,
            entry.ready.check() if entry.ready else None,
            entry.page or "",
        )


def _mapping(value: object, *keys: str) -> dict[str, Any]:
    """Return the mapping at the keys, or an empty one where something else is."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _is_port(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number <= MAX_PORT
