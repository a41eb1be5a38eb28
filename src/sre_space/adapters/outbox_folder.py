"""The outbox as one small file per incident: fulfils `ports.outbox.Outbox`.

A fact that cannot be written is held in memory and written as soon as the disk accepts it.
"""

import errno
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sre_space.files import replace_file
from sre_space.ports.outbox import Pending

log = logging.getLogger(__name__)

OF_PROCESS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # errors of the process, which say nothing about the file


def _log_error(text: str) -> None:
    log.error("%s", text)


@dataclass
class OutboxFolder:
    """A folder of facts that are signed but not posted yet; files are replaced atomically and flushed to disk.

    `report_damage` is called with a sentence for each file that was set aside. `in_memory` are the facts that could
    not be written yet, by incident.
    """

    folder: Path
    report_damage: Callable[[str], None] = _log_error
    in_memory: dict[str, Pending] = field(default_factory=dict)

    def put(self, pending: Pending) -> None:
        """Write the pending fact, or hold it in memory when the disk refuses."""
        try:
            self._write(self._path(pending.incident), pending)
        except OSError as error:
            if pending.incident not in self.in_memory:
                log.error("%s: %s; fact %d of %s is held in memory", self.folder, error, pending.seq, pending.incident)
            self.in_memory[pending.incident] = pending
        else:
            self.in_memory.pop(pending.incident, None)

    def _write(self, path: Path, pending: Pending) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, json.dumps(asdict(pending)).encode())

    def get(self, incident: str) -> Pending | None:
        """Return the incident's pending fact, None without one; a file that does not parse is damaged and set aside.

        A file cannot be half written, since files are replaced atomically. Raise `OSError` when this process has no
        file descriptors or memory left.
        """
        if incident in self.in_memory:
            in_memory = self.in_memory[incident]
            self.put(in_memory)
            return in_memory
        try:
            fields = json.loads(self._path(incident).read_text())
            pending = Pending(**fields)
            kinds = [type(value) for value in asdict(pending).values()]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            if isinstance(error, OSError) and error.errno in OF_PROCESS:
                raise
            self.set_aside(incident, str(error))
            return None
        if kinds != [int, str, int, str, str] or pending.incident != incident:
            self.set_aside(incident, "its fields are not those of a pending fact")
            return None
        return pending

    def set_aside(self, incident: str, why: str) -> None:
        """Rename the incident's file, since a signed fact is never deleted unposted, and report the damage.

        A fact that the disk has not taken yet is written under the new name; if it cannot be, the report holds it.
        """
        path = self._path(incident)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        place = f"it is kept as {aside.name}"
        if incident not in self.in_memory:
            path.rename(aside)
        else:
            try:
                self._write(aside, self.in_memory[incident])
            except OSError as error:
                place = f"it is nowhere else ({error}): {json.dumps(asdict(self.in_memory[incident]))}"
            self.drop(incident)
        self.report_damage(f"{path}, a signed fact that is not posted yet, is damaged: {why}; {place}")

    def drop(self, incident: str) -> None:
        """Remove the incident's file; if the disk refuses, that is logged: the fact is on the issue already."""
        self.in_memory.pop(incident, None)
        try:
            self._path(incident).unlink(missing_ok=True)
        except OSError as error:
            log.error("%s: %s; the file of a fact that is posted stays there", self.folder, error)

    def _path(self, incident: str) -> Path:
        if not incident.isalnum():
            raise ValueError(f"not an incident id: {incident!r}")
        return self.folder / f"{incident}.json"
