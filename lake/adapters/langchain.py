"""A retriever and a vector store that reads, for LangChain; need the extra ``langchain``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore

from lake.adapters.access import Access, passages
from lake.errors import UsageError

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun


class LangChainRetriever(BaseRetriever):
    """Passages as Documents, best first.

    A call may set its own options: ``retriever.invoke(question, k=3, filters={"media_type": "text/markdown"})``.
    """

    access: Access
    k: int = 5

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None, **how: Any
    ) -> list[Document]:
        return [found for found, _ in _documents(self.access, query, k or self.k, how)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None, **how: Any
    ) -> list[Document]:
        work = self._get_relevant_documents
        return await asyncio.to_thread(work, query, run_manager=run_manager.get_sync(), k=k, **how)


class LangChainVectorStore(VectorStore):
    """The lake behind the interface of vector stores, for programs that expect one: it searches, and never writes.

    Searches take the lake's options beside LangChain's: ``store.similarity_search(question, k=3, mode="text")``;
    ``filter`` means ``filters``. Scores are the lake's, higher is better.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def similarity_search(self, query: str, k: int = 4, **how: Any) -> list[Document]:
        return [found for found, _ in self.similarity_search_with_score(query, k, **how)]

    def similarity_search_with_score(self, query: str, k: int = 4, **how: Any) -> list[tuple[Document, float]]:
        return _documents(self._access, query, k, how)

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **how: Any
    ) -> list[Document]:
        """Passages that differ from each other: the lake's ``diversity`` is ``1 - lambda_mult``.

        The lake chooses among its own candidates; ``fetch_k`` changes nothing.
        """
        return self.similarity_search(query, k, **{"diversity": 1 - lambda_mult, **how})

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **how: Any
    ) -> list[tuple[Document, float]]:
        """By vectors alone, whose cosine similarity is the only score with a scale; below 0 counts as 0."""
        found = self.similarity_search_with_score(query, k, **{"mode": "vector", **how})
        return [(document, min(max(score, 0.0), 1.0)) for document, score in found]

    def add_texts(self, texts: Iterable[str], *_: Any, **__: Any) -> NoReturn:
        raise _no_writing()

    def add_documents(self, documents: list[Document], **_: Any) -> NoReturn:
        raise _no_writing()

    def delete(self, ids: list[str] | None = None, **_: Any) -> NoReturn:
        raise _no_writing()

    @classmethod
    def from_texts(cls, texts: list[str], *_: Any, **__: Any) -> NoReturn:
        raise _no_writing()


def _documents(access: Access, query: str, k: int, how: dict[str, Any]) -> list[tuple[Document, float]]:
    words = {"filters" if name == "filter" else name: value for name, value in how.items()}
    return [
        (Document(page_content=text, metadata=metadata, id=metadata["chunk_id"]), metadata["score"])
        for text, metadata in passages(access.search(query, k, **words))
    ]


def _no_writing() -> UsageError:
    return UsageError(
        "a lake is written by `raglake ingest SOURCE --lake LAKE` alone, which audits and releases what it writes; "
        "put the documents into one of its sources"
    )
