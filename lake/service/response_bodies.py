"""The bodies of responses over HTTP, as OpenAPI describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_DEGRADED = "Parts that could not be reached, and without which this was found; empty for a whole result."
_STALE = "When the lake was last read, if it could not be reached now; `degraded` then names `lake`."
_STATUS = "`stale`: the lake can't be reached, and searches go on from memory for a while."
_VARIANT = "What answered in a trial of profiles: the profile's name, or control; null outside of one."
_CACHED = "The cache that had this; null if it was made for this request."
_ACL = "With `explain`: those of the caller's principals that may see the document, today; null if everybody may."


class Hit(BaseModel):
    """One passage. Most of its best chunk stands on ``page``; the section of that chunk begins on ``section_page``."""

    model_config = ConfigDict(extra="allow")

    uri: str
    source: str
    title: str | None
    doc_id: str
    chunk_id: str
    score: float
    text: str
    start: int
    end: int
    heading: str | None
    page: int | None
    first_page: int | None = None
    last_page: int | None = None
    section_page: int | None = None
    modified_at: datetime | None
    copies: list[str] = Field(default_factory=list, description="Uris of other documents that the passage stands for.")
    copy_sources: list[str] = Field(default_factory=list, description="The source of each of the copies.")
    found_words: list[tuple[int, int]] | None = Field(
        None, description="With `explain`: places (start, end) in `text`."
    )
    acl: list[str] | None = Field(None, description=_ACL)


class QueryResult(BaseModel):
    """Passages, best first, all of one release. ``query_id`` identifies the search in feedback."""

    release: str
    query_id: str | None
    degraded: list[str] = Field(description=_DEGRADED)
    stale_since: datetime | None = Field(None, description=_STALE)
    cached: Literal["process", "redis"] | None = Field(None, description=_CACHED)
    variant: str | None = Field(None, description=_VARIANT)
    hits: list[Hit]


class BatchHits(BaseModel):
    """The passages of one question of a batch, as in QueryResult."""

    query_id: str | None
    degraded: list[str] = Field(description=_DEGRADED)
    stale_since: datetime | None = Field(None, description=_STALE)
    cached: Literal["process", "redis"] | None = Field(None, description=_CACHED)
    variant: str | None = Field(None, description=_VARIANT)
    hits: list[Hit]


class BatchError(BaseModel):
    """Why one question of a batch has no passages: what a request of its own would get, with its status."""

    status: int
    error: str
    message: str


class BatchResult(BaseModel):
    """The passages of each question or its error, in the order of the questions, all of one release."""

    release: str
    results: list[BatchHits | BatchError]


class AnswerSource(BaseModel):
    """A passage as the model saw it, under the number by which the text cites it."""

    model_config = ConfigDict(extra="allow")

    number: int
    uri: str
    heading: str | None
    page: int | None
    first_page: int | None = None
    last_page: int | None = None
    start: int
    end: int
    text: str
    url: str | None = Field(None, description="Where a person can read it, if that is known.")


class AnswerResult(BaseModel):
    """An answer and its ``passages``. If there is no answer, ``text`` is empty and ``notice`` gives the reason."""

    model_config = ConfigDict(extra="allow")

    release: str
    query_id: str | None
    question: str
    text: str
    enough: bool
    confidence: float = Field(description="How likely the text is right, from 0 to 1; 0 without an answer.")
    confidence_level: Literal["high", "medium", "low", "none"] = "none"
    confidence_reasons: list[str] = Field([], description="What speaks for and against the answer.")
    notice: str
    degraded: list[str] = Field(description=_DEGRADED)
    stale_since: datetime | None = Field(None, description=_STALE)
    cached: Literal["process", "redis"] | None = Field(None, description=_CACHED)
    linked_text: str = Field("", description="The text with its citations as Markdown links, where sources have a url.")
    made_for: str | None = Field(None, description="The question that a cached answer was made for, if another one.")
    variant: str | None = Field(None, description=_VARIANT)
    sources: list[AnswerSource]
    passages: list[Hit]


class FeedbackResult(BaseModel):
    """A judgement that was kept."""

    release: str
    feedback_id: str


class DocumentSection(BaseModel):
    """A section of a document's text, ``canonical_text[start:end]``; it begins on ``page``."""

    heading: str | None
    page: int | None
    last_page: int | None = None
    kind: str
    start: int
    end: int
    text: str


class Document(BaseModel):
    """A document at a release. ``next_start``: where to read on; null at its end."""

    model_config = ConfigDict(extra="allow")

    release: str
    doc_id: str
    uri: str
    source: str
    title: str | None
    sections: list[DocumentSection]
    next_start: int | None


class Releases(BaseModel):
    """All releases that are kept, oldest first."""

    releases: list[dict[str, Any]]


class KeyResult(BaseModel):
    """What the caller's key allows, and what the service has."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="The name of the key; that of callers without one, if the service has no keys.")
    principals: list[str] | Literal["*"] = Field(description="Users and groups that the key searches as.")
    options: list[str] | None = Field(description="The options that a request may set; null for all.")
    answers: bool = Field(description="Whether the key may use `/answer`.")
    operator: bool = Field(description="Whether the key may publish, roll back, pin and name releases.")
    erases: bool = Field(description="Whether the key may erase documents for good.")
    writes: list[str] = Field(description="The pushed sources whose documents the key may store and delete.")
    chat_model: str | None = Field(description="The model that writes answers; null if none is known.")
    reranker: str | None = Field(description="The reranker of all searches.")
    lake: str | None = Field(description="The lake's place; null for keys that do not see everything.")


class Health(BaseModel):
    """Whether the service can answer, and from which release."""

    status: Literal["ok", "stale", "empty", "unreadable", "stopping"] = Field(description=_STATUS)
    release: str | None


class PartState(BaseModel):
    """Whether a part works; if not, since when."""

    works: bool
    since: str | None


class Ready(Health):
    """Also the parts called so far: ``lake``; ``vector``, the embedder; ``rerank``; ``answer``, the chat model."""

    parts: dict[str, PartState]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Welcome(BaseModel):
    """The service and its links."""

    service: Literal["raglake"] = "raglake"
    release: str | None
    docs: str = "/docs"
    openapi: str = "/openapi.json"
    health: str = "/health"
    search: str = "POST /query"
    answer: str = "POST /answer"


class Refusal(BaseModel):
    """Every response with a status of 400 or above."""

    error: str = Field(description="A short, stable code.")
    message: str = Field(description="What happened, why, and the next step, for people.")
    request_id: str
