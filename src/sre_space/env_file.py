"""The sources of settings: the process environment, then `.env` in the folder of the configuration file."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.codec.env_lines import CONFIG_SETTING, EnvLines, parse_env
from sre_space.domain.errors import Malformed

NAME = ".env"
UNIT = "SRE_SPACE_UNIT"  # set in a process that a space has started: its environment is complete


@dataclass(frozen=True)
class Environment:
    """The settings a person has made: `values` by name (the environment wins); `lines`: those from the file."""

    values: Mapping[str, str]
    lines: EnvLines = field(default_factory=EnvLines)

    @contextlib.contextmanager
    def locating_errors(self) -> Iterator[None]:
        """Prefix a `Malformed` about a setting from the file with the file and line, and raise it again."""
        try:
            yield
        except Malformed as error:
            message = self.lines.located(str(error))
            if message == str(error):
                raise
            raise Malformed(message) from error


def environment_beside(config_path: Path, environment: Mapping[str, str] = os.environ) -> Environment:
    """Return the environment, extended by the `.env` next to `config_path`; raise `Malformed` with file and line."""
    lines = _read(config_path.resolve().parent / NAME).without(frozenset(name.upper() for name in environment))
    return Environment({**lines.values, **environment}, lines)


def environment_of_process(environment: Mapping[str, str] = os.environ) -> Environment:
    """Return the settings of this process: for a process that a space has started, its environment alone."""
    if UNIT in environment:
        return Environment(environment)
    return environment_beside(Path(environment.get(CONFIG_SETTING) or "sre-space.yaml"), environment)


def _read(path: Path) -> EnvLines:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return EnvLines()
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}; fix that, or remove the file") from error
    try:
        return parse_env(content.decode(), str(path))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{path}:{line}: this is not UTF-8; save it as UTF-8") from error
