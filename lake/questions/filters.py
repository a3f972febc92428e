"""Finds problems of a drafted question from its words alone, without a model."""

from __future__ import annotations

import re
from collections import Counter

from lake.answer.terms import sentences, terms

#: A question is a copy if more than this share of its three-word runs are in the sentence that answers it.
COPIED = 0.5
_RUN = 3
#: Two answers, or questions, that share this much of their words.
AGREEING, ALIKE = 0.6, 0.8

#: A question that refers to the text it was made from, in the commonest languages of models.
_POINTING = re.compile(
    r"\b(?:this|the (?:above|given|following|provided|present)|according to the)\s+"
    r"(?:document|passage|text|section|article|excerpt|paragraph|chapter|table|figure|page|context|source|snippet)\b"
    r"|\bthe (?:passage|excerpt|snippet)\b(?! of\b)|\b(?:mentioned|described|listed|shown|stated) above\b"
    r"|\bdies(?:er|em|es|en)?\s+(?:text|dokument|abschnitt|artikel|auszug|absatz|kapitel)s?\b"
    r"|\b(?:im|laut|nach|gemäß)(?: dem)?(?: obigen| vorliegenden)? (?:text|dokument|auszug|abschnitt)\b"
    r"|\b(?:ce|cet|cette|selon le|d.après le|dans le)\s+(?:document|texte|passage|extrait)\b"
    r"|\b(?:este|según el|en el)\s+(?:documento|texto|pasaje|fragmento)\b"
    r"|(?:本文|上文|这段|該文|この(?:文書|文章|文|節))",
    re.IGNORECASE,
)


def place_of(quote: str, text: str) -> tuple[int, int] | None:
    """Span of the quote, ignoring white space; the first of several.

    >>> place_of("oil  at night", "It burns oil\\nat night."), place_of("oil by night", "It burns oil at night.")
    ((9, 21), None)
    """
    words = quote.split()
    found = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    return found.span() if found else None


def around(text: str, start: int, end: int) -> str:
    """The sentences that overlap a span."""
    touched = [span for span in sentences(text) if span[0] < end and start < span[1]]
    return text[touched[0][0] : touched[-1][1]] if touched else text[start:end]


def is_copied(question: str, answering: str) -> bool:
    """Whether the question is hardly more than the sentence that answers it.

    >>> is_copied("The pump needs how many litres of oil?", "The pump needs 3 litres of oil every day.")
    False
    >>> is_copied("Who says the pump needs 3 litres of oil?", "The pump needs 3 litres of oil every day.")
    True
    """
    question_runs, answer_runs = _runs(question), _runs(answering)
    return bool(question_runs) and len(question_runs & answer_runs) > COPIED * len(question_runs)


def _runs(text: str) -> set[tuple[str, ...]]:
    keys = [term.key for term in terms(text)]
    return {tuple(keys[n : n + _RUN]) for n in range(len(keys) - _RUN + 1)}


def points_at_text(question: str) -> bool:
    """Whether it refers to the writer's text, which users who read the question do not see.

    >>> points_at_text("What does this section say?"), points_at_text("What is a section of a pipe?")
    (True, False)
    """
    return _POINTING.search(question) is not None


def overlap(a: str, b: str) -> float:
    """F1 of the words of two texts, counting repeated words; 0 if either has none.

    >>> overlap("3 litres of oil", "3 litres"), overlap("", "")
    (0.6666666666666666, 0.0)
    """
    left, right = (Counter(term.key for term in terms(text)) for text in (a, b))
    shared = sum((left & right).values())
    return 2 * shared / (left.total() + right.total()) if shared else 0.0


def agree(a: str, b: str) -> bool:
    """Whether two answers have nearly the same words and the same numbers; False is no proof of a difference.

    >>> agree("3 litres of oil", "3 litres oil"), agree("3 litres of oil", "4 litres of oil")
    (True, False)
    """
    numbers = [{term.key for term in terms(text) if term.is_number} for text in (a, b)]
    return numbers[0] == numbers[1] and overlap(a, b) >= AGREEING


def are_alike(a: str, b: str) -> bool:
    """Whether two questions have nearly the same words and the same numbers."""
    numbers = [{term.key for term in terms(text) if term.is_number} for text in (a, b)]
    return numbers[0] == numbers[1] and overlap(a, b) >= ALIKE
