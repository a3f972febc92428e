"""What scripts write together with a word, and readers search without: particles, articles, parts of a joined word."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Letters that may be conjunction, article and preposition before a Hebrew word, and the least letters of that word.
_HEBREW_PREFIXES, _LEAST_HEBREW = re.compile("[משהוכלב]{1,3}"), 3
_HEBREW_WORD, _HEBREW_MARKS = re.compile("[\u05d0-\u05ea]+"), re.compile("[\u0591-\u05c7]")
#: "And the", "so the": the stemmer takes off the article alone, and some prepositions.
_ARABIC = re.compile("[\u0648\u0641][\u064b-\u0652]*(?=\u0627[\u064b-\u0652]*\u0644[\u0621-\u0652]{2,}$)")
_KOREAN = re.compile(
    "(?P<noun>[\uac00-\ud7a3]+?)(?:들)?(?:을|를|이|가|은|는|에|의|도|로|와|과|만|께|에서|에게|에는|에도|으로|에서는|한테|부터|까지"
    "|보다|처럼|마다|하고|이나|이라|라고|이다|입니다)"
)
_JOINER = "\u200c"
_JOINED_ARABIC = re.compile("[\u0600-\u06ff]\u200c+[\u0600-\u06ff]")
_HEBREW_INITIALS = re.compile('(?<=[\u05d0-\u05ea])["\u05f4]+(?=[\u05d0-\u05ea])')


def without_affixes(word: str) -> Iterator[str]:
    """Other forms of a case-folded word, without what stands before or behind it.

    >>> list(without_affixes("והספר")), list(without_affixes("책을")), list(without_affixes("والمدرسة"))
    (['הספר', 'ספר'], ['책'], ['المدرسة'])
    """
    if _HEBREW_WORD.fullmatch(bare := _HEBREW_MARKS.sub("", word)):
        n_prefixes = len(found[0]) if (found := _HEBREW_PREFIXES.match(bare)) else 0
        yield from (bare[n:] for n in range(1, n_prefixes + 1) if len(bare) - n >= _LEAST_HEBREW)
    elif found := _KOREAN.fullmatch(word):
        yield found["noun"]
    elif found := _ARABIC.match(word):
        yield word[found.end() :]


def otherwise_joined(piece: str) -> Iterator[str]:
    """Other spellings of a text without spaces: a Persian word in its parts, Hebrew initials without their sign.

    >>> list(otherwise_joined("می\u200cخواهم")), list(otherwise_joined("צה״ל")), list(otherwise_joined("ab"))
    (['می', 'خواهم'], ['צהל'], [])
    """
    if piece.isascii():
        return
    if _JOINED_ARABIC.search(piece):
        yield from filter(None, piece.split(_JOINER))
    if _HEBREW_INITIALS.search(piece):
        yield _HEBREW_INITIALS.sub("", piece)
