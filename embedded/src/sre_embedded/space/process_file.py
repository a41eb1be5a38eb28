"""Reader of `processes.yaml`: what the embedded space starts of the application.

It lies beside the configuration, unless SRE_SPACE_PROCESSES names another file. Without one the space starts its
servers and agents only. Every mistake is one sentence with the line, the key and the remedy.
"""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sre_embedded.space.process_agreement import linked, must_agree, stages
from sre_embedded.space.process_schema import ProcessEntry, ProcessesFile
from sre_embedded.space.processes import OWN, Link, Process, Role
from sre_space.adapters.config_mistakes import first_mistake
from sre_space.adapters.config_yaml import document
from sre_space.domain.errors import Malformed

SETTING = "SRE_SPACE_PROCESSES"
NAME = "processes.yaml"
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
        """Return the numbers that the file gives its ports, by their variable; raise `Malformed` with a mistake."""
        entries = self._entries(settings, unset="1").values()  # the addresses are known only when the ports are
        return {name: number for entry in entries for name, number in (*entry.ports.items(), *entry.link.items())}

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

    def _entries(self, environment: Mapping[str, str], unset: str | None = None) -> Mapping[str, ProcessEntry]:
        name = str(self.path)
        source = document(self.content, environment, name, "processes", unset)
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
