"""A retriever for LlamaIndex; needs the extra ``llama-index``."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from lake.adapters.access import Access, passages

#: Metadata that a model sees beside a passage.
_SHOWN = ("uri", "title", "heading", "page")


class LlamaIndexRetriever(BaseRetriever):
    """Passages as nodes with their scores, best first; ``options`` hold for every search."""

    def __init__(self, access: Access, k: int = 5, **options: Any) -> None:
        super().__init__()
        self._access, self._k, self._options = access, k, options

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._access.search(query_bundle.query_str, self._k, **self._options)
        return [NodeWithScore(node=_node(text, known), score=known["score"]) for text, known in passages(found)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(text: str, metadata: dict[str, Any]) -> TextNode:
    hidden = [name for name in metadata if name not in _SHOWN]
    return TextNode(
        id_=metadata["chunk_id"],
        text=text,
        metadata=metadata,
        start_char_idx=metadata["start"],
        end_char_idx=metadata["end"],
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
