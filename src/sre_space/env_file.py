"""Where settings come from: the environment of the process, and below it `.env` in the folder of the configuration."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.codec.env_lines import CHART, EnvLines, parse_env
from sre_space.domain.errors import Malformed

NAME = ".env"
UNIT = "SRE_SPACE_UNIT"  # whoever has it was started by a space, with all that is for it in its environment


@dataclass(frozen=True)
class Environment:
    """What a person has set: `values` by name, the environment before the file; `lines`: what comes from the file."""

    values: Mapping[str, str]
    lines: EnvLines = field(default_factory=EnvLines)

    @contextlib.contextmanager
    def placing(self) -> Iterator[None]:
        """Put file and line before a sentence on a setting that stands in the file."""
        try:
            yield
        except Malformed as error:
            told = self.lines.told(str(error))
            if told == str(error):
                raise
            raise Malformed(told) from error


def beside(chart: Path, environment: Mapping[str, str] = os.environ) -> Environment:
    """Return the environment and what `.env` beside `chart` adds to it; `Malformed` names file and line."""
    lines = _read(chart.resolve().parent / NAME).without(frozenset(name.upper() for name in environment))
    return Environment({**lines.values, **environment}, lines)


def of_process(environment: Mapping[str, str] = os.environ) -> Environment:
    """Return the settings of this process; of one that a space has started its environment alone."""
    if UNIT in environment:
        return Environment(environment)
    return beside(Path(environment.get(CHART) or "sre-space.yaml"), environment)


def _read(path: Path) -> EnvLines:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return EnvLines()
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}; mend that, or remove it") from error
    try:
        return parse_env(content.decode(), str(path))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{path}:{line}: this is not UTF-8; save it as UTF-8") from error
