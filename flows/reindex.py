"""The order of the steps, written once: what runs under Prefect and what the command line runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from flows.outcome import Outcome
from lake.directory import Lake, configuration
from lake.errors import GoneError, LakeError, RefusedError, UsageError
from lake.ingest import quiet
from lake.patches.allocator import give_memory_back
from lake.plugins.later import Later
from lake.records.last_listings import note_listed
from lake.releases.values import Spent
from lake.reporting import counted
from lake.storage import clock, inbox
from lake.storage.lease import is_open, waiting
from tasks.job import Job
from tasks.steps import lake_of

if TYPE_CHECKING:
    from datetime import datetime

    from expectations import validator
    from flows import indexing
    from flows.steps import Steps
    from lake.ingest import languages, opening, rights
    from lake.ingest.scan import Scan
    from lake.inspect import completeness
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.storage.lease import WriterLease
    from lake.tables import writer
    from tasks import writing
else:  # what only a run that scans, or one with work, needs
    validator, indexing = Later("expectations.validator"), Later("flows.indexing")
    rights, completeness = Later("lake.ingest.rights"), Later("lake.inspect.completeness")
    opening = Later("lake.ingest.opening")
    languages, writer = Later("lake.ingest.languages"), Later("lake.tables.writer")
    writing = Later("tasks.writing")


_INGEST = "raglake ingest"
_NOTHING = "nothing to do"
#: How often a run scans if tables that it reads are rewritten meanwhile.
_TRIES = 3
#: Seconds that an audit of live waits for a run over some documents to end.
_PATIENCE = 120.0

_log = logging.getLogger(__name__)

__all__ = ["Job", "Outcome", "judge", "reindex"]


def reindex(job: Job, steps: Steps) -> Outcome:
    """Scan, index what changed, commit a candidate, audit it, measure it by the lake's questions, publish it.

    Raises RefusedError before anything is written if the guard objects. A candidate that the audit or the gate
    refuses, or a pin holds back, is no error: the outcome states it.
    """
    started, began, lake = time.monotonic(), clock.now(), lake_of(job)
    if job.rights_only and not lake.exists():
        raise UsageError(f"there is no lake at {job.lake} yet, whose rights could change; ingest without --rights-only")
    notices = _notices(job, lake)
    configuration.read(lake.store)  # what is wrong with it should not be told after hours of work
    if not steps.are_shown and (unchanged := _recalled(job, lake)):
        _noted_as_listed(job, lake, began)
        _taken_up(lake, notices)
        return replace(unchanged, seconds=time.monotonic() - started)
    found, outcome = _scanned(job, lake, steps, started)
    if outcome is not None:
        _noted_as_listed(job, lake, began)
        _taken_up(lake, notices)
        return _audited(job, lake, steps, outcome)
    _get_ready()
    lake.create()
    _noted_as_listed(job, lake, began)
    with lake.writing(_INGEST) as lease:
        # Somebody was at work between the scan and the lease. Or a right would be given, which another run may have
        # found taken away again since: a run that finds the rights as they are leaves no trace.
        if lake.revision() != found.revision or rights.gives(lake, found):
            found = steps.scan(job)
        restricted = opening.restricted_places(lake)
        n_rights = rights.keep(lake, found)  # what sidecars take from somebody must not wait for the work
        if job.rights_only:
            return _rights_only(lake, found, n_rights, time.monotonic() - started)
        if not found.plan:
            n_embedded = indexing.index(job, lake, found, steps).n_texts if found.plan.lost.height else 0
            _remember(job, lake, found)
            _taken_up(lake, notices)
            return _nothing_to_do(lake, found, time.monotonic() - started, n_embedded)
        return _released(job, lake, found, steps, lease, notices, started, restricted)


def _released(
    job: Job,
    lake: Lake,
    found: Scan,
    steps: Steps,
    lease: WriterLease,
    notices: Iterable[inbox.Notice],
    started: float,
    restricted: Mapping[str, str],
) -> Outcome:
    """The outcome of a run with work: a candidate, published if nothing forbids it.

    ``restricted``: the uris by doc_id of what was restricted before it.
    """
    candidate, n_embedded = _candidate(job, lake, found, steps, started)
    lease.check()
    # While the tables are certainly there: without the lease, an erasure may rewrite them.
    words, spoken = ({}, ()) if job.only else (_words(lake, candidate, found), _spoken(lake, candidate, found))
    opened = filter(None, [opening.opening_remark(lake, restricted, candidate, found.plan)])
    published, reason, refused, blocked, remarks = judge(job, candidate, steps, found.remarks)
    _remember(job, lake, found)
    if published and not job.only:
        _noted_as_published(job, lake, found, candidate, words)
    _taken_up(lake, notices if published else ())
    done = {"n_denied": found.n_denied, "n_texts_embedded": n_embedded, "n_sidecar_problems": len(found.remarks)}
    counts, seconds = candidate.counts | words | done, time.monotonic() - started
    every = (*opened, *found.every_remark, *remarks, *spoken)
    return Outcome(candidate.id, published, reason, refused, blocked, **counts, remarks=every, seconds=seconds)


def _get_ready() -> None:
    """Load what a run with work needs, so that it is there when the work comes to it."""
    give_memory_back()
    writer.warm_up()
    validator.VALIDATOR.warm_up()


def _recalled(job: Job, lake: Lake) -> Outcome | None:
    """The outcome, if the listing alone tells that there is nothing to do; None if a scan must tell."""
    asks_for_more = job.only or job.rights_only or job.verify or job.full or job.change_recipe or job.batch_hours
    if asks_for_more or job.documents is not None or not lake.exists() or is_open(lake.store, _INGEST):
        return None
    sources, rules = list(job.open_sources().values()), configuration.read(lake.store).completeness
    with configuration.in_use(lake.store):
        known = quiet.recall(lake, sources, job.settings, rules)
    return Outcome(**known | {"remarks": ()}) if known else None


def _note(job: Job, lake: Lake, found: Scan, outcome: Outcome, history: History) -> None:
    """Spare the next run the scan, if it finds the sources as this one did after the last entry of ``history``.

    Only if live had a whole audit and a whole gate, which a quiet night makes up for otherwise.
    """
    is_judged = history.live and outcome.release == history.live.id and history.is_judged_in_full(history.live.id)
    if job.only or job.rights_only or job.documents is not None or not is_judged:
        return
    try:
        quiet.note(lake, list(job.open_sources().values()), found, replace(outcome, seconds=0.0).to_json(), history)
    except LakeError as error:
        _log.warning("the next run will look at everything: %s", error)


def _noted_as_published(job: Job, lake: Lake, found: Scan, candidate: Release, words: dict[str, int]) -> None:
    """Note what the next run would find, right after all that this one found was published."""
    history, plan = lake.log.read(), found.plan
    # A document that changed under way is not in the release as it was planned. Rights are compared by a scan.
    if candidate.digest != plan.digest or history.rights is not None:
        return
    none = dict.fromkeys(plan.counts, 0) | {"unchanged": plan.n_unchanged + plan.write.height}
    counts = {name: candidate.counts.get(name, 0) for name in _COUNTED} | none | words
    outcome = Outcome(candidate.id, False, _NOTHING, False, False, **counts, remarks=(), seconds=0.0)
    _note(job, lake, found, outcome, history)


def _notices(job: Job, lake: Lake) -> list[inbox.Notice]:
    """The notices that a run over everything takes up; they came before it looks."""
    if job.only or job.rights_only or not lake.exists():
        return []
    names = job.open_sources().keys()
    return [notice for notice in inbox.waiting(lake.store) if notice.source in names]


def _noted_as_listed(job: Job, lake: Lake, began: datetime) -> None:
    """Leave a note that all of the sources was listed, which is all that a quiet night leaves.

    Not for rights alone: such runs come often, and index nothing of what they see.
    """
    if not (job.only or job.rights_only) and job.documents is None and lake.exists():
        note_listed(lake.store, job.open_sources(), began)


def _taken_up(lake: Lake, notices: Iterable[inbox.Notice]) -> None:
    try:
        inbox.done(lake.store, notices)
    except LakeError as error:  # they are looked at once more, which finds nothing to do
        _log.warning("notices can't be deleted at the moment: %s", error)


def _audited(job: Job, lake: Lake, steps: Steps, outcome: Outcome) -> Outcome:
    """The outcome of a run without changes, once live has had a whole audit and a whole gate.

    Runs over some documents audit what they write and measure a sample of the questions; on a quiet night nothing else
    would look at all of it together.
    """
    history = lake.log.read()
    live = history.live if not (job.only or job.rights_only) else None
    if live is None or history.verdict(live.id) is None or history.is_judged_in_full(live.id):
        return outcome
    _get_ready()
    with waiting(_PATIENCE, lambda _: None), lake.writing(_INGEST):
        found = steps.audit(job, live)
        answers = steps.evaluate(job, live)
    gate = answers.verdict if answers else None
    if not found.passed or (gate and gate.outcome == "blocked"):
        problem = found.summary() if gate is None or not found.passed else gate.summary()
        return replace(outcome, reason=f"live has a problem: {problem}", refused=True, blocked=True)
    remarks = (*outcome.remarks, gate.summary()) if gate and gate.failures else outcome.remarks
    return replace(outcome, reason=f"{outcome.reason}; {found.summary().rstrip('.')}", remarks=remarks)


def _scanned(job: Job, lake: Lake, steps: Steps, started: float) -> tuple[Scan, Outcome | None]:
    """What the sources hold, and the outcome if there is nothing to do.

    Scans again if the tables of ``live`` were rewritten meanwhile: no lease is held yet.
    """
    for attempt in range(_TRIES):
        try:
            found = steps.scan(job)
            # While another run is at work, or asleep, a run that leaves no trace could not stop it from recording what
            # its older look at the sources found.
            if not _is_current(lake, found) or is_open(lake.store, _INGEST):
                return found, None
            outcome = _nothing_to_do(lake, found, time.monotonic() - started)
            if lake.exists():
                _remember(job, lake, found)
                history = lake.log.read()
                if history.head == found.revision[0]:
                    _note(job, lake, found, outcome, history)
            return found, outcome
        except GoneError:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _is_current(lake: Lake, found: Scan) -> bool:
    """Whether the lake holds what the sources do, whole, and knows today's rights."""
    return not (found.plan or found.plan.lost.height or (lake.exists() and rights.outdated(lake, found)))


def _remember(job: Job, lake: Lake, found: Scan) -> None:
    """Spare the next run what this one read; a cache, whose failure must not look like the run's.

    A run over some keys leaves it as it is, since it knows nothing of the rest.
    """
    if job.only:
        return
    try:
        lake.remember(found.digests, job.open_sources(), found.states)
    except LakeError as error:
        _log.warning("the next run will read its sources again: %s", error)


def _candidate(job: Job, lake: Lake, found: Scan, steps: Steps, started: float) -> tuple[Release, int]:
    """The release that holds what was planned: one that an interrupted run left ready, else a new one.

    How many texts were embedded for it; ``started`` is when the run did, on the monotonic clock.
    """
    ready = lake.log.read().candidate(found.plan.digest, found.plan.base)
    if ready is not None:
        return ready, 0
    try:
        embedded = indexing.index(job, lake, found, steps)
    finally:
        rights.keep(lake, found)  # now front matter is known as well
    spent = Spent(*embedded, time.monotonic() - started)
    return steps.commit(job, found, spent), embedded.n_texts


class Decision(NamedTuple):
    """What became of a candidate: the outcome's fields of these names."""

    published: bool
    reason: str
    refused: bool
    blocked: bool = False
    remarks: tuple[str, ...] = ()


def judge(job: Job, candidate: Release, steps: Steps, problems: Sequence[str]) -> Decision:
    """Audit the candidate, measure it by the lake's questions and publish it if it passes.

    Else keep it and return why. ``problems`` of sidecars keep it back if the job is strict.
    """
    verdict = steps.audit(job, candidate)
    if not verdict.passed:
        return Decision(False, verdict.summary(), refused=True, blocked=True)
    answers = steps.evaluate(job, candidate)
    gate = answers.verdict if answers else None
    if gate and gate.outcome == "blocked":
        return Decision(False, gate.summary(), refused=True, blocked=True)
    remarks = (gate.summary(),) if gate and gate.failures else ()
    if not job.publish:
        passed = "its audit and its gate" if gate else "its audit"
        waits = f"{candidate.id} passed {passed} and waits for `raglake publish {candidate.id}`"
        return Decision(False, waits, False, remarks=remarks)
    if job.strict and problems:
        first = f"{counted(len(problems), 'sidecar problem')}, and the run is strict: {problems[0]}"
        waits = f"{first}; {candidate.id} waits for a run that finds none, or for `raglake publish {candidate.id}`"
        return Decision(False, waits, refused=True, remarks=remarks)
    try:
        steps.publish(job, candidate)
    except RefusedError as refusal:
        return Decision(False, str(refusal), True, remarks=remarks)
    return Decision(True, "", False, remarks=remarks)


def _nothing_to_do(lake: Lake, found: Scan, seconds: float, n_embedded: int = 0) -> Outcome:
    live, n_lost = lake.log.read().live, found.plan.lost.height
    counts = {name: live.counts.get(name, 0) for name in _COUNTED} if live else {}
    reason = _NOTHING if live else f"{_NOTHING}: the sources hold no documents"
    if n_lost:
        reason = f"nothing changed; {n_lost} contents that the lake had lost, whole or their vectors, are stored again"
    counts |= {"n_denied": found.n_denied, "n_texts_embedded": n_embedded, **found.plan.counts}
    name = live.id if live else None
    counts["n_sidecar_problems"] = len(found.remarks)
    if live:
        counts |= _words(lake, live, found)
    return Outcome(name, False, reason, False, False, **counts, remarks=found.every_remark, seconds=seconds)


def _rights_only(lake: Lake, found: Scan, n_changed: int, seconds: float) -> Outcome:
    """The outcome of a run that kept rights; nothing is remembered, since the next run has all else to do."""
    reason = f"rights of {counted(n_changed, 'document')} changed" if n_changed else "nothing to do: no right changed"
    live = lake.log.read().live
    counts = {name: live.counts.get(name, 0) for name in _COUNTED} if live else {}
    problems = {"n_denied": found.n_denied, "n_sidecar_problems": len(found.remarks)}
    name = live.id if live else None
    return Outcome(name, False, reason, False, False, **counts, **problems, remarks=found.every_remark, seconds=seconds)


def _spoken(lake: Lake, release: Release, scanned: Scan) -> tuple[str, ...]:
    """Remarks on empty sources, languages that the model does not know, and chunks without a sentence."""
    found = [*_empty(lake, release, scanned.sources), languages.language_remark(lake, release)]
    if release.recipe.chunking.is_situated:
        found.append(writing.situating_remark(lake, release))
    return tuple(filter(None, found))


def _empty(lake: Lake, release: Release, sources: Iterable[str]) -> Iterator[str]:
    """Remarks on sources of which a release has nothing."""
    tables = lake.tables(release.generation)
    parts = (tables.at(name, release.versions[name]).scan(["source"]) for name in ("documents", "quarantine"))
    held = {source for part in parts for source in part.column("source").unique().to_pylist()}
    for name in sources:
        if name not in held:
            yield f"nothing of the source {name!r} is indexed; check its address, and what it includes and excludes"


def _words(lake: Lake, release: Release, found: Scan) -> dict[str, int]:
    """What became of the words of a release's documents, and how many documents need a look."""
    tables = lake.tables(release.generation)
    documents, quarantine = (tables.at(name, release.versions[name]) for name in ("documents", "quarantine"))
    return completeness.sums(documents, quarantine, found.completeness)


_COUNTED = ("n_quarantined", "n_documents", "n_parents", "n_chunks", "n_copies")
