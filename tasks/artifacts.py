"""What a run shows in Prefect's UI besides its log: plan, progress, verdict, quarantine, what an operation did."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from prefect import artifacts
from prefect.runtime import flow_run

from lake.reporting import counted, markdown_cell
from tasks.server_watch import WATCH, is_of_server

if TYPE_CHECKING:
    from uuid import UUID

    from expectations.gate import GateVerdict
    from expectations.gating import Answers
    from expectations.verdict import Verdict
    from lake.erasure.forget import Forgotten
    from lake.ingest.plan import Plan
    from lake.inspect.diff import Difference
    from lake.maintenance.doctor import Diagnosis
    from lake.maintenance.prune import Pruned
    from lake.questions import Taken
    from lake.releases.values import Release
    from tasks.job import Job

_log = logging.getLogger(__name__)

QUARANTINE_ROWS = CHOSEN_ROWS = QUESTION_ROWS = 200
#: The kinds of artifacts that may hold more than counts.
KINDS = (
    "plan",
    "audit",
    "quarantine",
    "maintain",
    "rollback",
    "forget",
    "doctor",
    "scores",
    "gate",
    "alarms",
    "unmeasured",
    "judged",
)
_OUTCOMES = {"passed": "passed", "warned": "passed with a remark", "blocked": "blocked"}
_SECONDS_BETWEEN_UPDATES = 2.0


def artifact_key(kind: str, lake: str) -> str:
    """A key under which Prefect keeps the history of one kind of artifact of one lake.

    >>> artifact_key("plan", "s3://Bucket/my_docs")
    'plan-s3-bucket-my-docs'
    """
    return f"{kind}-{re.sub('[^a-z0-9]+', '-', lake.lower()).strip('-')}"


def _show(create: Callable[..., Any], **content: Any) -> Any:
    """Create or update an artifact, inside a flow run only; what it gives back, None if that fails."""
    if flow_run.id is None or not WATCH.answers:
        return None
    try:
        return create(**content)
    except Exception as error:  # noqa: BLE001 - what people are shown must not decide what is published
        level = logging.DEBUG if is_of_server(error) else logging.WARNING  # a lost server is reported once
        _log.log(level, "could not show an artifact: %s: %s", type(error).__name__, error)
        return None


def show_plan(job: Job, plan: Plan) -> None:
    """The plan's counts as a table."""
    _show(
        artifacts.create_table_artifact,
        table=[{"change": change, "documents": n} for change, n in plan.counts.items()],
        key=artifact_key("plan", job.lake),
        description=f"What this run changes in {job.lake} (over {plan.base or 'an empty lake'})",
    )


def show_verdict(job: Job, candidate: Release, verdict: Verdict) -> None:
    """The audit's findings as markdown."""
    _show(
        artifacts.create_markdown_artifact,
        markdown=verdict.to_markdown(),
        key=artifact_key("audit", job.lake),
        description=f"Audit of {candidate.id}: {'passed' if verdict.passed else 'refused'}",
    )


def show_answers(lake: str, answers: Answers) -> None:
    """How live and the candidate answer, as a table, and what the gate makes of it, as markdown."""
    verdict = answers.verdict
    show_scores(lake, answers.means, {"live": verdict.against, "candidate": verdict.release})
    show_gate(lake, verdict)


def show_scores(lake: str, rows: list[dict[str, Any]], asked: dict[str, str | None]) -> None:
    """Means by set and measure, a column per release; nothing if there were no questions."""
    if not rows:
        return
    named = ", ".join(f"{release} ({name})" for name, release in asked.items() if release)
    _show(
        artifacts.create_table_artifact,
        table=rows,
        key=artifact_key("scores", lake),
        description=f"What the questions of {lake} score at {named}",
    )


def show_judged(lake: str, found: Mapping[str, Any]) -> None:
    """The measures of a judged sample of requests; it repeats no question."""
    rows = [{"measure": name, **one} for name, one in found["measures"].items()]
    told = f"{counted(found['judged'], 'request')} judged of {found['logged']:,} in the query log of {lake}"
    if found["failures"]:
        told += f"; {counted(len(found['failures']), 'request')} failed: {next(iter(found['failures'].values()))}"
    if found["stopped"]:
        told += f"; stopped: {found['stopped']}"
    key = artifact_key("judged", lake)
    _show(artifacts.create_table_artifact, table=rows, key=key, description=told)


def show_gate(lake: str, verdict: GateVerdict) -> None:
    """The gate's verdict on a candidate, as markdown; it repeats no question."""
    _show(
        artifacts.create_markdown_artifact,
        markdown=verdict.to_markdown(),
        key=artifact_key("gate", lake),
        description=f"Gate of {verdict.release}: {_OUTCOMES[verdict.outcome]}",
    )


def show_alarms(lake: str, live: str, alarms: list[str]) -> None:
    """Which limits live passes, as markdown."""
    told = "\n".join(f"- {markdown_cell(alarm)}" for alarm in alarms) or "It keeps to every limit."
    _show(
        artifacts.create_markdown_artifact,
        markdown=f"{live} is live.\n\n{told}\n",
        key=artifact_key("alarms", lake),
        description=f"Alarms of {lake}: {len(alarms)}",
    )


def show_quarantine(job: Job, release: str, rows: list[dict[str, str]], n_quarantined: int) -> None:
    """The first documents in quarantine and why they are there, as a table."""
    more = f", the first {len(rows)} shown" if n_quarantined > len(rows) else ""
    _show(
        artifacts.create_table_artifact,
        table=rows,
        key=artifact_key("quarantine", job.lake),
        description=f"{counted(n_quarantined, 'document')} of {release} in quarantine{more}",
    )


def show_pruned(lake: str, pruned: Pruned, given_back: str) -> None:
    """Each release, newest first, whether it is kept and why, as a table."""
    fates = {release: ("kept", why) for release, why in pruned.kept.items()}
    gone = "would be dropped" if pruned.dry_run else "dropped"
    fates |= dict.fromkeys(pruned.dropped, (gone, "no rule keeps it"))
    newest_first = sorted(fates, key=lambda name: (name.rsplit(".", 1)[0], int(name.rsplit(".", 1)[1])), reverse=True)
    _show(
        artifacts.create_table_artifact,
        table=[{"release": name, "is": fates[name][0], "because": fates[name][1]} for name in newest_first],
        key=artifact_key("maintain", lake),
        description=f"Releases of {lake}; {given_back}",
    )


def show_difference(lake: str, difference: Difference) -> None:
    """How far two releases differ, as a table of counts; it names no document."""
    changes = {
        "documents": {kind: len(rows) for kind, rows in difference.documents.items()},
        "chunks": {kind: n for kind, n in difference.chunks.items() if kind != "kept"},
        "quarantined": {kind: len(rows) for kind, rows in difference.quarantine.items()},
    }
    was, now = difference.totals
    rows = [_compared(what, was[f"n_{what}"], now[f"n_{what}"], kinds) for what, kinds in changes.items()]
    rows += [_compared(f"recipe: {name}", *values, {}) for name, values in difference.recipe.items()]
    _show(
        artifacts.create_table_artifact,
        table=rows,
        key=artifact_key("rollback", lake),
        description=f"From {difference.a}, which was live, to {difference.b}; `raglake diff` names the documents",
    )


def _compared(what: str, was: object, now: object, kinds: dict[str, int]) -> dict[str, str]:
    changes = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)
    was, now = (f"{value:,}" if isinstance(value, int) else str(value) for value in (was, now))
    return {"of": what, "was": was, "is now": now, "changes": changes}


def show_chosen(lake: str, chosen: Forgotten) -> None:
    """The first documents that an erasure would take, as a table, which ``tasks.redact`` rewrites in its time."""
    n, rows = len(chosen.documents), chosen.documents[:CHOSEN_ROWS]
    more = f", the first {len(rows)} shown" if n > len(rows) else ""
    _show(
        artifacts.create_table_artifact,
        table=[{"document": d.uri, "source": d.source, "because": d.because} for d in rows],
        key=artifact_key("forget", lake),
        description=f"Dry run: {counted(n, 'document')} would be erased from {lake}{more}",
    )


def show_erasure(lake: str, markdown: str) -> None:
    """What an erasure did, in words that name no document."""
    _show(
        artifacts.create_markdown_artifact,
        markdown=markdown,
        key=artifact_key("forget", lake),
        description=f"An erasure from {lake}",
    )


def show_rebuilt(lake: str, generation: str, releases: list[str]) -> None:
    """The releases whose tables were made again, newest first, as a table."""
    _show(
        artifacts.create_table_artifact,
        table=[{"release": release, "generation": generation} for release in reversed(releases)],
        key=artifact_key("rebuild", lake),
        description=f"Tables of {lake}, made again from Parquet",
    )


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Each issue with its remedy, or each check if there is none, as a table."""
    issues = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in diagnosis.issues]
    checks = [{"check": one.name, "found": one.skipped or f"{one.n:,} {one.unit}"} for one in diagnosis.checks]
    _show(
        artifacts.create_table_artifact,
        table=issues or checks,
        key=artifact_key("doctor", diagnosis.lake),
        description=f"{counted(len(issues), 'issue')} of {diagnosis.lake}; `raglake doctor --repair` fixes what it can",
    )


def show_left_out(lake: str, taken: Taken) -> None:
    """The first questions that live can't be measured by, and why, as a table; it repeats no question."""
    n, rows = len(taken.left_out), taken.left_out[:QUESTION_ROWS]
    more = f", the first {len(rows)} shown" if n > len(rows) else ""
    _show(
        artifacts.create_table_artifact,
        table=[{"question": one.question.question_id, "because": one.left_out} for one in rows],
        key=artifact_key("unmeasured", lake),
        description=f"{counted(n, 'question')} of {taken.set} can't be measured at {taken.checked_at}{more}",
    )


class ProgressArtifacts:
    """One progress bar for each thing that is counted; called from several threads."""

    def __init__(self, lake: str) -> None:
        self._lake = lake
        self._bars: dict[str, _Bar] = {}
        self._lock = threading.Lock()

    def __call__(self, what: str, n_done: int, n_more: int | None) -> None:
        with self._lock:
            bar = self._bars.setdefault(what, _Bar(what, artifact_key(what, self._lake)))
            bar.add(n_done, n_more or 0)


class _Bar:
    def __init__(self, what: str, key: str) -> None:
        self._what, self._key = what, key
        self._n_done = self._n_all = 0
        self._id: UUID | None = None
        self._shown_at = 0.0

    def add(self, n_done: int, n_more: int) -> None:
        self._n_done += n_done
        self._n_all += n_more
        due = monotonic() - self._shown_at > _SECONDS_BETWEEN_UPDATES or self._n_done == self._n_all
        if self._n_all and due:
            self._show()

    def _show(self) -> None:
        self._shown_at = monotonic()
        percent = round(100 * self._n_done / self._n_all, 1)
        words = f"{self._n_done:,} of {self._n_all:,} {self._what}"
        if self._id is None:
            create = artifacts.create_progress_artifact
            self._id = _show(create, progress=percent, key=self._key, description=words)
        else:
            _show(artifacts.update_progress_artifact, artifact_id=self._id, progress=percent, description=words)
