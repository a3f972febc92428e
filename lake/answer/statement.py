"""A sentence as its words, clauses, figures and denials, to hold it against another one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from lake.answer.figures import TOKEN, figures
from lake.answer.polarity import COMPARED_DENIAL, IRREGULAR, NO_DENIAL, THAN, Forms, polarity
from lake.tables.folding import STEMMED, plain, spelt, stemmed
from lake.tables.stop_words import STOP_WORDS

if TYPE_CHECKING:
    from lake.answer.figures import Figure

_BORDER = re.compile(r"[,;:.!?()\u2013\u2014]")
_COMPOUND = re.compile(r"(?<![\d.,])\d{1,4}(?:([-/:])\d{1,4}(?:\1\d{1,4})?|\.\d{1,2}\.\d{2,4})(?![\d-])")
#: Between the cells of a table that lost its borders: "token countClaude".
_GLUED = re.compile(r"(?<=[a-z]{3})(?=[A-Z][a-z])")
_LEAST_GLUED = 3
#: Words that end the reach of a denial as a comma does.
_TURNS = Forms(
    "but although though because while whereas when since instead sondern aber weil während obwohl sino "
    "pero porque mientras aunque mais parce ma mas porém maar want"
)
#: Words that a denial reaches, stop words included.
_REACH, _REACH_BACK = 13, 5
#: Before "forbidden" and "ignored", which deny what stands before them.
_BEING = Forms("is are was were be been being gets got")
#: Denials at the end of a clause that leave out what they deny.
_ELLIPTIC = Forms("not never cannot can't don't doesn't didn't isn't aren't wasn't weren't won't mustn't shouldn't")
#: After "no" it compares nothing.
_NO_LONGER = Forms("longer")
#: Words that "without" reaches: its noun.
_REACH_OF_LACK = 3
#: Content words of a denial that are compared.
_DENIED = 6
#: Languages that also deny what stands before: "er gewann nicht".
_DENIES_BACKWARDS = frozenset(("da", "de", "nb", "nl", "sv", "tr"))
_GERMAN_ARTICLES = Forms(
    "der die das den dem des ein eine* kein* mein* sein* ihr* unser* dies* jed* alle* zum zur im am vom beim ins ans"
)
_CODES = {algorithm: code for code, algorithm in reversed(STEMMED.items())}


@dataclass(frozen=True, slots=True)
class StatedWord:
    """A word or number at ``place`` among the tokens of its sentence; ``stem`` is its accentless Snowball stem.

    ``is_name``: it has a capital in the middle of the sentence, and no article before it in German.
    """

    text: str
    key: str
    stem: str
    place: int
    clause: int
    is_content: bool
    is_name: bool


def language_of(text: str) -> str:
    """The language whose stop words a text has most of, as ISO 639-1 code; ``en`` if it has none.

    >>> language_of("Die Pumpe ist nicht in Betrieb"), language_of("La bomba no está en servicio"), language_of("x")
    ('de', 'es', 'en')
    """
    counted = Counter(spelt(text).casefold().split())
    scores = {one: sum(n for word, n in counted.items() if word in common) for one, common in STOP_WORDS.items()}
    best = max(scores, key=lambda one: (scores[one], one == "english"))
    return _CODES[best] if scores[best] else "en"


@cache
def synonyms(language: str) -> dict[str, str]:
    """Stems of words that mean the same as another one in most texts, each with the stem that stands for all of them.

    >>> synonyms("en")["purchas"] == synonyms("en")["acquir"] == "buy"
    True
    """
    algorithm = STEMMED.get(language, "")
    groups = [[stemmed(plain(word), algorithm) for word in group] for group in polarity(language).same]
    return {stem: group[0] for group in groups for stem in group}


class Statement:
    """A sentence in a language (ISO 639-1)."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self._spelt = _GLUED.sub(" ", spelt(text))
        self.tokens = TOKEN.findall(self._spelt)
        self.words = self._words()

    def _words(self) -> list[StatedWord]:
        algorithm = STEMMED.get(self.language, "")
        stops = STOP_WORDS.get(algorithm, frozenset())
        irregular = IRREGULAR if self.language == "en" else {}
        same = synonyms(self.language)
        words: list[StatedWord] = []
        clause = 0
        for place, token in enumerate(self.tokens):
            if _BORDER.fullmatch(token):
                clause += 1
                continue
            key = token.casefold().removesuffix("'s")
            is_word = key[:1].isalpha()
            stem = stemmed(plain(irregular.get(key, key)), algorithm) if is_word else key
            stem = same.get(stem, stem)
            is_name = is_word and token[0].isupper() and place > 0 and not self._is_noun(place)
            is_content = is_word and key not in stops and not (key in _NO_LONGER and words and words[-1].key == "no")
            words.append(StatedWord(token, key, stem, place, clause, is_content, is_name))
        return words

    def _is_noun(self, place: int) -> bool:
        """Whether a German word with a capital has an article, which few names have."""
        return self.language == "de" and self.tokens[place - 1].casefold() in _GERMAN_ARTICLES

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of the words that are no stop words."""
        return frozenset(word.stem for word in self.words if word.is_content)

    @cached_property
    def figures(self) -> dict[int, list[Figure]]:
        """Place of each number, and its possible readings."""
        places: dict[int, list[Figure]] = {}
        for figure in figures(self.tokens, self.language):
            places.setdefault(figure.place, []).append(figure)
        return places

    @cached_property
    def dated(self) -> frozenset[int]:
        """Places of the numbers of dates, times and other compounds, such as 2026-11-29, 14:30 and 5/7."""
        text = self._spelt
        spans = [found.span() for found in _COMPOUND.finditer(text)]
        starts = [found.start() for found in TOKEN.finditer(text)]
        return frozenset(place for place, at in enumerate(starts) if any(a <= at < b for a, b in spans))

    @cached_property
    def digits(self) -> str:
        return "".join(filter(str.isdecimal, self._spelt))

    @cached_property
    def is_table(self) -> bool:
        """Whether it is rather a table that lost its borders, whose numbers may be parts of others."""
        return len(_GLUED.findall(self.text)) >= _LEAST_GLUED

    @cached_property
    def runs(self) -> frozenset[str]:
        """The digits between other characters that are only a part of what is read as a number: 64 of "{1,64}"."""
        return frozenset(re.findall(r"\d{2,}", self._spelt)) - {*self.tokens}

    @cached_property
    def denying(self) -> list[int]:
        """Which of the words deny."""
        table, keys = polarity(self.language), [word.key for word in self.words]
        found = []
        for i, key in enumerate(keys):
            following = keys[i + 1 : i + 2]
            is_amount = key in COMPARED_DENIAL and {*keys[i + 2 : i + 3]} & THAN
            denies = key in table.denying or key in table.refusing
            if denies and not is_amount and not {*following} & {*NO_DENIAL.get(key, ())}:
                found.append(i)
        return found

    @cached_property
    def denials(self) -> list[frozenset[str]]:
        """The stems that each denying word reaches: to the end of its clause, in some languages also before."""
        return [frozenset([word.stem for word in self._reached(i) if word.is_content][:_DENIED]) for i in self.denying]

    @cached_property
    def denied(self) -> frozenset[int]:
        """Places of the words that are under an odd number of denials, stop words included."""
        counts = Counter(word.place for i in self.denying for word in self._reached(i))
        return frozenset(place for place, n in counts.items() if n % 2)

    def _reached(self, i: int) -> list[StatedWord]:
        clause = self.words[i].clause
        reached: list[StatedWord] = []
        table = polarity(self.language)
        is_short = self.words[i].key in table.lacking
        for word in self.words[i + 1 : i + 1 + (_REACH_OF_LACK if is_short else _REACH)]:
            if word.clause != clause or word.key in _TURNS:
                break
            reached.append(word)
        is_passive = i > 0 and self.words[i].key in table.refusing and self.words[i - 1].key in _BEING
        back = _REACH_BACK if self.language in _DENIES_BACKWARDS and not is_short else 0
        back = _REACH if is_passive else back
        is_refusing = self.words[i].key in table.refusing
        is_left_open = not any(word.is_content for word in reached) if is_refusing else not reached
        if not back and is_left_open and (is_refusing or self.words[i].key in _ELLIPTIC):
            # "An unlocked car is not": the clause before has what it is not.
            n_clauses = 1 if is_refusing else 2
            return reached + [word for word in self.words[:i] if clause - word.clause < n_clauses]
        return reached + [word for word in self.words[max(0, i - back) : i] if word.clause == clause]
