"""What a report shows, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake.reporting.plots import Plot, Point


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that was found; ``is_relevant``: of a document that answers the question."""

    uri: str
    heading: str
    text: str
    is_relevant: bool


@dataclass(frozen=True, slots=True)
class WorstQuestion:
    """A question with a low score at the newest release; ``expected``: uri and quote of each piece of evidence.

    ``failure``: why the search could not be repeated.
    """

    question: str
    value: float
    expected: Sequence[tuple[str, str]]
    found: Sequence[FoundPassage]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseComparison:
    """Release ``b`` compared with ``a``: ``Comparison.to_json`` of each measure, with the text of each question."""

    a: str
    b: str
    measures: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SetReport:
    """One set of questions. ``newest``: the last release with scores; ``profile``: the search profile shown in detail.

    ``measure`` orders slices and questions. ``counts``: questions by status. ``slices``: rows of ``summary.means`` with
    ``by`` and ``slice``. ``p95``: milliseconds of a search at ``newest``.
    """

    name: str
    newest: str
    profile: str
    measure: str
    p95: float | None
    counts: Mapping[str, int]
    scores: Sequence[Plot]
    latency: Sequence[Plot]
    slices: Sequence[Mapping[str, Any]]
    sliced: Plot | None
    worst: Sequence[WorstQuestion]
    compared: ReleaseComparison | None

    @property
    def headline(self) -> Point | None:
        """The newest point of the first score under ``profile``."""
        lines = [one for plot in self.scores[:1] for one in plot.series if one.name == self.profile]
        return lines[0].points[-1] if lines else None


@dataclass(frozen=True, slots=True)
class Report:
    """``releases``: RELEASES rows, oldest first, with ``cost``; ``changes``: ``Difference.to_json`` of the last two."""

    lake: str
    made_at: datetime
    releases: Sequence[Mapping[str, Any]]
    n_earlier: int
    state: Sequence[Plot]
    changes: Mapping[str, Any] | None
    sets: Sequence[SetReport]

    @property
    def plots(self) -> list[Plot]:
        """All plots, slices included, which the page shows as a table."""
        of_sets = [[*one.scores, *filter(None, [one.sliced]), *one.latency] for one in self.sets]
        return [*self.state, *(plot for plots in of_sets for plot in plots)]
