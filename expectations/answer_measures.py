"""Measures of an answer that no model makes: its citations, and its words beside its sources and the right answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from expectations.measures import of_spans
from lake.answer.citations import citations, without_citations
from lake.answer.terms import terms

if TYPE_CHECKING:
    from lake.answer.values import Answer
    from lake.questions import Resolved

#: Measures that a question without an answer has 0 in, however that came about.
ZERO_WITHOUT_ANSWER = ("answered", "token_f1", "token_recall", "exact_match")


def of_answer(told: Answer, references: Sequence[str]) -> dict[str, float]:
    """What the answer shows by itself and beside reference answers; a measure that does not apply is not there."""
    values = {"answered": float(told.enough)}
    if references:
        values |= of_words(without_citations(told.text) if told.enough else "", references)
    claims = [sentence for sentence in told.sentences if sentence.is_claim]
    if told.enough and claims:
        n = len(claims)
        values["citation_validity"] = _valid(told)
        values["cited"] = sum(bool(sentence.citations) for sentence in claims) / n
        values["support"] = sum(sentence.support for sentence in claims) / n
        values["supported"] = sum(sentence.supported for sentence in claims) / n
    if told.enough and told.quotes:
        values["quotes_found"] = sum(quote.found for quote in told.quotes) / len(told.quotes)
    return values


def _valid(told: Answer) -> float:
    """The share of cited numbers that are sources; 0 if nothing is cited."""
    wrong = sum(problem.kind == "no_such_source" for problem in told.problems)
    right = sum(len(citation.numbers) for citation in citations(told.text))
    return right / (right + wrong) if right else 0.0


def of_words(text: str, references: Iterable[str]) -> dict[str, float]:
    """F1 and recall of words, and whether all are the same, for the reference that each is best for.

    Case, punctuation and order don't count; articles do, since which words are articles depends on the language.

    >>> of_words("It needs 3 litres.", ["3 litres", "three"])
    {'token_f1': 0.6666666666666666, 'token_recall': 1.0, 'exact_match': 0.0}
    """
    said = Counter(term.key for term in terms(text))
    best = {"token_f1": 0.0, "token_recall": 0.0, "exact_match": 0.0}
    for reference in references:
        right = Counter(term.key for term in terms(reference))
        shared = (said & right).total()
        if shared:
            found = (2 * shared / (said.total() + right.total()), shared / right.total(), float(said == right))
            best = {name: max(old, new) for (name, old), new in zip(best.items(), found, strict=True)}
    return best


def of_context(told: Answer, one: Resolved) -> dict[str, float]:
    """How much of the evidence was put before the model, and how much of what was put there is evidence.

    ``evidence_``: in characters, if all evidence is places; ``document_``: in documents, precision in characters.
    An empty context has 0 everywhere.
    """
    relevant = [place for place in one.places if place.evidence.grade]
    shown = [(source.doc_id, source.start, source.end) for source in told.sources]
    documents = {place.doc_id for place in relevant}
    n_shown = sum(end - start for _, start, end in shown)
    n_of_these = sum(end - start for doc_id, start, end in shown if doc_id in documents)
    found = documents & {doc_id for doc_id, _, _ in shown}
    values = {"document_recall": len(found) / len(documents), "document_precision": _share(n_of_these, n_shown)}
    wanted: dict[str, list[tuple[int, int]]] = {}
    for place in relevant:
        if place.start is None or place.end is None:
            return values
        wanted.setdefault(place.doc_id, []).append((place.start, place.end))
    measured: Mapping[str, float] = of_spans(wanted, shown)
    return values | {f"evidence_{name}": measured[name] for name in ("recall", "precision")}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
