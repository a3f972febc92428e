"""Prefers the very word of a question of one word to its other forms and parts: "war" to "wars", "6.1.2" to "6"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lake.tables.analyzer import pieces_of
from lake.tables.folding import spelt

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.search.candidates import RankedList

#: Reads columns of chunks by their row ids, in their order.
Rows = Callable[[Sequence[int], Sequence[str]], "pa.Table"]
#: The columns of chunks that may hold the word.
SEARCHED = ("text", "heading", "title", "uri")
#: Chunks whose texts are read, since a search may go thousands deep; those after them count as other forms.
_READ = 512
#: Characters of a run without spaces that is one word, and no question.
_LONGEST_RUN = 12
#: A number, a clause, a version, a product code. Their parts alone, such as 6 of 6.1.2, may stand anywhere.
_IDENTIFIER = re.compile(r"(?=\D*\d)\S{2,64}")
#: Weight of a chunk that has only other forms of the word.
_OTHER_FORM = 0.25


def lone_word(question: str) -> str | None:
    """The only word of a question, case-folded; None for more words, and for names with signs, but no digit.

    Of a script without spaces, a short run counts as a word.

    >>> lone_word("Deniz?"), lone_word("wars"), lone_word("e-mail"), lone_word("the war"), lone_word("灯台")
    ('deniz', 'wars', None, None, '灯台')
    >>> lone_word("AB-4711"), lone_word("6.1.2?"), lone_word("§ 6.1.2")
    ('ab-4711', '6.1.2', None)
    """
    word = spelt(question).strip(" ?!.,;:").casefold()
    if _is_unspaced(word):
        return word if len(word) <= _LONGEST_RUN else None
    is_one = word.isalpha() or _IDENTIFIER.fullmatch(word)
    return word if is_one and not any(unspaced for _, _, unspaced in pieces_of(word)) else None


def _is_unspaced(word: str) -> bool:
    return [(piece, unspaced) for _, piece, unspaced in pieces_of(word)] == [(word, True)]


def _pattern(word: str) -> re.Pattern[str]:
    around = ("", "") if _is_unspaced(word) else (r"(?<![^\W_])", r"(?![^\W_])")
    return re.compile(re.escape(word).join(around))


def exact_first(found: RankedList, question: str, rows: Rows, more: Sequence[str] = ()) -> RankedList:
    """The list with less weight for chunks that lack the question's only word as it is written, whatever its case.

    If all lack it, all keep their weight. ``more``: columns that may hold it, besides SEARCHED.
    """
    word = lone_word(question)
    if word is None or not len(found.row_ids):
        return found
    table = rows(found.row_ids[:_READ].tolist(), (*SEARCHED, *more))
    texts = zip(*(column.to_pylist() for column in table.columns), strict=True)
    pattern = _pattern(word)
    holds = [any(pattern.search(spelt(one).casefold()) for one in each if one) for each in texts]
    if not any(holds):
        return found
    weights = np.full(len(found.row_ids), _OTHER_FORM)
    weights[: len(holds)][holds] = 1.0
    scores = found.scores * weights
    order = np.argsort(-scores, kind="stable")
    return replace(found, row_ids=found.row_ids[order], scores=scores[order])
