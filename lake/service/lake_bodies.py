"""The bodies of requests and responses about the lake as a whole, as OpenAPI describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from lake.service.request_bodies import Writable

_WHY = "The reason, which the lake's log keeps for good."
_FORCE = "Publish despite a failed audit or gate, a pin, an earlier rollback, or a live release that has moved."
_MOST_WHY = 2000

Change = Literal["added", "changed", "reindexed", "moved", "removed", "entered", "altered", "left"]


class Act(Writable):
    """An act and its reason."""

    why: str = Field(min_length=1, max_length=_MOST_WHY, description=_WHY)

    @field_validator("why")
    @classmethod
    def _states_something(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("a reason is needed, which the lake's log keeps")
        return value.strip()


class Publication(Act):
    """Publishing a candidate."""

    force: StrictBool = Field(False, description=_FORCE)


class Naming(Act):
    """A name to give to a release, or to take from it."""

    name: str = Field(max_length=200, description="A letter and up to 63 letters, digits, '.', '_' or '-'.")


class Acted(BaseModel):
    """What holds after an act. ``seq``: the last entry of the log."""

    live: str | None
    pinned: str | None
    release: str
    names: dict[str, str]
    seq: int


class ScoreMean(BaseModel):
    """The mean of a measure over the questions of a set.

    Two means with equal ``questions`` and ``settings`` were measured alike, so that they may be compared.
    """

    set: str
    settings: str = Field(description="The search profile, as JSON.")
    level: str
    measure: str
    mean: float
    n: int
    questions: str = Field(description="A digest of the questions and their evidence.")
    evaluated_at: datetime


class TimelineRelease(BaseModel):
    """A release and what became of it; ``lag_seconds``: how long its oldest change had waited when it was published."""

    model_config = ConfigDict(extra="allow")

    release: str
    status: Literal["live", "candidate", "refused", "superseded", "rolled back"]
    created_at: datetime
    published_at: datetime | None
    published_by: str | None
    names: list[str]
    audit: str | None
    gate: str | None
    why: str
    pinned: str | None = Field(description="Why it is pinned, if it is live and pinned.")
    forced: bool = Field(description="Whether it was ever published by force.")
    live_since: datetime | None = Field(default=None, description="Since when it is live, if it is and the log tells.")
    rolled_back_because: str | None
    n_documents: int
    n_chunks: int
    n_quarantined: int
    lag_seconds: float | None
    changes: dict[str, int | None]
    spent: dict[str, Any] | None
    scores: list[ScoreMean]


class Timeline(BaseModel):
    """Releases, newest first. ``next_before``: where older ones begin; null at the end."""

    live: str | None
    pinned: str | None
    n_releases: int
    releases: list[TimelineRelease]
    next_before: str | None


class ErasureProof(BaseModel):
    """What was decoded and searched, without finding a trace."""

    n_files: int
    n_bytes: int
    n_rows: int
    n_strings: int
    n_vectors: int


class LogEntry(BaseModel):
    """What somebody did: ``forced`` of a publish, ``name`` of a naming, ``outcome`` of a gate and what ``against``."""

    seq: int
    at: datetime
    action: str
    release: str
    live: str | None
    by: str
    why: str
    pinned: str | None
    forced: bool | None
    name: str | None
    outcome: str | None
    against: str | None
    proof: ErasureProof | None = Field(description="How much the proof of an erasure searched without finding a trace.")


class LogPage(BaseModel):
    """Entries of the lake's log, newest first. ``next_before``: where older ones begin; null at the end."""

    entries: list[LogEntry]
    next_before: int | None


class ReleaseCheck(BaseModel):
    """One check of the audit or the gate; ``questions``: texts of those that the gate names."""

    suite: str
    column: str
    severity: str
    success: bool
    n_checked: int | None
    n_unexpected: int | None
    observed: str | None
    message: str
    sample_ids: list[str]
    questions: list[str] = []


class ReleaseChecks(BaseModel):
    """``audit``: the checks that failed, of ``n_checks``; ``gate``: all that the gate requires."""

    n_checks: int
    audit: list[ReleaseCheck]
    gate: list[ReleaseCheck]


class ReleaseDescription(TimelineRelease):
    """All that is known of a release. ``refusal``: why it can't be published without force; null if it can, or is live.

    ``entries``: the log about it, newest first.
    """

    recipe_fields: dict[str, Any]
    checks: ReleaseChecks
    entries: list[LogEntry]
    refusal: str | None
    hindrances: list[str] = Field(default=[], description="Each of the reasons of the refusal.")
    was_live: bool


class DifferencePage(BaseModel):
    """The changes that turn release ``a`` into release ``b``; ``rows``: those of one ``kind``, by source and uri.

    ``changed`` documents have other bytes, ``reindexed`` ones another recipe; ``entered``, ``altered`` and ``left`` are
    about quarantine.
    """

    a: str
    b: str
    equal: bool
    counts: dict[str, int]
    chunks: dict[str, int]
    recipe: dict[str, Any]
    totals: dict[str, dict[str, int]]
    kind: Change
    rows: list[dict[str, Any]]
    next_start: int | None


class FailureKind(BaseModel):
    """A kind of failure: how many documents it keeps out, why, and what to do."""

    error_class: str
    n: int
    since: datetime | None
    cause: str
    next_step: str


class QuarantinedDocument(BaseModel):
    """A document that is not indexed."""

    doc_id: str
    source: str
    uri: str
    error_class: str
    reason: str
    first_seen_at: datetime | None


class QuarantinePage(BaseModel):
    """The quarantine of a release: all kinds of failures, and ``n`` documents of the kind that was requested."""

    release: str
    kinds: list[FailureKind]
    n: int
    documents: list[QuarantinedDocument]
    next_start: int | None


class LakeState(BaseModel):
    """The state of the lake: freshness (times in seconds), alarms by kept scores, sources, words kept by format."""

    lake: str
    live: str | None
    pinned: str | None
    n_releases: int
    counts: dict[str, int]
    freshness: dict[str, Any]
    alarms: dict[str, Any]
    sources: list[dict[str, Any]]
    words: list[dict[str, Any]]
    quarantine: list[FailureKind]
    is_erasing: bool = Field(description="An erasure runs, or was cut short: `raglake prune` then finishes it.")
    runs_url: str | None = Field(description="Prefect's page of runs, if the service knows a server.")


class Disk(BaseModel):
    """Files and bytes of the lake by folder; ``n_bytes_free`` is null in an object store."""

    folders: list[dict[str, Any]]
    n_bytes: int
    n_bytes_free: int | None


class Costs(BaseModel):
    """What each day (UTC) cost, oldest first: embedding, by the log, and answers, by the query log."""

    days: list[dict[str, Any]]
