"""Words, numbers and names of a text in any language, and their weights."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.chunk.boundaries import sentence_starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Scripts without spaces between words: two adjacent characters count as a word.
_DENSE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_TERM = re.compile(rf"\d+(?:[.,]\d+)*|[{_DENSE}]+|[^\W\d_{_DENSE}]+")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_DENSE_RUN = re.compile(rf"[{_DENSE}]+")

_STEM = 5
#: Weight of a match by the first letters alone: "burned" for "burning".
SAME_STEM = 0.7
_NUMBER_WEIGHT, _NAME_WEIGHT = 2.0, 1.5

#: German dates: a full stop behind the day ends no sentence.
_DAY = re.compile(r"(?<![\d.,])\d{1,2}\.\s*$")
_AFTER_DAY = re.compile(
    r"\s*(?:Jan(?:uar)?|Jänner|Feb(?:ruar)?|März|Apr(?:il)?|Mai|Juni?|Juli?|Aug(?:ust)?|Sept?(?:ember)?|Okt(?:ober)?|"
    r"Nov(?:ember)?|Dez(?:ember)?|Jahrhunderts?|Jh)\b"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A normalized word; ``is_name``: it has a capital in the middle of a sentence."""

    key: str
    is_number: bool = False
    is_name: bool = False


def terms(text: str) -> list[Term]:
    """The terms of a sentence in order.

    >>> [term.key for term in terms("The Saône burnt 1,200 lamps. 東京都")]
    ['the', 'saône', 'burnt', '1200', 'lamps', '東京', '京都']
    >>> terms("It was Anna")[2].is_name
    True
    """
    found: list[Term] = []
    for match in _TERM.finditer(unicodedata.normalize("NFKC", text)):
        word = match[0]
        if word[0].isdigit():
            found.append(Term(_number(word), is_number=True))
        elif _DENSE_RUN.fullmatch(word):
            found.extend(Term(word[i : i + 2]) for i in range(max(1, len(word) - 1)))
        else:
            found.append(Term(word.casefold(), is_name=bool(found) and word[0].isupper()))
    return found


def is_dense(text: str) -> bool:
    """Whether most of the text's letters are of a script without spaces between words.

    >>> is_dense("灯台は 1872 年"), is_dense("lamp 灯")
    (True, False)
    """
    n_dense = sum(map(len, _DENSE_RUN.findall(text)))
    return 2 * n_dense > sum(character.isalpha() for character in text)


def _number(word: str) -> str:
    return re.sub("[.,]", "", word) if _THOUSANDS.fullmatch(word) else word.replace(",", ".")


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences, line by line, without surrounding white space."""
    spans = []
    for line in re.finditer(r"[^\n]+", text):
        starts = [start for start in sentence_starts(line[0]) if not _is_in_a_date(line[0], start)]
        cuts = [0, *starts, len(line[0])]
        for start, end in pairwise(cuts):
            piece = line[0][start:end]
            if piece.strip():
                begin = line.start() + start + len(piece) - len(piece.lstrip())
                spans.append((begin, line.start() + start + len(piece.rstrip())))
    return spans


def _is_in_a_date(line: str, start: int) -> bool:
    """Whether a cut would part "15." from "Oktober"."""
    return bool(_AFTER_DAY.match(line, start) and _DAY.search(line[:start]))


def stem(key: str) -> str:
    """The first five letters, which most forms of a word share; the whole of a shorter word.

    >>> stem("lamplight") == stem("lamplighter"), stem("burns") == stem("burned")
    (True, False)
    """
    return key[:_STEM]


class Weights:
    """Weights of terms: higher the fewer sentences of some texts contain the term, highest if none does.

    Replaces lists of stop words, which each language would need.
    """

    def __init__(self, units: Sequence[Sequence[Term]]) -> None:
        self._n = len(units)
        self._holding = Counter(key for unit in units for key in {term.key for term in unit})

    def of(self, term: Term) -> float:
        rarity = math.log(1 + self._n / (1 + self._holding[term.key])) + 0.1
        return rarity * (_NUMBER_WEIGHT if term.is_number else _NAME_WEIGHT if term.is_name else 1.0)


class Vocabulary:
    """The terms of a text, for look-ups."""

    def __init__(self, found: Iterable[Term]) -> None:
        self.keys = {term.key for term in found}
        self._stems = set(map(stem, self.keys))

    def match(self, term: Term) -> float:
        """1 for a term that occurs, a part for one with the same first letters, else 0; numbers must be equal."""
        if term.key in self.keys:
            return 1.0
        return SAME_STEM if not term.is_number and stem(term.key) in self._stems else 0.0


def coverage(wanted: Sequence[Term], vocabulary: Vocabulary, weights: Weights) -> float:
    """The weighted share of ``wanted`` that is in the vocabulary; 1 if ``wanted`` has no weight."""
    distinct = {term.key: term for term in wanted}.values()
    whole = sum(weights.of(term) for term in distinct)
    return sum(weights.of(term) * vocabulary.match(term) for term in distinct) / whole if whole else 1.0
