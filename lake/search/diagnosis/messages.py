"""Whereabouts of evidence in words: one sentence for what became of it, one for what would change that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lake.reporting import counted

if TYPE_CHECKING:
    from lake.search.diagnosis.values import EvidenceLocation, SearchStep, Stage

_SENTENCES: dict[Stage, str] = {
    "absent": "no source listed this document when the release was built{seen}",
    "erased": "the document was erased for good by raglake forget",
    "several sources": "several sources have this URI, and the evidence names none: {sources}",
    "quarantined": "the document is in quarantine ({error_class}): {reason}",
    "text gone": "the document is there, but its text no longer holds the quote",
    "ambiguous": "the quote stands at several places of the document, and nothing tells which is meant",
    "no chunk": "the words are in the document's text, but in no chunk: the chunker left them out",
    "hidden": "who asks may not see the document; its rights are {acl}",
    "filtered": "left out by {conditions}",
    "no words": "searched by words alone, and its chunks hold none of the question's",
    "missed by the index": "near enough to be found, but the approximate vector index did not propose it",
    "too deep": "too far down for the search, which looked at the best {depth} of each leg",
    "rerank_depth": "found, but only the best {n} were looked at more closely",
    "collapse": "left out as a near copy of a chunk of {copy_of}",
    "min_score": "found, but its score {score:.4g} is below the least that was asked for, {least:.4g}",
    "beyond k": "found as passage {rank}, beyond the {k} asked for",
    "out of context": "among the passages found, but the token budget of an answer had no room for it",
    "found": "found",
}
_ADVICE: dict[Stage, str] = {
    "absent": "check the source, --include and --exclude, then `raglake ingest SOURCE`",
    "erased": "nothing: an erasure is for good; drop the question",
    "several sources": "name one with --source when importing the question",
    "quarantined": "mend the file, or read it with another parser; `raglake status` lists the quarantine",
    "text gone": "if the source changed, `raglake questions review --all` corrects it; else the parser lost it",
    "ambiguous": "quote more of the text",
    "no chunk": "try another chunking strategy (raglake ingest --strategy --change-recipe) and report the document",
    "hidden": "ask as somebody who may see it (--as), or change its acl",
    "filtered": "ask without that condition, or correct what the document states of itself",
    "no words": "ask by vectors too (--mode hybrid), forgive letters (--fuzziness), or use the document's words",
    "missed by the index": "ask by words too (--mode hybrid)",
    "too deep": "a better embedder or smaller chunks may bring it up; the other leg too (--alpha)",
    "rerank_depth": "look at more (rerank_depth), or bring it up by --alpha",
    "collapse": "that copy answers as well; if it does not, collapse less (a higher --collapse)",
    "min_score": "lower --min-score",
    "beyond k": "ask for more (-k), or rerank (--rerank)",
    "out of context": "raise the budget (raglake ask --budget), ask for fewer passages (-k), or make parents smaller",
    "found": "",
}


def sentence(found: EvidenceLocation) -> str:
    """What became of a piece of evidence."""
    said = _FULLER[found.stage](found) if found.stage in _FULLER else _SENTENCES[found.stage].format(**found.facts)
    return "; ".join([said, *_asides(found)])


def advice(found: EvidenceLocation) -> str:
    """What to change; "" where nothing needs to."""
    if (blame := _blame(found)) is not None and found.stage == "beyond k":
        return f"{blame.name} put it there: ask without it, or with less of it; or ask for more (-k)"
    said = _ADVICE[found.stage]
    if found.is_cut and found.stage in ("too deep", "beyond k", "rerank_depth"):
        return f"{said}; larger chunks would hold it whole"
    return said


def _absent(found: EvidenceLocation) -> str:
    seen = found.facts.get("last_seen")
    tail = f"; {seen} is the last kept one that holds it" if seen else ", nor is it in any other kept one"
    return _SENTENCES["absent"].format(seen=tail)


def _hidden(found: EvidenceLocation) -> str:
    acl = found.facts.get("acl")
    return _SENTENCES["hidden"].format(acl=", ".join(acl) if acl else "nobody's")


def _filtered(found: EvidenceLocation) -> str:
    conditions = found.facts["conditions"]
    return _SENTENCES["filtered"].format(conditions=" and ".join(conditions) or "conditions that it meets one by one")


def _beyond_k(found: EvidenceLocation) -> str:
    said = _SENTENCES["beyond k"].format(rank=found.rank, **found.facts)
    before = _blame(found)
    return said if before is None else f"{said}: {before.name} put it there"


def _found(found: EvidenceLocation) -> str:
    number = found.facts.get("source_number")
    told = f", source {number} of an answer" if number else ""
    part = "" if found.covered > 0.999 else f", {found.covered:.0%} of it"
    return f"found as passage {found.rank}{part}{told}"


_FULLER: dict[Stage, Callable[[EvidenceLocation], str]] = {
    "absent": _absent,
    "hidden": _hidden,
    "filtered": _filtered,
    "beyond k": _beyond_k,
    "found": _found,
}


def _blame(found: EvidenceLocation) -> SearchStep | None:
    """The closer step that moved the best chunk beyond the passages asked for."""
    k = found.facts.get("k")
    before: SearchStep | None = None
    for step in found.steps:
        pushed = before is not None and k and (before.rank or k + 1) <= k < (step.rank or 0)
        if pushed:
            return step
        before = step
    return None


def _asides(found: EvidenceLocation) -> list[str]:
    said = [f"no chunk holds it whole, it is cut across {found.n_chunks}"] if found.is_cut else []
    if not found.spans:
        return said
    best, legs = found.spans[0], []
    if best.vector_rank is not None:
        legs.append(f"by vector {best.vector_rank:,} ({best.vector_score:.3f})")
    if best.text_rank is not None:
        legs.append(f"by words {best.text_rank:,} ({best.text_score:.2f})")
    if len(legs) == 2:
        legs.append(f"together {best.rank:,}")
    of = "its best chunk" if found.n_chunks > 1 else "its chunk"
    return [*said, f"{of} ranks {', '.join(legs)}" if legs else f"no leg finds {of}"]


def summary(stages: list[Stage]) -> str:
    """How many pieces of evidence there are, and how many were found.

    >>> summary(["found", "hidden"])
    '1 of 2 pieces of evidence found'
    """
    return f"{stages.count('found')} of {counted(len(stages), 'piece')} of evidence found"


def as_json(found: EvidenceLocation) -> dict[str, Any]:
    """A piece of evidence with its sentence and its advice; JSON-like."""
    return {**asdict(found), "facts": dict(found.facts), "sentence": sentence(found), "advice": advice(found)}
