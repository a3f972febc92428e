"""Splits compounds: "Krankenversicherungsbeitrag" holds "Versicherung" and "Beitrag"."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from lake.tables.compound_words import COMPOUND_WORDS
from lake.tables.folding import stemmed

#: Letters of a compound, at least and at most, of its parts, of a first part that is no known word, of stems, and of
#: stems that hardly stand in other words by chance.
_LEAST, _LONGEST, _LEAST_PART, _LEAST_UNKNOWN, _LEAST_STEM, _LONG_STEM = 8, 60, 3, 4, 3, 5
_VOWELS = frozenset("aeiouyäöü")


class _Known(NamedTuple):
    """Stems of words that compounds are made of."""

    long: frozenset[str]
    every: frozenset[str]


@cache
def _known(algorithm: str) -> _Known:
    stems = {stemmed(word, algorithm) for word in COMPOUND_WORDS[algorithm].split()}
    return _Known(
        frozenset(stem for stem in stems if len(stem) >= _LONG_STEM),
        frozenset(stem for stem in stems if len(stem) >= _LEAST_STEM),
    )


def parts_of_compound(word: str, algorithm: str) -> tuple[str, ...]:
    """The words that a case-folded word is made of, last one first; nothing for a language without a list of them.

    A linking -s-, -en- or -er- belongs to neither: it is what the stemmer takes off. A first part need not be known,
    and comes whole as well as in parts.

    >>> parts_of_compound("krankenversicherungsbeiträge", "german"), parts_of_compound("apparat", "german")
    (('beiträge', 'krankenversicherungs', 'versicherungs', 'kranken'), ())
    """
    if algorithm not in COMPOUND_WORDS or not _LEAST <= len(word) <= _LONGEST:
        return ()
    known = _known(algorithm)
    if stemmed(word, algorithm) in known.every:
        return ()
    for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        first, last = word[:at], word[at:]
        head = stemmed(last, algorithm)
        if head not in known.every:
            continue
        is_known = stemmed(first, algorithm) in known.every
        if is_known or (head in known.long and len(first) >= _LEAST_UNKNOWN and not _VOWELS.isdisjoint(first)):
            return (last, first, *parts_of_compound(first, algorithm))
    return ()
