"""How the releases of a lake did over time, as Arrow rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.summary import HEADLINE, latencies, means
from lake.releases.values import quarantine_share
from lake.schemas import HEALTH
from lake.storage import clock

if TYPE_CHECKING:
    from lake.index import Index
    from lake.releases.history import History

#: What is shown of answers.
ANSWERS = tuple(
    ("answer", name)
    for name in ("answered", "correctness", "faithfulness", "relevance", "supported", "citation_validity", "token_f1")
)
_KEY = ("set", "settings")
_TIMES = ("p50", "p95", "p99")


def health_series(
    index: Index, *, last: int | None = None, measures: Sequence[tuple[str, str]] = (*HEADLINE, *ANSWERS)
) -> pa.Table:
    """HEALTH rows of the ``last`` releases, oldest first; of all if that is None.

    It reads the log and the kept scores, and searches nothing. ``measures``: level and name.
    """
    history = index.history()
    rows = index.releases().to_pylist()[-last if last else None :]
    found = [{**_state(history, row), **scored} for row in rows for scored in _scored(index, row["release"], measures)]
    return pa.Table.from_pylist(found, schema=HEALTH)


def _state(history: History, row: dict[str, Any]) -> dict[str, Any]:
    released_at, n_documents, n_quarantined = row["published_at"], row["n_documents"], row["n_quarantined"]
    until, lag = history.left_at(row["release"]) or clock.now(), history.lag(row["release"])
    return {
        **{name: row[name] for name in ("release", "status", "created_at", "n_documents", "n_chunks", "n_quarantined")},
        "released_at": released_at,
        "age_seconds": (until - released_at).total_seconds() if released_at else None,
        "lag_seconds": lag.total_seconds() if lag is not None else None,
        "quarantine_share": quarantine_share(n_quarantined, n_documents),
    }


def _scored(index: Index, release: str, measures: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """What was measured of a release; one empty row if nothing was."""
    scores = index.scores(release)
    wanted = scores.filter(pc.is_in(scores.column("level"), pa.array([level for level, _ in measures], pa.string())))
    times = {tuple(row[name] for name in _KEY): row for row in latencies(scores)}
    found = means(wanted, measures=measures)
    for row in found:
        waited = times.get(tuple(row[name] for name in _KEY), {})
        figures = {name: row[name] for name in (*_KEY, "level", "measure", "mean", "low", "high")}
        yield {**figures, "n_questions": row["n"], **{name: waited.get(name) for name in _TIMES}}
    if not found:
        yield {}
