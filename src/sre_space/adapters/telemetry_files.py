"""Readers of folders of telemetry in JSON, plain or compressed, and of the files beside it.

Used by `bootstrap.diagnose`. Input that cannot be read is skipped and reported, never fatal; a missing folder raises
`Missing`.
"""

import gc
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sre_space.adapters.compressed_files import CUT_SHORT, opened, plain_name
from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState, SkippedInput, Telemetry
from sre_space.codec.case_files import ALERT, CHANGES, MISSING, STATES, WINDOW, state_of
from sre_space.codec.changes import alert_of, change_of
from sre_space.codec.json_documents import Document, documents
from sre_space.codec.telemetry_json import Builders, add_document
from sre_space.domain.errors import Malformed, Missing

T = TypeVar("T")
BESIDE = (CHANGES, ALERT, STATES, MISSING, WINDOW, "cases.jsonl", "truth.jsonl")  # read otherwise, or not meant here
ENDINGS = (".json", ".jsonl", ".ndjson")
NOTES = (".txt", ".md", ".rst", ".html", ".pdf", ".png", ".svg", ".yaml", ".yml", ".py", ".sh", ".sha256")  # for people


def read_folder(folder: Path, besides: Collection[Path] = ()) -> Telemetry:
    """Return the telemetry in a folder's JSON files, but for those `besides`; list whatever could not be read."""
    if not folder.is_dir():
        raise Missing(f"{folder} is no folder of telemetry")
    into = Builders()
    skipped: list[SkippedInput] = []
    with _no_garbage_collection():
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(".") and path.name not in BESIDE and path not in besides:
                skipped += _read(path, into)
        return Telemetry(into.spans.table(), into.metrics.table(), into.logs.table(), tuple(skipped))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Turn garbage collection off: parsed JSON has no cycles, and the search costs a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(path: Path, into: Builders) -> Iterator[SkippedInput]:
    """Read a file of telemetry; yield what of it could not be read."""
    name = plain_name(path)
    if path.is_dir():
        yield SkippedInput(path.name, "a folder within the folder")
    elif name.endswith(ENDINGS):
        yield from _documents(path, into)
    elif not name.endswith(NOTES):
        yield SkippedInput(path.name, f"no file of JSON ({', '.join(ENDINGS)})")


def _documents(path: Path, into: Builders) -> Iterator[SkippedInput]:
    line = 0
    try:
        with opened(path) as file:
            for document in documents(file):
                line = document.line
                yield from _document(document, f"{path.name}:{line}", into)
                del document  # its memory serves for the next one
    except CUT_SHORT as error:
        yield SkippedInput(f"{path.name}:{line + 1}", f"the file ends here: {error}")


def _document(document: Document, place: str, into: Builders) -> Iterator[SkippedInput]:
    if document.why:
        yield SkippedInput(place, document.why)
        return
    try:
        lost = add_document(document.value, into)
    except Malformed as error:
        yield SkippedInput(place, str(error))
        return
    yield from (SkippedInput(place, reason, count) for reason, count in lost.items())


def read_changes(path: Path) -> tuple[tuple[Change, ...], tuple[SkippedInput, ...]]:
    """Return the changes in a file and the skipped lines; raise `Missing` without the file."""
    if not path.is_file():
        raise Missing(f"{path} is no file of changes")
    skipped_input: list[SkippedInput] = []
    return tuple(_each_line(path, change_of, skipped_input)), tuple(skipped_input)


def read_states(path: Path) -> tuple[tuple[ServiceState, ...], tuple[SkippedInput, ...]]:
    """Return the services' states in a file and the skipped lines; both empty without the file."""
    skipped_input: list[SkippedInput] = []
    states = _each_line(path, lambda line, _: state_of(line), skipped_input) if path.is_file() else []
    return tuple(states), tuple(skipped_input)


def read_alert(path: Path) -> tuple[Alert | None, tuple[SkippedInput, ...]]:
    """Return the alert in a file, None when missing or unreadable, and the file as skipped if unreadable."""
    if not path.is_file():
        return None, ()
    try:
        return alert_of(path.read_bytes()), ()
    except Malformed as error:
        return None, (SkippedInput(path.name, str(error)),)


def _each_line(path: Path, read: Callable[[bytes, int], T], skipped_input: list[SkippedInput]) -> list[T]:
    items: list[T] = []
    number = 0
    try:
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        items.append(read(line, number))
                    except Malformed as error:
                        skipped_input.append(SkippedInput(f"{path.name}:{number}", str(error)))
    except CUT_SHORT as error:
        skipped_input.append(SkippedInput(f"{path.name}:{number + 1}", f"the file ends here: {error}"))
    return items
