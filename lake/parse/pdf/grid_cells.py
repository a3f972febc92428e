"""The rows of a grid of rules: each word goes to the cell that holds its middle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from lake.parse.pdf.columns import Cell, rows_of
from lake.parse.pdf.geometry import PlacedWord
from lake.parse.pdf.ruled import Grid
from lake.parse.pdf.segments import Segment, SegmentLine, is_figure_cell, lines_of, segments_of

_MOST_WORDS = 80
_LEAST_FULL = 0.5
_LEAST_FULL_OF_MANY = 0.25
_SMALL = 40
_FULL_STACK = 0.75
_SURE_STACK = 0.95
_WRAPPED = 0.25
#: Letters of a word that shows whether it is turned.
_SHORTEST_TURNED = 2

Place = tuple[int, int]


def grid_rows(grid: Grid, words: Sequence[PlacedWord]) -> list[list[Cell]] | None:
    """Cells by row, or None if the grid holds no table: too few full cells, or cells full of prose."""
    n_rows, n_columns = len(grid.ys) - 1, len(grid.xs) - 1
    held: dict[Place, list[PlacedWord]] = {}
    for word in words:
        left, bottom, right, top = word.box
        row, column = grid.row((bottom + top) / 2), grid.column((left + right) / 2)
        held.setdefault((min(max(row, 0), n_rows - 1), min(max(column, 0), n_columns - 1)), []).append(word)
    first_of = grid.merged()
    cells = _by_cell(grid, held, first_of)
    if not _is_table(cells, n_rows, n_columns, len(set(first_of.values()))):
        return None
    table: list[list[Cell]] = []
    for row in range(n_rows):
        here = [cells.get((row, column), []) for column in range(n_columns)]
        table += _stacked_rows(here, grid, n_rows)
    return [row for row in table if any(row)]


def _by_cell(grid: Grid, held: dict[Place, list[PlacedWord]], first_of: dict[Place, Place]) -> dict[Place, Cell]:
    """Words by the first place of their cell, in reading order."""
    members: dict[Place, list[Place]] = {}
    for place in held:
        members.setdefault(first_of[place], []).append(place)
    cells: dict[Place, Cell] = {}
    for first, places in members.items():
        columns = {column for _, column in places}
        words = [word for place in places for word in held[place]]
        lines = lines_of(segments_of(sorted(words, key=_reading))) if len(words) > 1 else []
        if len(columns) > 1 and _really_apart(lines, grid):
            for place in places:
                at = (place[0], place[1])
                cells.setdefault(at, []).extend(_in_order(held[place]))
        else:
            cells.setdefault(first, []).extend(_in_order(words))
    return cells


def _reading(word: PlacedWord) -> tuple[float, float]:
    return (-word.box.bottom - word.box.top, word.box.left)


def _in_order(words: list[PlacedWord]) -> Cell:
    """Words line by line from left to right; words that run up or down as they are drawn."""
    if len(words) == 1 or all(word.turned or len(word.text) < _SHORTEST_TURNED for word in words):
        return words
    lines = lines_of(segments_of(words))
    return [word for line in lines for segment in line.segments for word in segment.words]


def _really_apart(lines: Sequence[SegmentLine], grid: Grid) -> bool:
    """Whether no border is drawn but the words keep to columns all the same, as in a row without background."""
    segments = [segment for line in lines for segment in line.segments]
    within = all(grid.column(s.left + 0.5) == grid.column(s.right - 0.5) for s in segments)
    return within and any(len(line.segments) > 1 for line in lines)


def _is_table(cells: dict[Place, Cell], n_rows: int, n_columns: int, n_cells: int) -> bool:
    """Whether enough cells are full, in at least two rows and columns, and none of them holds a page of prose."""
    full = [place for place, cell in cells.items() if cell]
    rows = Counter(row for row, _ in full)
    if len(rows) < 2 or len({column for _, column in full}) < 2 or sum(n > 1 for n in rows.values()) < min(2, n_rows):
        return False
    if len(full) < (_LEAST_FULL if n_rows * n_columns < _SMALL else _LEAST_FULL_OF_MANY) * n_cells:
        return False
    counts = [len(cells[place]) for place in full]
    return sum(counts) / len(counts) <= _MOST_WORDS and max(counts) <= 8 * _MOST_WORDS


def _stacked_rows(cells: list[Cell], grid: Grid, n_bands: int) -> list[list[Cell]]:
    """The rows that stand between two rules without one between them; a single row as a rule."""
    segments = [segment for cell in cells if cell for segment in segments_of(cell)]
    lines = lines_of(segments)
    if len(lines) < 2 or (n_bands > 3 and len(lines) < 4):
        return [cells]
    gutters = grid.xs[1:-1]
    by_cell = [[line for line in lines_of(segments_of(cell))] if cell else [] for cell in cells]
    used = [here for here in by_cell if here]
    filled = sum(map(len, used)) / (len(used) * len(lines))
    if len(used) < 2 or filled < _FULL_STACK:
        return [cells]
    stacked = any(len(here) >= 0.8 * len(lines) and all(map(_is_value, here[1:])) for here in by_cell)
    stacked = stacked or (len(lines) >= 3 and len(used) >= 3 and filled >= _SURE_STACK)
    wrapped = [
        _wrapped(above, below, right)
        for here, right in zip(by_cell, grid.xs[1:], strict=True)
        for above, below in pairwise(here)
    ]
    if not stacked and (n_bands > 3 or len(lines) < 3 or sum(wrapped) > _WRAPPED * len(wrapped)):
        return [cells]
    rows = rows_of([SegmentLine(_split(line, grid)) for line in lines], gutters)
    return [[row.cells.get(column, []) for column in range(len(cells))] for row in rows]


def _split(line: SegmentLine, grid: Grid) -> list[Segment]:
    return [
        Segment(word.box.left, word.box.right, word.box.bottom, word.box.top, segment.size, [word])
        for segment in line.segments
        for word in segment.words
    ]


def _is_value(line: SegmentLine) -> bool:
    return is_figure_cell([word.text for segment in line.segments for word in segment.words])


def _wrapped(above: SegmentLine, below: SegmentLine, right: float) -> bool:
    """Whether the first word below would not have fitted into the line above."""
    first = below.segments[0].words[0].box
    return above.right + 0.25 * above.size + first.right - first.left > right - 0.3 * above.size
