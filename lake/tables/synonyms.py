"""Synonyms: words that a full-text query finds as well, by rules that a person wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from lake.errors import UsageError
from lake.tables.text_query import TextQuery
from lake.tables.words import asked

MAX_RULES, MAX_TERMS, MAX_TERM = 5_000, 30, 100
_WORD = re.compile(r"\w+")
#: A term of a question, and what is searched for besides.
Expansion = tuple[str, tuple[str, ...]]
#: The words of a text in the form in which they are compared.
Words = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Each of ``terms`` also finds ``others``."""

    terms: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Synonyms:
    """Rules in the order of their lines."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Synonyms:
        """Lines such as ``car, auto`` (each finds the other) and ``tv => television`` (one way).

        Blank lines and lines that begin with # do not count. Raises UsageError with the number of a wrong line.
        """
        rules = [
            _rule(number, line.strip())
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
        if not rules or len(rules) > MAX_RULES:
            raise UsageError(f"a list of synonyms needs 1 to {MAX_RULES:,} rules, not {len(rules):,}")
        return cls(tuple(rules))

    def of(self, text: str, words: Words) -> list[Expansion]:
        """The terms of the rules that the text holds, word by word, each with what it finds besides."""
        known, found = _known(self, words), dict[str, tuple[str, ...]]()
        said = list(words(text))
        for place, first in enumerate(said):
            for sequence, term, others in known.get(first, ()):
                if tuple(said[place : place + len(sequence)]) == sequence:
                    found[term] = tuple(dict.fromkeys((*found.get(term, ()), *others)))
        return list(found.items())


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, for tables whose words Lance makes."""
    return _WORD.findall(text.casefold())


@dataclass(frozen=True, slots=True)
class StemmedWords:
    """The words of a text as a release's own language stems them."""

    algorithm: str
    tokenizer: str

    def __call__(self, text: str) -> list[str]:
        return asked(text, [self.algorithm], self.tokenizer).phrases[0].split()


def with_synonyms(query: TextQuery, words: Sequence[str]) -> TextQuery:
    """The query that also searches for these words; only a query of plain words is expanded.

    Like further forms of a word, they count half as much as the question's own words.
    """
    if not words or not query.is_words or query.clauses[0].fuzziness:
        return query
    clause = query.clauses[0]
    own = {*clause.text.split(), *clause.forms.split()}
    added = [word for word in dict.fromkeys(words) if word not in own]
    return replace(query, clauses=(replace(clause, forms=" ".join([*clause.forms.split(), *added])),))


def _rule(number: int, line: str) -> Rule:
    left, arrow, right = line.partition("=>")
    sides = [tuple(filter(None, map(str.strip, side.split(",")))) for side in (left, right)]
    terms, others = sides if arrow else (sides[0], sides[0])
    wrong = next((term for term in (*terms, *others) if len(term) > MAX_TERM or not any(map(str.isalnum, term))), None)
    if wrong is not None:
        raise UsageError(
            f"line {number}: {wrong[:40]!r} is no term of 1 to {MAX_TERM} characters with a letter or digit"
        )
    n_least = 1 if arrow else 2
    if not (n_least <= len(terms) <= MAX_TERMS and 1 <= len(others) <= MAX_TERMS) or "=>" in right:
        raise UsageError(
            f"line {number}: {line[:60]!r} is no rule; write 'car, auto' or 'tv => television', with at most "
            f"{MAX_TERMS} terms a side"
        )
    return Rule(terms, others)


_Known = dict[str, list[tuple[tuple[str, ...], str, tuple[str, ...]]]]


@lru_cache(maxsize=16)
def _known(synonyms: Synonyms, words: Words) -> _Known:
    """For each first word, the words of a term, the term, and what it finds besides."""
    found: _Known = {}
    for rule in synonyms.rules:
        for term in rule.terms:
            sequence = tuple(words(term))
            others = tuple(other for other in rule.others if other != term)
            if sequence and others:
                found.setdefault(sequence[0], []).append((sequence, term, others))
    return found
