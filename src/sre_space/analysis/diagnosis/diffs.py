"""How much a diff changes a program's behaviour, and in which words; moves, renames, tests and texts do not count.

A diff is read as two bags of tokens, removed and added, without comments and string literals; a token
on both sides was only moved. A consistent renaming changes nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SIZE_WITHOUT_DIFF = 0.25  # the size of a change without a diff: its content is unknown
HARMLESS = 0.05
MAX_LINE = 1000  # characters of a line that are read: an unclosed quotation makes the pattern quadratic

_PATH = re.compile(r"(?<![\w./-])[\w./-]+\.\w+")
_QUIET_PATH = re.compile(
    r"(^|/)(tests?|docs?|__tests__|testdata|\.github|\.circleci)/|[._](test|spec)\.|_test\.|\.(md|rst|css|scss|svg|png)$",
    re.I,
)
_QUIET_WORDS = re.compile(
    r"^\W*(docs?|tests?|style|ci)\b|\b(typo|readme|comment|changelog|lint|gofmt|formatting|golden files)\b", re.I
)
# What other people's code does differently is not in the diff.
_MANIFEST = re.compile(
    r"(^|/)(requirements[\w.-]*\.txt|package(-lock)?\.json|go\.(mod|sum)|pom\.xml|Cargo\.(toml|lock)|Gemfile(\.lock)?"
    r"|(poetry|uv|yarn|pnpm-lock)\.(lock|yaml))$"
)
_QUIET_LINE = re.compile(
    r"\s*(import |from \S+ import |using [\w.]+;|(\w+\.)*log(ger|ging)?\.\w+\(|console\.\w+\(|$)", re.I
)
_CONFIG_PATH = re.compile(r"\.(ya?ml|toml|ini|env|conf|cfg|properties|json|tf|hcl)$", re.I)
_COMMENT = re.compile(r"//.*|(?:^|\s)#.*|/\*.*?\*/|^\s*\*.*|(?:^|\s)--\s.*")
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class DiffEffect:
    """`size` is the share of the diff that changes behaviour (0 to 1); `words` are the tokens that changed."""

    size: float
    words: tuple[str, ...]
    config: bool


def effect_of(summary: str, diff: str) -> DiffEffect:
    """Return what a change does; without a diff, its summary shows only whether it is about texts and tests."""
    paths = paths_of(diff)
    lines = (line[:MAX_LINE] for line in diff.splitlines())
    changed = [line for line in lines if line.startswith(("+", "-")) and line[:3] not in ("+++", "---")]
    quiet = bool(paths) and all(_QUIET_PATH.search(path) for path in paths)
    if quiet or _QUIET_WORDS.search(summary):
        return DiffEffect(HARMLESS, (), False)
    if not changed:
        return DiffEffect(SIZE_WITHOUT_DIFF, (), False)
    if bool(paths) and all(_MANIFEST.search(path) for path in paths):
        return DiffEffect(SIZE_WITHOUT_DIFF, tuple(_tokens([line[1:] for line in changed], False)), False)
    config = bool(paths) and all(_CONFIG_PATH.search(path) for path in paths)
    changed = changed if config else [line for line in changed if not _QUIET_LINE.match(line[1:])]
    if not changed:
        return DiffEffect(HARMLESS, (), config)
    removed, added = (_tokens([line[1:] for line in changed if line[0] == sign], config) for sign in "-+")
    if not config and _renamed(removed, added):
        return DiffEffect(HARMLESS, (), config)
    net = (Counter(removed) - Counter(added)) + (Counter(added) - Counter(removed))
    size = net.total() / max(1, len(removed) + len(added))
    return DiffEffect(max(HARMLESS, size), tuple(net), config)


def paths_of(diff: str) -> list[str]:
    """Return the files that a diff names in its headers."""
    heads = (line[:MAX_LINE] for line in diff.splitlines() if line.startswith(("@@", "+++", "---")))
    return list(
        dict.fromkeys(path[0].removeprefix("a/").removeprefix("b/") for line in heads if (path := _PATH.search(line)))
    )


def _tokens(lines: Sequence[str], config: bool) -> list[str]:
    """Return the identifiers and numbers of the lines; in configuration the texts are values, so they stay."""
    bare = (_COMMENT.sub("", line) if config else _COMMENT.sub("", _STRING.sub('""', line)) for line in lines)
    return [token for line in bare for token in _TOKEN.findall(line)]


def _renamed(removed: Sequence[str], added: Sequence[str]) -> bool:
    """Return True when one consistent renaming of at most half of the tokens turns one side into the other."""
    if len(removed) != len(added) or not removed:
        return False
    pairs = set(zip(removed, added, strict=True))
    moved = {pair for pair in pairs if pair[0] != pair[1]}
    one_to_one = len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs})
    return one_to_one and 2 * len(moved) <= len(pairs) and all(a[:1].isalpha() and b[:1].isalpha() for a, b in moved)
