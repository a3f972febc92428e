"""The bodies of requests and responses about questions and scores, as OpenAPI describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lake.service.request_bodies import Writable


class QuestionSet(BaseModel):
    """A set of questions. ``n_drafts``: those that nobody has reviewed."""

    set: str
    n_questions: int
    n_drafts: int
    origins: dict[str, int]
    languages: list[str]


class QuestionSets(BaseModel):
    """All sets of questions."""

    sets: list[QuestionSet]


class MeasuredRelease(BaseModel):
    """A release with scores."""

    release: str
    status: str
    created_at: datetime


class SeriesPoint(BaseModel):
    """A mean with its 95 % interval. Points with equal ``questions`` are over the same questions and evidence."""

    release: str
    mean: float
    low: float
    high: float
    n: int
    questions: str


class ScoreSeries(BaseModel):
    """One measure under one search profile, oldest release first; ``label`` is the profile in words."""

    settings: str
    label: str
    level: str
    measure: str
    points: list[SeriesPoint]


class LatencyPoint(BaseModel):
    """Seconds of a search at a release."""

    release: str
    settings: str
    p50: float
    p95: float
    p99: float


class SetSeries(BaseModel):
    """How the releases did on a set of questions; never compare points with different ``questions``."""

    set: str
    n_questions: int
    n_drafts: int
    releases: list[MeasuredRelease]
    n_earlier: int
    series: list[ScoreSeries]
    latencies: list[LatencyPoint]


class MeasuredQuestion(BaseModel):
    """A question and its score; ``value`` is null if it was left out, for the reason that ``status`` gives."""

    question_id: str
    text: str
    answers: list[str]
    tags: list[str]
    language: str | None
    value: float | None
    status: str
    evidence: list[dict[str, Any]] = Field(description="What answers it: uri, source, quote, grade.")


class MeasuredQuestions(BaseModel):
    """The questions of a set at a release, worst first, then those that were left out."""

    release: str
    set: str
    settings: str
    label: str
    profiles: list[dict[str, str]] = Field(description="The search profiles that were measured: settings and label.")
    level: str
    measure: str
    n_questions: int
    questions: list[MeasuredQuestion]
    next_start: int | None = None


class ComparedMeasure(BaseModel):
    """Release ``b`` against ``a`` in one measure over the questions that both were measured by, with the verdict."""

    model_config = ConfigDict(extra="allow")

    level: str
    measure: str
    a: float
    b: float
    word: str
    n: int
    difference: float
    low: float
    high: float
    p: float
    wins: int
    losses: int
    ties: int
    n_left_out: int
    n_lost: int


class QuestionChange(BaseModel):
    """A question that two releases answer differently; ``lost``: b no longer has its evidence."""

    question_id: str
    question: str
    a: float
    b: float
    difference: float
    lost: bool


class SetComparison(BaseModel):
    """Two releases on the same questions. ``changes`` are those of the first measure: largest losses, then gains."""

    a: str
    b: str
    set: str
    settings: str
    label: str
    profiles: list[dict[str, str]]
    measures: list[ComparedMeasure]
    changes: list[QuestionChange]
    n_changes: int


class DraftedQuestion(BaseModel):
    """A question to review. ``evidence``: uri, quote, the text before and after it, or the ``reason`` it is missing."""

    question_id: str
    text: str
    answers: list[str]
    language: str | None
    tags: list[str]
    origin: str
    reviewed: bool
    evidence: list[dict[str, Any]]


class Drafts(BaseModel):
    """The questions of a set that nobody has reviewed."""

    set: str
    n_drafts: int
    drafts: list[DraftedQuestion]
    next_start: int | None = None


class QuestionOfPassage(Writable):
    """A question and the passage that answers it: a chunk of a search's hit, or a quote of a document.

    ``query_id`` gives the question and the release of the search; ``text`` gives the question in other words.
    """

    query_id: str | None = Field(None, max_length=20_000, description="The id that came with the passages.")
    text: str | None = Field(None, min_length=1, max_length=10_000, description="The question.")
    at: str = Field("live", max_length=200, description="The release of the passage, unless query_id gives it.")
    chunk_id: str | None = Field(None, max_length=64, description="The passage, as a hit names it.")
    uri: str | None = Field(None, max_length=4000, description="The document of the quote.")
    source: str | None = Field(None, max_length=4000, description="Its source; needed if several have this uri.")
    quote: str | None = Field(None, min_length=1, max_length=10_000, description="Text of the document, exactly.")
    answers: list[str] = Field([], max_length=50, description="Answers in words.")

    @model_validator(mode="after")
    def _one_question_of_one_passage(self) -> QuestionOfPassage:
        if self.query_id is None and self.text is None:
            raise ValueError("give query_id, or the question as text")
        if (self.uri is None) != (self.quote is None) or (self.chunk_id is None) == (self.quote is None):
            raise ValueError("give chunk_id, or uri and quote")
        return self


class DraftMade(BaseModel):
    """A draft that was stored. ``start`` is its number among the drafts of the set."""

    set: str
    question_id: str
    text: str
    n_evidence: int
    start: int
    n_drafts: int


class ReviewDecision(BaseModel):
    """What to do with a question. ``edit`` accepts it with other words; ``drop`` deletes it for good."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["accept", "edit", "drop"]
    text: str | None = Field(None, min_length=1, max_length=10_000, description="The new words of an edited question.")
    answers: list[str] | None = Field(None, max_length=50, description="Its new answers; those it has, if left out.")

    @model_validator(mode="after")
    def _words_of_edits(self) -> ReviewDecision:
        if (self.decision == "edit") != (self.text is not None):
            raise ValueError("text belongs to the decision edit, which needs it")
        if self.decision != "edit" and self.answers is not None:
            raise ValueError("answers belong to the decision edit")
        return self


class Decided(BaseModel):
    """A decision that was stored, and how many drafts are left."""

    set: str
    question_id: str
    decision: str
    n_drafts: int


class Traffic(BaseModel):
    """What services were asked, how it went and what it cost, from the query log and feedback."""

    model_config = ConfigDict(extra="allow")

    n_days: int
    is_logged: bool = Field(description="Whether the query log has any row of these days.")
    total: dict[str, Any]
    kinds: list[dict[str, Any]]
    keys: list[dict[str, Any]]
    empty: list[dict[str, Any]]
    unhappy: list[dict[str, Any]]
