"""Full-text queries: words and phrases, and which of them must or must not occur."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from lake.errors import UsageError
from lake.options.search import MAX_FUZZINESS, Syntax
from lake.recipe.full_text import WORDS_REVISION
from lake.reporting import either
from lake.tables.analyzer import has_word
from lake.tables.wildcards import MOST_WILDCARDS, check_wildcard
from lake.tables.words import WORD_COLUMNS, asked

Occur = Literal["SHOULD", "MUST", "MUST_NOT"]

#: One term of the boolean syntax: its sign, a phrase or a word, and how many of its letters may differ.
_TERM = re.compile(r'(?P<sign>[+-]?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"~]+)(?:~(?P<fuzziness>\d*))?)')
#: Weight of a match in the heading's words: .3 to .6 were tried on the collections of benchmarks/quality.py.
_HEADING_BOOST = 0.5
_QUOTED = re.compile(r'\s*"(?P<phrase>[^"]*)"\s*')
#: Word processors write a phrase with other quotation marks.
_QUOTATION_MARKS = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02"), '"')
_OCCUR: dict[str, Occur] = {"": "SHOULD", "+": "MUST", "-": "MUST_NOT"}


@dataclass(frozen=True, slots=True)
class Clause:
    """Words, any of which matches unless ``is_phrase``; up to ``fuzziness`` letters of each may differ.

    A wildcard is one word in which ``*`` stands for any characters but spaces. ``forms`` are further words that match
    as well and count less. ``others`` are further spellings of a phrase.
    """

    text: str
    occur: Occur = "SHOULD"
    is_phrase: bool = False
    is_wildcard: bool = False
    fuzziness: int = 0
    forms: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Clauses whose BM25 scores add up; without a MUST clause, one matching SHOULD clause is enough."""

    clauses: tuple[Clause, ...]
    columns: tuple[str, str] = ("text", "heading")  # those that are searched
    heading_boost: float = 0.3  # weight of a match in the heading; adding both beats taking the better one

    @property
    def is_words(self) -> bool:
        """Whether the query is plain words, any of which may match."""
        first, *others = self.clauses
        return first.occur == "SHOULD" and not (others or first.is_phrase or first.is_wildcard)

    @property
    def wildcards(self) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clauses if clause.is_wildcard)

    def without_wildcards(self) -> TextQuery:
        """The other clauses, which may be none."""
        return replace(self, clauses=tuple(clause for clause in self.clauses if not clause.is_wildcard))


def plain(text: str, fuzziness: int = 0) -> TextQuery:
    """Query for all words of a question, or for a phrase if quotation marks enclose all of it."""
    if (found := _QUOTED.fullmatch(text)) and has_word(found["phrase"]):
        return TextQuery((Clause(found["phrase"], is_phrase=True),))
    return TextQuery((Clause(text, fuzziness=_checked(fuzziness)),))


def boolean(text: str, fuzziness: int = 0) -> TextQuery:
    """Parse ``"a phrase"``, ``+must``, ``-mustnot``, ``word~1`` (one letter may differ), ``word*`` (any end); other
    words should occur.

    >>> [(c.occur, c.text, c.is_phrase, c.fuzziness) for c in boolean('pump +"north hall" -draft alrm~1').clauses]
    [('MUST', 'north hall', True, 0), ('MUST_NOT', 'draft', False, 0), ('SHOULD', 'alrm', False, 1), \
('SHOULD', 'pump', False, 0)]
    """
    if text.count('"') % 2:
        raise UsageError(f"a quotation mark is open in {text!r}; close it, or use the plain syntax")
    terms = [_clause(found, fuzziness) for found in _TERM.finditer(text)]
    words = [term for term in terms if term == Clause(term.text, fuzziness=fuzziness)]
    clauses = [term for term in terms if term not in words and has_word(term.text)]
    if together := " ".join(word.text for word in words if has_word(word.text)):
        clauses.append(Clause(together, fuzziness=_checked(fuzziness)))
    if sum(clause.is_wildcard for clause in clauses) > MOST_WILDCARDS:
        raise UsageError(f"{text!r} has more than {MOST_WILDCARDS} words with *; search for fewer at a time")
    if not any(clause.occur != "MUST_NOT" for clause in clauses):
        raise UsageError(f"{text!r} names nothing to find; add a word without a minus")
    return TextQuery(tuple(clauses))


def _clause(found: re.Match[str], fuzziness: int) -> Clause:
    occur = _OCCUR[found["sign"]]
    if found["phrase"] is not None:
        return Clause(found["phrase"], occur, is_phrase=True)
    stated = found["fuzziness"]
    if "*" in found["word"] and has_word(found["word"]):
        check_wildcard(found["word"])
        if stated is not None:
            raise UsageError(f"{found[0]!r} has both * and ~; use one of them")
        return Clause(found["word"], occur, is_wildcard=True)
    return Clause(found["word"], occur, fuzziness=fuzziness if stated is None else _checked(int(stated or 1)))


def _checked(fuzziness: int) -> int:
    if not 0 <= fuzziness <= MAX_FUZZINESS:
        raise UsageError(f"fuzziness {fuzziness} must lie between 0 and {MAX_FUZZINESS} letters")
    return fuzziness


def in_words(query: TextQuery, algorithms: Sequence[str], tokenizer: str, revision: int = WORDS_REVISION) -> TextQuery:
    """The query to tables whose words raglake made, by the recipe's tokenizer and revision, stemmed by any of these
    algorithms."""
    each = (_in_words(one, algorithms, tokenizer, revision) for one in query.clauses)
    clauses = tuple(clause for clause in each if clause.text)
    return TextQuery(clauses, WORD_COLUMNS, _HEADING_BOOST)


def _in_words(clause: Clause, algorithms: Sequence[str], *spelling: Any) -> Clause:
    # The stem of a misspelt word may be further from the right one's than the word is.
    algorithms = (*algorithms, "") if clause.fuzziness else algorithms
    words, forms, phrases = asked(clause.text, algorithms, *spelling)
    if clause.is_phrase or (clause.occur != "SHOULD" and not clause.fuzziness):
        return replace(clause, text=phrases[0], is_phrase=True, others=phrases[1:])
    return replace(clause, text=" ".join(words), forms=" ".join(forms))


def text_query(text: str, syntax: str = "plain", fuzziness: int = 0) -> TextQuery:
    """Parse a question in one of the two syntaxes."""
    if syntax not in get_args(Syntax):
        raise UsageError(f"no syntax {syntax!r}; choose {either(get_args(Syntax))}")
    return (boolean if syntax == "boolean" else plain)(text.translate(_QUOTATION_MARKS), fuzziness)
