"""The outbox as one small file per incident: fulfils `ports.outbox.Outbox`.

What the disk does not take is held in memory, and written as soon as the disk takes it.
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

OF_PROCESS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # what says nothing of the file that was to be read


def _logged(what: str) -> None:
    log.error("%s", what)


@dataclass
class OutboxFolder:
    """Files are replaced atomically and flushed to disk. `told` hears of each one that had to be set aside.

    `held` is what the disk has not taken yet, by incident.
    """

    folder: Path
    told: Callable[[str], None] = _logged
    held: dict[str, Pending] = field(default_factory=dict)

    def put(self, pending: Pending) -> None:
        """Write it, or hold it."""
        try:
            self._write(self._path(pending.incident), pending)
        except OSError as error:
            if pending.incident not in self.held:
                log.error("%s: %s; fact %d of %s is held in memory", self.folder, error, pending.seq, pending.incident)
            self.held[pending.incident] = pending
        else:
            self.held.pop(pending.incident, None)

    def _write(self, path: Path, pending: Pending) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, json.dumps(asdict(pending)).encode())

    def get(self, incident: str) -> Pending | None:
        """What a crash left half written was never renamed: what is there and does not parse is damaged.

        `OSError` when this process may open no more files.
        """
        if incident in self.held:
            held = self.held[incident]
            self.put(held)
            return held
        try:
            told = json.loads(self._path(incident).read_text())
            pending = Pending(**told)
            kinds = [type(value) for value in asdict(pending).values()]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            if isinstance(error, OSError) and error.errno in OF_PROCESS:
                raise
            self.set_aside(incident, str(error))
            return None
        if kinds != [int, str, int, str, str] or pending.incident != incident:
            self.set_aside(incident, "it holds other fields than a pending fact has")
            return None
        return pending

    def set_aside(self, incident: str, why: str) -> None:
        """Keep the fact under another name, and call a person: a signed fact is never thrown away.

        One that the disk has not taken yet replaces what lies there; if it cannot be written, it is told whole.
        """
        path = self._path(incident)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        place = f"it is kept as {aside.name}"
        if incident not in self.held:
            path.rename(aside)
        else:
            try:
                self._write(aside, self.held[incident])
            except OSError as error:
                place = f"it is nowhere else ({error}): {json.dumps(asdict(self.held[incident]))}"
            self.drop(incident)
        self.told(f"{path}, a signed fact that was to be posted, is damaged: {why}; {place}")

    def drop(self, incident: str) -> None:
        """Remove the file; one that a read-only disk keeps is overtaken by what the issue says."""
        self.held.pop(incident, None)
        try:
            self._path(incident).unlink(missing_ok=True)
        except OSError as error:
            log.error("%s: %s; a fact that is recorded stays there", self.folder, error)

    def _path(self, incident: str) -> Path:
        if not incident.isalnum():
            raise ValueError(f"not an incident id: {incident!r}")
        return self.folder / f"{incident}.json"
