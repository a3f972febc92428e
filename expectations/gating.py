"""Scores of a candidate and of live for the lake's questions, taken or read, and judged."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.gate import GateVerdict, decide, missed_by_live
from expectations.gate_sample import samples
from expectations.measures import SPAN_CUTS, SPAN_NAMES, parsed
from expectations.profiles import parse_profile
from lake.directory import configuration
from lake.errors import RefusedError, UsageError
from lake.ingest.completeness import check_formats
from lake.maintenance.operate import gate_asks
from lake.options.checks import split_measure
from lake.plugins.later import Later
from lake.questions import reviewed as kept
from lake.records.schemas import SCORES
from lake.reporting import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations import scoring
    from lake import index
    from lake.directory import Lake
    from lake.directory.configuration import Alarms, Configuration, Gate
    from lake.questions import EvalQuestion
    from lake.releases.values import Release
    from lake.search import rerank
else:  # what only a gate with questions needs
    scoring, index, rerank = Later("expectations.scoring"), Later("lake.index"), Later("lake.search.rerank")

#: What is shown of a release besides the measures that are looked at.
_SHOWN = ("document nDCG@10", "document R@10", "span recall@5")


@dataclass(frozen=True)
class Answers:
    """The gate's verdict, and the SCORES rows that it stands on; ``live`` if there was one to compare with."""

    verdict: GateVerdict
    candidate: pa.Table
    live: pa.Table | None

    @property
    def means(self) -> list[dict[str, Any]]:
        """Means of both, as ``overview`` has them."""
        tables = {"candidate": self.candidate} | ({"live": self.live} if self.live is not None else {})
        return overview(tables, {*_SHOWN, *(one.measure for one in self.verdict.asked)})


def check(policy: Gate) -> None:
    """Raises UsageError if the gate names an unknown measure."""
    check_measures([*policy.floors, *policy.no_regression])
    _profile(policy)


def check_configuration(wanted: Configuration) -> None:
    """UsageError if it names a measure, a reranker or a format that does not exist."""
    check(wanted.gate)
    check_formats(wanted.completeness)
    check_measures(list(wanted.alarms.scores))
    if wanted.search.rerank is not None:
        rerank.parse_name(wanted.search.rerank)


def check_measures(measures: Sequence[str]) -> None:
    """Raises UsageError if one of these (level, blank, name) is no measure."""
    spans = [f"{name}@{cut}" for cut in SPAN_CUTS for name in SPAN_NAMES]
    for level, name in map(split_measure, measures):
        if level != "span":
            parsed([name])
        elif name not in spans:
            raise UsageError(f"no measure {name!r} of spans; there are {', '.join(spans)}")


def ask(lake: Lake, candidate: Release, progress: Progress = silent, *, of_sample: bool = False) -> Answers | None:
    """Measure a candidate, and what it must be no worse than; None if the lake has no questions.

    Scores are kept as they are taken; those that are kept already are not taken again. ``of_sample``: measure a few of
    the questions, a larger sample if one of these is answered worse, and all of them only if that would block the
    candidate or shows a loss of whatever size.
    """
    if not gate_asks(lake):
        return None
    policy, history = configuration.read(lake.store).gate, lake.log.read()
    check(policy)
    questions = _of_sets(policy, kept(lake))
    parts = samples(lake, candidate, questions, policy) if of_sample else [None]

    def asked(only: Collection[str] | None) -> Answers:
        of_candidate = measure(lake, candidate, only=only, progress=progress)
        of_against = measure(lake, against, only=only, progress=progress) if against else None
        found = judged(policy, sets_of(policy, questions), (candidate, of_candidate), (against, of_against))
        is_live = history.live is not None and history.live.id == candidate.id
        return replace(found, verdict=replace(found.verdict, of_sample=only is not None, is_live=is_live))

    # What many small runs lose together is noticed only beside a release that was measured in full.
    against = history.measured_in_full if policy.no_regression or policy.floors else None
    *smaller, largest = parts
    for part in smaller:
        if (answers := asked(part)).verdict.shows_no_loss:
            return answers
    answers = asked(largest)
    return asked(None) if largest is not None and answers.verdict.suspects_loss else answers


def refuse_floors(lake: Lake, wanted: Gate, progress: Progress = silent) -> None:
    """RefusedError for a floor that live itself does not meet, since the gate would block every candidate like it."""
    live = lake.log.read().live
    if live is None or not wanted.floors or wanted.mode == "off":
        return
    missed = missed_by_live(wanted, sets_of(wanted, kept(lake)), measure(lake, live, wanted, progress=progress))
    if missed:
        raise RefusedError(
            f"{'; '.join(missed)}: the gate would block what live answers now. Lower the floor, or add --force"
        )


def judged(
    policy: Gate, sets: Sequence[str], candidate: tuple[Release, pa.Table], live: tuple[Release | None, pa.Table | None]
) -> Answers:
    """The verdict on what a candidate and live answered; of live None if nothing is to be compared."""
    against = live[0].id if live[0] is not None and live[1] is not None else None
    verdict = decide(policy, sets, candidate[1], live[1], names=(candidate[0].id, against))
    return Answers(verdict, candidate[1], live[1])


def sets_of(policy: Gate, questions: Sequence[EvalQuestion]) -> tuple[str, ...]:
    """The sets that the gate uses, also one without questions."""
    return policy.sets or tuple(sorted({question.set for question in questions}))


def _of_sets(policy: Gate, questions: Sequence[EvalQuestion]) -> list[EvalQuestion]:
    """The questions of the sets that the gate uses."""
    return [question for question in questions if question.set in sets_of(policy, questions)]


def measure(
    lake: Lake,
    release: Release,
    policy: Gate | None = None,
    *,
    only: Collection[str] | None = None,
    again: bool = False,
    progress: Progress = silent,
) -> pa.Table:
    """SCORES rows of a release for the gate's sets, searched as the gate searches; none if there is no question.

    ``only``: ids of the questions to measure.
    """
    policy = policy or configuration.read(lake.store).gate
    chosen = _of_sets(policy, kept(lake))
    if not chosen:
        return SCORES.empty_table()
    names, profile = sorted({name for level, name in policy.measures if level != "span"}), _profile(policy)
    return scoring.scores_of(
        index.Index(lake), chosen, release.id, profile, names=names, only=only, again=again, progress=progress
    )


def _profile(policy: Gate) -> dict[str, Any]:
    return parse_profile(json.dumps(dict(policy.how)))


def shown(gate: Gate, alarms: Alarms) -> set[str]:
    """The measures that an operator wants to see."""
    return {*_SHOWN, *gate.floors, *gate.no_regression, *alarms.scores}


def overview(rows: Mapping[str, pa.Table], measures: Collection[str]) -> list[dict[str, Any]]:
    """One row for each set and measure: how many questions, and the mean of each of ``rows``; JSON-like."""
    frames = [pl.DataFrame(table).with_columns(of=pl.lit(name)) for name, table in rows.items()]
    frame = pl.concat(frames).with_columns(measure=pl.col("level") + " " + pl.col("measure"))
    frame = frame.filter(pl.col("measure").is_in(sorted(measures)))
    means = frame.group_by("set", "measure", "of").agg(pl.col("value").mean().round(4), pl.len().alias("n"))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in means.sort("set", "measure", "of", descending=[False, False, True]).to_dicts():
        key = (row["set"], row["measure"])
        line = found.setdefault(key, {"set": key[0], "measure": key[1], "questions": 0})
        line |= {row["of"]: row["value"], "questions": max(line["questions"], row["n"])}
    return list(found.values())
