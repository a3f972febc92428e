"""The lines of a page: in the order in which it draws them, or by place if that order is not one to read in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from lake.parse.pdf.drawn_lines import DrawnLines, drawn_lines
from lake.parse.pdf.geometry import Box, Line
from lake.parse.pdf.order import reading_order, right_columns_first, turned_in_order
from lake.parse.pdf.spaced import closed_words
from lake.parse.pdf.word_lines import word_lines
from lake.parse.pdf.words import layout_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lake.parse.pdf.geometry import FoundTable, PageLayout
    from lake.parse.pdf.glyphs import PageGlyphs

    FindTables = Callable[[PageLayout], list[FoundTable]]

_LEAST_GAPPED = 2
_OVERHANG = 6.0
_PROSE_LENGTH = 24
_MOST_STREAM_JUMPS = 4
_MOST_MISSING = 0.01


def page_lines(
    glyphs: PageGlyphs, added: Sequence[Line], find_tables: FindTables | None
) -> tuple[list[Line], list[str]]:
    """The page's lines in reading order, and texts that lie outside the page.

    ``added`` lines (values of form fields) are put at their places. Most pages are drawn in the order in which they
    are read. Only a page that shows gaps between columns or cells, or that goes back up, is taken apart into words,
    because that costs as much as all other work on the page.
    """
    drawn = drawn_lines(glyphs)
    lines, stamps, width, height = drawn.lines, drawn.stamps, *glyphs.size
    is_whole = all(min(line.left, line.bottom, width - line.right, height - line.top) > -_OVERHANG for line in lines)
    is_plain = not (added or glyphs.is_upside_down or drawn.has_columns) and is_whole and _reads_on(lines)
    if is_plain and not _is_ruled(drawn, glyphs):
        return [*right_columns_first(turned_in_order(lines)), *stamps], []
    layout = layout_of(glyphs, without=drawn.whole)
    if drawn.spaced:
        layout = replace(layout, words=closed_words(layout.words, drawn.spaced))
    outside: list[str] = []
    if not is_whole:
        visible = [word for word in layout.words if _is_visible(word.box, width, height)]
        kept = set(map(id, visible))
        outside = [word.text for word in layout.words if id(word) not in kept]
        layout = replace(layout, words=visible)
    placed = word_lines(layout.words)
    tables = find_tables(layout) if find_tables and layout.words else ()
    if is_plain and not tables:
        return [*right_columns_first(turned_in_order(lines)), *stamps], []
    for table in tables:
        inside = [line for line in placed if _is_inside(line, table.box)]
        if inside and _holds_all(table, inside):
            kept = set(map(id, inside))
            placed = [line for line in placed if id(line) not in kept]
            placed.append(Line("", *table.box, table=table))
    placed += [replace(line, is_upright=True) for line in drawn.tilted]
    return [*reading_order([*placed, *(_beside_label(line, placed) for line in added)]), *stamps], outside


def _is_ruled(drawn: DrawnLines, glyphs: PageGlyphs) -> bool:
    """Whether lines with one gap, which may be a label and its text, stand between rules in both directions."""
    if drawn.n_gapped < _LEAST_GAPPED:
        return False
    upright = sum(rule.top - rule.bottom > rule.right - rule.left for rule in glyphs.rules)
    return upright > 1 and len(glyphs.rules) - upright > 2


def _beside_label(added: Line, lines: Sequence[Line]) -> Line:
    """A line that was added, raised or lowered to the label in the same row that is nearest to it."""
    row = [line for line in lines if not line.table and added.bottom - 8 < line.middle < added.top + 8]
    if not row:
        return added
    label = min(row, key=lambda line: max(line.left - added.right, added.left - line.right, 0.0))
    half = (added.top - added.bottom) / 2
    return replace(added, bottom=label.middle - half, top=label.middle + half)


def _is_visible(box: Box, width: float, height: float) -> bool:
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    return 0 <= x <= width and 0 <= y <= height


def _reads_on(lines: Sequence[Line]) -> bool:
    """Whether each line follows below the one before, stands beside it as a label, or begins a column of prose."""
    runs: list[list[Line]] = [[]]
    for line in lines:
        if not line.is_upright:
            continue
        before = runs[-1][-1] if runs[-1] else None
        if before and line.middle > before.middle - 0.3 * min(line.size, before.size):
            if line.left >= before.right - 1:
                runs.append([])
            elif line.right > before.left + 1:
                return False
        runs[-1].append(line)
    if len(runs) == 1:
        return True
    if len(runs) > _MOST_STREAM_JUMPS:
        return False
    long_runs = [run for run in runs if len(run) > 2]
    return bool(long_runs) and all(median(len(line.text) for line in run) >= _PROSE_LENGTH for run in long_runs)


def _holds_all(table: FoundTable, lines: Sequence[Line]) -> bool:
    """Whether the table's cells hold the letters of all lines that it would replace."""
    wanted = Counter("".join(line.text for line in lines).replace(" ", ""))
    missing = wanted - Counter("".join(cell for row in table.rows for cell in row))
    return missing.total() <= _MOST_MISSING * wanted.total()


def _is_inside(line: Line, box: Box) -> bool:
    x, y = (line.left + line.right) / 2, line.middle
    return box.left <= x <= box.right and box.bottom <= y <= box.top
