"""Reading order by place: columns one after the other, rows from top to bottom, cells of a row beside each other."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from lake.parse.pdf.stamps import stamps_among

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_LEAST_COLUMN_LINES = 3
_LEAST_COLUMN_LENGTH = 14
_LEAST_FILL = 0.55
_SHORT = 4
_MOST_IN_ROWS = 0.5
_LEAST_GUTTER = 5.0
_DEEPEST = 12
_SHORT_PIECE = 3.0


def reading_order(lines: Sequence[Line]) -> list[Line]:
    """The lines in the order in which they are read; those beside each other that are no columns become one line."""
    lines = _with_stamps_marked(lines)
    flat = [line for line in lines if line.is_upright]
    turned = [line for line in lines if not line.is_upright]
    return _ordered(flat, _is_right_to_left(flat), _DEEPEST) + right_columns_first(turned_in_order(turned))


def _with_stamps_marked(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines, of which stamps and watermarks are marked as not upright: they follow the text."""
    stamps = set(map(id, stamps_among(lines)))
    if not stamps:
        return lines
    return [replace(line, is_upright=False, is_stamp=True) if id(line) in stamps else line for line in lines]


def turned_in_order(lines: list[Line]) -> list[Line]:
    """The lines, of which those that run down the page go on to the left, and those that run up to the right.

    pdfium gives the lines of a turned paragraph from left to right in either case.
    """
    ordered: list[Line] = []
    block: list[Line] = []
    for line in lines:
        before = block[-1] if block else None
        if before is None or not _is_beside(before, line):
            ordered += _turned_block(block)
            block = []
        block.append(line)
    return ordered + _turned_block(block)


def _is_beside(one: Line, other: Line) -> bool:
    """Whether two lines may be neighbours in a paragraph that runs up or down the page."""
    if one.is_upright or other.is_upright or one.runs_down != other.runs_down:
        return False
    if any(len(line.text) < 4 or line.top - line.bottom <= line.right - line.left for line in (one, other)):
        return False  # too short to tell, or upside down
    apart = max(other.left - one.right, one.left - other.right)
    return apart < max(one.size, other.size) and one.bottom < other.top and other.bottom < one.top


def _turned_block(block: list[Line]) -> list[Line]:
    if len(block) < 2:
        return block
    return sorted(block, key=lambda line: -line.left if line.runs_down else line.left)


def right_columns_first(lines: list[Line]) -> list[Line]:
    """The lines with their columns of Chinese, Japanese or Korean letters from right to left."""
    places = [i for i, line in enumerate(lines) if not line.is_upright and _EAST_ASIAN.search(line.text)]
    if len(places) < 2:
        return lines
    columns = sorted((lines[i] for i in places), key=lambda line: (-round(line.right), -line.top))
    ordered = list(lines)
    for place, line in zip(places, columns, strict=True):
        ordered[place] = line
    return ordered


def _ordered(lines: Sequence[Line], rtl: bool, depth: int) -> list[Line]:
    cut = _column_cut(lines) if depth and len(lines) >= 2 * _LEAST_COLUMN_LINES else None
    if cut is None:
        return _rows(lines, rtl)
    x, low, high = cut
    above, below, left, right = [], [], [], []
    for line in lines:
        if line.middle > high:
            above.append(line)
        elif line.middle < low:
            below.append(line)
        elif (line.left + line.right) / 2 < x:
            left.append(line)
        else:
            right.append(line)
    sides = (right, left) if rtl else (left, right)
    return [placed for part in (above, *sides, below) for placed in _ordered(part, rtl, depth - 1)]


def _column_cut(lines: Sequence[Line]) -> tuple[float, float, float] | None:
    """A place between columns, with the lower and upper end of the stretch that it parts.

    Columns hold prose, or lines that do not stand in common rows.
    """
    best: tuple[float, tuple[float, float, float]] | None = None
    lines = sorted(lines, key=lambda line: -line.middle)
    for x in _gutters(lines):
        for low, high, left, right in _stretches(lines, x):
            n = min(len(left), len(right))
            score = n + 0.001 * (high - low)
            if n < _LEAST_COLUMN_LINES or (best is not None and score <= best[0]):
                continue
            if _share_in_rows(left, right) <= _MOST_IN_ROWS or (_is_column(left) and _is_column(right)):
                best = score, (x, low, high)
    return best[1] if best else None


def _gutters(lines: Sequence[Line]) -> list[float]:
    """Places a little left of where lines begin."""
    begins: dict[int, int] = {}
    for line in lines:
        begins[round(line.left / 3)] = begins.get(round(line.left / 3), 0) + 1
    return [3.0 * place - _LEAST_GUTTER / 2 for place, n in sorted(begins.items()) if n >= 2]


def _stretches(lines: Sequence[Line], x: float) -> list[tuple[float, float, list[Line], list[Line]]]:
    """The stretches from top to bottom in which no line crosses ``x``, each with the lines on either side."""
    found = []
    left: list[Line] = []
    right: list[Line] = []
    half = _LEAST_GUTTER / 2 - 0.5

    def end() -> None:
        if left and right:
            inside = [line.middle for line in (*left, *right)]
            found.append((min(inside) - 1, max(inside) + 1, list(left), list(right)))
        left.clear()
        right.clear()

    for line in lines:
        if line.right <= x + half:
            left.append(line)
        elif line.left >= x - half:
            right.append(line)
        else:
            end()
    end()
    return found


def _share_in_rows(left: Sequence[Line], right: Sequence[Line]) -> float:
    """Share of lines that have one at the same height on the other side, as the cells of a row have."""
    fewer, more = sorted((left, right), key=len)
    heights = [-math.inf, *sorted(line.middle for line in more), math.inf]
    n_paired = 0
    for line in fewer:
        middle = line.middle
        above = bisect_left(heights, middle)
        n_paired += min(heights[above] - middle, middle - heights[above - 1]) <= 0.25 * max(line.size, 4.0)
    return n_paired / len(fewer)


def _is_column(lines: Sequence[Line]) -> bool:
    """Whether the lines are prose: long enough, and most of them fill the column's width."""
    if any(line.table for line in lines):
        lines = [line for line in lines if not line.table] or lines
    rows = _row_groups(lines)
    lengths = [sum(len(line.text) for line in row) for row in rows]
    if median(lengths) < _LEAST_COLUMN_LENGTH:
        return False
    # A page number beside the column says nothing of its width.
    wide = [line for line in lines if len(line.text) > _SHORT] or lines
    left, right = min(line.left for line in wide), max(line.right for line in wide)
    filled = sum(max(line.right for line in row) - left > 0.7 * (right - left) for row in rows)
    return filled >= _LEAST_FILL * len(rows)


def _row_groups(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines at one height together, from top to bottom."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.middle):
        if rows and not line.table and not rows[-1][0].table:
            head = rows[-1][0]
            if abs(head.middle - line.middle) <= 0.4 * max(min(head.size, line.size), 4.0):
                rows[-1].append(line)
                continue
        rows.append([line])
    return rows


def _rows(lines: Sequence[Line], rtl: bool) -> list[Line]:
    placed = []
    for row in _row_groups(lines):
        row.sort(key=lambda line: -line.right if rtl else line.left)
        if len(row) == 1:
            placed.append(row[0])
            continue
        placed.append(
            replace(
                row[0],
                text=" ".join(line.text for line in row if line.text),
                left=min(line.left for line in row),
                bottom=min(line.bottom for line in row),
                right=max(line.right for line in row),
                top=max(line.top for line in row),
                size=max(line.size for line in row),
                bold=all(line.bold for line in row),
                begins_apart=row[0].right - row[0].left < _SHORT_PIECE * row[0].size,
                ends_apart=row[-1].right - row[-1].left < _SHORT_PIECE * row[-1].size,
                has_gap=True,
                starts=tuple(start for line in row if line.text for start in line.starts or (line.left,)),
            )
        )
    return placed


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    kinds = [unicodedata.bidirectional(letter) for line in lines for letter in line.text[:20] if letter.isalpha()]
    return sum(kind in ("R", "AL") for kind in kinds) * 2 > len(kinds)
