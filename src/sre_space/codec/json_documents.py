"""JSON documents of a file, one at a time: one a line, or over many lines, or one after the other.

Only the rest of a file that holds a document of many lines is kept in memory, up to MAX_TEXT.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

import orjson

from sre_space.codec.json_pieces import LARGE, Walk
from sre_space.codec.lost import PARSE_ERRORS

MAX_TEXT = 512 * 2**20  # bytes of a document over several lines
_BETWEEN = re.compile(r"[\s,\x1e]*")  # white space, a list's commas, the separators of RFC 7464
_MARGIN = re.compile(r"\n(?=[{\[])")  # where a line begins with a document: within one, lines are indented
_BLANK = b" \t\r\n\x1e"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Document(NamedTuple):
    """The JSON at a line of a file; `why` it is none, where it is not."""

    line: int
    value: object
    why: str = ""


def documents(lines: Iterable[bytes]) -> Iterator[Document]:
    """Yield the documents of a file's lines in order, and each line that is none; a long one in several pieces."""
    source = iter(lines)
    number = 1
    for line in source:
        if number == 1 and line.startswith(_UTF16):
            yield from _from_text(_decoded(b"".join(chain([line], source))), 1)
        elif len(line) >= LARGE:
            text = _decoded(line)
            del line
            yield from _from_text(text, number)
        elif line.strip(_BLANK):
            try:
                yield Document(number, _loaded(line))
            except PARSE_ERRORS as error:
                if not _is_begun(error):
                    yield Document(number, None, _reason(error))
                else:
                    rest = b"".join(chain([line], _limited(source)))
                    yield from _from_text(_decoded(rest), number)
                    number += rest.count(b"\n") - 1
        number += 1


def _limited(source: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines, up to MAX_TEXT."""
    size = 0
    for line in source:
        yield line
        size += len(line)
        if size > MAX_TEXT:
            return


def _loaded(line: bytes) -> object:
    """Return the document of a line; `json` reads what orjson is too strict for (NaN, lone surrogates)."""
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(line)
    try:
        return json.loads(line)
    except UnicodeDecodeError:
        return json.loads(_decoded(line))


def _decoded(text: bytes) -> str:
    """Return the text, each byte that it cannot be replaced."""
    return text.decode("utf-16" if text.startswith(_UTF16) else "utf-8-sig", errors="replace")


def _is_begun(error: BaseException) -> bool:
    """Return True when the line ends too early to be a document, or holds another one behind it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    if error.msg == "Extra data":
        return True
    return error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")


def _from_text(text: str, first: int) -> Iterator[Document]:
    """Yield the documents of a text that begins at line `first`; after what is none, look for the next at a margin."""
    at, line = 0, first
    while True:
        between = _BETWEEN.match(text, at)
        begin = between.end() if between else at
        line += text.count("\n", at, begin)
        if begin == len(text):
            return
        walk = Walk(text, begin)
        try:
            for piece in walk.pieces():
                yield Document(line, piece)
            at = walk.at
        except PARSE_ERRORS as error:
            yield Document(line, None, _reason(error))
            margin = _MARGIN.search(text, max(begin, error.pos if isinstance(error, json.JSONDecodeError) else begin))
            at = margin.end() if margin else len(text)
        line += text.count("\n", begin, at)


def _reason(error: BaseException) -> str:
    words = error.msg if isinstance(error, json.JSONDecodeError) else f"{type(error).__name__}: {error}"
    return f"no JSON: {words}"[:120]
