"""A retriever component for Haystack; needs the extra ``haystack``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict

from lake.adapters.access import Access, passages


@component
class HaystackRetriever:
    """Passages of the lake at ``lake`` as Documents, best first.

    ``filters`` are raglake's own: columns and conditions. Rights and release are set with the component and
    stored with a pipeline.
    """

    def __init__(
        self,
        lake: str,
        principals: Sequence[str] | str = (),
        at: str = "live",
        top_k: int = 10,
        filters: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.lake, self.at, self.top_k, self.filters = lake, at, top_k, filters or {}
        self.principals = principals if isinstance(principals, str) else list(principals)
        self.options = options or {}
        self._access = Access.open(lake, self.principals, at, **self.options)

    def to_dict(self) -> dict[str, Any]:
        """The arguments from which ``from_dict`` makes the same component."""
        names = ("lake", "principals", "at", "top_k", "filters", "options")
        return default_to_dict(self, **{name: getattr(self, name) for name in names})

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HaystackRetriever:
        return default_from_dict(cls, data)

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, top_k: int | None = None, filters: dict[str, Any] | None = None
    ) -> dict[str, list[Document]]:
        """``filters`` are added to those of the component; if both have a column, the component's condition holds."""
        found = self._access.search(query, top_k or self.top_k, filters={**(filters or {}), **self.filters})
        documents = [
            Document(id=metadata["chunk_id"], content=text, meta=metadata, score=metadata["score"])
            for text, metadata in passages(found)
        ]
        return {"documents": documents}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, top_k: int | None = None, filters: dict[str, Any] | None = None
    ) -> dict[str, list[Document]]:
        return await asyncio.to_thread(self.run, query, top_k, filters)
