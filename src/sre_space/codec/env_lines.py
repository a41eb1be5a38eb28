"""The parser of the `.env` file beside the configuration: each setting with the line that sets it."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dotenv.parser import Binding, parse_stream

from sre_space.domain.errors import Malformed

CONFIG_SETTING = "SRE_SPACE_CHART"
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class EnvLines:
    """The settings of a `.env` file: values by name, and the place (`FILE:LINE`) of each."""

    values: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def located(self, sentence: str) -> str:
        """Return the sentence prefixed with `FILE:LINE: ` if it begins with the name of one of these settings."""
        name = _NAME.match(sentence)
        place = self.places.get(name[0]) if name else None
        return f"{place}: {sentence}" if place else sentence

    def without(self, names: frozenset[str]) -> "EnvLines":
        """Return these settings without the given (upper-case) names, however the file spells them."""
        values = {name: value for name, value in self.values.items() if name not in names}
        return EnvLines(values, {name: self.places[name] for name in values})


def parse_env(text: str, path: str) -> EnvLines:
    """Return the settings in the text of a file called `path`; an empty value counts as unset, no variable is expanded.

    Raise `Malformed` for an invalid line; the error names file and line but no value, for a value may be a secret.
    """
    values: dict[str, str] = {}
    places: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        line = binding.original.line + _blank_lines(binding)
        place = f"{path}:{line}"
        if binding.error or (binding.key is not None and not _is_setting(binding)):
            raise Malformed(f"{place}: this is not NAME=value; quote a value that needs it, or begin a note with #")
        if binding.key is None:
            continue
        name = binding.key.upper()
        if name in places:
            raise Malformed(f"{place}: {name} is here twice, first in line {places[name].rpartition(':')[2]}; keep one")
        if name == CONFIG_SETTING and binding.value:
            raise Malformed(
                f"{place}: {CONFIG_SETTING} cannot be set here: this file is looked for beside what it names"
            )
        places[name] = place
        values |= {name: binding.value} if binding.value else {}
    return EnvLines(values, {name: places[name] for name in values})


def _is_setting(binding: Binding) -> bool:
    return binding.value is not None and "\0" not in binding.value and bool(_NAME.fullmatch(binding.key or ""))


def _blank_lines(binding: Binding) -> int:
    """Return how many blank lines the parser has counted as part of the setting, before its own line."""
    return sum(1 for _ in _leading(binding.original.string))


def _leading(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip():
            return
        yield line
