"""Words of which a part is written as ``*``: expressions that find them in texts as they are written."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from lake.errors import UsageError
from lake.tables.analyzer import is_unspaced
from lake.tables.folding import is_marked, plain, spelt

#: Wildcards of a question, and characters of each.
MOST_WILDCARDS, _LONGEST = 8, 100
_LEAST_LETTERS = 2
#: The regular expressions are those of Rust's ``regex``, which take linear time and know no look-around.
_BEFORE, _BEHIND = r"(?:^|[^\p{L}\p{N}])", r"(?:$|[^\p{L}\p{N}\p{M}])"
_INVISIBLE = r"\x{AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}\x{640}"
_SIGNS = {"-": r"[-\x{2010}-\x{2015}\x{2212}]", "'": r"['\x{2018}\x{2019}\x{2BC}]"}
_SPELT_OUT = {"ae": "ä", "oe": "ö", "ue": "ü", "aa": "å"}
#: Characters that may be written for others: those of the Basic Multilingual Plane but for Hangul and private ones.
_MAY_VARY = (range(0x80, 0xAC00), range(0xF900, 0xFFF0))
_LONGEST_LIGATURE = 3


def check_wildcard(word: str) -> None:
    """Raise UsageError for a word with ``*`` that would find nearly everything, or that is too long."""
    n_letters = sum(2 if is_unspaced(letter) else letter.isalnum() for letter in word)
    if n_letters < _LEAST_LETTERS:
        raise UsageError(f"{word!r} has too few letters; write at least two letters or digits beside *, such as pump*")
    if len(word) > _LONGEST:
        raise UsageError(f"{word[:40]!r}... has {len(word)} characters; a word with * may have {_LONGEST}")


def expression(word: str, *, keeps_accents: bool = False) -> str:
    """The expression for a word in which ``*`` stands for any characters but spaces.

    Case does not count, nor do accents and widths unless ``keeps_accents``. A word begins after anything but letters
    and digits; scripts without spaces have no such places.

    >>> expression("AB-4*", keeps_accents=True)
    '(?i)(?:^|[^\\\\p{L}\\\\p{N}])ab[-\\\\x{2010}-\\\\x{2015}\\\\x{2212}]4'
    """
    folded = spelt(word).casefold()
    folded = folded if keeps_accents else plain(folded)
    begins, ends = folded[0] != "*" and _is_spaced(folded[0]), folded[-1] != "*" and _is_spaced(folded[-1])
    parts = [part for part in folded.split("*") if part]
    of_part: Callable[[str], str] = _exactly if keeps_accents else _in_any_spelling
    return "(?i)" + (_BEFORE if begins else "") + r"\S*".join(map(of_part, parts)) + (_BEHIND if ends else "")


def _is_spaced(letter: str) -> bool:
    return letter.isalnum() and not is_unspaced(letter)


def _exactly(part: str) -> str:
    return "".join(_SIGNS.get(letter) or re.escape(letter) for letter in part)


def _in_any_spelling(part: str) -> str:
    return "".join(_spellings(part))


def _spellings(part: str) -> Iterator[str]:
    variants, at = _variants(), 0
    while at < len(part):
        letters = part[at : at + 1]
        for length in range(_LONGEST_LIGATURE, 1, -1):
            longer = part[at : at + length]
            if len(longer) == length and longer in variants:
                yield f"(?:{''.join(map(_letter, longer))}|[{_escaped(variants[longer])}]{_marks(longer[-1])})"
                letters = longer
                break
        else:
            yield _letter(letters)
        at += len(letters)


def _letter(letter: str) -> str:
    if sign := _SIGNS.get(letter):
        return sign
    others = _variants().get(letter, "")
    return (f"[{_escaped(letter + others)}]" if others else re.escape(letter)) + _marks(letter)


def _marks(letter: str) -> str:
    """Accents and invisible characters after a letter; of a script whose marks are vowels only the latter."""
    return rf"[{_INVISIBLE}{chr(92) + 'p{M}' if is_marked(letter) else ''}]*" if letter.isalnum() else ""


def _escaped(letters: str) -> str:
    return "".join(rf"\x{{{ord(letter):X}}}" for letter in letters)


@cache
def _variants() -> Mapping[str, str]:
    """The characters that are written for folded ones; an accent that is a character of its own is none."""
    found: dict[str, str] = defaultdict(str, _SPELT_OUT)
    for code in (code for each in _MAY_VARY for code in each):
        letter = chr(code)
        if unicodedata.category(letter)[0] in "LN":
            folded = plain(spelt(letter).casefold())
            if folded != letter and 0 < len(folded) <= _LONGEST_LIGATURE:
                found[folded] += letter
    return dict(found)
