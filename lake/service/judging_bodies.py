"""The bodies of requests and responses about people's judgements, as OpenAPI describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lake.service.request_bodies import Writable


class FeedbackSide(BaseModel):
    """Judgements of a release's passages, or of a side of a trial; ``share``: the useful ones."""

    release: str = Field(description="The release, or the name of the side.")
    n: int
    sessions: int
    useful: int
    share: float


class JudgedSide(FeedbackSide):
    """A side, and when it was judged last."""

    is_variant: bool = Field(description="Whether it is a side of a trial of profiles.")
    last_at: datetime


class JudgedSides(BaseModel):
    """All sides with judgements, the one judged last first."""

    sides: list[JudgedSide]
    n_days: int | None


class JudgedQuestion(BaseModel):
    """A question whose passages were judged on both sides."""

    question: str
    useful_a: int
    n_a: int
    useful_b: int
    n_b: int
    difference: float


class FeedbackVerdict(BaseModel):
    """``b`` against ``a``: the difference of their shares with its 95 % interval and p-value, by sessions."""

    a: FeedbackSide
    b: FeedbackSide
    difference: float
    low: float
    high: float
    p: float
    word: str = Field(description="`better`, `worse` or `no difference shown`.")
    n_days: int | None
    questions: list[JudgedQuestion] = Field(description="The largest differences first.")
    n_questions: int


class VotesToDraft(Writable):
    """Which set the drafts go to, and how many votes on a passage they need."""

    set: str = Field("feedback", min_length=1, max_length=64, description="The set of the drafts.")
    at_least: int = Field(1, ge=1, le=10_000, description="Minimum number of votes on a passage.")


class DraftsOfFeedback(BaseModel):
    """The texts of the drafts, and what was skipped and why."""

    model_config = ConfigDict(extra="allow")

    set: str
    n_judgements: int
    drafted: list[str]
    conflicting: list[dict[str, Any]] = Field(description="Passages on which voters disagree.")
    n_too_few: int = Field(description="Passages with too few votes.")
    n_nothing_useful: int = Field(description="Questions without a useful passage.")
    n_decided: int = Field(description="Questions that a person accepted or dropped, and that stay as they are.")
    n_erased: int
