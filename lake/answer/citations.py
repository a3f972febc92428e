"""Finds citations such as [1], [1][2], [1, 3] and [2-4], checks them, and removes those of missing sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.answer.values import AnswerProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

_DASH = "-\u2010\u2011\u2012\u2013\u2014"
_NUMBERS = rf"\d{{1,4}}(?:\s*[{_DASH}]\s*\d{{1,4}})?"
_CITATION = re.compile(rf"[\[\u3010]\s*({_NUMBERS}(?:\s*[,;\u3001]\s*{_NUMBERS})*)\s*[\]\u3011](?!\()")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_RANGE = re.compile(rf"(\d+)(?:\s*[{_DASH}]\s*(\d+))?")


@dataclass(frozen=True, slots=True)
class Citation:
    """One bracket's position in the text, and its numbers."""

    start: int
    end: int
    numbers: tuple[int, ...]


def citations(text: str) -> list[Citation]:
    """The citations in order; ignores numbers in code and links.

    >>> [citation.numbers for citation in citations("Oil [1][2], tar [1, 3-5]. `a[9]` [7](x)")]
    [(1,), (2,), (1, 3, 4, 5)]
    """
    code = [match.span() for match in _CODE.finditer(text)]
    return [
        Citation(match.start(), match.end(), tuple(_numbers(match[1])))
        for match in _CITATION.finditer(text)
        if not any(start <= match.start() < end for start, end in code)
    ]


def _numbers(inner: str) -> Iterable[int]:
    for match in _RANGE.finditer(inner):
        first, last = int(match[1]), int(match[2] or match[1])
        # A long range is a span of years or pages; only its ends are kept, and reported as missing sources.
        yield from range(first, last + 1) if first <= last < first + 50 else dict.fromkeys((first, last))


def verified(text: str, n_sources: int) -> tuple[str, tuple[AnswerProblem, ...]]:
    """The text without numbers that no source has, and a problem for each of them.

    >>> text, problems = verified("It burns oil [1, 7]. Or tar [9].", 2)
    >>> text, [problem.message for problem in problems]
    ('It burns oil [1]. Or tar.', ['[7] is cited; there are 2 sources', '[9] is cited; there are 2 sources'])
    """
    wrong: dict[int, None] = {}
    pieces, done = [], 0
    for citation in citations(text):
        bad = [number for number in citation.numbers if not 1 <= number <= n_sources]
        if bad:
            wrong |= dict.fromkeys(bad)
            pieces += [_before(text[done : citation.start], citation, bad), _kept(citation, bad)]
            done = citation.end
    sources = "is 1 source" if n_sources == 1 else f"are {n_sources} sources"
    problems = tuple(AnswerProblem("no_such_source", f"[{number}] is cited; there {sources}") for number in wrong)
    return "".join([*pieces, text[done:]]), problems


def _kept(citation: Citation, bad: list[int]) -> str:
    good = [str(number) for number in citation.numbers if number not in bad]
    return f"[{', '.join(good)}]" if good else ""


def _before(text: str, citation: Citation, bad: list[int]) -> str:
    return text if len(bad) < len(citation.numbers) else text.rstrip(" ")


def without_citations(text: str) -> str:
    """The text with its citations blanked out, so that offsets stay the same."""
    pieces, done = [], 0
    for citation in citations(text):
        pieces += [text[done : citation.start], " " * (citation.end - citation.start)]
        done = citation.end
    return "".join([*pieces, text[done:]])
