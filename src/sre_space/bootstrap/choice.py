"""The choice of an adapter by the address that a setting names, as in `docker` or `supervisord:///run/space.sock`.

Each port has one table of its adapters, by the word before `://`: in `runtime.py`, `bus.py`, `forge.py`,
`trace_store.py` and `case_index.py`. A further adapter is one more line of its table. A notifier is chosen by the
schemes that Apprise knows (`notify.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sre_space.domain.errors import Malformed

T = TypeVar("T")
_SEPARATOR = "://"
_SHOWN = 100  # characters of a refused address


@dataclass(frozen=True)
class Choice(Generic[T]):
    """The adapters of one port, by word, and the `setting` that names one.

    `default` is the word of an address without one; "" where an address must begin with a word.
    """

    setting: str
    adapters: Mapping[str, T]
    default: str = ""

    def of(self, address: str) -> tuple[T, str]:
        """Return the adapter and what follows the word; raise `Malformed`, with the known words, for no other."""
        if not address:
            raise Malformed(f"{self.setting} is not set: it is one of {self._known}; see docs/settings.md")
        word, separator, rest = address.partition(_SEPARATOR)
        if self.default and not separator:
            word, rest = self.default, address
        if word.lower() not in self.adapters:
            raise Malformed(
                f"{self.setting}: {address[:_SHOWN]!r} does not begin with one of {self._known}; see docs/settings.md"
            )
        return self.adapters[word.lower()], rest

    @property
    def _known(self) -> str:
        return ", ".join(sorted(self.adapters))
