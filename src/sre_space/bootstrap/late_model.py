"""MiniLM, loaded when a text is first embedded: a dashboard in which nobody searches needs no model."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sre_space.adapters.minilm import MiniLm


class LateModel:
    """The embedding of texts by a model that is loaded at the first call, which takes about a second."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a text."""
        return self._model.embed(texts)

    @cached_property
    def _model(self) -> MiniLm:
        return MiniLm.load()
