"""Hyphens at line ends: part of the word, or only the sign of its division; decided by evidence.

The evidence, in this order: a digit beside the hyphen; how the document writes the word elsewhere; a capital after the
hyphen; a single letter, a number word or another first part of English compounds before it; whether both parts are
words of the document. What is left is a divided word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from lake.parse.pdf.words import LINE_END_HYPHEN

HYPHENS = f"-\u2010\u2011\xad{LINE_END_HYPHEN}"
_WORDS = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011][^\W\d_]+)*")
_BEFORE = re.compile(rf"[^\W_](?:[\w'\u2019.\-\u2010\u2011]*[^\W_])?(?=[{HYPHENS}]$)")
_AFTER = re.compile(r"[^\W_][\w\-\u2010\u2011]*")
_DIVIDED = re.compile(
    rf"([^\W_](?:[\w'\u2019.\-\u2010\u2011]*[^\W_])?)(?:{LINE_END_HYPHEN}\s*|[-\u2010\u2011\xad][^\S\r\n]*\r?\n\s*)"
    r"([^\W_][\w\-\u2010\u2011]*)"
)
#: The first word of a page, and a divided one at its end: either may be part of a word that goes over both pages.
_AT_EDGES = re.compile(rf"\A\s*[^\W_]+|[^\W_]+[{HYPHENS}]\s*\Z")
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
#: What follows one of these first parts in a word that is no compound: "short-age", "high-way".
_ENDINGS = re.compile(
    "able|ages?|aged|ary|ed|en|ened|ening|er|ers|est|eth|ful|hood|ies|ily|ings?|ish|ishes|less|ly|ment|ness|ship|some|"
    "sy|ty|ware|ways?|lights?|lighted|lands?|lines?|words?|roads?|comings?|cuts?|stop"
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
        before = _BEFORE.search(line.rstrip()) if line and line.rstrip()[-1:] in HYPHENS else None
        after = _AFTER.match(following.lstrip()) if before else None
        if before is None or after is None:
            return None
        rest = following.lstrip()[after.end() :]
        closing = re.match(r"[^\w\s]+(?=\s|$)", rest)
        tail = closing[0] if closing else ""
        whole = line[: before.start()] + self.word(before[0], after[0]) + tail
        return whole, rest[len(tail) :].lstrip()

    def resolved(self, text: str) -> str:
        """The text of a page as it is drawn, with its divided words joined."""
        if LINE_END_HYPHEN not in text and "-" not in text and "\xad" not in text:
            return text
        return _DIVIDED.sub(lambda match: self.word(match[1], match[2]) + "\n", text)

    def word(self, left: str, right: str) -> str:
        """The word of which a line ends with ``left`` and a hyphen, and the next begins with ``right``."""
        return f"{left}-{right}" if self._keeps(left, right) else left + right

    def _keeps(self, left: str, right: str) -> bool:
        if not (left[-1].isalpha() and right[0].isalpha()):
            return True
        one, other = _SPLIT.split(left)[-1], _SPLIT.split(right)[0]
        small_one, small_other = one.lower(), other.lower()
        words = self._known()
        n_joined, n_apart = words[small_one + small_other], self._pairs[small_one, small_other]
        if n_joined or n_apart:
            return n_apart >= n_joined
        if right[0].isupper():
            return not (one.isupper() and len(one) > 2 and len(other) > 2)
        if len(one) == 1 or _TENS.fullmatch(small_one):
            return True
        if _FIRST_PARTS.fullmatch(small_one) and len(other) > 2 and not _ENDINGS.fullmatch(small_other):
            return True
        if one != left or other != right:
            is_small = _SMALL.fullmatch(small_one) or _SMALL.fullmatch(small_other)
            return bool(is_small) or (words[small_one] > 0 and words[small_other] > 0)
        are_words = min(len(one), len(other)) > 2 and words[one] > 0 and words[other] > 0
        return are_words and not _SMALL.fullmatch(small_one)

    def _known(self) -> Counter[str]:
        """How often each word occurs inside a line: in lower case, and as it is written."""
        if self._words is None:
            self._words = Counter()
            for text in self._texts:
                for word in _WORDS.findall(_AT_EDGES.sub(" ", _DIVIDED.sub(" ", text))):
                    parts = _SPLIT.split(word)
                    small = [part.lower() for part in parts]
                    if len(parts) == 1:
                        self._words[small[0]] += 1
                        if small[0] != word:
                            self._words[word] += 1
                    self._pairs.update(pairwise(small))
        return self._words
