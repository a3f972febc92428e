"""HTML in the cells of delimited tables, as shops and trackers export it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.parse.data.markup_values import OF_CODE, may_be_markup, read_markup

if TYPE_CHECKING:
    from lake.parse.canonical import TextWriter
    from lake.parse.tables.grid import Cells

#: Cells that may be written otherwise than they are found in the text, before the rest are left as they are written.
_MOST_MISSED = 20


def without_markup(cells: Cells, text: str, writer: TextWriter) -> str:
    """Put what HTML says into the ``cells`` that are some. Returns the ``text`` of the file by another reading of them.

    Columns with names such as ``code`` stay as they are written.
    """
    if not may_be_markup(text):
        return text
    head = next(iter(cells.values()), {})
    code = {column for column, name in head.items() if name.strip().lower() in OF_CODE}
    pieces, place, n_missed = list[str](), 0, 0
    for row in cells.values():
        for column, cell in row.items():
            value = read_markup(cell) if column not in code and n_missed < _MOST_MISSED else None
            if value is None:
                continue
            written = next((one for one in (cell, cell.replace('"', '""')) if text.find(one, place) >= 0), None)
            if written is None:
                n_missed += 1
                continue
            start = text.find(written, place)
            pieces += [text[place:start], value.reading, " ", value.tags, " "]
            place = start + len(written)
            row[column] = value.text
            writer.note(value.omitted)
            writer.omit("decoration", value.tags, "markup of cells")
    return "".join([*pieces, text[place:]])
