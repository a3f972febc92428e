"""Names the running lines that are left out of a PDF's text, with their pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lake.parse.account import count_words
from lake.parse.canonical import one_line
from lake.parse.document import Omission

if TYPE_CHECKING:
    from lake.parse.pdf.pages import Page

_NUMBERS = re.compile(r"\d+")
_SHORT_NAME = 4
_LONGEST_NAME = 60
_MOST_RANGES = 8


def running_omissions(pages: Sequence[Page], running: Sequence[dict[int, str]]) -> list[Omission]:
    """One omission for each text that is dropped, with its pages, and one for all page numbers."""
    where: dict[str, list[int]] = {}
    words: Counter[str] = Counter()
    for page, dropped in zip(pages, running, strict=True):
        for i, remaining in dropped.items():
            text = page.lines[i].text
            if remaining:
                text = text.replace(remaining, " ", 1)
            if n_words := count_words(text):
                name = _NUMBERS.sub("#", one_line(text))
                name = "page numbers" if len(name) < _SHORT_NAME or remaining else name[:_LONGEST_NAME]
                where.setdefault(name, []).append(page.number)
                words[name] += n_words
    return [Omission("running_line", words[name], f"{name}, {_ranges(numbers)}") for name, numbers in where.items()]


def _ranges(numbers: Sequence[int]) -> str:
    """Page numbers in words.

    >>> _ranges([3]), _ranges([1, 2, 3, 7]), _ranges([1, 3, 5])
    ('page 3', 'pages 1-3, 7', 'pages 1, 3, 5')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        elif not runs or number != runs[-1][-1]:
            runs.append([number])
    if len(runs) > _MOST_RANGES:
        return f"{len(set(numbers))} pages from {numbers[0]} to {numbers[-1]}"
    shown = ", ".join("-".join(map(str, run)) for run in runs)
    return f"page {shown}" if len(set(numbers)) == 1 else f"pages {shown}"
