"""Erasure: removes documents for good from every release and every file of the lake, and proves it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from lake.cache import shared
from lake.destinations.registry import known_destinations
from lake.directory import Lake
from lake.erasure import calls, feedback, notices, questions, scores
from lake.erasure.said import check_said, less_said, naming
from lake.erasure.scope import ErasureScope, collect, less_cached
from lake.erasure.selection import SelectedDocument, Selection, choose
from lake.erasure.vacuum import NOTHING_SPARED, Vacuumed, vacuum
from lake.erasure.verification import Terms, find_traces
from lake.errors import ContractError, RefusedError
from lake.ingest.commit import counts_of
from lake.ingest.plan import release_digest
from lake.ingest.rebuild import next_generation, write_generation
from lake.ingest.scan import known_documents
from lake.releases import rights
from lake.releases.history import History
from lake.releases.values import Release
from lake.reporting import Progress, silent
from lake.sources.page_states import WEB, forget_states
from lake.storage import pushed
from lake.storage.denylist import ERASING
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.erasure.verification import Proof

#: The log's reason of a proof that no longer knows what was erased.
_LESS_PROVEN = "finished an erasure that was cut short: all files were decoded, but not searched for its words"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, or would be with ``dry_run``. ``documents`` is for the caller only; nothing stores it.

    ``plan`` is a digest of the documents with all bytes that they hold.
    """

    dry_run: bool
    documents: tuple[SelectedDocument, ...]
    releases: tuple[str, ...]
    plan: str
    proof: Proof | None = None
    n_questions: int = 0  # removed with the documents
    destinations: tuple[str, ...] = ()  # that may still hold them until they are synced
    n_cached: int | None = None  # entries of the cache that services share; None if there is none

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def forget(
    lake: Lake,
    *,
    why: str,
    uri: str | None = None,
    where: str | None = None,
    source: str | None = None,
    dry_run: bool = False,
    planned: str | None = None,
    by: str | None = None,
    progress: Progress = silent,
) -> Forgotten:
    """Erase the documents at ``uri``, or those that SQL over the manifest selects, from every kept release.

    ``planned``: the ``plan`` of a dry run, whose documents and bytes are then erased or, with RefusedError, none;
    ``by`` is who acts, for the log, None for the user of this process.

    Documents that ever held the same bytes are erased with them; all others stay unchanged in every release. Places
    and bytes are denied from then on; the sources are not touched. Ends with a proof that decodes and searches every
    file of the lake; the log keeps its figures. Raises ContractError if that finds a trace, or if the cache that
    services share can't be cleared. Safe to kill and to repeat.
    """
    if dry_run:
        choice = choose(lake, lake.log.read(), uri=uri, where=where, source=source)
        held = _holding(lake, every=True)
        return Forgotten(True, choice.documents, choice.releases, choice.digest, destinations=held)
    with lake.writing("raglake forget") as lease:
        history = lake.log.read()
        choice = choose(lake, history, uri=uri, where=where, source=source)
        _check_planned(choice, planned)
        shared.check_known(lake)
        _forget_pages(lake, choice.documents)
        progress("documents", 0, len(choice.documents))
        erased = less_said(history, collect(lake, history, choice), by)
        check_said(lake, erased, why)
        n_questions = _deny(lake, erased)
        erased = less_cached(lake, erased)
        # Rows that no release holds may still stand in tables that one reads, and in their indexes.
        if choice.documents or not find_traces(lake.store, erased.terms, progress).holds:
            made = _write_without(lake, history, erased, progress)
            lake.store.flush()
            lease.check()
            _switch(lake, made, choice, why=why, by=by, rights=_left_rights(lake, erased))
        progress("documents", len(choice.documents), None)
        lake.log.checkpoint(erased.terms.ids, naming(erased.terms))
        n_cached = _sweep(lake, progress)[1]
        proof = _prove(lake, erased, progress)
        _conclude(lake, proof, by=by)
    held = _holding(lake)
    return Forgotten(False, choice.documents, choice.releases, choice.digest, proof, n_questions, held, n_cached)


def _forget_pages(lake: Lake, documents: Iterable[SelectedDocument]) -> None:
    """Delete what this machine knows of web sites if a page is erased: other sources, or former options, may name it.

    It comes first, while the lake still knows the addresses of its sources.
    """
    for name in {document.source for document in documents}:
        state = lake.listing_state(name)
        root = json.loads(state.selection)[0] if state is not None else name
        if root.startswith(WEB):
            forget_states()


def _holding(lake: Lake, *, every: bool = False) -> tuple[str, ...]:
    """Destinations that were not synced completely since the last erasure, or every one that is known."""
    history = lake.log.read()
    return tuple(one.destination for one in known_destinations(lake) if every or one.is_due(history))


def _check_planned(choice: Selection, planned: str | None) -> None:
    if planned is not None and choice.digest != planned:
        raise RefusedError(
            "the erasure would take other documents, or other bytes of them, than the dry run with this plan: a run "
            "changed the lake since, or the plan is of another dry run; look at the dry run again. Nothing is erased"
        )


def _deny(lake: Lake, erased: ErasureScope) -> int:
    """Deny the documents: from here on no run brings them back, and a prune finishes an interrupted erasure.

    Returns the number of questions removed with them.
    """
    lake.store.write(ERASING, b"raglake prune finishes an erasure that was cut short")
    lake.denylist().add(erased.choice.denied)
    lake.redact(erased.terms.ids, set(erased.choice.rows["doc_id"]))
    n_questions = questions.erase(lake, erased)
    scores.erase(lake, erased)
    calls.erase(lake, erased)
    feedback.erase(lake, erased)
    notices.erase(lake, erased)
    lake.log.checkpoint(erased.terms.ids, naming(erased.terms))
    return n_questions


def _erase_pushed(lake: Lake) -> None:
    """Delete the bytes and names that the lake was given of documents which are denied."""
    denylist = lake.denylist()
    for documents in pushed.sources(lake.store):
        documents.erase(denylist)


def _write_without(lake: Lake, history: History, erased: ErasureScope, progress: Progress) -> list[Release]:
    """Write every release into a new generation of tables, from what remains of its delta."""
    generation = next_generation(lake, history)
    planned = []
    for name, release in history.releases.items():
        folder = f"commits/{name}-in-{generation}"
        erased.deltas[name].write(lake, folder)
        planned.append(replace(release, commit=folder))
    made: dict[str, Release] = {}
    for release in write_generation(lake, planned, generation, progress):
        _check(lake, history.releases[release.id], release, erased)
        made[release.id] = _recounted(lake, release, made)
    return list(made.values())


def _check(lake: Lake, before: Release, after: Release, erased: ErasureScope) -> None:
    """Raises ContractError, before any switch, unless the release lost exactly the chosen documents' rows."""
    gone = erased.gone_from(before)
    for table in before.versions:
        old, new = (lake.tables(r.generation).at(table, r.versions[table]) for r in (before, after))
        expected = old.count() - (old.count(one_of("doc_id", gone)) if gone else 0)
        if new.count() != expected:
            raise ContractError(
                f"{table} of {before.id} would have {new.count()} rows instead of {expected} after the erasure; "
                "nothing was switched; run `raglake doctor`"
            )


def _recounted(lake: Lake, release: Release, made: dict[str, Release]) -> Release:
    known = pl.DataFrame(known_documents(lake, release))
    base = made[release.base].counts if release.base in made else None
    before = base["n_documents"] + base["n_quarantined"] if base else 0
    counts = release.counts | counts_of(lake.tables(release.generation), release.versions)
    if "removed" in counts:
        counts["added"] = max(0, known.height - before + counts["removed"])
    return replace(release, digest=release_digest(known, release.recipe), counts=counts)


def _left_rights(lake: Lake, erased: ErasureScope) -> str | None:
    """Store the rights of all other documents. Returns their path."""
    held = rights.read(lake.store, lake.log.read().rights)
    return rights.write(lake.store, rights.without(held, erased.choice.named))


def _switch(lake: Lake, made: list[Release], choice: Selection, **words: str | None) -> None:
    fields = ("generation", "versions", "commit", "digest", "counts")
    changed = {release.id: {name: getattr(release, name) for name in fields} for release in made}
    facts = {"changed": changed, "n_documents": len(choice.documents), "n_releases": len(choice.releases)}
    lake.log.record("forget", "", facts=facts, **words)


def finish(lake: Lake, progress: Progress = silent) -> Vacuumed:
    """Finish an erasure that was cut short, if it got as far as its releases. Returns what a vacuum removed.

    What was erased is no longer known, so the proof that the log gets is that every file of the lake can be decoded,
    and no index speaks of a row that is gone. Raises ContractError if that fails, or if the cache that services share
    can't be reached; the erasure stays unfinished then.
    """
    vacuumed, _ = _sweep(lake, progress)
    if _is_switched(lake):
        proof = find_traces(lake.store, Terms(), progress)
        _check_proof(lake, proof, "run `raglake prune` again")
        _conclude(lake, proof, why=_LESS_PROVEN)
    return vacuumed


def _sweep(lake: Lake, progress: Progress) -> tuple[Vacuumed, int | None]:
    """Remove everything that no release needs. Returns what went, and how many entries the shared cache lost."""
    history = lake.log.read()
    _erase_pushed(lake)
    vacuumed = vacuum(lake, history, NOTHING_SPARED, strictly=True, progress=progress)
    return vacuumed, shared.clear(lake)


def _conclude(lake: Lake, proof: Proof, **words: str | None) -> None:
    """Log the proof and take the mark of an unfinished erasure away, unless another was killed before its switch."""
    lake.log.record("proof", "", facts={"proof": proof.counts}, **words)
    if _is_switched(lake):
        # A loss of power brings back what was deleted and not flushed, so the mark goes last.
        lake.store.flush()
        lake.store.delete(ERASING)
        lake.store.flush()


def _is_switched(lake: Lake) -> bool:
    """Whether no release holds what is denied."""
    return not any(_holds_denied(lake, release) for release in lake.log.read().releases.values())


def _holds_denied(lake: Lake, release: Release) -> bool:
    denylist, known = lake.denylist(), known_documents(lake, release)
    places, digests = (known.column(name).drop_null().to_pylist() for name in ("doc_id", "digest"))
    return any(map(denylist.has_place, places)) or any(map(denylist.has_content, digests))


def _prove(lake: Lake, erased: ErasureScope, progress: Progress) -> Proof:
    proof = find_traces(lake.store, erased.terms, progress)
    if not proof.holds:  # a run that slept, and lost its lease, may have written after the vacuum
        _sweep(lake, progress)
        feedback.erase(lake, erased)  # a service may have logged questions since
        notices.erase(lake, erased)
        proof = find_traces(lake.store, erased.terms, progress)
    _check_proof(lake, proof, "run `raglake forget` again")
    return proof


def _check_proof(lake: Lake, proof: Proof, again: str) -> None:
    if not proof.holds:
        found = [f"{trace.path} ({trace.where}: {trace.what})" for trace in proof.traces[:5]]
        found += [f"{path} (can't be decoded)" for path in proof.undecoded[:5]]
        raise ContractError(
            f"erased from every release, but not proven gone from {lake.url}: {'; '.join(found)}; remove what does "
            f"not belong to the lake and {again}"
        )
