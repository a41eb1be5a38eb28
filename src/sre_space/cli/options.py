"""Options that several commands share, and the kinds of values that a person may type."""

import math
import os
import stat
import unicodedata
from pathlib import Path

import click

from sre_space.domain.errors import Malformed
from sre_space.env_file import beside

UNPRINTABLE = ("Cc", "Cf", "Cs")  # control characters, also of the direction of text, and bytes that are no UTF-8
MAX_TEXT = 1_000  # characters
MAX_NAME = 255  # bytes that file systems take for one part of a path


class Text(click.ParamType[str]):
    """A name, an address or a time: a line that can be shown."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; refuse what no terminal shows and what nobody types."""
        if not value or _odd(value):
            self.fail(f"{value!r} is no text of printable characters", param, ctx)
        if len(value) > MAX_TEXT:
            self.fail(f"this has {len(value)} characters; at most {MAX_TEXT} are read", param, ctx)
        return value


def _odd(text: str) -> bool:
    return any(unicodedata.category(one) in UNPRINTABLE for one in text)


class TextPath(click.ParamType[Path]):
    """A path that can be shown, written into a configuration file and, where asked for, resolved."""

    name = "path"

    def __init__(self, resolved: bool = False, folder: bool = False) -> None:
        self.resolved, self.folder = resolved, folder

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; refuse one that no file can have."""
        text = os.fspath(value)
        if not text or _odd(text):
            self.fail(f"{text!r} is no path of printable characters; name another", param, ctx)
        if any(len(part.encode()) > MAX_NAME for part in Path(text).parts):
            self.fail(f"{text[:40]}... is longer than a file's name can be; name another", param, ctx)
        try:
            path = Path(text).resolve() if self.resolved else Path(text)
            wrong = _unusable(path) if self.folder else ""
        except (OSError, RuntimeError) as error:  # Python 3.11 raises RuntimeError for links in a circle
            wrong, path = str(getattr(error, "strerror", None) or error), Path(text)
        if wrong:
            self.fail(f"{path}: {wrong}; name another", param, ctx)
        return path


def _unusable(path: Path) -> str:
    """Return why no space can live there, "" when one can, or when nothing is there yet."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    if not stat.S_ISDIR(mode):
        return "this is a file, not a folder"
    return "" if os.access(path, os.R_OK | os.X_OK) else "you may not read this folder"


class Finite(click.FloatRange):
    """A number in a range; neither infinite nor no number."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not finite", param, ctx)
        return number


def _default_state() -> Path:
    """What `.env` beside the configuration says, whose option is read first; else the usual folder."""
    context = click.get_current_context(silent=True)
    given = context.params.get("chart") if context else None
    chart = given if isinstance(given, Path) else Path(os.environ.get("SRE_SPACE_CHART") or "sre-space.yaml")
    try:
        told = beside(chart).values.get("SRE_SPACE_STATE")
    except Malformed as error:
        raise click.UsageError(str(error)) from error
    if told:
        return Path(told)
    base = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"
    except RuntimeError as error:
        raise click.UsageError("your home folder is not known; set SRE_SPACE_STATE to a folder of yours") from error


class IssueNumber(click.IntRange):
    """The number of an issue, as GitHub gives them."""

    name = "issue number"


ISSUE = IssueNumber(1, 2**31 - 1)

STATE = click.Option(
    ["--state"],
    type=TextPath(resolved=True, folder=True),
    envvar="SRE_SPACE_STATE",
    show_envvar=True,
    default=_default_state,
    help="State folder of the space; default: ~/.local/state/sre-space.",
)
CONFIGURATION = click.Option(
    ["--chart"],
    type=TextPath(resolved=True),
    envvar="SRE_SPACE_CHART",
    show_envvar=True,
    is_eager=True,  # `.env` beside it may name the state folder
    help="The configuration; default: sre-space.yaml here or in the checkout.",
)
JSON = click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON object.")


def flag(name: str, help: str) -> click.Option:
    """Return an option without a value."""
    return click.Option([name], is_flag=True, help=help)


def text(name: str, help: str) -> click.Option:
    """Return an option with a text."""
    return click.Option([name], type=Text(), help=help)


def argument(name: str) -> click.Argument:
    """Return an argument that is a text."""
    return click.Argument([name], type=Text())


def folder(name: str, help: str, multiple: bool = False) -> click.Option:
    """Return an option with a path that is read."""
    return click.Option([*name.split()], type=TextPath(), multiple=multiple, help=help)
