"""The index of lessons that CHROMA_URL chooses, for Memory, the dashboard and `sre-space memory rebuild` alike."""

from collections.abc import Callable

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.http_check import chroma_check
from sre_space.adapters.late_minilm import LateMiniLm
from sre_space.bootstrap.choice import Choice
from sre_space.ports.case_index import CaseIndex
from sre_space.ports.server_check import ServerCheck


def _chroma(url: str, late: bool) -> CaseIndex:
    late_model = LateMiniLm()
    model = late_model if late else late_model.loaded
    return ChromaCaseIndex(url, model.embed, model.pieces)


CASE_INDEXES: dict[str, Callable[[str, bool], CaseIndex]] = {
    "http": _chroma,
    "https": _chroma,
}
CHECKS: dict[str, Callable[[str], ServerCheck]] = {"http": chroma_check, "https": chroma_check}
_CHOICE = Choice("CHROMA_URL", CASE_INDEXES)


def case_index_of(url: str, late: bool = False) -> CaseIndex:
    """Return the client of the index at a URL; raise `Malformed` for an unknown one.

    `late` loads the model of the embeddings when it is first needed.
    """
    adapter, _ = _CHOICE.of(url)
    return adapter(url, late)


def check_of(url: str) -> ServerCheck:
    """Return what asks the server at a URL whether it serves; raise `Malformed` for an unknown one."""
    check, _ = Choice("CHROMA_URL", CHECKS).of(url)
    return check(url)
