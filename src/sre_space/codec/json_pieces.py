"""A long JSON document in pieces: documents with some of its items each, which together say what it says.

Parsed whole, a document takes ten times its size as Python's objects.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from json import decoder

LARGE = 16 * 2**20  # bytes; a smaller document is parsed whole
PIECE = 2 * 2**20  # characters of the items of a piece
_SCOPES = {"scopeSpans", "scopeMetrics", "scopeLogs", "scope_spans", "scope_metrics", "scope_logs"}
_SCOPES |= {"instrumentationLibrarySpans", "instrumentationLibraryMetrics", "instrumentationLibraryLogs"}
_RESOURCES = {"resourceSpans", "resourceMetrics", "resourceLogs", "batches"}
_RESOURCES |= {"resource_spans", "resource_metrics", "resource_logs"}
_HOLDERS = _SCOPES | _RESOURCES | {"result", "trace"}
_SPANS_NEED = {"processes", "scope", "instrumentationLibrary"}  # one of them says whose spans these are
_ITEMS = frozenset(("spans", "metrics", "logRecords", "log_records", "data"))
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()

Wrap = Callable[[object], object]
_scanned: Callable[[str, int], tuple[str, int]] = getattr(decoder, "scanstring")  # noqa: B009 - typeshed lacks it


def _around(wrap: Wrap, around: Mapping[str, object], key: str, piece: object) -> object:
    """Return a piece as the member `key` of the object around it."""
    return wrap({**around, key: piece})


class Walk:
    """A place in a text that moves on as the pieces of the document there are taken."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def pieces(self) -> Iterator[object]:
        """Yield the document here in pieces; raise `ValueError` where it stops being JSON, after what came before."""
        if len(self.text) - self.at < LARGE:
            yield self.decode()
        else:
            yield from self.value(lambda piece: piece, items=False)

    def skip(self) -> str:
        """Move behind white space and return the character there, "" at the end."""
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> str:
        """Move behind one of the wanted characters and return it."""
        found = self.skip()
        if not found or found not in wanted:
            raise json.JSONDecodeError(f"Expecting one of {wanted}", self.text, self.at)
        self.at += 1
        return found

    def decode(self) -> object:
        """Return the whole value here, and move behind it."""
        self.skip()
        value, self.at = _DECODER.raw_decode(self.text, self.at)
        return value

    def value(self, wrap: Wrap, items: bool) -> Iterator[object]:
        """Yield the pieces of the value here; `items`: it is a list of items, which are not divided."""
        match self.skip():
            case "{":
                yield from self._object(wrap)
            case "[" if items:
                yield from self._items(wrap)
            case "[":
                yield from self._list(wrap)
            case _:
                yield wrap(self.decode())

    def _object(self, wrap: Wrap) -> Iterator[object]:
        known: dict[str, object] = {}
        divided = False
        for key in self._keys():
            if key not in _HOLDERS and (key not in _ITEMS or self.skip() != "["):
                known[key] = self.decode()
                continue
            divided = True
            around = {**known, **self._ahead(known, key)}
            yield from self.value(partial(_around, wrap, around, key), key in _ITEMS)
        if not divided:
            yield wrap(known)

    def _keys(self) -> Iterator[str]:
        """Yield the keys of the object here, the place behind each one's colon; the value is to be taken meanwhile."""
        self.take("{")
        if self.skip() == "}":
            self.at += 1
            return
        while True:
            self.take('"')
            key, self.at = _scanned(self.text, self.at)
            self.take(":")
            yield key
            if self.take(",}") == "}":
                return

    def _ahead(self, known: dict[str, object], key: str) -> dict[str, object]:
        """Return the small members behind this one, when they are needed to understand it: who sent it."""
        needed = {"resource"} if key in _SCOPES else _SPANS_NEED
        if key not in _SCOPES | {"spans"} or not needed.isdisjoint(known):
            return {}
        here: dict[str, object] = {}
        ahead = Walk(self.text, self.at)
        ahead.pass_over(key)
        while ahead.take(",}") == ",":
            ahead.take('"')
            other, ahead.at = _scanned(self.text, ahead.at)
            ahead.take(":")
            if other in _HOLDERS or other in _ITEMS:
                ahead.pass_over(other)
            else:
                here[other] = ahead.decode()
        return here

    def pass_over(self, key: str) -> None:
        """Move behind the value here without keeping it."""
        for _ in self.value(lambda _: None, key in _ITEMS):
            pass

    def _list(self, wrap: Wrap) -> Iterator[object]:
        self.take("[")
        if self.skip() == "]":
            self.at += 1
            yield wrap([])
            return
        while True:
            yield from self.value(lambda piece: wrap([piece]), items=False)
            if self.take(",]") == "]":
                return

    def _items(self, wrap: Wrap) -> Iterator[object]:
        self.take("[")
        batch: list[object] = []
        begun = self.at
        if self.skip() == "]":
            self.at += 1
            return
        while True:
            batch.append(self.decode())
            if self.take(",]") == "]":
                break
            if self.at - begun > PIECE:
                yield wrap(batch)
                batch, begun = [], self.at
        yield wrap(batch)
