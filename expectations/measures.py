"""Measures of what a search found for one question: rankings by ir-measures, spans by characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.reporting import either

if TYPE_CHECKING:
    from ir_measures import Measure

#: Measures of a ranking; their names are those of ir-measures.
RANKED = ("nDCG@10", "R@5", "R@10", "R@100", "P@5", "P@10", "RR", "AP", "Success@1", "Success@5", "Success@10")
#: So many of the first passages are judged by their spans.
SPAN_CUTS = (5, 10)
SPAN_NAMES = ("recall", "precision", "IoU")

Span = tuple[int, int]

#: Grades by question and item, and items by question, best first.
Judged = Mapping[str, Mapping[str, int]]
Ranked = Mapping[str, Sequence[str]]


def parsed(names: Iterable[str]) -> list[Measure]:
    """Raises UsageError if ir-measures knows no measure of that name."""
    import ir_measures

    found = []
    for name in names:
        try:
            found.append(ir_measures.parse_measure(name))
        except (NameError, ValueError) as error:
            raise UsageError(f"no measure {name!r}; choose, for instance, {either(RANKED)}") from error
    return found


def cut_of(names: Sequence[str]) -> int:
    """The number of documents that the deepest of these measures looks at; 0 if none states a number.

    >>> cut_of(["nDCG@10", "R@100", "RR"]), cut_of(["AP"])
    (100, 0)
    """
    return max((int(measure.params.get("cutoff") or 0) for measure in parsed(names)), default=0)


def of_rankings(judged: Judged, ranked: Ranked, names: Sequence[str] = RANKED) -> dict[str, dict[str, float]]:
    """Value of each measure by question; all that is judged counts, and what was not found is worth 0.

    A question without a ranking has 0 everywhere. An item that comes twice counts where it came first.

    >>> of_rankings({"q": {"a": 1, "b": 1}, "r": {"c": 1}}, {"q": ["x", "a", "a"]}, ["RR", "R@2"])
    {'q': {'RR': 0.5, 'R@2': 0.5}, 'r': {'RR': 0.0, 'R@2': 0.0}}
    """
    import ir_measures

    measures = dict(zip(parsed(names), names, strict=True))
    values = {question: dict.fromkeys(names, 0.0) for question in judged}
    if not judged:
        return values
    run = {
        question: {item: -float(rank) for rank, item in enumerate(dict.fromkeys(items))}
        for question, items in ranked.items()
        if items and question in judged
    }
    grades = {question: dict(items) for question, items in judged.items()}
    for found in ir_measures.iter_calc(list(measures), grades, run) if run else ():
        values[found.query_id][measures[found.measure]] = float(found.value)
    return values


def of_spans(wanted: Mapping[str, Sequence[Span]], found: Sequence[tuple[str, int, int]]) -> dict[str, float]:
    """Recall, precision and intersection over union of characters, as chunking_evaluation defines them.

    ``wanted`` are spans by document, ``found`` the passages as (document, start, end). What several passages hold of
    the wanted text counts once; what they hold besides counts in each of them. A release may hold one text in
    several documents; only those named are wanted.

    >>> of_spans({"d": [(0, 10)]}, [("d", 5, 15), ("d", 5, 15)])
    {'recall': 0.5, 'precision': 0.25, 'IoU': 0.2}
    """
    shared = {doc: [(max(a, start), min(b, end)) for d, start, end in found if d == doc for a, b in spans]
              for doc, spans in wanted.items()}  # fmt: skip
    n_shared = sum(map(covered, shared.values()))
    n_wanted = sum(map(covered, wanted.values()))
    n_found = sum(end - start for _, start, end in found)
    recall = n_shared / n_wanted if n_wanted else 0.0
    precision = n_shared / n_found if n_found else 0.0
    union = n_found + n_wanted - n_shared
    return {"recall": recall, "precision": precision, "IoU": n_shared / union if union else 0.0}


def covered(spans: Iterable[Span]) -> int:
    """Characters that lie in at least one of the spans; empty ones, too, may be among them.

    >>> covered([(0, 4), (2, 6), (9, 8)])
    6
    """
    n_covered, reached = 0, 0
    for start, end in sorted(spans):
        n_covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return n_covered
