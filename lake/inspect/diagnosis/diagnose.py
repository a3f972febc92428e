"""Explains why a question finds its evidence at a release, or misses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lake.inspect.diagnosis.messages import as_json

if TYPE_CHECKING:
    pass


from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.ids.uris import alike, folded
from lake.inspect.diagnosis.trace import SearchTrace
from lake.inspect.diagnosis.values import EvidenceLocation
from lake.parse.graphemes import shortened
from lake.questions.alignment import resolve
from lake.tables.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lake.directory import Lake
    from lake.questions.alignment import Lost, Place, Resolved
    from lake.questions.values import EvalQuestion
    from lake.releases.history import History
    from lake.releases.values import Release

_OF_HIT = ("uri", "heading", "page", "chunk_id", "start", "end", "score", "vector_rank", "text_rank", "rerank_score")
_SHOWN_CHARACTERS = 120


def why(lake: Lake, history: History, expected: EvalQuestion, trace: SearchTrace) -> Why:
    """Follows each piece of relevant evidence of ``expected`` through the search of ``trace``."""
    release, question = trace.snapshot.release, trace.question
    resolved = resolve(lake, release, [expected])[0]
    found = {place.evidence: _followed(trace, place, resolved) for place in resolved.places if place.evidence.grade}
    found |= {lost.evidence: _lost(lake, history, release, lost) for lost in resolved.lost if lost.evidence.grade}
    return Why(
        question=question.text,
        release=release.id,
        k=question.k,
        mode=question.mode,
        depth=trace.looked.depth if trace.looked else 0,
        n_visible=trace.n_visible,
        evidence=tuple(found[piece] for piece in expected.evidence if piece in found),
        hits=tuple(_brief(hit, rank) for rank, hit in enumerate(trace.hits, 1)),
        options=question.stated(),
    )


def _followed(trace: SearchTrace, place: Place, resolved: Resolved) -> EvidenceLocation:
    """The evidence in its document, or in the one that has the text of a document that is gone."""
    found, uri = trace.follow(place), str(resolved.documents[place.doc_id]["uri"])
    is_moved = folded(uri) != folded(place.evidence.uri)
    return replace(found, stands=found.stands or uri) if is_moved else found


def _brief(hit: Mapping[str, Any], rank: int) -> dict[str, Any]:
    words = shortened(" ".join(hit["chunk_text"].split()), _SHOWN_CHARACTERS)
    return {"rank": rank, **{name: hit[name] for name in _OF_HIT}, "text": words}


def _lost(lake: Lake, history: History, release: Release, lost: Lost) -> EvidenceLocation:
    """Diagnoses evidence that the release has no place for."""
    evidence = lost.evidence
    if lost.reason == "absent":
        if _is_erased(lake, history, evidence.uri, evidence.source):
            return EvidenceLocation(evidence, "erased")
        return EvidenceLocation(evidence, "absent", {"last_seen": _last_seen(lake, history, release, lost)})
    if lost.reason == "quarantined":
        rows = _at(lake, release, "quarantine", lost, ("error_class", "reason"))
        return EvidenceLocation(evidence, "quarantined", rows[0])
    if lost.reason == "several sources":
        sources = [row["source"] for row in _at(lake, release, "documents", lost, ("source",))]
        return EvidenceLocation(evidence, "several sources", {"sources": ", ".join(sorted(sources))})
    return EvidenceLocation(evidence, lost.reason)


def _at(lake: Lake, release: Release, table: str, lost: Lost, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a table at the URI of the evidence."""
    where = None if lost.evidence.source is None else f"source = {quoted(lost.evidence.source)}"
    reader = lake.tables(release.generation).at(table, release.versions[table])
    found = alike(reader.scan([*dict.fromkeys((*columns, "uri"))], where), [lost.evidence.uri])
    rows: list[dict[str, Any]] = found.select(list(columns)).to_pylist()
    return rows


def _is_erased(lake: Lake, history: History, uri: str, source: str | None) -> bool:
    denylist = lake.denylist()
    if not len(denylist):
        return False
    return any(denylist.has_document(name, uri) for name in ([source] if source else _sources(lake, history)))


def _sources(lake: Lake, history: History) -> set[str]:
    """Names of all sources with documents in any kept release."""
    found: set[str] = set()
    for release in history.releases.values():
        reader = lake.tables(release.generation).at("documents", release.versions["documents"])
        found |= set(reader.scan(["source"]).column("source").unique().to_pylist())
    return found


def _last_seen(lake: Lake, history: History, release: Release, lost: Lost) -> str | None:
    """The newest other release that has the document, in quarantine or not."""
    for other in reversed(history.releases.values()):
        if other is not release and any(_at(lake, other, name, lost, ("uri",)) for name in ("documents", "quarantine")):
            return other.id
    return None


def meant(kept: Sequence[EvalQuestion], words: str) -> EvalQuestion:
    """The stored question with this id, key or text, with its evidence from all question sets.

    Raises UsageError if there is none, or if it has no relevant evidence.
    """
    mine = [one for one in kept if words in (one.question_id, one.key)] or [one for one in kept if one.text == words]
    if not mine:
        raise UsageError(
            f"no stored question {words!r}; `raglake questions list --set NAME` lists them; or name its evidence "
            "with --uri and --quote"
        )
    first, *others = mine
    for other in others:
        if other.text == first.text:
            first = first.joined(other)
    if not any(piece.grade for piece in first.evidence):
        raise UsageError(f"the question {first.text!r} has no evidence to look for; name it by --uri and --quote")
    return first


@dataclass(frozen=True, slots=True)
class Why:
    """Where a search of one release finds or loses each piece of a question's evidence.

    ``n_visible`` chunks pass rights and filters; the search read the first ``depth`` of each ranked list.
    ``hits`` are the passages, best first, with the first words of each. ``options``: the caller's and the lake's that
    differ from their defaults.
    """

    question: str
    release: str
    k: int
    mode: str
    depth: int
    n_visible: int
    evidence: tuple[EvidenceLocation, ...]
    hits: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("question", "release", "k", "mode", "depth", "n_visible")}
        plain["options"] = dict(self.options)
        return {**plain, "evidence": [as_json(one) for one in self.evidence], "hits": list(map(dict, self.hits))}
