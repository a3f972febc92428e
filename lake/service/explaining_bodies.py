"""The bodies of responses that explain what a search finds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FacetValue(BaseModel):
    """A value of a column, and the number of documents that have it; null for none."""

    value: str | None
    n: int


class Facet(BaseModel):
    """The most frequent of the ``n_values`` values of a column; of `modified_at`, the months or years, latest first."""

    values: list[FacetValue]
    n_values: int


class FacetResult(BaseModel):
    """The documents that pass the filters. Each column is counted without its own filter."""

    release: str
    n_documents: int
    facets: dict[str, Facet]


class FoundDocument(BaseModel):
    """A document by its names."""

    doc_id: str
    source: str
    uri: str
    title: str | None


class FoundDocuments(BaseModel):
    """Documents of a release."""

    release: str
    documents: list[FoundDocument]


class SearchProfile(BaseModel):
    """A profile that a search or an answer may choose, and the options of the search that it sets."""

    name: str
    search: dict[str, Any]
    model: str | None = Field(None, description="The chat model of its answers; null for that of the service.")


class ProfilesResult(BaseModel):
    """``configured``: the options of a search that chooses no profile and sets none itself."""

    configured: dict[str, Any]
    profiles: list[SearchProfile]


class WhyResult(BaseModel):
    """Where a search finds or loses each piece of evidence: its ``stage``, a sentence and advice, ranks, and steps.

    ``hits`` are the passages found, best first, with their first words.
    """

    model_config = ConfigDict(extra="allow")

    question: str
    release: str
    k: int
    mode: str
    depth: int
    n_visible: int = Field(description="Chunks that the caller may see and the filters let pass.")
    options: dict[str, Any] = Field(description="Options of the search that differ from their defaults.")
    evidence: list[dict[str, Any]]
    hits: list[dict[str, Any]]
