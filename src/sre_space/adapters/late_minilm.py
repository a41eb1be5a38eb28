"""MiniLM, imported and loaded when it is first needed: a dashboard in which nobody searches lessons needs no model."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sre_space.adapters.minilm import MiniLm


class LateMiniLm:
    """The embedding model; the first call takes about a second longer, and 30 MB of memory for its library alone."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a text."""
        return self.loaded.embed(texts)

    def pieces(self, text: str) -> list[str]:
        """Return the text in pieces that the model can read whole."""
        return self.loaded.pieces(text)

    @cached_property
    def loaded(self) -> "MiniLm":
        """Return the model; raise `Malformed` when the wheel or a file of it is missing."""
        from sre_space.adapters.minilm import MiniLm  # noqa: PLC0415 - see above

        return MiniLm.load()
