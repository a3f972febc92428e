"""What a report says, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from expectations.report.charts import Chart


@dataclass(frozen=True, slots=True)
class Found:
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
    found: Sequence[Found]
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

    ``counts``: questions by status; ``slices``: rows of ``summary.means`` with ``by`` and ``slice``.
    """

    name: str
    newest: str
    way: str
    counts: Mapping[str, int]
    scores: Sequence[Chart]
    latency: Sequence[Chart]
    slices: Sequence[Mapping[str, Any]]
    worst: Sequence[Worst]
    compared: Compared | None

    @property
    def charts(self) -> list[Chart]:
        return [*self.scores, *self.latency]


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
