"""Diagnosis in words: a sentence on what happened to a piece of evidence, and one on how to change that."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lake.reporting import counted

if TYPE_CHECKING:
    from lake.inspect.diagnosis.values import EvidenceLocation, SearchStep, Stage

_SENTENCES: dict[Stage, str] = {
    "absent": "no source listed this document when the release was built{seen}",
    "erased": "the document was erased for good by raglake forget",
    "several sources": "several sources have this URI, and the evidence does not name one of them: {sources}",
    "quarantined": "the document is in quarantine ({error_class}): {reason}",
    "text gone": "the document exists, but its text no longer contains the quote",
    "ambiguous": "the quote occurs several times in the document, and nothing identifies the right one",
    "no chunk": "the words are in the document's text, but in no chunk: the chunker left them out",
    "hidden": "these principals may not see the document; its acl is {acl}",
    "filtered": "excluded by {conditions}",
    "no words": "searched by words alone, and its chunks contain none of the question's",
    "missed by the index": "near enough, but the approximate vector index did not propose it",
    "too deep": "ranked too low for the search, which read the best {depth} of each ranked list",
    "rerank_depth": "found, but only the best {n} were reranked or compared",
    "collapse": "dropped as a near-duplicate of a chunk of {copy_of}",
    "min_score": "found, but its score {score:.4g} is below the minimum of {least:.4g}",
    "beyond k": "found as passage {rank}, beyond the {k} requested",
    "out of context": "among the passages found, but the answer's token budget had no room for it",
    "found": "found",
}
_ADVICE: dict[Stage, str] = {
    "absent": "check the URI (`raglake inspect URI` suggests similar ones), the source, --include and --exclude; "
    "then run `raglake ingest SOURCE`",
    "erased": "nothing: an erasure is permanent; drop the question",
    "several sources": "name one with --source when importing the question",
    "quarantined": "repair the file, or choose another parser; `raglake status` lists the quarantine",
    "text gone": "if the source changed, `raglake questions review --all` corrects it; otherwise the parser lost it",
    "ambiguous": "quote more of the text",
    "no chunk": "try another chunking strategy (`raglake ingest SOURCE --strategy NAME --change-recipe`) "
    "and report the document",
    "hidden": "search as someone who may see it (--as), or change its acl",
    "filtered": "search without that condition, or correct the document's declared metadata",
    "no words": "search by vectors too (--mode hybrid), allow typos (--fuzziness), or use the document's words",
    "missed by the index": "search by words too (--mode hybrid)",
    "too deep": "a better embedder or smaller chunks may raise it, as may the other retriever (--alpha)",
    "rerank_depth": "raise rerank_depth, or raise the chunk by --alpha",
    "collapse": "check whether that copy answers as well; if not, raise --collapse",
    "min_score": "lower --min-score",
    "beyond k": "request more passages (-k), or rerank (--rerank)",
    "out of context": "raise the budget (`raglake ask --budget`), request fewer passages (-k), or make parents smaller",
    "found": "",
}


def sentence(found: EvidenceLocation) -> str:
    """What happened to a piece of evidence."""
    text = _FULLER[found.stage](found) if found.stage in _FULLER else _SENTENCES[found.stage].format(**found.facts)
    stands = [] if found.stands is None else [f"its exact copy {found.stands} stands for it"]
    return "; ".join([*stands, text, *_asides(found)])


def advice(found: EvidenceLocation) -> str:
    """What to change; "" if nothing needs to."""
    if (blame := _blame(found)) is not None and found.stage == "beyond k":
        return f"{blame.name} moved it there: search without it or weaken it, or request more passages (-k)"
    text = _ADVICE[found.stage]
    if found.is_cut and found.stage in ("too deep", "beyond k", "rerank_depth"):
        return f"{text}; larger chunks would hold it whole"
    return text


def _absent(found: EvidenceLocation) -> str:
    seen = found.facts.get("last_seen")
    tail = f"; the last kept release with it is {seen}" if seen else ", and no other kept release has it"
    return _SENTENCES["absent"].format(seen=tail)


def _hidden(found: EvidenceLocation) -> str:
    acl = found.facts.get("acl")
    return _SENTENCES["hidden"].format(acl=", ".join(acl) if acl else "nobody's")


def _filtered(found: EvidenceLocation) -> str:
    conditions = found.facts["conditions"]
    return _SENTENCES["filtered"].format(conditions=" and ".join(conditions) or "conditions that it meets one by one")


def _no_words(found: EvidenceLocation) -> str:
    if found.facts.get("has_conditions"):
        some, every, none = "a word or phrase of the query", "all those with +", "none of those with -"
        return f"searched by words alone, and no chunk of it has {some}, {every} and {none}"
    return _SENTENCES["no words"]


def _beyond_k(found: EvidenceLocation) -> str:
    text = _SENTENCES["beyond k"].format(rank=found.rank, **found.facts)
    before = _blame(found)
    return text if before is None else f"{text}: {before.name} moved it there"


def _found(found: EvidenceLocation) -> str:
    number = found.facts.get("source_number")
    as_source = f", source {number} of an answer" if number else ""
    part = "" if found.covered > 0.999 else f", {found.covered:.0%} of it"
    return f"found as passage {found.rank}{part}{as_source}"


_FULLER: dict[Stage, Callable[[EvidenceLocation], str]] = {
    "absent": _absent,
    "hidden": _hidden,
    "filtered": _filtered,
    "no words": _no_words,
    "beyond k": _beyond_k,
    "found": _found,
}


def _blame(found: EvidenceLocation) -> SearchStep | None:
    """The refining step that moved the best chunk below the first ``k``."""
    k = found.facts.get("k")
    before: SearchStep | None = None
    for step in found.steps:
        pushed = before is not None and k and (before.rank or k + 1) <= k < (step.rank or 0)
        if pushed:
            return step
        before = step
    return None


def _asides(found: EvidenceLocation) -> list[str]:
    text = [f"no chunk contains all of it: it spans {found.n_chunks}"] if found.is_cut else []
    if not found.spans:
        return text
    best, ranks = found.spans[0], []
    if best.vector_rank is not None:
        ranks.append(f"by vector {best.vector_rank:,} ({best.vector_score:.3f})")
    ranks += [f"by {one.embedder} {one.rank:,} ({one.score:.3f})" for one in best.further if one.rank is not None]
    if best.text_rank is not None:
        ranks.append(f"by words {best.text_rank:,} ({best.text_score:.2f})")
    if len(ranks) > 1:
        ranks.append(f"together {best.rank:,}")
    of = "its best chunk" if found.n_chunks > 1 else "its chunk"
    return [*text, f"{of} ranks {', '.join(ranks)}" if ranks else f"neither retriever finds {of}"]


def summary(stages: list[Stage]) -> str:
    """Counts the pieces of evidence, and those that were found.

    >>> summary(["found", "hidden"])
    '1 of 2 pieces of evidence found'
    """
    return f"{stages.count('found')} of {counted(len(stages), 'piece')} of evidence found"


def options_in_words(options: Mapping[str, Any]) -> str:
    """Options of a search with their values.

    >>> options_in_words({"alpha": 0.3, "rerank": "own", "weights": None})
    'alpha 0.3, rerank own, weights none'
    """
    return ", ".join(f"{name} {value_in_words(value)}" for name, value in options.items())


def value_in_words(value: Any) -> str:
    """A value of an option as a configuration takes it."""
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_json(found: EvidenceLocation) -> dict[str, Any]:
    """A piece of evidence with its sentence and its advice, as JSON."""
    return {**asdict(found), "facts": dict(found.facts), "sentence": sentence(found), "advice": advice(found)}
