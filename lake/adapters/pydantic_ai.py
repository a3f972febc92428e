"""Tools for Pydantic AI; need the extra ``pydantic-ai``."""

from __future__ import annotations

from typing import Any

from pydantic_ai import ModelRetry, Tool

from lake.adapters import tools
from lake.adapters.access import Access
from lake.errors import UsageError


def search_tool(access: Access, k: int = 5) -> Tool[Any]:
    """A tool by which a model searches; it chooses the words and nothing else."""

    def search_documents(query: str) -> dict[str, Any]:
        try:
            return tools.shown(access.search(query, k))
        except UsageError as error:
            raise ModelRetry(str(error)) from error

    return Tool(search_documents, takes_ctx=False, description=tools.SEARCH)


def document_tool(access: Access) -> Tool[Any]:
    """A tool by which a model reads on in a document that it found."""

    def read_document(doc_id: str, start: int = 0) -> dict[str, Any]:
        try:
            return tools.document(access, doc_id, start)
        except UsageError as error:
            raise ModelRetry(str(error)) from error

    return Tool(read_document, takes_ctx=False, description=tools.DOCUMENT)


def summary_tool(access: Access) -> Tool[Any]:
    """A tool by which a model sees what a document is about before it reads it."""

    def summarise_document(doc_id: str) -> dict[str, Any]:
        try:
            return tools.summary(access, doc_id)
        except UsageError as error:
            raise ModelRetry(str(error)) from error

    return Tool(summarise_document, takes_ctx=False, description=tools.SUMMARY)
