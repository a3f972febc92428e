"""Measures against their definitions, written down once more and without a library."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.measures import of_rankings, of_spans
from lake.errors import UsageError

ITEMS = st.sampled_from([f"d{n}" for n in range(12)])
JUDGED = st.dictionaries(ITEMS, st.integers(0, 3), min_size=1).filter(lambda grades: any(grades.values()))
RANKED = st.lists(ITEMS, unique=True, max_size=12)


def directly(grades: dict[str, int], ranked: list[str], k: int) -> dict[str, float]:
    """By the definitions of Järvelin and Kekäläinen, Voorhees, and nothing else."""
    relevant = {item for item, grade in grades.items() if grade}
    gains = [grades.get(item, 0) for item in ranked]
    ideal = sorted(grades.values(), reverse=True)
    hits = [item in relevant for item in ranked]

    def discounted(values: list[int]) -> float:
        return sum(value / math.log2(rank + 2) for rank, value in enumerate(values[:k]))

    precisions = [sum(hits[: n + 1]) / (n + 1) for n, hit in enumerate(hits) if hit]
    return {
        f"nDCG@{k}": discounted(gains) / discounted(ideal),
        f"R@{k}": sum(hits[:k]) / len(relevant),
        f"P@{k}": sum(hits[:k]) / k,
        "RR": next((1 / (n + 1) for n, hit in enumerate(hits) if hit), 0.0),
        "AP": sum(precisions) / len(relevant),
        f"Success@{k}": float(any(hits[:k])),
    }


@given(st.lists(st.tuples(JUDGED, RANKED), min_size=1, max_size=5), st.integers(1, 12))
def test_rankings_are_worth_what_the_definitions_say(cases: list[tuple[dict[str, int], list[str]]], k: int) -> None:
    judged = {f"q{n}": grades for n, (grades, _) in enumerate(cases)}
    ranked = {f"q{n}": items for n, (_, items) in enumerate(cases)}
    names = list(directly(*cases[0], k))
    found = of_rankings(judged, ranked, names)
    assert found.keys() == judged.keys()
    for question, (grades, items) in zip(judged, cases, strict=True):
        assert found[question] == pytest.approx(directly(grades, items, k), abs=1e-6)


def test_nothing_found_is_worth_nothing_and_the_ideal_stays() -> None:
    judged = {"a": {"x": 1, "y": 1}, "b": {"x": 1}, "c": {"x": 1}}
    found = of_rankings(judged, {"a": ["x"], "b": [], "elsewhere": ["x"]}, ["nDCG@10"])
    assert found["a"]["nDCG@10"] == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert found["b"] == found["c"] == {"nDCG@10": 0.0}
    assert of_rankings({}, {}) == {}
    with pytest.raises(UsageError, match="no measure 'nDCG@ten'"):
        of_rankings(judged, {}, ["nDCG@ten"])


SPANS = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda span: (span[0], span[0] + span[1]))


@given(st.lists(SPANS, min_size=1, max_size=4), st.lists(st.tuples(st.sampled_from("de"), SPANS), max_size=5))
def test_spans_are_counted_as_chunking_evaluation_counts(
    wanted: list[tuple[int, int]], passages: list[tuple[str, tuple[int, int]]]
) -> None:
    found = [(doc, start, end) for doc, (start, end) in passages]
    characters = {n for span in wanted for n in range(*span)}
    shared = {n for doc, start, end in found if doc == "d" for n in range(start, end)} & characters
    n_found = sum(end - start for _, start, end in found)
    measured = of_spans({"d": wanted}, found)
    assert measured["recall"] == pytest.approx(len(shared) / len(characters))
    assert measured["precision"] == pytest.approx(len(shared) / n_found if n_found else 0.0)
    assert measured["IoU"] == pytest.approx(len(shared) / (n_found + len(characters) - len(shared)))
