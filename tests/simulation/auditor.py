"""Judges a history by docs/guarantees.md alone: what callers saw of the lake, never how the lake is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.simulation.actors import RETENTION, Op, Stage
from tests.simulation.parquet import strings_of
from tests.simulation.scheduler import NEVER
from tests.simulation.source import Sources, digest_of

#: Errors that say that something is wrong with the lake, though nothing failed but what must not matter.
_EXPECTED = ("RefusedError", "BusyError", "ConflictError", "UsageError", "NoReleaseError", "TransientError")
_LOST_LEASE = "lost the writer lease"
_GRACE_SECONDS = RETENTION.grace_hours * 3600
#: How far two clocks may be apart before the grace period counts for nothing here.
_MOST_SKEW = 3700.0


def violations(stage: Stage) -> Iterator[str]:
    """What in the history breaks a promise."""
    for op in stage.ops:
        yield from _errors(op)
        yield from _lost_lease(stage, op)
        yield from _dropped(stage, op)
        if op.kind in ("read", "dataset") and op.outcome == "ok":
            yield from _mixed(stage, op)
            yield from _resurrected(stage, op)
            yield from _too_open(stage, op)
        if op.kind in ("read", "dataset") and op.outcome == "failed":
            yield from _lost(stage, op)
    yield from _live(stage)


def _errors(op: Op) -> Iterator[str]:
    """Whatever fails says why: a defect, or damage that no fault explains, is a broken promise."""
    kind = op.error.split(":")[0]
    if op.outcome == "failed" and kind not in _EXPECTED and _LOST_LEASE not in op.error and op.kind != "dataset":
        yield f"error: {op.actor}'s {op.kind} failed with {op.error}"
    if kind == "TransientError" and not op.n_faults and op.kind != "work":
        yield f"error: {op.actor}'s {op.kind} failed though nothing was wrong: {op.error}"


def _lost_lease(stage: Stage, op: Op) -> Iterator[str]:
    """A run keeps its lease until it ends, unless it sleeps, or clocks differ, or requests are lost."""
    calm = op.ended_at is not None and op.ended_at < stage.medium.disturbed_at
    if calm and _LOST_LEASE in op.error and not any(process.skew for process in stage.world.processes):
        yield f"lease: {op.actor}'s {op.kind} lost it, though no machine slept and no clock was wrong"


def _dropped(stage: Stage, op: Op) -> Iterator[str]:
    """Prune keeps what is named, and what is younger than the grace period."""
    for release in op.facts.get("dropped", ()):
        named = [o for o in stage.ops if o.kind == "name" and o.outcome == "ok" and o.facts["named"] == release]
        if any((o.end or NEVER) < op.start for o in named):
            yield f"retention: {op.actor} dropped {release}, which has a name"
        if (op.ended_at or NEVER) < stage.built_at.get(release, 0.0) + _GRACE_SECONDS - _MOST_SKEW:
            yield f"retention: {op.actor} dropped {release}, which is younger than the grace period"


def _mixed(stage: Stage, op: Op) -> Iterator[str]:
    """An answer comes from exactly one release, which never changes, except by an erasure."""
    facts = op.facts
    release, documents = facts["release"], facts["documents"]
    if facts["mixed"] or len(set(facts["doc_ids"])) != len(facts["doc_ids"]):
        yield f"mixed: the tables of {release} hold different documents: {facts['mixed']}"
    for uri, text in facts["texts"].items():
        if digest_of(stage.texts.get(documents[uri], "")) != documents[uri]:
            yield f"mixed: {uri} in {release} has bytes that no source ever held"
        elif " ".join(stage.texts[documents[uri]].split()) != text:
            yield f"mixed: {uri} in {release} has chunks of another text: {text[:60]}"
    known = stage.rows.get(release)
    if known is None:
        forced = any(o.kind == "publish" and o.facts["base"] is None and o.facts["to"] == release for o in stage.ops)
        if facts["at"] == "live" and not forced:
            yield f"audit: {release} was live, but never audited"
        return
    gone = _digests_forgotten(stage, before=NEVER)
    missing = {uri for uri, digest in known.items() if uri not in documents and digest not in gone[1]}
    missing -= gone[0]
    other = {uri for uri, digest in documents.items() if known.get(uri) != digest} - gone[0]
    other = {uri for uri in other if documents[uri] not in gone[1]}
    if missing or other:
        yield f"mixed: {release} is not as it was audited: {sorted(missing)} are gone, {sorted(other)} are others"


def _digests_forgotten(stage: Stage, before: float, *, only_done: bool = False) -> tuple[set[str], set[str]]:
    """URIs that were erased, and digests of all that they may have held, by erasures that began (or ended) before."""
    uris, digests = set(), set()
    for op in stage.ops:
        if op.kind == "forget" and (op.outcome == "ok" if only_done else True) and _when(op, only_done) < before:
            uris.add(op.facts["uri"])
            digests |= {
                digest for rows in stage.rows.values() for uri, digest in rows.items() if uri == op.facts["uri"]
            }
            digests |= {found.digest for found in stage.held if found.uri == op.facts["uri"]}
    return uris, digests


def _when(op: Op, done: bool) -> float:
    return (NEVER if op.end is None else op.end) if done else op.start


def _resurrected(stage: Stage, op: Op) -> Iterator[str]:
    """What was erased never comes back."""
    uris, _ = _digests_forgotten(stage, before=op.start, only_done=True)
    if back := uris & set(op.facts["documents"]):
        yield f"resurrected: {sorted(back)} in {op.facts['release']}, read by {op.actor} at step {op.start}"


def _too_open(stage: Stage, op: Op) -> Iterator[str]:
    """Nobody sees what the last run that read the sources found restricted, at any release."""
    if op.kind != "read":
        return
    for uri in op.facts["visible"]:
        closed = max(
            (s for s in _scans(stage, before=op.start) if uri in s.found.restricted), key=lambda s: s.step, default=None
        )
        if closed is None or uri not in closed.found.texts:
            continue
        later = (scan for scan in _scans(stage, before=None) if closed.step < scan.step < (op.end or 0))
        if not any(uri in scan.found.texts and uri not in scan.found.restricted for scan in later):
            yield (
                f"rights: anybody sees {uri} in {op.facts['release']} at step {op.start}, which "
                f"{closed.actor} found restricted at step {closed.step}"
            )


class _ScanSeen(NamedTuple):
    step: int
    actor: str
    found: Sources


def _scans(stage: Stage, *, before: int | None) -> Iterator[_ScanSeen]:
    """What runs read of the sources; with ``before``, only those whose rights had to be recorded by then."""
    for op in stage.ops:
        if op.kind != "ingest" or not op.facts["scans"]:
            continue
        step, found = op.facts["scans"][-1]
        recorded = [at for at in op.facts["indexing"] if at > step]
        recorded += [op.end] if op.outcome == "ok" and op.end is not None else []
        if before is None:
            yield from (_ScanSeen(at, op.actor, what) for at, what in op.facts["scans"])
        elif recorded and min(recorded) <= before:
            yield _ScanSeen(step, op.actor, found)


def _lost(stage: Stage, op: Op) -> Iterator[str]:
    """A published release stays readable until it is pruned; live always is."""
    if op.n_faults or "TransientError" in op.error:
        return
    if op.kind == "dataset":
        erased = any(o.kind == "forget" and o.start < (op.end or 0) and _ends_after(o, op.start) for o in stage.ops)
        if not erased:
            yield f"lost: the tables of {op.facts['at']} went while they were read: {op.error}"
    elif op.facts["at"] == "live":
        if "nothing is published" not in op.error:
            yield f"lost: live can't be read: {op.error}"
    elif not _may_be_pruned(stage, op):
        yield f"lost: {op.facts['at']} can't be read, though it is named, young, or nothing was pruned: {op.error}"


def _may_be_pruned(stage: Stage, op: Op) -> bool:
    """Whether some prune before the end of a read could have dropped the release that it read."""
    release = op.facts["at"]
    named = [o.start for o in stage.ops if o.kind == "name" and o.outcome == "ok" and o.facts["named"] == release]
    old_at = stage.built_at.get(release, 0.0) + _GRACE_SECONDS - _MOST_SKEW
    prunes = [o for o in stage.ops if o.kind == "prune" and o.start < (op.end or 0)]
    return any((not named or o.start < max(named)) and (o.ended_at or NEVER) > old_at for o in prunes)


def _ends_after(op: Op, start: int) -> bool:
    return op.end is None or op.end > start


# Linearisability of live.


class _Event(NamedTuple):
    """``must``: whether it took effect for sure. ``to`` and ``base`` of a move; ``seen`` of a read."""

    start: float
    end: float
    kind: str
    must: bool
    to: str | None = None
    base: str | None = None


def _live(stage: Stage) -> Iterator[str]:
    """There is an order of all moves and reads, true to time, in which each read sees the last move before it."""
    events = sorted(_events(stage))
    if not linearisable(events):
        yield f"live: no order explains what was read: {_shortest(events)}"


def _shortest(events: list[_Event]) -> str:
    """The first read that no order explains."""
    for n in range(1, len(events) + 1):
        if not linearisable(events[:n]):
            return str(events[n - 1])
    return ""


def _events(stage: Stage) -> Iterator[_Event]:
    for op in stage.ops:
        end = NEVER if op.end is None else float(op.end)
        if op.kind in ("publish", "rollback", "pin", "unpin"):
            if op.outcome == "ok":
                yield _Event(op.start, end, op.kind, True, op.facts.get("to"), op.facts.get("base"))
            elif op.outcome == "crashed" or op.n_faults:
                yield _Event(op.start, NEVER, op.kind, False, op.facts.get("to"), op.facts.get("base"))
        elif op.kind == "read" and op.facts.get("at") == "live":
            if op.outcome == "ok":
                yield _Event(op.start, end, "read", True, op.facts["release"])
            elif "nothing is published" in op.error:
                yield _Event(op.start, end, "read", True, "")


def linearisable(events: list[_Event]) -> bool:
    """Whether the events, a sorted list, have an order; searched depth first, remembering what led nowhere."""
    dead: set[tuple[frozenset[int], Any]] = set()

    def search(left: frozenset[int], state: tuple[str, bool]) -> bool:
        if not any(events[n].must for n in left):
            return True
        if (left, state) in dead:
            return False
        first_end = min(events[n].end for n in left if events[n].must)
        for n in sorted(left):
            if events[n].start > first_end:
                break
            after = _applied(events[n], state)
            if after is not None and search(left - {n}, after):
                return True
        dead.add((left, state))
        return False

    return search(frozenset(range(len(events))), ("", False))


def _applied(event: _Event, state: tuple[str, bool]) -> tuple[str, bool] | None:
    live, pinned = state
    if event.kind == "read":
        return state if live == event.to else None
    if event.kind in ("pin", "unpin"):
        return live, event.kind == "pin"
    if event.kind == "publish" and live != event.to and event.base is not None and (pinned or live != event.base):
        return None
    return event.to or "", pinned


# What is true once everything is quiet.


def traces(stage: Stage, kept: set[str]) -> Iterator[str]:
    """Words of erased documents in any file, unless a document that is kept (its digests) has them too."""
    uris, digests = _digests_forgotten(stage, before=NEVER, only_done=True)
    released = {(uri, digest) for rows in stage.rows.values() for uri, digest in rows.items()}
    erased = {digest for uri, digest in released if uri in uris}
    # What an erased document had in the source alone may lie there as another one's, until prune's grace period ends.
    others = {digest for uri, digest in released if uri not in uris} - erased
    words = {word for digest in digests - kept - others for word in _own_words(stage, digest)}
    for path, file in sorted(stage.medium.files.items()):
        if found := sorted(word for word in words if word in strings_of(file.data)):
            yield f"erased: {path} still holds {found}"


def _own_words(stage: Stage, digest: str) -> set[str]:
    return {word for word in stage.texts.get(digest, "").split() if word.startswith("word")}
