"""The Prefect tasks: each step of a run, and what an operator does by hand, with what people are shown of it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.health import with_audit
from expectations.judged_traffic import judge_traffic
from lake.directory import Lake
from lake.errors import LakeError
from lake.index import open_lake
from lake.maintenance import doctor, operate
from lake.questions import load, take
from lake.reporting import counted
from tasks import steps
from tasks.artifacts import QUARANTINE_ROWS, ProgressArtifacts, show_answers, show_quarantine, show_verdict
from tasks.assets import describe
from tasks.events import tell
from tasks.operation_artifacts import show_diagnosis, show_difference, show_left_out, show_pruned, show_rebuilt
from tasks.plan_artifact import show_cost, show_plan
from tasks.policy import publication, step

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.gating import Answers
    from expectations.verdict import Verdict
    from lake.destinations.sync import Synced
    from lake.erasure.forget import Forgotten
    from lake.ingest.scan import Scan
    from lake.maintenance.doctor import Diagnosis
    from lake.maintenance.prune import Pruned
    from lake.options import Retention
    from lake.options.judging import JudgingOptions
    from lake.options.sync import SyncOptions
    from lake.questions import Taken
    from lake.recipe import Recipe
    from lake.releases.history import History
    from lake.releases.values import Release, Spent
    from tasks.job import Erasure, Job

_log = logging.getLogger(__name__)

index_shard = step("index shard")(steps.index_shard)
submit_texts = step("hand texts over")(steps.submit_texts)
collect_vectors = step("fetch vectors")(steps.collect_vectors)


@step("scan")
def scan(job: Job) -> Scan:
    """List the sources, digest what may have changed, and plan; the plan is shown.

    If there is nothing to do, so is the quarantine of live, which is what the run leaves.
    """
    found = steps.scan(job)
    show_plan(job, found.plan)
    if not found.plan and found.plan.base:
        _show_quarantine(job, Lake(job.lake).log.read().releases[found.plan.base])
    return found


@step("commit")
def commit(job: Job, found: Scan, spent: Spent | None = None) -> Release:
    """Write one version per table and log them as a candidate; what it cost and its quarantine are shown."""
    candidate = steps.commit(job, found, spent)
    if spent is not None:
        show_cost(found.plan, spent)
    _show_quarantine(job, candidate)
    return candidate


def _show_quarantine(job: Job, release: Release) -> None:
    if n := release.counts["n_quarantined"]:
        show_quarantine(job, release.id, steps.quarantined(job, release, QUARANTINE_ROWS), n)


@step("embed texts")
def embed_texts(job: Job, request: str, recipe: Recipe) -> int:
    """Embed a request's texts and store their vectors; how many. What is stored already is not embedded again."""
    n_texts = steps.embed_texts(job, request, recipe)
    _log.info("embedded %s with %s by %s", counted(n_texts, "text"), recipe.embedder.name, recipe.embedder.computed_by)
    return n_texts


@step("audit", run_name="audit {candidate.id}")
def audit(job: Job, candidate: Release) -> Verdict:
    """Hold the candidate against its expectations; the verdict is shown as markdown."""
    verdict = steps.audit(job, candidate)
    show_verdict(job, candidate, verdict)
    return verdict


@step("evaluate", run_name="evaluate {candidate.id}")
def evaluate(lake: str, candidate: Release, *, of_sample: bool = False) -> Answers | None:
    """Judge a candidate by the lake's questions beside live; scores and verdict are shown.

    None if the lake has no questions.
    """
    answers = steps.evaluate(lake, candidate, ProgressArtifacts(lake), of_sample=of_sample)
    if answers is not None:
        show_answers(lake, answers)
    return answers


@step("measure", run_name="measure {release.id}")
def measure(lake: str, release: Release, *, again: bool) -> pa.Table:
    """SCORES rows of a release, which the lake keeps; ``again``: taken anew, for how fast it answers today."""
    return steps.measure(lake, release, ProgressArtifacts(lake), again=again)


@publication("publish", run_name="publish {candidate.id}")
def publish(job: Job, candidate: Release) -> None:
    """Make the candidate live, in one step that a retry finds done."""
    steps.publish(job, candidate)
    describe(job.lake, candidate.id)
    tell(job.lake, "published", release=candidate.id)


@publication("publish by hand", run_name="publish {candidate}")
def publish_by_hand(lake: str, candidate: str, why: str, *, force: bool) -> None:
    """Make a candidate live, in one step that a retry finds done."""
    operate.publish(lake, candidate, why=why, force=force)
    describe(lake, candidate)
    tell(lake, "published", release=candidate)


@step("pin")
def pin(lake: str, why: str) -> str:
    """Pin live; returns the release that is held."""
    return _live(operate.pin(lake, why=why))


@step("unpin")
def unpin(lake: str) -> str:
    """Let the next run publish again; which release is live."""
    return _live(operate.unpin(lake))


def _live(history: History) -> str:
    return history.resolve("live").id


@publication("roll back", run_name="roll back to {release}")
def roll_back(lake: str, release: str, why: str) -> tuple[str | None, str]:
    """Which release was live, and which is now; the same one twice if there was nothing to do."""
    was = Lake.existing(lake).log.read().live
    now = _live(operate.rollback(lake, release, why=why))
    describe(lake, now)
    if was is not None and was.id != now:
        _compare(lake, was.id, now)
    return (was.id if was else None), now


def _compare(lake: str, was: str, now: str) -> None:
    """Show how far the two differ; readers have switched, so what fails here fails nothing."""
    try:
        show_difference(lake, open_lake(lake).diff(was, now))
    except LakeError as error:
        _log.warning("could not compare %s with %s: %s", was, now, error)


@step("sync", run_name="sync {destination}")
def sync_destination(lake: str, destination: str, at: str, options: SyncOptions) -> Synced:
    """Bring a destination to a release; a retry goes on from there."""
    progress = ProgressArtifacts(lake)
    return next(operate.sync(lake, destination, at=at, options=options, progress=progress))


@step("prune")
def prune(lake: str, retention: Retention, *, dry_run: bool) -> Pruned:
    """Drop the releases that ``retention`` does not keep and give back their disk; a retry goes on from there."""
    pruned = operate.prune(lake, retention, dry_run=dry_run, progress=ProgressArtifacts(lake))
    show_pruned(lake, pruned)
    return pruned


@step("forget")
def forget(erasure: Erasure, *, dry_run: bool) -> Forgotten:
    """Erase the documents everywhere in the lake and prove it, or only choose them; a retry goes on from there."""
    asked = {"uri": erasure.uri, "where": erasure.where, "source": erasure.source}
    try:
        return operate.forget(
            erasure.lake, **asked, why=erasure.why, dry_run=dry_run, progress=ProgressArtifacts(erasure.lake)
        )
    except LakeError as error:
        raise type(error)(erasure.without_names(str(error))) from None


@step("rebuild")
def rebuild(lake: str) -> tuple[str, list[str]]:
    """Make the tables of every release again; the generation that holds them now, and the releases."""
    history = operate.rebuild(lake, progress=ProgressArtifacts(lake))
    generation, releases = next(iter(history.releases.values())).generation, list(history.releases)
    show_rebuilt(lake, generation, releases)
    return generation, releases


@step("examine")
def examine(lake: str, *, every: bool, parts: int) -> Diagnosis:
    """What is wrong with the stored lake, its audit included."""
    damaged = doctor.open_damaged(lake)
    found = doctor.examine(damaged, every=every, parts=parts, progress=ProgressArtifacts(lake))
    diagnosis = with_audit(doctor.open_damaged(lake), found)
    show_diagnosis(diagnosis)
    return diagnosis


@step("import questions")
def import_questions(
    lake: str, format: str, path: str, set: str | None, source: str | None, uri: str | None, split: str = "test"
) -> Taken:
    """Take the questions of a file into the lake; a retry finds those that were taken."""
    place, name = Lake.existing(lake), set or Path(path).resolve().stem.lower()
    taken = take(place, name, load(format, path, set=name, source=source, uri=uri, split=split))
    if taken.left_out:
        show_left_out(lake, taken)
    return taken


@step("judge requests")
def judge_requests(lake: str, options: JudgingOptions) -> dict[str, Any]:
    """The means and counts of a judged sample of the query log; a retry pays for no reply twice."""
    return judge_traffic(Lake.existing(lake), open_lake(lake), options, progress=ProgressArtifacts(lake)).to_json()
