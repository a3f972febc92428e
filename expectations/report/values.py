"""What a report says, before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from expectations.report.charts import Chart, Point, Series


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that was found, and whether it is of a document that answers."""

    uri: str
    heading: str
    text: str
    answers: bool


@dataclass(frozen=True, slots=True)
class Worst:
    """A question that the newest release answers badly: what would answer it (uri and quote), and what was found.

    ``failure``: why it could not be asked again.
    """

    question: str
    value: float
    wanted: Sequence[tuple[str, str]]
    found: Sequence[FoundPassage]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """The newest release against one measured before: ``Comparison.to_json`` of each measure, with questions' words."""

    a: str
    b: str
    measures: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SetReport:
    """One set of questions. ``newest``: the last release that it measured, ``way`` the way of asking looked at closely.

    ``measure``: by which slices are shown and questions ordered. ``counts``: questions by status; ``slices``: rows of
    ``summary.means`` with ``by`` and ``slice``. ``p95``: milliseconds of a search at ``newest``.
    """

    name: str
    newest: str
    way: str
    measure: str
    p95: float | None
    counts: Mapping[str, int]
    scores: Sequence[Chart]
    latency: Sequence[Chart]
    slices: Sequence[Mapping[str, Any]]
    worst: Sequence[Worst]
    compared: Compared | None

    @property
    def charts(self) -> list[Chart]:
        """All of them, the slices too, which the page shows as a table."""
        return [*self.scores, *self._sliced(), *self.latency]

    def _sliced(self) -> Iterator[Chart]:
        points = [Point(n, row["mean"], row["low"], row["high"]) for n, row in enumerate(self.slices)]
        if points:
            title = f"{self.measure} of {self.newest} in slices, {self.way}"
            labels = tuple(str(row["slice"]) for row in self.slices)
            yield Chart(f"{self.name}-slices", title, labels, (Series(self.way, tuple(points)),), "score", joined=False)


@dataclass(frozen=True, slots=True)
class Report:
    """``releases``: RELEASES rows, oldest first, with ``cost``; ``changes``: ``Difference.to_json`` of the last two."""

    lake: str
    made_at: datetime
    releases: Sequence[Mapping[str, Any]]
    n_earlier: int
    state: Sequence[Chart]
    changes: Mapping[str, Any] | None
    sets: Sequence[SetReport]

    @property
    def charts(self) -> list[Chart]:
        return [*self.state, *(chart for of in self.sets for chart in of.charts)]
