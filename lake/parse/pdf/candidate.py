"""What speaks for a table and against one: prose in columns, lists, code, contents, indexes, forms, formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, pairwise
from statistics import median

from lake.parse.pdf.columns import Cell, CellRow, figure_columns, fills, place
from lake.parse.pdf.geometry import PlacedWord
from lake.parse.pdf.segments import SegmentLine, is_figure_cell, is_tail

_BULLET = re.compile(r"[•◦▪‣●○■□\u2013—·∙*\-+➢✓►]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.):]|\[\d{1,3}\]")
_LEADER = re.compile(r"(?:[.·…] ?){4,}|…")
_DOTS = re.compile(r"[.·]+")
_PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
_SECTION = re.compile(r"(?:[A-Z]|\d+)(?:\.\d+)*\.? ")
_INDEXED = re.compile(r".*[^\W\d].*,\s+\d{1,4}[,.]?")
_SYMBOL = re.compile(r"[^\w\s]|\w")
_PROSE_WORDS = 3.5
_PROSE_LINES = 4
_NEXT_LINE = 1.7
_SHORT = 4
_ALIGNED = 2.0


class Candidate:
    """The features of a candidate that the decision needs: its rows as cells by column, and its lines."""

    def __init__(self, rows: Sequence[CellRow], lines: Sequence[SegmentLine], gutters: Sequence[float]) -> None:
        self.rows = rows
        self.cells = [row.cells for row in rows]
        self.lines = lines
        self.n_columns = n_columns = len(gutters) + 1
        self._gutters = gutters
        self.columns: list[list[Cell]] = [[row[c] for row in self.cells if row.get(c)] for c in range(n_columns)]
        self.figures = figure_columns(self.cells, n_columns)
        self.full = sum(len(row) >= 2 for row in self.cells)

    def is_boxed_table(self, n_bands: int) -> bool:
        """Whether rules around the candidate are enough to call it a table; they part it into ``n_bands`` bands."""
        if self.n_columns < 2 or self.full < 2 or self.full < 0.5 * len(self.rows):
            return False
        if self.n_columns == 2 and not self.figures and self.full < 3:
            return False
        if max(self.n_columns, len(self.rows)) < 3 or self._is_turned():
            return False
        if self._is_prose() and not (len(self.rows) == n_bands >= 3):
            return False
        return not (self._is_list() or self._is_code() or self._has_leaders() or self._is_index())

    def is_open_table(self) -> bool:
        """Whether a candidate without rules is a table."""
        if self.n_columns < 2 or self.full < 3 or self.full < 0.5 * len(self.rows):
            return False
        if self._is_list() or self._is_code() or self._is_contents() or self._is_prose() or self._is_formula():
            return False
        if self._is_turned():
            return False
        counted = {column for column in self.figures - {0} if self._is_counted(column) or self._is_marks(column)}
        values = self.figures - {0} - counted
        if counted and not values:
            return False
        return self._has_values(values) if values else self._is_word_table()

    def is_worded_table(self) -> bool:
        """Whether cells of several lines of prose are a table: bold heads over all columns, and rows that stand apart.

        Columns of prose have neither: their paragraphs end at different heights.
        """
        n_rows = len(self.rows)
        if self.n_columns < 3 or n_rows < 4 or any(row.spans for row in self.rows) or not self._has_bold_head():
            return False
        if len(self.lines) < 2 * n_rows - 1 or sum(len(row) == self.n_columns for row in self.cells) < 0.9 * n_rows:
            return False
        if self._is_list() or self._is_code() or self._has_leaders() or self._is_turned():
            return False
        return all(_aligned_words(column) for column in self.columns)

    def _has_values(self, values: set[int]) -> bool:
        with_values = sum(any(column in row for column in values) for row in self.cells)
        if with_values < (4 if len(values) == 1 else 3) or self._is_index():
            return False
        if self.n_columns == 2 and 0 in self.figures and with_values < 5:
            return False
        aligned = sum(self._is_aligned(self.columns[column]) for column in values)
        return aligned >= 0.6 * len(values) and self._regular()

    def _is_word_table(self) -> bool:
        """Cells of words are a table if they are short, aligned and complete, and don't look like an index."""
        if self._is_index() or self._is_form():
            return False
        counts = [len(cell) for column in self.columns for cell in column]
        filled = sum(map(len, self.columns)) / (self.n_columns * len(self.rows))
        aligned = [_aligned_words(column) for column in self.columns]
        spans = sum(row.spans for row in self.rows[1:])
        if median(counts) > _SHORT or filled < 0.7 or not all(aligned) or spans > 0.1 * len(self.rows):
            return False
        if self._has_bold_head():
            return len(self.rows) >= 3
        return self.n_columns >= 3 and len(self.rows) >= 4 and not self._equal_pitch()

    def _has_bold_head(self) -> bool:
        first, rest = self.cells[0], self.cells[1:]
        if not all(word.bold for cell in first.values() for word in cell) or len(first) < self.n_columns:
            return False
        return sum(all(w.bold for cell in row.values() for w in cell) for row in rest) <= 0.2 * len(rest)

    def _equal_pitch(self) -> bool:
        lefts = [median(cell[0].box.left for cell in column) for column in self.columns]
        pitches = [b - a for a, b in pairwise(lefts)]
        return max(pitches) - min(pitches) <= 0.04 * max(pitches)

    def _regular(self) -> bool:
        """Most rows fill most of the columns that are in use at all."""
        filled = sorted(len(row) for row in self.cells)
        return filled[len(filled) // 2] >= max(2, 0.4 * self.n_columns)

    @staticmethod
    def _is_aligned(cells: Sequence[Cell]) -> bool:
        """The cells share a left edge, a right edge, a middle or the place of the decimal point."""
        values = [cell for cell in cells if is_figure_cell([word.text for word in cell])]
        edges = (
            [cell[-1].box.right for cell in values],
            [cell[0].box.left for cell in values],
            [(cell[0].box.left + cell[-1].box.right) / 2 for cell in values],
            [_point(cell) for cell in values],
        )
        reach = max(_ALIGNED, 0.6 * values[0][0].size) if values else _ALIGNED
        return any(_share_near(edge, reach) >= 0.6 for edge in edges)

    def _is_prose(self) -> bool:
        """Two columns are running text, or one is beside nothing but labels."""
        values = self.figures - {0}
        placed = [(line, place(line, self._gutters)[0]) for line in self.lines]
        prose = sum(self._is_prose_column(column, placed) for column in range(self.n_columns) if column not in values)
        return prose >= 2 or (prose == 1 and (self.n_columns == 2 or not values or self._has_page_numbers(values)))

    @staticmethod
    def _is_prose_column(column: int, placed: Sequence[tuple[SegmentLine, dict[int, Cell]]]) -> bool:
        """Its lines are long, and most end where the first word of the next would not have fitted."""
        pieces = [(line.middle, cells[column]) for line, cells in placed if cells.get(column)]
        if len(pieces) < _PROSE_LINES or sum(len(cell) for _, cell in pieces) < _PROSE_WORDS * len(pieces):
            return False
        right = max(cell[-1].box.right for _, cell in pieces)
        pairs = [
            (above, below)
            for (high, above), (low, below) in pairwise(pieces)
            if high - low <= _NEXT_LINE * max(1.0, above[0].size)
        ]
        wrapped = sum(fills(above, below, right - 0.05 * (right - above[0].box.left)) for above, below in pairs)
        return len(pairs) >= 0.4 * len(pieces) and wrapped >= 0.5 * len(pairs)

    def _has_page_numbers(self, values: set[int]) -> bool:
        return all(self._rises(column) for column in values)

    def _rises(self, column: int) -> bool:
        """Whether the column holds whole numbers that never fall, like pages."""
        texts = [cell[-1].text for cell in self.columns[column]]
        numbers = [int(text) for text in texts if text.isdecimal()]
        return len(numbers) >= 0.8 * len(texts) and all(a <= b for a, b in pairwise(numbers))

    def _is_counted(self, column: int) -> bool:
        """Whether the column numbers its rows, as the lines of a listing are numbered."""
        texts = [cell[-1].text for cell in self.columns[column]]
        numbers = [int(text) for text in texts if text.isdecimal()]
        counted = sum(b - a == 1 for a, b in pairwise(numbers))
        return len(numbers) >= 3 and len(numbers) >= 0.8 * len(texts) and counted >= 0.7 * (len(numbers) - 1)

    def _is_marks(self, column: int) -> bool:
        """Whether the column holds numbers of formulas or footnote marks."""
        cells = self.columns[column]
        return sum(is_tail([word.text for word in cell]) for cell in cells) >= 0.6 * len(cells)

    def _is_turned(self) -> bool:
        """Words that run upwards, which have no lines in this sense."""
        words = [w for line in self.lines for s in line.segments for w in s.words if len(w.text) > 2]
        return sum(w.box.top - w.box.bottom > 1.8 * (w.size or 100.0) for w in words) > 0.2 * len(words)

    def _is_list(self) -> bool:
        """Bullets or numbers before one column of text."""
        if self.n_columns > 2:
            return False
        first = self.columns[0]
        marks = sum(len(cell) == 1 and bool(_BULLET.fullmatch(cell[0].text)) for cell in first)
        if marks >= 0.7 * len(first):
            return True
        return 1 not in self.figures and self._is_counted(0)

    def _is_code(self) -> bool:
        """Letters all of one width: a listing, whose columns are made with spaces."""
        every = (w for line in self.lines for s in line.segments for w in s.words)
        words = [word for word in every if len(word.text) >= 3 and _has_letters(word.text)]
        widths = sorted(map(_letter_width, words))
        # Part numbers of one form are as wide as each other in any type.
        distinct = {"".join(filter(str.isalpha, word.text)): _letter_width(word) for word in words}
        if len(widths) < 4 or len(distinct) < 2:
            return False
        low, high = widths[len(widths) // 10], widths[-1 - len(widths) // 10]
        alike = sum(0.97 * low <= width <= 1.03 * high for width in distinct.values())
        return low > 0.4 and high - low <= 0.03 * high and alike >= 0.7 * len(distinct)

    def _is_contents(self) -> bool:
        """Dotted leaders or titles before page numbers that only grow."""
        if self._has_leaders():
            return True
        values = sorted(self.figures - {0})
        if not values or not all(self._rises(column) for column in values):
            return False
        last = self.columns[-1]
        if self.n_columns <= 3 and len(values) == 1 and values[0] == self.n_columns - 1:
            return len(last) >= 4 or all(_SECTION.match(text) for text in self._texts())
        return len(values) >= 2 and all(column - 1 not in self.figures for column in values) and len(self.rows) >= 4

    def _has_leaders(self) -> bool:
        """Dots lead to page numbers in the last column."""
        leaders = sum(bool(_LEADER.search(text)) for text in self._texts())
        dotted = sum(any(_DOTS.fullmatch(w.text) for c in row.values() for w in c[1:]) for row in self.cells)
        if max(leaders, dotted) < 0.3 * len(self.rows) or len(self.figures - {0}) > 1:
            return False
        last = self.columns[-1]
        pages = sum(len(cell) == 1 and bool(_PAGE.fullmatch(cell[0].text)) for cell in last)
        return pages >= 0.6 * len(last)

    def _texts(self) -> list[str]:
        return [" ".join(word.text for word in chain.from_iterable(row.values())) for row in self.cells]

    def _is_index(self) -> bool:
        cells = [" ".join(word.text for word in cell) for column in self.columns for cell in column]
        indexed = sum(bool(_INDEXED.fullmatch(cell)) or cell.endswith(",") for cell in cells)
        return indexed >= 0.3 * len(cells)

    def _is_form(self) -> bool:
        first = self.columns[0]
        return self.n_columns == 2 and sum(cell[-1].text.endswith(":") for cell in first) >= 0.5 * len(first)

    def _is_formula(self) -> bool:
        """Mostly single letters and signs."""
        words = [w for row in self.cells for cell in row.values() for w in cell if not w.text[:1].isdigit()]
        signs = sum(bool(_SYMBOL.fullmatch(word.text)) for word in words)
        return len(words) >= 4 and signs >= 0.55 * len(words)


def _aligned_words(cells: Sequence[Cell]) -> bool:
    lefts, rights = [cell[0].box.left for cell in cells], [cell[-1].box.right for cell in cells]
    middles = [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]
    return any(_share_near(edge, _ALIGNED) >= 0.8 for edge in (lefts, rights, middles))


def _point(cell: Cell) -> float:
    """Where the decimal point of a figure stands, taking its glyphs to be equally wide."""
    word = cell[-1]
    digits = word.text.rstrip(")%*")
    after = len(digits) - digits.rfind(".") - 1 if "." in digits else 0
    after += len(word.text) - len(digits)
    return word.box.right - after * (word.box.right - word.box.left) / len(word.text)


def _share_near(places: Sequence[float], reach: float) -> float:
    """The largest share of places within ``reach`` of one of them."""
    if not places:
        return 0.0
    ordered = sorted(places)
    best = start = 0
    for end, here in enumerate(ordered):
        while here - ordered[start] > reach:
            start += 1
        best = max(best, end - start + 1)
    return best / len(ordered)


def _letter_width(word: PlacedWord) -> float:
    return (word.box.right - word.box.left) / (len(word.text) * (word.size or 1.0))


def _has_letters(text: str) -> bool:
    return sum(map(str.isalpha, text)) >= 2
