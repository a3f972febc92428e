"""The bodies of requests over HTTP, as OpenAPI describes them."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, StrictBool, model_validator

from lake.options import AnswerOptions, SearchOptions, options
from lake.options.models import model_of
from lake.search.judgement import MAX_COMMENT

_TEXT = "Text to search for, in plain words."
_AT = "live, a release's id or name, or a date (its end) or time in UTC for the release that was live then."
_SESSION = "Any name of the session; while two releases are compared, it decides which of them answers. Not stored."
_COMMENT = "What is wrong or good about the answer, in a few words; masked before it is kept."
_VOTER = "Any name of the voter, kept as a digest only; each voter's last judgement of a passage counts."
_DEGRADE = "Go without the parts that can't be reached, and name them in `degraded`; false: an error instead."
_EXPLAIN = "Also return for each hit the places of the words found, and the groups that let the caller see it."
_PROFILE = "A search profile of `GET /profiles`, which may rerank; other options of the request go before its own."
#: Options that cost money, have another default here, or are for operators.
_NOT_OFFERED = (
    "where",
    "principals",
    "synonyms",
    "rerank",
    "rerank_depth",
    "rerank_weight",
    "boosts",
    "degrade",
    "degrade_after",
)


class Writable(BaseModel):
    """An object whose values can be written as JSON again."""

    model_config = ConfigDict(allow_inf_nan=False, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _can_be_written(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("it must be a JSON object, with Content-Type: application/json")
        try:
            json.dumps({name: part for name, part in value.items() if name != "queries"}, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError) as error:
            raise ValueError("it holds half a character, or is nested too deeply") from error
        return value


class ReleaseChoice(Writable):
    """Which release answers, and whether parts of it may be missing."""

    at: str = Field("live", max_length=200, description=_AT)
    degrade: StrictBool = Field(True, description=_DEGRADE)
    session: str | None = Field(None, min_length=1, max_length=200, description=_SESSION)


class SearchBody(model_of("SearchFields", SearchOptions, without=(*_NOT_OFFERED, "k", "syntax")), Writable):  # type: ignore[misc]
    """Fields of each kind of question. Options that a request omits fall back to the lake's configuration (section
    ``search``), else to the defaults shown here.
    """

    profile: str | None = Field(None, min_length=1, max_length=200, description=_PROFILE)

    def how(self) -> dict[str, Any]:
        """The search options given, except ``k``; an API key may allow only some."""
        given: dict[str, Any] = self.model_dump(include=self.model_fields_set & (options(SearchOptions).keys() - {"k"}))
        return given


class BatchedQuery(SearchBody, model_of("QueryFields", SearchOptions, only=("k", "syntax"))):  # type: ignore[misc]
    """One question of a batch."""

    text: str = Field(description=_TEXT)

    @property
    def n(self) -> int | None:
        """The number of passages, if the request has it."""
        return self.k if "k" in self.model_fields_set else None


class SearchQuery(BatchedQuery, ReleaseChoice):
    """A search."""

    explain: StrictBool = Field(False, description=_EXPLAIN)


class FacetQuery(ReleaseChoice, model_of("FacetFields", SearchOptions, only=("filters",))):  # type: ignore[misc]
    """Which documents to count."""


class WhyQuery(SearchQuery):
    """A search, and a document or a span of its text that it should find."""

    doc_id: str = Field(max_length=64, description="The document, as hits and /documents name it.")
    start: int | None = Field(None, ge=0, le=2**62, description="Where the passage begins in the document's text.")
    end: int | None = Field(None, ge=0, le=2**62, description="Where it ends; needed if there is a start.")


class TextSpan(BaseModel):
    """A span of a document's text, as hits have it."""

    model_config = ConfigDict(extra="forbid")

    doc_id: str = Field(max_length=64, description="The document, as hits and /documents name it.")
    start: int = Field(ge=0, le=2**62, description="Where the span begins in the document's text.")
    end: int = Field(ge=0, le=2**62, description="Where it ends.")


class LinesQuery(Writable):
    """Spans of texts, of one document or of several."""

    at: str = Field("live", max_length=200, description=_AT)
    spans: list[TextSpan] = Field(min_length=1, max_length=100, description="The spans whose lines are wanted.")


class BatchQuery(ReleaseChoice):
    """Many searches of one release. An invalid question costs only itself."""

    queries: list[SkipValidation[BatchedQuery]] = Field(
        min_length=1, description="The questions, each with its options."
    )


class Turn(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    text: str


class AnswerQuery(SearchBody, ReleaseChoice, model_of("AnswerFields", AnswerOptions, only=("k", "understand"))):  # type: ignore[misc]
    """A question to answer from the passages found."""

    question: str = Field(description=_TEXT)
    history: list[Turn] = Field(
        default_factory=list, max_length=50, description="The conversation so far, oldest first."
    )
    stream: bool = Field(False, description="Send server-sent events instead of one object.")

    @property
    def n(self) -> int:
        """The number of passages."""
        return int(self.k)


class FeedbackBody(BaseModel):
    """A judgement of whether a passage is useful or, without ``chunk_id``, a whole answer."""

    model_config = ConfigDict(extra="forbid")

    query_id: str = Field(max_length=20_000, description="The id that came with the passages or the answer.")
    chunk_id: str | None = Field(None, max_length=64, description="The passage; without one, the answer is judged.")
    useful: StrictBool
    comment: str | None = Field(None, min_length=1, max_length=MAX_COMMENT, description=_COMMENT)
    session: str | None = Field(None, min_length=1, max_length=200, description=_VOTER)

    @model_validator(mode="after")
    def _comments_on_answers(self) -> FeedbackBody:
        if self.comment is not None and (self.chunk_id is not None or not self.comment.strip()):
            raise ValueError("a comment is about an answer: leave out chunk_id, and write something")
        return self
