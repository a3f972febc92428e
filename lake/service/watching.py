"""Watches each search and answer: what the metrics, the access log and the query log state of it."""

from __future__ import annotations

import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from lake.service.problems import known_problem
from lake.storage import clock

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.answer import Answer
    from lake.records.query_log_writer import QueryLogWriter
    from lake.schemas.result import SearchResult
    from lake.service.keys import Key
    from lake.service.metrics import Metrics

Kind = Literal["search", "answer"]
#: Columns of a QUERIES row that not every question has.
_OPTIONAL = (
    *("release", "error", "cached", "chat_model", "n_input", "n_output", "cost_usd"),
    *("evidence", "confidence", "n_claims", "n_flagged", "variant", "request_id"),
)
#: Columns that the access log has, too, if they are not null; it has ``release`` and the request's id by itself.
_LOGGED = ("kind", "outcome", "degraded", *_OPTIONAL[1:-1])


@dataclass(slots=True)
class RequestNotes:
    """The id of a request, and a QUERIES row for each question that it was served."""

    request_id: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def line(self) -> dict[str, Any]:
        """Fields for the access log: figures, and nothing that was asked or found; sums for several questions."""
        if not self.rows:
            return {}
        if len(self.rows) > 1:
            sums = {name: sum(row[name] or 0 for row in self.rows) for name in ("n_input", "n_output", "cost_usd")}
            return {"questions": len(self.rows), "hits": sum(len(row["hits"]) for row in self.rows), **sums}
        (row,) = self.rows
        found = {name: row[name] for name in _LOGGED if row[name] not in (None, [])}
        return {**found, "hits": len(row["hits"])}


_CURRENT: ContextVar[RequestNotes | None] = ContextVar("raglake_request", default=None)


def noting(request_id: str) -> RequestNotes:
    """Begin the notes of the request that this task serves."""
    notes = RequestNotes(request_id)
    _CURRENT.set(notes)
    return notes


@dataclass(frozen=True, slots=True)
class Watch:
    """Passes on what is known of each question that was served; ``log`` is None without a query log."""

    metrics: Metrics
    log: QueryLogWriter | None = None

    def serving(self, key: Key, kind: Kind, question: str) -> Serving:
        """A context manager around the work on one question."""
        return Serving(self, key.name, kind, question, _CURRENT.get())

    def served(self, row: dict[str, Any], notes: RequestNotes | None) -> None:
        self.metrics.served(row)
        if notes is not None:
            notes.rows.append({**row, "question": ""})
        if self.log is not None:
            self.log.add(row)


class Serving:
    """One question that is being served; what ``found`` and ``failed`` leave open stays null."""

    def __init__(self, watch: Watch, key: str, kind: Kind, question: str, notes: RequestNotes | None) -> None:
        self._watch, self._notes, self._asked_at, self._begun = watch, notes, clock.now(), time.monotonic()
        self._row: dict[str, Any] = {"kind": kind, "api_key": key, "question": question, "hits": [], "degraded": []}

    def searched(self, found: SearchResult, variant: str | None = None) -> None:
        """Note the result of a search."""
        self._row |= {
            "variant": variant,
            "release": found.release,
            "degraded": list(found.degraded),
            "cached": found.cached,
        }
        self._row |= {"hits": _hits(found.hits)}

    def answered(self, answer: Answer, variant: str | None = None) -> None:
        """Note an answer."""
        claims = [sentence for sentence in answer.sentences if sentence.is_claim]
        usage = answer.usage
        self._row |= {
            "variant": variant,
            "release": answer.release,
            "degraded": list(answer.degraded),
            "cached": answer.cached,
            "hits": _hits(answer.passages),
            "chat_model": answer.model,
            "n_input": usage.n_input if usage else 0,
            "n_output": usage.n_output if usage else 0,
            "cost_usd": answer.cost_usd,
            "evidence": answer.evidence,
            "confidence": answer.confidence,
            "n_claims": len(claims),
            "n_flagged": sum(not sentence.supported for sentence in claims),
            "outcome": "ok" if answer.enough else "declined",
        }

    def failed(self, error: BaseException) -> None:
        """Note why there is neither."""
        self._row |= {
            "outcome": "error",
            "error": known_problem(error).error if isinstance(error, Exception) else "cancelled",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.failed(error)
        row = dict(self._row)  # an abandoned search may still change the other one
        seconds = time.monotonic() - self._begun
        row |= {"log_id": secrets.token_hex(16), "asked_at": self._asked_at, "seconds": seconds}
        row |= {"outcome": _outcome(row), "request_id": self._notes.request_id if self._notes else None}
        self._watch.served({**dict.fromkeys(_OPTIONAL), **row}, self._notes)


def _outcome(row: dict[str, Any]) -> str:
    if row.get("outcome") == "error":
        return "error"
    if row["degraded"]:
        return "degraded"
    return str(row.get("outcome", "ok")) if row["hits"] else "empty"


def _hits(found: pa.Table) -> list[dict[str, Any]]:
    return found.select(["chunk_id", "doc_id", "score"]).to_pylist()  # type: ignore[no-any-return]
