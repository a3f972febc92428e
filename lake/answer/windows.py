"""Splits a source into overlapping windows of a few sentences, to find the one that best supports a sentence."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lake.answer.terms import SAME_STEM, Term, Weights, sentences, stem, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.answer.values import CitedSource

#: Sentences per window: the subject is often named in the sentence before.
_WINDOW = 3


class Windows:
    """``units``: terms of each sentence; ``keys``: of all of them, and of title and heading, which each window has."""

    def __init__(self, source: CitedSource) -> None:
        self.units = [terms(source.text[start:end]) for start, end in sentences(source.text)]
        self._heading = terms(f"{source.title} {source.heading}")
        self.keys = {term.key for unit in [*self.units, self._heading] for term in unit}
        self._n = max(1, len(self.units) - _WINDOW + 1)
        self._places: defaultdict[str, set[int]] = defaultdict(set)
        self._stems: defaultdict[str, set[int]] = defaultdict(set)
        for place, unit in enumerate(self.units):
            for key in {term.key for term in unit}:
                windows = range(max(0, place - _WINDOW + 1), min(place + 1, self._n))
                self._places[key].update(windows)
                self._stems[stem(key)].update(windows)

    def best(self, claimed: Sequence[Term], weights: Weights) -> list[Term]:
        """The terms of the first window that contains most of ``claimed`` by weight, and of title and heading."""
        scores = [0.0] * self._n
        for term in {term.key: term for term in claimed}.values():
            weight, exact = weights.of(term), self._places.get(term.key, set())
            for window in exact:
                scores[window] += weight
            for window in set() if term.is_number else self._stems.get(stem(term.key), set()) - exact:
                scores[window] += SAME_STEM * weight
        best = scores.index(max(scores))
        return [*self._heading, *(term for unit in self.units[best : best + _WINDOW] for term in unit)]
