"""A Chroma server as the index of past incidents: fulfils `ports.case_index.CaseIndex`."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from chromadb.errors import ChromaError
from numpy.typing import NDArray

from sre_space.domain.errors import Unavailable
from sre_space.ports.case_index import CaseIndex, Lesson, Recalled

COLLECTION = "incidents"
TIMEOUT_S = 5.0
MAX_ENTRIES = 12  # per lesson
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Pieces = Callable[[str], Sequence[str]]
T = TypeVar("T")


def _whole(text: str) -> Sequence[str]:
    return (text,)


class ChromaCaseIndex(CaseIndex):
    """One collection with cosine distance; embeddings are computed here, so that the server downloads no model.

    A lesson is one entry for its text, under its id, and one for each piece that the model can embed of its further
    texts (`ID/1`, `ID/2` ...). Every entry carries the lesson's id and facts.
    """

    def __init__(self, url: str, embed: Embed, pieces: Pieces = _whole) -> None:
        self._url, self._embed, self._pieces = url, embed, pieces
        self._collection: Collection | None = None
        # Chroma's client has no timeout; on this one thread it blocks nobody but the next call.
        self._thread = ThreadPoolExecutor(1, "chroma")

    async def remember(self, lesson: Lesson) -> None:
        """Write the lesson's entries, durable on return; raise `Unavailable` when Chroma does not answer."""
        await self._asked(lambda collection: self._remember(collection, lesson))

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """Return the most similar lessons, nearest first; raise `Unavailable` when Chroma does not answer."""
        return await self._asked(lambda collection: self._recall(collection, text, limit, where))

    def _remember(self, collection: Collection, lesson: Lesson) -> None:
        rest = [piece for text in lesson.more for piece in self._pieces(text)]
        texts = [lesson.text, *rest[: MAX_ENTRIES - 1]]
        facts: dict[str, Any] = {"lesson": lesson.id, **lesson.facts}
        collection.upsert(
            ids=[f"{lesson.id}/{part}" if part else lesson.id for part in range(len(texts))],
            embeddings=self._embed(texts),
            documents=texts,
            metadatas=[facts | {"part": part} if part else facts for part in range(len(texts))],
        )
        surplus = [f"{lesson.id}/{part}" for part in range(len(texts), MAX_ENTRIES)]  # of an earlier, longer version
        if surplus:
            collection.delete(ids=surplus)

    def _recall(
        self, collection: Collection, text: str, limit: int, where: Mapping[str, str] | None
    ) -> Sequence[Recalled]:
        matches = collection.query(
            query_embeddings=self._embed([text]),
            n_results=limit * MAX_ENTRIES,
            where=_condition(where or {}),
            include=["documents", "metadatas", "distances"],
        )
        rows = zip(*((matches[key] or [[]])[0] for key in ("ids", "documents", "metadatas", "distances")), strict=True)
        nearest: dict[str, Recalled] = {}
        for recalled in (_recalled(*row) for row in rows):
            nearest.setdefault(recalled.lesson.id, recalled)
        return list(nearest.values())[:limit]

    async def _asked(self, question: Callable[[Collection], T]) -> T:
        """Return a query's answer, run on the thread; after an error the next query looks the collection up again."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question)
        except (ChromaError, httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
            self._collection = None
            raise Unavailable(f"Chroma does not answer at {self._url}: {error!r}; CHROMA_URL names it") from error

    def _ask(self, question: Callable[[Collection], T]) -> T:
        if self._collection is None:
            self._collection = self._connect()
        return question(self._collection)

    def _connect(self) -> Collection:
        where = urlsplit(self._url)
        client = chromadb.HttpClient(
            host=where.hostname or "", port=where.port or 8000, settings=Settings(anonymized_telemetry=False)
        )
        return client.get_or_create_collection(
            COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )


def _condition(where: Mapping[str, str]) -> Any:  # noqa: ANN401 - Chroma's own recursive type
    equal = [{key: {"$eq": value}} for key, value in where.items()]
    return {"$and": equal} if len(equal) > 1 else equal[0] if equal else None


def _recalled(id: str, document: str | None, metadata: Mapping[str, Any] | None, distance: float) -> Recalled:
    """Return an entry as a lesson and its similarity (0 to 1); anyone may have added one without text or facts."""
    stored = metadata or {}
    facts = {key: value for key, value in stored.items() if key not in ("lesson", "part")}
    return Recalled(Lesson(str(stored.get("lesson", id)), document or "", facts), max(0.0, 1.0 - distance))
