"""Tables of a page by geometry: grids of rules first, then rows between rules, then columns by white space alone.

A false table destroys prose, so a candidate without rules is a table only if its columns hold figures, or short words
that are aligned and complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lake.parse.pdf.assembled import table_of_cells
from lake.parse.pdf.banded import tables_between_rules
from lake.parse.pdf.geometry import Box, FoundTable, PageLayout, PlacedWord
from lake.parse.pdf.grid_cells import grid_rows
from lake.parse.pdf.page_columns import page_regions
from lake.parse.pdf.ruled import Grid, bands_of, grids_of, joined_rules
from lake.parse.pdf.segments import Segment, box_around, lines_of, segments_of
from lake.parse.pdf.unruled import open_tables, worded_tables

_LEAST_PAIRS = 3
_REACH = 3.0


def find_tables(page: PageLayout) -> list[FoundTable]:
    """The page's tables from top to bottom. Every word inside a table's box is in exactly one of its cells."""
    segments = segments_of(page.words)
    if not _may_hold_table(segments):
        return []
    found = []
    across, upright = joined_rules(page.rules)
    grids = sorted(grids_of(across, upright), key=_area)
    frames = []
    for grid in grids:
        table, segments = _from_grid(grid, segments)
        if table:
            found.append(table)
        else:
            frames.append((grid.xs[0], grid.xs[-1], grid.ys))
    for left, right, ys in frames + bands_of(across):
        for table, lines in tables_between_rules(left, right, ys, segments):
            found.append(table)
            taken = {id(segment) for line in lines for segment in line.segments}
            segments = [segment for segment in segments if id(segment) not in taken]
    if any(segment.words[0].bold for segment in segments):
        for table, lines in worded_tables(lines_of(segments)):
            found.append(table)
            taken = {id(segment) for line in lines for segment in line.segments}
            segments = [segment for segment in segments if id(segment) not in taken]
    for region in page_regions(segments):
        found += open_tables(region)
    whole = [table for table in found if _is_whole(table, page.words)]
    return sorted(whole, key=lambda table: (-table.box.top, table.box.left))


def _is_whole(table: FoundTable, words: Sequence[PlacedWord]) -> bool:
    """Whether the box holds no word that is in none of the cells, such as one that lies across the table."""
    left, bottom, right, top = (2 * edge for edge in table.box)
    inside = sum([left <= b.left + b.right <= right and bottom <= b.bottom + b.top <= top for _, b, *_ in words])
    return inside == sum(len(cell.split()) for row in table.rows for cell in row)


def _may_hold_table(segments: Sequence[Segment]) -> bool:
    """Whether enough segments stand beside another one."""
    heights = sorted([segment.bottom + segment.top for segment in segments])
    beside = sum([other - one < _REACH for one, other in pairwise(heights)])
    return beside >= _LEAST_PAIRS or (beside >= 2 and len(segments) < 12)


def _area(grid: Grid) -> float:
    box = grid.box
    return (box.right - box.left) * (box.top - box.bottom)


def _from_grid(grid: Grid, segments: list[Segment]) -> tuple[FoundTable | None, list[Segment]]:
    """The table in a grid, if it is one, and the segments that are left."""
    if len(grid.xs) < 3 or len(grid.ys) < 3:
        return None, segments
    inside: list[Segment] = []
    outside: list[Segment] = []
    box = grid.box
    for segment in segments:
        if segment.right < box.left or segment.left > box.right or not box.bottom <= segment.middle <= box.top:
            outside.append(segment)
            continue
        within = [w for w in segment.words if box.left <= (w.box.left + w.box.right) / 2 <= box.right]
        if len(within) == len(segment.words):
            inside.append(segment)
            continue
        if within:
            inside += segments_of(within)
        outside += segments_of([word for word in segment.words if word not in within])
    rows = grid_rows(grid, [word for segment in inside for word in segment.words])
    if rows is None:
        return None, segments
    words = [word for row in rows for cell in row for word in cell]
    return table_of_cells(rows, _around(box, box_around(words))), outside


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left), min(one.bottom, other.bottom), max(one.right, other.right), max(one.top, other.top)
    )
