"""The account of a parse: how many words the source holds, how many were kept, and what was left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from unicodedata import normalize

from lake.parse.document import Omission, OmissionKind, ParsedDocument

#: Characters of scripts without spaces count as a word each.
_WIDE = (
    "\u0e00-\u0eff\u1780-\u17ff\u2e80-\u2fdf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_HAS_WIDE = re.compile(f"[{_WIDE}]")
_WORD = re.compile(r"[^\W_]+")
_WORD_OR_WIDE = re.compile(rf"[{_WIDE}]|(?:(?![{_WIDE}])[^\W_])+")
#: Each byte that is no letter or digit, as a space.
_ASCII_WORDS = bytes(byte if bytes([byte]).isalnum() else 0x20 for byte in range(256))
#: Each byte as a letter or a space.
_ASCII_SHAPE = bytes(0x61 if bytes([byte]).isalnum() else 0x20 for byte in range(256))
#: Characters that show nothing, and would part a word from itself: controls, soft hyphens, zero-width spaces, marks of
#: direction, byte order marks, anchors.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}\u200c\u200d\ud800-\udfff\U000e0000-\U000e007f]")
_ASCII_CONTROLS = bytes([*range(9), *range(14, 28), 127])


@dataclass(frozen=True, slots=True)
class Account:
    """``n_words_source`` words by an independent reading, of which ``n_words_kept`` stand in the canonical text."""

    n_words_source: int
    n_words_kept: int
    omitted: tuple[Omission, ...] = ()

    @property
    def n_words_lost(self) -> int:
        """Words that are neither kept nor left out on purpose."""
        return max(0, self.n_words_source - self.n_words_kept - sum(one.n_words for one in self.omitted))

    @property
    def share_kept(self) -> float:
        """Kept words among those that were not left out on purpose; 1 if there are none."""
        wanted = self.n_words_kept + self.n_words_lost
        return self.n_words_kept / wanted if wanted else 1.0


def account_of(parsed: ParsedDocument) -> Account:
    """Compare the words of a document's two readings, each word as often as it occurs."""
    if parsed.source_text is None:
        n_words = count_words(parsed.text)
        return Account(n_words + sum(one.n_words for one in parsed.omitted), n_words, merged(parsed.omitted))
    source, kept = word_counts(parsed.source_text), word_counts(parsed.text)
    return Account(source.total(), (source & kept).total(), merged(parsed.omitted))


def words(text: str) -> list[str]:
    """Runs of letters and digits, normalised; each character of a script without spaces by itself.

    >>> words("AB-4711 is read_only \u706f\u53f0")
    ['AB', '4711', 'is', 'read', 'only', '\u706f', '\u53f0']
    """
    if text.isascii():  # several times as fast as an expression
        return text.encode().translate(_ASCII_WORDS, _ASCII_CONTROLS).decode().split()
    plain = normalize("NFKC", _INVISIBLE.sub("", text))
    return (_WORD_OR_WIDE if _HAS_WIDE.search(plain) else _WORD).findall(plain)


def count_words(text: str) -> int:
    """The number of words, without making them if the text is ASCII."""
    if text.isascii():
        return (b" " + text.encode().translate(_ASCII_SHAPE, _ASCII_CONTROLS)).count(b" a")
    return len(words(text))


def word_counts(text: str) -> Counter[str]:
    return Counter(words(text))


def omission(kind: OmissionKind, text: str, place: str = "") -> Omission:
    """The omission of ``text``."""
    return Omission(kind, count_words(text), place)


def merged(omitted: Iterable[Omission]) -> tuple[Omission, ...]:
    """One omission for each kind and place, in their first order."""
    found: dict[tuple[OmissionKind, str], Omission] = {}
    for one in omitted:
        known = found.get((one.kind, one.place))
        found[one.kind, one.place] = replace(one, n_words=one.n_words + known.n_words) if known else one
    return tuple(found.values())
