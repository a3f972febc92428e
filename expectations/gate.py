"""Whether a candidate may be published, by what it answers: a pure verdict on scores that were taken before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa

from expectations.comparison import Comparison, PairedVerdict, compare, judge
from expectations.verdict import MAX_SAMPLES, Finding, findings_table
from lake.directory.configuration import Gate
from lake.errors import UsageError
from lake.options.checks import split_measure
from lake.reporting import counted, markdown_cell, markdown_message
from lake.schemas import FINDINGS

if TYPE_CHECKING:
    from expectations.verdict import Severity

SUITE = "gate"
Outcome = Literal["passed", "warned", "blocked"]


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand on one measure of one set, and what became of it; ``live`` and what follows: of a comparison."""

    set: str
    measure: str
    demand: Literal["floor", "no_regression"]
    word: str  # what was found, in a word or a few
    severity: Severity
    message: str  # one sentence for a person; "" where all is well
    n: int = 0
    value: float | None = None
    live: float | None = None
    judgement: PairedVerdict | None = None
    worst: tuple[str, ...] = ()  # question_ids, those that lost most first

    @property
    def holds(self) -> bool:
        return not self.message

    def finding(self) -> Finding:
        """The row that is kept."""
        return Finding(
            suite=SUITE,
            expectation=self.demand,
            column=f"{self.set}: {self.measure}",
            severity=self.severity,
            success=self.holds,
            errored=False,
            n_checked=self.n,
            n_unexpected=self.judgement.losses if self.judgement else int(self.word == "below its floor"),
            observed=self.observed,
            sample_ids=self.worst,
            message=self.message,
        )

    @property
    def observed(self) -> str:
        """The figures."""
        if self.value is None:
            return "not measured"
        if self.judgement is None or self.live is None:
            return f"{self.value:.4f}"
        j = self.judgement
        changed = f"difference {j.difference:+.4f}, between {j.low:+.4f} and {j.high:+.4f}, p {j.p:.4f}"
        return f"{self.value:.4f} against {self.live:.4f} of live: {changed}"


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """The result of the lake's questions, or ``of_sample`` of them, at a release, ``against`` another one or alone.

    ``is_live``: the release was published by runs over some documents, which measured samples.
    """

    release: str
    against: str | None
    asked: tuple[Demand, ...]
    of_sample: bool = False
    is_live: bool = False

    @property
    def failures(self) -> tuple[Demand, ...]:
        """What does not hold, what blocks first."""
        return tuple(sorted((one for one in self.asked if not one.holds), key=lambda one: one.severity != "critical"))

    @property
    def outcome(self) -> Outcome:
        if any(one.severity == "critical" for one in self.failures):
            return "blocked"
        return "warned" if self.failures else "passed"

    @property
    def shows_no_loss(self) -> bool:
        """Whether all holds, and no question is answered worse than before."""
        return not self.failures and not any(one.judgement and one.judgement.losses for one in self.asked)

    @property
    def suspects_loss(self) -> bool:
        """Whether it blocks, or a loss is certain although its size is not."""
        return self.outcome == "blocked" or any(one.judgement and one.judgement.high < 0 for one in self.asked)

    def summary(self) -> str:
        """One or two sentences for a person."""
        if not self.failures:
            which = "a sample of the lake's questions" if self.of_sample else "the lake's questions"
            return f"{self.release} answers {which} as it must."
        first, more = self.failures[0], len(self.failures) - 1
        others = f" (and {counted(more, 'more remark')})" if more else ""
        if self.outcome == "warned":
            return f"{self.release} passed its gate with a remark: {first.message}{others}."
        shows = f" `raglake releases {self.release}` shows the questions."
        if self.is_live:
            return f"{self.release} is live and answers worse than {self.against}: {first.message}{others}.{shows}"
        return f"{self.release} was blocked by its gate and is kept unpublished: {first.message}{others}.{shows}"

    def to_json(self) -> dict[str, Any]:
        """What the release log keeps."""
        of_sample = {"of_sample": True} if self.of_sample else {}
        return {"against": self.against, "n_asked": len(self.asked), "n_failed": len(self.failures), **of_sample}

    def to_arrow(self) -> pa.Table:
        """FINDINGS rows."""
        return findings_table(self.release, [one.finding() for one in self.asked])

    def to_markdown(self) -> str:
        """The summary, a table of all demands, failures first, and what is wrong; it repeats no question."""
        # Cells don't wrap, and a page of 1,400 pixels cuts off what does not fit: intervals stand below the table.
        table = ["| | measure | set | live | candidate | questions |", "|---|---|---|--:|--:|---|"]
        rows = [*self.failures, *(one for one in self.asked if one.holds)]
        wrong = [f"- {markdown_message(one.message)}" for one in self.failures[1:]]  # the summary says the first
        changes = [f"- {change}" for change in map(_change, rows) if change]
        about = ["", "Changes, each with the interval that the questions leave:", "", *changes] if changes else []
        parts = [f"{markdown_message(self.summary())}\n", *wrong, *([""] if wrong else []), *table, *map(_row, rows)]
        return "\n".join([*parts, *about]) + "\n"


def _row(one: Demand) -> str:
    state = "ok" if one.holds else "BLOCKS" if one.severity == "critical" else "remark"
    cells = (state, one.measure, one.set, _figure(one.live), _figure(one.value), _questions(one))
    return "| " + " | ".join(map(markdown_cell, cells)) + " |"


def _questions(one: Demand) -> str:
    """How many questions, and how many of them became worse and better."""
    j = one.judgement
    return f"{one.n:,}" if j is None else f"{one.n:,}: {j.losses:,} worse, {j.wins:,} better"


def _change(one: Demand) -> str:
    """How much a measure changed, and how sure that is; "" if it was compared with nothing."""
    j = one.judgement
    if j is None or not j.n:
        return ""
    what = markdown_cell(f"{one.measure} of {one.set}")
    return f"{what}: {j.difference:+.4f}, between {j.low:+.4f} and {j.high:+.4f}, p {j.p:.4f}"


def _figure(value: float | None) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.4f}"


def decide(
    policy: Gate, sets: Sequence[str], candidate: pa.Table, live: pa.Table | None, *, names: tuple[str, str | None]
) -> GateVerdict:
    """The verdict on SCORES rows of a candidate, and of live over the same questions, set by set.

    ``names``: the two releases. The regressions of all sets and measures are one family: with ``policy.alpha`` for
    the chance that any of them is found if none is. Floors compare the mean over just these questions, which is no
    sample of anything; so no such chance belongs to them.
    """
    asked = [_floor(policy, name, measure, candidate, live) for name in sets for measure in policy.floors]
    if live is not None and policy.no_regression:
        asked += _regressions(policy, sets, candidate, live)
    return GateVerdict(*names, tuple(replace(one, severity=_severity(policy, one)) for one in asked))


def _severity(policy: Gate, one: Demand) -> Severity:
    is_open = one.word == "not enough evidence"
    blocks = policy.mode == "block" and not (is_open and policy.not_enough_evidence == "warn")
    return "critical" if blocks else "warning"


def _floor(policy: Gate, name: str, measure: str, candidate: pa.Table, live: pa.Table | None) -> Demand:
    values, floor = _values(candidate, name, measure), policy.floors[measure]
    mean, of_live = _mean(values), None if live is None else _mean(_values(live, name, measure))
    n, word, message = len(values), "holds", ""
    if mean is None or n < policy.least:
        word = "not enough evidence"
        message = f"{counted(n, 'question')} of {name} can be measured by {measure}, fewer than {policy.least}"
    elif mean < floor:
        word = "below its floor"
        message = f"{measure} of {name} is {mean:.4f} over {counted(n, 'question')}, less than {floor:g}"
        message += "" if of_live is None else f"; live has {of_live:.4f}, {_beside(of_live, floor)}"
    worst = (
        tuple(values.filter(pl.col("value") < floor).sort("value", "question_id")["question_id"].head(MAX_SAMPLES))
        if message
        else ()
    )
    return Demand(name, measure, "floor", word, "critical", message, n, mean, of_live, worst=worst)


def _beside(of_live: float, floor: float) -> str:
    return "which is less as well: lower the floor" if of_live < floor else "which meets it"


def _values(scores: pa.Table, name: str, measure: str) -> pl.DataFrame:
    """The questions of a set with their values."""
    level, label = split_measure(measure)
    mine = (pl.col("set") == name) & (pl.col("level") == level) & (pl.col("measure") == label)
    found = pl.DataFrame(scores).filter(mine & pl.col("value").is_not_null())
    return found.select("question_id", "value")


def _mean(values: pl.DataFrame) -> float | None:
    return float(values["value"].to_numpy().mean()) if values.height else None


def missed_by_live(policy: Gate, sets: Sequence[str], live: pa.Table) -> list[str]:
    """One sentence for each floor that SCORES rows of live do not meet."""
    means = {(name, measure): _mean(_values(live, name, measure)) for name in sets for measure in policy.floors}
    return [
        f"{measure} of {name} is {mean:.4f} at live, less than {policy.floors[measure]:g}"
        for (name, measure), mean in means.items()
        if mean is not None and mean < policy.floors[measure]
    ]


def _regressions(policy: Gate, sets: Sequence[str], candidate: pa.Table, live: pa.Table) -> Iterator[Demand]:
    found = {(c.set, f"{c.level} {c.measure}"): c for c in _compared(policy, candidate, live)}
    wanted = [(name, measure) for name in sets for measure in _measurable(policy, name, live)]
    judged = corrected(policy, [found[key] for key in wanted if key in found])
    for name, measure in wanted:
        one = found.get((name, measure))
        if one is None:
            message = f"no question of {name} is measured by {measure} at both releases"
            yield Demand(name, measure, "no_regression", "not enough evidence", "critical", message)
        else:
            yield _regression(policy, one, judged[name, measure])


def _measurable(policy: Gate, name: str, live: pa.Table) -> Sequence[str]:
    """The measures that a set's evidence can have, as live shows; all if it has none, which is then reported."""
    frame = pl.DataFrame(live).filter((pl.col("set") == name) & pl.col("value").is_not_null())
    had = set(frame.select(pl.col("level") + " " + pl.col("measure")).unique().to_series())
    return [measure for measure in policy.no_regression if measure in had] or policy.no_regression


def _compared(policy: Gate, candidate: pa.Table, live: pa.Table) -> list[Comparison]:
    measures = list(map(split_measure, policy.no_regression))
    try:
        return compare(live, candidate, measures, margin=policy.margin, alpha=policy.alpha, least=policy.least)
    except UsageError:  # no question is asked of both
        return []


def corrected(policy: Gate, comparisons: Sequence[Comparison]) -> dict[tuple[str, str], PairedVerdict]:
    """Each comparison judged so that the chance of calling any harmless change worse is ``policy.alpha`` for them all.

    A loss counts at ``alpha`` shared among those not yet found worse, smallest p first (Holm), or among all
    (Bonferroni). What is found only without that correction is not enough evidence; the other words stand as they are.
    """
    n_left, judged = len(comparisons), {}
    for one in sorted(comparisons, key=lambda c: (c.judgement.p, c.set, c.level, c.measure)):
        found = one.judgement
        if found.word == "worse":  # what is not found at alpha is not found at less
            found = judge(_differences(one), margin=policy.margin, alpha=policy.alpha / n_left, least=policy.least)
            if found.word == "worse":
                n_left -= policy.correction == "holm"
            else:
                found = replace(found, word="not enough evidence")
        judged[one.set, f"{one.level} {one.measure}"] = found
    return judged


def _differences(one: Comparison) -> np.ndarray:
    # In the order of ids, as compare judged them: a bootstrap is a function of the order.
    return one.pairs.sort("question_id")["difference"].to_numpy()


def _regression(policy: Gate, one: Comparison, judgement: PairedVerdict) -> Demand:
    losses = one.pairs.filter(pl.col("difference") < 0)["question_id"].head(MAX_SAMPLES).to_list()
    measure = f"{one.level} {one.measure}"
    told = _told(policy, one, judgement)
    word = "holds" if not told else judgement.word
    return Demand(
        one.set, measure, "no_regression", word, "critical", told, judgement.n, one.b, one.a, judgement, tuple(losses)
    )


def _told(policy: Gate, one: Comparison, j: PairedVerdict) -> str:
    """What is wrong; "" if nothing is."""
    what, n = f"{one.level} {one.measure} of {one.set}", counted(j.n, "question")
    if j.word == "worse":
        lost = int(one.pairs["lost"].sum())
        gone = f", {lost:,} of them since their evidence is gone from the text" if lost else ""
        return (
            f"{what} fell from {one.a:.4f} to {one.b:.4f} (p {j.p:.4f}, {n}: "
            f"{j.losses:,} are answered worse{gone}, {j.wins:,} better)"
        )
    if j.word == "better" or j.no_loss:
        return ""
    if j.n < policy.least:
        return f"{what} can be compared over {n} only, fewer than {policy.least}, which can't tell a loss from noise"
    return (
        f"{what} changed by {j.difference:+.4f}, and {n} can't rule out a loss of {policy.margin:g} or more "
        f"(they leave {j.low:+.4f} to {j.high:+.4f})"
    )


def of_gate(findings: pa.Table) -> pa.Table:
    """FINDINGS rows of the gate alone."""
    import pyarrow.compute as pc

    return findings.filter(pc.equal(findings.column("suite"), SUITE)).cast(FINDINGS)


def without_gate(findings: pa.Table) -> pa.Table:
    """FINDINGS rows of the audit alone."""
    import pyarrow.compute as pc

    return findings.filter(pc.not_equal(findings.column("suite"), SUITE)).cast(FINDINGS)
