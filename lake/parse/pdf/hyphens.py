"""Hyphens at line ends: part of the word, or only the sign of its division; decided by evidence.

A hyphen before "and" may stand for the end of a later word. For all others the evidence is, in this order: a digit
beside the hyphen; how the document writes the word elsewhere; a capital after the hyphen; a single letter, a number
word or another first part of English compounds before it; whether both parts are words of the document. What is left
is a divided word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from lake.parse.pdf.page_text import LINE_END_HYPHEN

HYPHENS = f"-\u2010\u2011\xad{LINE_END_HYPHEN}"
_WORDS = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011][^\W\d_]+)*")
#: Where letters and hyphens beyond ASCII stand.
_FOREIGN = re.compile("[\xaa-\u1fff\u2010\u2011\u2071-\u2189\u2c00-\ufffd\U00010000-\U0003ffff]")
#: Each byte that is no letter and no hyphen, as a space.
_ASCII_LETTERS = bytes(byte if byte == 0x2D or bytes([byte]).isalpha() else 0x20 for byte in range(256))
_BEFORE = re.compile(r"[^\W_](?:[\w'\u2019.\-\u2010\u2011]*[^\W_])?\Z")
_AFTER = re.compile(r"[^\W_][\w\-\u2010\u2011]*")
#: Closing signs, or the rest of an address.
_CLOSING = re.compile(r"[^\w\s]+(?=\s|\Z)|[./@:?&=#~]\S+")
#: An address up to its last slash, after which a hyphen is one of its signs.
_PATH = re.compile(r"(?:://|www\.)\S*/\Z")
_MARKED_END = re.compile(rf"{LINE_END_HYPHEN}\s*")
_LINE_END = re.compile(rf"{LINE_END_HYPHEN}\s*|[-\u2010\u2011\xad][^\S\r\n]*\r?\n\s*")
#: What may end a line after a hyphen of the text's own. An expression that begins with one character is searched at
#: ten times the speed of a string of two.
_ASCII_END = re.compile("-[\r\n ]")
_OTHER_END = re.compile("[\u2010\u2011\xad][\r\n ]")
_LONGEST = 60
_FIRST_WORD = re.compile(r"\s*[^\W_]+")
_SPLIT = re.compile(r"[-\u2010\u2011]")

_SMALL = re.compile(
    "a|an|and|any|are|as|at|be|but|by|can|do|for|from|had|has|he|her|here|his|how|if|in|into|is|it|its|may|more|my|no|"
    "not|of|off|on|one|or|our|out|over|per|so|some|than|that|the|their|them|then|there|these|they|this|to|under|up|us|"
    "was|we|were|what|when|where|which|who|why|with|you|your"
)
_FIRST_PARTS = re.compile(
    "well|self|ill|non|ex|half|cross|high|low|long|short|full|double|single|vice|quasi|two|three|four|five|six|seven|"
    "eight|nine|ten|first|second|third"
)
#: Second parts that a word before them keeps apart by a hyphen: "machine-dependent".
_LAST_PARTS = re.compile(
    "dependent|independent|compatible|specific|based|style|aware|oriented|related|driven|defined|valued|friendly|"
    "sensitive|insensitive|readable|parseable|generated|controlled|controllable|encoded|compliant"
)
#: What follows one of these first parts in a word that is no compound: "short-age", "high-way".
_ENDINGS = re.compile(
    "able|ages?|aged|ary|ed|en|ened|ening|er|ers|est|eth|ful|hood|ies|ily|ings?|ish|ishes|less|ly|ment|ness|ship|some|"
    "sy|ty|ware|ways?|lights?|lighted|lands?|lines?|words?|roads?|comings?|cuts?|stop"
)
#: Words after a hyphen that stands for the end of a later word: "pre- and postwar", "Haupt- und Nebengebäude".
_JOINS_PARTS = re.compile("und|oder|sowie|bzw|och|eller")
_JOINS_FIRST_PARTS = re.compile("and|or|nor|to|bis")
_SUSPENDED = re.compile(
    "pre|post|pro|anti|sub|non|short|long|mid|inter|intra|micro|macro|mono|multi|single|half|full|part|high|low|under|"
    "over|upper|lower|inner|outer|left|right|front|back|first|second|third|one|two|three|four|five|six|seven|eight|"
    "nine|ten|ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn"
)
_TENS = re.compile("twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety")


class Hyphens:
    """The words of a document that stand in one line, as evidence for those at line ends."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._words: Counter[str] | None = None
        self._pairs: Counter[tuple[str, str]] = Counter()

    def joined(self, line: str, following: str) -> tuple[str, str] | None:
        """``line`` with the whole word, and the rest of the next line; None if no word goes over the end."""
        line, following = line.rstrip(), following.lstrip()
        if line[-1:] not in HYPHENS or not line:
            return None
        before = _BEFORE.search(line[:-1], max(0, len(line) - _LONGEST))
        after = _AFTER.match(following) if before else None
        if before is None or after is None:
            return None
        end = after.end()
        if closing := _CLOSING.match(following, end):
            end = closing.end()
        whole = line[: before.start()] + self._whole(line, before, after) + following[after.end() : end]
        return whole, following[end:].lstrip()

    def resolved(self, text: str) -> str:
        """The text of a page as it is drawn, with its divided words joined."""
        pieces = []
        position = 0
        for before, after in _divided(text):
            if before.start() >= position:
                closing = _CLOSING.match(text, after.end())
                end = closing.end() if closing else after.end()
                whole = self._whole(text, before, after) + text[after.end() : end]
                pieces += [text[position : before.start()], whole, "\n"]
                position = end
        return "".join([*pieces, text[position:]]) if pieces else text

    def _whole(self, text: str, before: re.Match[str], after: re.Match[str]) -> str:
        start = before.start()
        if _PATH.search(text[max(0, start - _LONGEST) : start]):
            return f"{before[0]}-{after[0]}"
        return self.word(before[0], after[0])

    def word(self, left: str, right: str) -> str:
        """The word of which a line ends with ``left`` and a hyphen, and the next begins with ``right``.

        They are two words if the hyphen stands for the end of a later one.
        """
        if self._is_suspended(left, right):
            return f"{left}- {right}"
        return f"{left}-{right}" if self._keeps(left, right) else left + right

    def _keeps(self, left: str, right: str) -> bool:
        if not (left[-1].isalpha() and right[0].isalpha()):
            return True
        one, other = _SPLIT.split(left)[-1], _SPLIT.split(right)[0]
        small_one, small_other = one.lower(), other.lower()
        n_joined, n_apart = self._n_written(small_one + small_other), self._pairs[small_one, small_other]
        if n_joined or n_apart:
            return n_apart >= n_joined
        if right[0].isupper():
            return not (one.isupper() and other.isupper()) or self._are_capitals_apart(one, other)
        if one[-2:].isupper() and len(one) > 1:
            return True
        if _LAST_PARTS.fullmatch(small_other) and len(one) > 2 and self._n_written(one) > 0:
            return True
        if len(one) == 1 or _TENS.fullmatch(small_one):
            return True
        if _FIRST_PARTS.fullmatch(small_one) and len(other) > 2 and not _ENDINGS.fullmatch(small_other):
            return True
        if one != left or other != right:
            is_small = _SMALL.fullmatch(small_one) or _SMALL.fullmatch(small_other)
            return bool(is_small) or (self._n_written(small_one) > 0 and self._n_written(small_other) > 0)
        are_words = min(len(one), len(other)) > 2 and self._n_written(one) > 0 and self._n_written(other) > 0
        return are_words and not _SMALL.fullmatch(small_one)

    def _are_capitals_apart(self, one: str, other: str) -> bool:
        """Whether two parts in capitals are names of their own, such as "US-ASCII", and no "DEPART-MENT"."""
        if len(one) == 1 or len(other) < 3:
            return True
        return self._n_written(other) > 0 and (len(one) == 2 or self._n_written(one) > 0)

    def _is_suspended(self, left: str, right: str) -> bool:
        if not (right.islower() and len(left) > 1):
            return False
        first = _SPLIT.split(left)[-1].lower()
        if _JOINS_PARTS.fullmatch(right):
            return self._n_written(first + right) == 0
        if not _JOINS_FIRST_PARTS.fullmatch(right) or self._n_written(first + right):
            return False
        is_word = right in ("and", "or") and len(first) > 2 and self._n_written(first) > 0
        return is_word or first.isdigit() or _SUSPENDED.fullmatch(first) is not None

    def _known(self) -> Counter[str]:
        """How often each word occurs inside a line, as it is written."""
        if self._words is None:
            words: Counter[str] = Counter()
            for text in self._texts:
                words.update(_written_words(text))
                words.subtract(_at_edges(text))
                for before, after in _divided(text):
                    words.subtract(_written_words(before[0]))
                    words.subtract(_written_words(after[0]))
            mixed = [word for word in words if not (word[1:].islower() or word.isupper()) and len(word) > 1]
            for word in mixed:
                words[word.lower()] += words[word]
            for compound in [word for word in words if not word.isalpha()]:
                n = words.pop(compound)
                for run in re.split(r"--+", _SPLIT.sub("-", compound.strip("-"))):
                    words[run] += n
                    for one, other in pairwise(run.lower().split("-")):
                        self._pairs[one, other] += n
            self._words = words
        return self._words

    def _n_written(self, word: str) -> int:
        """How often a word occurs as it is written; one in small letters with capitals too."""
        words = self._known()
        return words[word] + words[word.capitalize()] + words[word.upper()] if word.islower() else words[word]


def _written_words(text: str) -> list[str]:
    """The words of a text, with hyphens inside and perhaps around them."""
    if text.isascii() or not _FOREIGN.search(text):  # several times as fast as an expression
        return text.encode("ascii", "replace").translate(_ASCII_LETTERS).decode().split()
    return _WORDS.findall(text)


def _divided(text: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """The two parts of each word that goes over the end of a line."""
    has_others = _ASCII_END.search(text) or (not text.isascii() and _OTHER_END.search(text))
    if not has_others and LINE_END_HYPHEN not in text:
        return
    for end in (_LINE_END if has_others else _MARKED_END).finditer(text):
        before = _BEFORE.search(text, max(0, end.start() - _LONGEST), end.start())
        after = _AFTER.match(text, end.end()) if before else None
        if before and after:
            yield before, after


def _at_edges(text: str) -> list[str]:
    """The first word of a page, and a divided one at its end: either may be part of a word over two pages."""
    first = _FIRST_WORD.match(text)
    found = _WORDS.findall(first[0]) if first else []
    text = text.rstrip()
    last = _BEFORE.search(text, max(0, len(text) - _LONGEST), len(text) - 1) if text[-1:] in HYPHENS and text else None
    return found + _WORDS.findall(last[0]) if last else found
