"""Finds the blocks of Markdown with only headings, paragraphs and bullets, at a tenth of a parser's cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: Lines with only one meaning, whatever surrounds them: a letter, a quote or a number without a dot begins no other
#: block, and rules of headings and tables don't match.
_LINE = re.compile(
    r"""(?P<blank>[ ]*)$|(?P<heading>\#{1,6})[ ]|(?P<bullet>[-*+])[ ](?=[^\W\d_])|(?:[^\W\d_]|["'(]|\d+(?![\d.)]))""",
    re.VERBOSE,
)


class Lines(NamedTuple):
    """Lines ``first`` to ``end`` (exclusive): a heading of ``level`` 1 to 6, else a list or a paragraph."""

    first: int
    end: int
    is_list: bool = False
    level: int = 0


def plain_blocks(lines: list[str]) -> list[Lines] | None:
    """Top-level blocks exactly as CommonMark defines them; None if any line may mean something else."""
    kinds = []
    for line in lines:
        match = _LINE.match(line)
        if match is None or "\t" in line:
            return None
        kinds.append(match[0] if match.lastgroup else "text")
    return list(_blocks(kinds))


def _blocks(kinds: list[str]) -> Iterator[Lines]:
    number, n_lines = 0, len(kinds)
    while number < n_lines:
        kind, first = kinds[number], number
        number += 1
        if kind[:1] == "#":
            yield Lines(first, number, level=len(kind) - 1)
        elif kind == "text":
            while number < n_lines and kinds[number] == "text":
                number += 1
            yield Lines(first, number)
        elif kind.strip():
            number = _end_of_list(kinds, number, kind)
            yield Lines(first, number, is_list=True)


def _end_of_list(kinds: list[str], number: int, bullet: str) -> int:
    """Line after the list's last item: after a blank line only the same bullet continues a list."""
    end = number
    while number < len(kinds):
        kind = kinds[number]
        if kind == bullet or (kind == "text" and end == number):
            end = number + 1
        elif kind.strip():
            break
        number += 1
    return end
