"""A retriever for LangChain; needs the extra ``langchain``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from lake.adapters.access import Access, passages

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
        found = self.access.search(query, k or self.k, **how)
        return [
            Document(page_content=text, metadata=metadata, id=metadata["chunk_id"])
            for text, metadata in passages(found)
        ]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None, **how: Any
    ) -> list[Document]:
        work = self._get_relevant_documents
        return await asyncio.to_thread(work, query, run_manager=run_manager.get_sync(), k=k, **how)
