"""The options that several commands share, and the types of their values."""

import math
import os
import re
import stat
import unicodedata
from pathlib import Path

import click

from sre_space.domain.errors import Malformed
from sre_space.env_file import environment_beside

UNPRINTABLE = ("Cc", "Cf", "Cs")  # control characters, also of text direction, and invalid UTF-8
MAX_TEXT = 1_000  # characters
_DURATION = re.compile(r"([0-9]{1,5})([mh])")
MAX_NAME = 255  # bytes that file systems allow for one part of a path


class Text(click.ParamType[str]):
    """A name, an address or a time: one line of printable characters."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; fail for an empty, unprintable or too long one."""
        if not value or _unprintable(value):
            self.fail(f"{value!r} is not printable text", param, ctx)
        if len(value) > MAX_TEXT:
            self.fail(f"this has {len(value)} characters; at most {MAX_TEXT} are allowed", param, ctx)
        return value


def _unprintable(text: str) -> bool:
    return any(unicodedata.category(character) in UNPRINTABLE for character in text)


class TextPath(click.ParamType[Path]):
    """A path of printable characters; `resolved` makes it absolute, `folder` requires a usable folder."""

    name = "path"

    def __init__(self, resolved: bool = False, folder: bool = False) -> None:
        self.resolved, self.folder = resolved, folder

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; fail for one that no file can have."""
        text = os.fspath(value)
        if not text or _unprintable(text):
            self.fail(f"{text!r} is not a printable path; choose another", param, ctx)
        if any(len(part.encode()) > MAX_NAME for part in Path(text).parts):
            self.fail(f"{text[:40]}... is too long for a file name; choose another", param, ctx)
        try:
            path = Path(text).resolve() if self.resolved else Path(text)
            reason = _unusable(path) if self.folder else ""
        except (OSError, RuntimeError) as error:  # Python 3.11 raises RuntimeError for a loop of links
            reason, path = str(getattr(error, "strerror", None) or error), Path(text)
        if reason:
            self.fail(f"{path}: {reason}; choose another", param, ctx)
        return path


def _unusable(path: Path) -> str:
    """Return why the path cannot be a state folder; "" when it can, or when it does not exist yet."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    if not stat.S_ISDIR(mode):
        return "it is a file, not a folder"
    return "" if os.access(path, os.R_OK | os.X_OK) else "you are not allowed to read this folder"


class Finite(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; fail for infinity and NaN."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not finite", param, ctx)
        return number


def _default_state() -> Path:
    """Return SRE_SPACE_STATE from the `.env` next to the configuration (its option is read first), else the default."""
    context = click.get_current_context(silent=True)
    option = context.params.get("config_path") if context else None
    config_path = option if isinstance(option, Path) else Path(os.environ.get("SRE_SPACE_CHART") or "sre-space.yaml")
    try:
        configured = environment_beside(config_path).values.get("SRE_SPACE_STATE")
    except Malformed as error:
        raise click.UsageError(str(error)) from error
    if configured:
        return Path(configured)
    base = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"
    except RuntimeError as error:
        raise click.UsageError("your home folder is not known; set SRE_SPACE_STATE to a folder that you own") from error


class Duration(click.ParamType[int]):
    """A duration such as `30m` or `2h`, in seconds."""

    name = "duration"

    def __init__(self, most_s: int) -> None:
        self.most_s = most_s

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds; fail for anything else, for 0, and for more than the most."""
        if isinstance(value, int):
            return value
        match = _DURATION.fullmatch(value)
        seconds = int(match[1]) * (3600 if match[2] == "h" else 60) if match else 0
        if not 0 < seconds <= self.most_s:
            self.fail(f"{value[:40]!r} is not from 1m to {self.most_s // 3600}h, written as 30m or 2h", param, ctx)
        return seconds


class IssueNumber(click.IntRange):
    """The number of an issue, in GitHub's range."""

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
    ["--chart", "config_path"],
    type=TextPath(resolved=True),
    envvar="SRE_SPACE_CHART",
    show_envvar=True,
    is_eager=True,  # the `.env` next to it may set the state folder
    help="Configuration file; default: sre-space.yaml here or in the checkout.",
)
JSON = click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object.")


def flag(name: str, help: str) -> click.Option:
    """Return an option without a value."""
    return click.Option([name], is_flag=True, help=help)


def text(name: str, help: str) -> click.Option:
    """Return an option whose value is a text."""
    return click.Option([name], type=Text(), help=help)


def argument(name: str) -> click.Argument:
    """Return an argument that is a text."""
    return click.Argument([name], type=Text())


def folder(name: str, help: str, multiple: bool = False) -> click.Option:
    """Return an option whose value is a path to read."""
    return click.Option([*name.split()], type=TextPath(), multiple=multiple, help=help)
