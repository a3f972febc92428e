"""The differences between two texts, by lines and within them by words, with a bound on the work."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Literal

Kind = Literal["same", "removed", "added"]
_CHANGES: tuple[Kind, ...] = ("removed", "added")
#: Tokens of ``a`` and of ``b`` that one call compares pair by pair, and all calls for one diff together.
_GAP_PAIRS, _ALL_PAIRS = 250_000, 3_000_000
#: How often the tokens between two anchors are searched for further anchors.
_DEEPEST = 8
#: Tokens in a row that make an anchor if no single one occurs once, and for how many tokens they are made.
_RUN, _MOST_RUNS = 6, 400_000
#: Characters of unchanged text to show on either side of a change.
_AROUND = 240
#: Lines with less in common than this share of their characters are shown as removed and added whole.
_LIKE = 0.3
_WORD = re.compile(r"\s*\S+\s*|\s+")

#: Tokens ``a[i:j]`` become ``b[m:n]``; both are equal if the last is true.
_Step = tuple[int, int, int, int, bool]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A run of text that both have, or that only the older (``removed``) or only the newer one (``added``) has."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class TextHunk:
    """Neighbouring changes with the text around them. ``a`` and ``b`` are its offsets in the older and newer text."""

    a: tuple[int, int]
    b: tuple[int, int]
    parts: tuple[TextPart, ...]

    def to_json(self) -> dict[str, Any]:
        parts = [{"kind": part.kind, "text": part.text} for part in self.parts]
        return {"a_start": self.a[0], "a_end": self.a[1], "b_start": self.b[0], "b_end": self.b[1], "parts": parts}


@dataclass(frozen=True, slots=True)
class TextDiff:
    """``parts`` in order: all but the added ones make the older text, all but the removed ones the newer.

    ``is_coarse``: some part was too large to compare in detail, and is shown as replaced.
    """

    parts: tuple[TextPart, ...]
    is_coarse: bool = False

    def n_words(self, kind: Kind) -> int:
        return sum(len(part.text.split()) for part in self.parts if part.kind == kind)

    def hunks(self, around: int = _AROUND) -> list[TextHunk]:
        """The changes; unchanged text of more than ``2 * around`` characters between two of them is left out."""
        return list(_hunks(self.parts, around))


def text_diff(a: str, b: str, *, pairs: int = _ALL_PAIRS) -> TextDiff:
    """Compare two texts. ``pairs``: maximum number of token pairs to compare; what exceeds it is shown as replaced.

    >>> [(part.kind, part.text) for part in text_diff("Oil is red.\\nEnd", "Oil is blue.\\nEnd").parts]
    [('same', 'Oil is '), ('removed', 'red.'), ('added', 'blue.'), ('same', '\\nEnd')]
    """
    work = _Work(pairs)
    parts = [part for part in _by_lines(a, b, work) if part.text]
    return TextDiff(tuple(_joined(parts)), work.is_coarse)


class _Work:
    """Token pairs that are left to compare."""

    def __init__(self, pairs: int) -> None:
        self.pairs, self.is_coarse = pairs, False

    def allows(self, n: int, m: int) -> bool:
        allowed = n * m <= min(_GAP_PAIRS, self.pairs)
        if allowed:
            self.pairs -= n * m
        else:
            self.is_coarse = True
        return allowed


def _by_lines(a: str, b: str, work: _Work) -> Iterator[TextPart]:
    old, new = a.splitlines(keepends=True), b.splitlines(keepends=True)
    for i, j, m, n, is_same in _steps(old, new, work):
        before, after = "".join(old[i:j]), "".join(new[m:n])
        if is_same:
            yield TextPart("same", before)
        else:
            yield from _by_words(before, after, work)


def _by_words(a: str, b: str, work: _Work) -> Iterator[TextPart]:
    whole = (TextPart("removed", a), TextPart("added", b))
    if not a or not b:
        yield from whole
        return
    old, new = _WORD.findall(a), _WORD.findall(b)
    parts: list[TextPart] = []
    for i, j, m, n, is_same in _steps(old, new, work):
        before, after = "".join(old[i:j]), "".join(new[m:n])
        parts += [TextPart("same", before)] if is_same else [TextPart("removed", before), TextPart("added", after)]
    n_same = sum(len(part.text) for part in parts if part.kind == "same")
    yield from parts if n_same >= _LIKE * min(len(a), len(b)) else whole


def _steps(a: Sequence[str], b: Sequence[str], work: _Work) -> Iterator[_Step]:
    """What turns ``a`` into ``b``, in order."""
    low = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    ends = zip(reversed(a[low:]), reversed(b[low:]), strict=False)
    high = next((n for n, (x, y) in enumerate(ends) if x != y), min(len(a), len(b)) - low)
    yield 0, low, 0, low, True
    yield from _between(a, b, (low, len(a) - high, low, len(b) - high), work, _DEEPEST)
    yield len(a) - high, len(a), len(b) - high, len(b), True


def _between(
    a: Sequence[str], b: Sequence[str], span: tuple[int, int, int, int], work: _Work, depth: int
) -> Iterator[_Step]:
    """The steps inside a span: between anchors, tokens that occur once in both; without any, by comparing pairs."""
    i, j, m, n = span
    anchors = _anchors(a[i:j], b[m:n]) if depth and i < j and m < n else []
    if not anchors and depth and (j - i) * (n - m) > _GAP_PAIRS and max(j - i, n - m) <= _MOST_RUNS:
        anchors = _anchors(_runs(a[i:j]), _runs(b[m:n]))
    if not anchors:
        yield from _compared(a, b, span, work)
        return
    for x, y in anchors:
        yield from _between(a, b, (i, span[0] + x, m, span[2] + y), work, depth - 1)
        i, m = span[0] + x + 1, span[2] + y + 1
        yield i - 1, i, m - 1, m, True
    yield from _between(a, b, (i, j, m, n), work, depth - 1)


def _runs(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[n:] for n in range(_RUN)), strict=False))


def _anchors(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of tokens that occur once in both, in the same order in both: the longest such list."""
    once, places = Counter(a), {token: y for y, token in enumerate(b)}
    twice = Counter(b)
    pairs = [(x, places[token]) for x, token in enumerate(a) if once[token] == 1 and twice[token] == 1]
    return _increasing(pairs)


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, sorted by their first numbers, whose second numbers increase.

    >>> _increasing([(0, 5), (1, 2), (2, 3)])
    [(1, 2), (2, 3)]
    """
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, y) in enumerate(pairs):
        place = bisect_left(tails, y)
        before.append(ends[place - 1] if place else -1)
        tails[place : place + 1] = [y]
        ends[place : place + 1] = [number]
    found, number = [], ends[-1] if ends else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _compared(a: Sequence[str], b: Sequence[str], span: tuple[int, int, int, int], work: _Work) -> Iterator[_Step]:
    i, j, m, n = span
    if i == j and m == n:
        return
    if i == j or m == n or not work.allows(j - i, n - m):
        yield i, j, m, n, False
        return
    for word, *places in SequenceMatcher(None, a[i:j], b[m:n], autojunk=False).get_opcodes():
        yield i + places[0], i + places[1], m + places[2], m + places[3], word == "equal"


def _joined(parts: Sequence[TextPart]) -> list[TextPart]:
    """Each run of changes as one removed and one added part, without white space that both end with."""
    found: list[TextPart] = []
    for is_same, run in groupby(parts, lambda part: part.kind == "same"):
        texts: dict[Kind, str] = {"same": "", "removed": "", "added": ""}
        for part in run:
            texts[part.kind] += part.text
        if not is_same:
            texts["same"] = _shared_space(texts["removed"], texts["added"])
        end = len(texts["same"]) if not is_same else 0
        found += [TextPart(kind, texts[kind][: len(texts[kind]) - end]) for kind in _CHANGES if texts[kind]]
        found.append(TextPart("same", texts["same"]))
    return [part for part in _merged(found) if part.text]


def _shared_space(a: str, b: str) -> str:
    """The white space at the end of both texts.

    >>> _shared_space("red ", "blue "), _shared_space("red ", "")
    (' ', '')
    """
    n = 0
    while n < min(len(a), len(b)) and a[-n - 1] == b[-n - 1] and a[-n - 1].isspace():
        n += 1
    return a[len(a) - n :]


def _merged(parts: Sequence[TextPart]) -> Iterator[TextPart]:
    """Neighbouring unchanged parts as one."""
    for is_same, run in groupby((part for part in parts if part.text), lambda part: part.kind == "same"):
        if is_same:
            yield TextPart("same", "".join(part.text for part in run))
        else:
            yield from run


def _hunks(parts: Sequence[TextPart], around: int) -> Iterator[TextHunk]:
    a = b = 0
    starts, shown = (0, 0), list[TextPart]()
    for number, part in enumerate(parts):
        n_a, n_b = len(part.text) * (part.kind != "added"), len(part.text) * (part.kind != "removed")
        is_last = number == len(parts) - 1
        if part.kind == "same" and (len(part.text) > 2 * around or is_last or not shown):
            head, tail = part.text[:around], part.text[-around:] if around else ""
            if shown:
                shown.append(TextPart("same", head))
                yield TextHunk((starts[0], a + len(head)), (starts[1], b + len(head)), tuple(shown))
            shown = [] if is_last else [TextPart("same", tail)]
            starts = (a + n_a - len(tail), b + n_b - len(tail))
        else:
            shown.append(part)
        a, b = a + n_a, b + n_b
    if any(part.kind != "same" for part in shown):
        yield TextHunk((starts[0], a), (starts[1], b), tuple(shown))
