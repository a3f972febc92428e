"""A sentence of an answer beside the sentences of its source that hold most of its words."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.answer.measures import UNITS
from lake.answer.statement import StatedWord, Statement, language_of
from lake.answer.terms import sentences

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from lake.answer.figures import Figure

#: How fast words lose weight with their distance: in the sentence, and in the source.
FAR, FAR_IN_SOURCE = 0.3, 0.25
#: What is left of that weight behind a comma.
_OTHER_CLAUSE = 0.85
#: Share of what the best sentence holds that one holds which is as close.
_CLOSE = 0.5
#: Letters that two words begin with if one is made of the other: "Norman", "Normandy".
_ALIKE = 4
#: Between two sentences of cells that lost their borders.
_GLUED_SENTENCES = re.compile(r"(?<=[a-z)][.!?])(?=[A-Z][a-z])")
#: Parts between semicolons from which on they are read as sentences.
_LEAST_PARTS = 4


class SourceText:
    """A source, sentence by sentence; its language is that of most of its stop words.

    ``about`` has words that it may name though its text doesn't, such as the document's title.
    """

    def __init__(self, text: str, about: str = "") -> None:
        self.language = language_of(text)
        text = _GLUED_SENTENCES.sub(" ", text)
        units = [part for start, end in sentences(text) for part in _parts(text[start:end])]
        self.sentences = [Statement(unit, self.language) for unit in units]
        self._about = Statement(about, self.language).words
        self._n_holding = Counter(stem for sentence in self.sentences for stem in sentence.stems)

    def weight(self, stem: str) -> float:
        """Higher the fewer sentences hold the stem."""
        return math.log(1 + len(self.sentences) / (1 + self._n_holding[stem])) + 0.1

    def weights(self, stems: frozenset[str]) -> float:
        return sum(map(self.weight, stems))

    def has(self, stated: Statement) -> bool:
        """Whether a sentence stands there as it is, but for capitals and what is no word."""
        words = [word.key for word in stated.words]
        return any([word.key for word in each.words] == words for each in self.sentences)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(word.stem for sentence in self.sentences for word in sentence.words if word.is_name)

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(word.stem for words in self._words() for word in words)

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(word.key for words in self._words() for word in words)

    @cached_property
    def initials(self) -> frozenset[str]:
        """Two neighbouring letters of abbreviations, which may stand for any names that begin so."""
        short = [word.text for words in self._words() for word in words if word.text.isupper()]
        texts = [*short, "".join(text for text in short if len(text) == 1)]
        return frozenset(pair for text in texts for pair in map("".join, pairwise(text)))

    def _words(self) -> Iterator[list[StatedWord]]:
        yield self._about
        yield from (sentence.words for sentence in self.sentences)

    def knows(self, word: StatedWord) -> bool:
        """Whether the source has the word, one that it is a part of, or one that begins as it does."""
        if word.stem in self.stems or any(word.key in key for key in self.keys if len(key) > len(word.key)):
            return True
        return any(key[:_ALIKE] == word.key[:_ALIKE] for key in self.keys)

    @cached_property
    def figures(self) -> list[Figure]:
        return [figure for each in self.sentences for readings in each.figures.values() for figure in readings]


def _parts(sentence: str) -> list[str]:
    """A sentence, or what stands between the semicolons of one with many: a list that has no sentences."""
    parts = [part for part in sentence.split(";") if part.strip()]
    return parts if len(parts) >= _LEAST_PARTS else [sentence]


class Aligned:
    """A sentence beside the sentences of its source that hold most of it.

    ``best`` holds most; ``window`` adds neighbours that hold more, of which ``close`` ones hold at least half as much;
    ``share`` is the weighted share that all hold.
    """

    def __init__(self, stated: Statement, source: SourceText) -> None:
        self.stated, self.source = stated, source
        scores = [source.weights(stated.stems & each.stems) for each in source.sentences]
        middle = scores.index(max(scores))
        self.best = source.sentences[middle]
        held, chosen = stated.stems & self.best.stems, [middle]
        for near in (middle - 1, middle + 1, middle - 2, middle + 2):
            if 0 <= near < len(scores) and (more := stated.stems & source.sentences[near].stems - held):
                held |= more
                chosen.append(near)
        self.window = [source.sentences[i] for i in sorted(chosen)]
        least = _CLOSE * scores[middle]
        self.close = [each for each in self.window if source.weights(stated.stems & each.stems) >= least]
        self.share = source.weights(held) / (source.weights(stated.stems) or 1.0)

    def fit(
        self, place: int, text: Statement, at: int, left_out: Container[str] = UNITS, other_side: float = 1.0
    ) -> float:
        """How well the words around ``at`` in a sentence of the source fit those around ``place`` in the stated one.

        Words that are ``left_out``, such as units, stand beside any figure and tell none from another. One that stands
        before ``place`` and after ``at``, or the other way round, counts ``other_side``.
        """
        sides = {word.stem: word.place < place for word in reversed(self.stated.words)}
        near: dict[str, float] = {}
        clause = next((word.clause for word in text.words if word.place >= at), -1)
        for word in text.words:
            if word.stem in self.stated.stems and word.key not in left_out and len(word.key) > 1:
                closeness = (1.0 if word.clause == clause else _OTHER_CLAUSE) / (
                    1 + FAR_IN_SOURCE * abs(word.place - at)
                )
                closeness *= 1.0 if sides[word.stem] == (word.place < at) else other_side
                near[word.stem] = max(near.get(word.stem, 0.0), closeness)
        around = {w.stem: 1 / (1 + FAR * abs(w.place - place)) for w in reversed(self.stated.words) if w.is_content}
        return sum(self.source.weight(stem) * around[stem] * closeness for stem, closeness in near.items())
