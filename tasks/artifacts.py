"""What a run shows in Prefect's UI besides its log: plan, progress, verdict, quarantine, what an operation did."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from prefect import artifacts
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.runtime import flow_run

from lake.reporting import counted, markdown_message, with_lake
from tasks.server_watch import WATCH, is_of_server

if TYPE_CHECKING:
    from uuid import UUID

    from expectations.gate import GateVerdict
    from expectations.gating import Answers
    from expectations.verdict import Verdict
    from lake.releases.values import Release
    from tasks.job import Job

_log = logging.getLogger(__name__)

QUARANTINE_ROWS = 200
#: The kinds of artifacts that may hold more than counts.
KINDS = (
    "summary",
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
    "watch",
)
_OUTCOMES = {"passed": "passed", "warned": "passed with a remark", "blocked": "blocked"}
_SECONDS_BETWEEN_UPDATES = 2.0


def artifact_key(kind: str, lake: str) -> str:
    """A key under which Prefect keeps the history of one kind of artifact of one lake.

    >>> artifact_key("plan", "s3://Bucket/my_docs")
    'plan-s3-bucket-my-docs'
    """
    return f"{kind}-{re.sub('[^a-z0-9]+', '-', lake.lower()).strip('-')}"


def show(create: Callable[..., Any], **content: Any) -> Any:
    """Create or update an artifact, inside a flow run only; what it gives back, None if that fails."""
    if flow_run.id is None or not WATCH.answers:
        return None
    try:
        return create(**content)
    except Exception as error:  # noqa: BLE001 - what people are shown must not decide what is published
        level = logging.DEBUG if is_of_server(error) else logging.WARNING  # a lost server is reported once
        _log.log(level, "could not show an artifact: %s: %s", type(error).__name__, error)
        return None


def show_summary(lake: str, markdown: str, description: str) -> None:
    """What a run came to and what to do next, as markdown."""
    key = artifact_key("summary", lake)
    markdown = with_lake(markdown, lake)
    show(artifacts.create_markdown_artifact, markdown=markdown, key=key, description=description)


def show_verdict(job: Job, candidate: Release, verdict: Verdict) -> None:
    """The audit's findings as markdown."""
    show(
        artifacts.create_markdown_artifact,
        markdown=with_lake(verdict.to_markdown(), job.lake),
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
    show(
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
    show(artifacts.create_table_artifact, table=rows, key=key, description=told)


def show_gate(lake: str, verdict: GateVerdict) -> None:
    """The gate's verdict on a candidate, as markdown; it repeats no question."""
    show(
        artifacts.create_markdown_artifact,
        markdown=with_lake(verdict.to_markdown(), lake),
        key=artifact_key("gate", lake),
        description=f"Gate of {verdict.release}: {_OUTCOMES[verdict.outcome]}",
    )


def show_alarms(lake: str, live: str, alarms: list[str]) -> None:
    """Which limits live passes, as markdown."""
    told = "\n".join(f"- {with_lake(markdown_message(alarm), lake)}" for alarm in alarms) or "It keeps to every limit."
    show(
        artifacts.create_markdown_artifact,
        markdown=f"{live} is live.\n\n{told}\n",
        key=artifact_key("alarms", lake),
        description=f"Alarms of {lake}: {len(alarms)}",
    )


def show_quarantine(job: Job, release: str, rows: list[dict[str, str]], n_quarantined: int) -> None:
    """The first documents in quarantine and why they are there, as a table."""
    more = f", the first {len(rows)} shown" if n_quarantined > len(rows) else ""
    show(
        artifacts.create_table_artifact,
        table=rows,
        key=artifact_key("quarantine", job.lake),
        description=f"{counted(n_quarantined, 'document')} of {release} in quarantine{more}",
    )


class LiveArtifact:
    """Markdown that is replaced while a run goes on, so that its page shows one state and not the history of all."""

    def __init__(self, kind: str, lake: str) -> None:
        self._key = artifact_key(kind, lake)
        self._id: UUID | None = None

    def show(self, markdown: str, description: str) -> None:
        if self._id is None:
            create = artifacts.create_markdown_artifact
            self._id = show(create, markdown=markdown, key=self._key, description=description)
        else:
            show(_replace, id=self._id, data=markdown, description=description)


def _replace(id: UUID, data: str, description: str) -> None:
    with get_client(sync_client=True) as client:
        client.update_artifact(id, ArtifactUpdate(data=data, description=description))


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
            self._id = show(create, progress=percent, key=self._key, description=words)
        else:
            show(artifacts.update_progress_artifact, artifact_id=self._id, progress=percent, description=words)
