"""The real Chroma server as the index of past incidents: fulfils `ports.case_index.CaseIndex`."""

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
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
T = TypeVar("T")


class ChromaCaseIndex(CaseIndex):
    """One collection, cosine distance; embeddings are made here, so that the server fetches no model."""

    def __init__(self, url: str, embed: Embed) -> None:
        self._url, self._embed = url, embed
        self._collection: Collection | None = None
        # Chroma's client waits for ever: on one thread of its own that holds up nobody, and the next call waits for it.
        self._thread = ThreadPoolExecutor(1, "chroma")

    async def remember(self, lesson: Lesson) -> None:
        """Upsert: durable when the server has answered."""
        await self._asked(lambda collection: self._remember(collection, lesson))

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """Nearest first."""
        return await self._asked(lambda collection: self._recall(collection, text, limit, where))

    async def forget(self, id: str) -> None:
        """Delete."""
        await self._asked(lambda collection: collection.delete(ids=[id]))

    async def ping(self) -> None:
        """Count."""
        await self._asked(lambda collection: collection.count())

    def _remember(self, collection: Collection, lesson: Lesson) -> None:
        collection.upsert(
            ids=[lesson.id],
            embeddings=self._embed([lesson.text]),
            documents=[lesson.text],
            metadatas=[{"lesson": lesson.id, **lesson.facts}],
        )

    def _recall(
        self, collection: Collection, text: str, limit: int, where: Mapping[str, str] | None
    ) -> Sequence[Recalled]:
        found = collection.query(
            query_embeddings=self._embed([text]),
            n_results=limit,
            where=_condition(where or {}),
            include=["documents", "metadatas", "distances"],
        )
        rows = zip(*((found[key] or [[]])[0] for key in ("ids", "documents", "metadatas", "distances")), strict=True)
        return [_recalled(*row) for row in rows]

    async def _asked(self, question: Callable[[Collection], T]) -> T:
        """Ask on a thread; a server that came back is found again, also one that forgot the collection's id."""
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
    """Whoever reaches the server may have added an entry without text or facts."""
    facts = {key: value for key, value in (metadata or {}).items() if key != "lesson"}
    return Recalled(Lesson(id, document or "", facts), max(0.0, 1.0 - distance))
