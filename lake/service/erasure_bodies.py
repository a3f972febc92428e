"""The bodies of requests and responses about the erasure of a document, as OpenAPI describes them."""

from __future__ import annotations

from pydantic import BaseModel, Field, StrictBool

from lake.service.lake_bodies import Act, ErasureProof

_PLAN = (
    "The `plan` of the dry run. If the erasure would take other documents by now, or other bytes of them, it takes "
    "none (409)."
)
_URI = "The document's uri, typed by whoever erases it, so that a slip erases nothing."
_STREAM = "Send events `progress` while it runs, and last `erased` or `error`."


class ErasedDocument(BaseModel):
    """A document that an erasure would remove, or removed, and why."""

    source: str
    uri: str
    because: str


class ErasurePlan(BaseModel):
    """What erasing a document would remove. Nothing is removed; ``command`` does it, or a POST with ``plan``."""

    release: str
    documents: list[ErasedDocument]
    releases: list[str] = Field(description="The releases that hold any of them, and are written anew.")
    destinations: list[str] = Field(description="Copies outside the lake, which must be synced afterwards.")
    plan: str = Field(description="A digest of the documents with their bytes.")
    command: str


class PlannedErasure(Act):
    """An erasure that was planned, and its reason, which must name no document and no person."""

    at: str = Field("live", max_length=200, description="A release that holds the document, as in a search.")
    uri: str = Field(max_length=4000, description=_URI)
    plan: str = Field(max_length=200, description=_PLAN)
    stream: StrictBool = Field(False, description=_STREAM)


class Erased(BaseModel):
    """What was erased. ``release`` is live afterwards, null if none is."""

    release: str | None
    documents: list[ErasedDocument]
    releases: list[str] = Field(description="The releases that held any of them, and were written anew.")
    n_questions: int = Field(description="Questions that were removed with them.")
    n_cached: int | None = Field(description="Entries that the cache of services lost; null without one.")
    destinations: list[str] = Field(description="Copies outside the lake that may hold them until they are synced.")
    proof: ErasureProof
