"""Ways to quote cells that differ from the usual one: apostrophes, backslashes before quotes, Excel's ``="0012"``."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from itertools import islice

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 50
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_USUAL = re.compile(r'(?:^|[,;\t|])[ ]*"', re.MULTILINE)
#: A text that Excel is kept from reading as a number.
_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')


def with_usual_quotes(text: str, delimiter_of: Callable[[str], str]) -> str:
    r"""``text`` with quotation marks around cells and doubled ones in them, if it is quoted in another way throughout.

    >>> with_usual_quotes("'a','b, c'\n'it''s','d'\n", lambda _: ",")
    '"a","b, c"\n"it\'s","d"\n'
    """
    if "'" in text and (mark := _delimiter_beside_apostrophes(text)):
        cell = re.compile(rf"(^|{mark}) *'((?:[^'\n]|'')*)'(?= *(?:{mark}|$))", re.MULTILINE)
        return cell.sub(lambda found: f"{found[1]}{_quoted(found[2])}", text)
    if '\\"' in text:
        doubled = _ESCAPED.sub(r'\1""', text)
        if _is_even(doubled, delimiter_of(doubled)) and not _is_even(text, delimiter_of(text)):
            return doubled
    return text


def plain_cell(cell: str) -> str:
    """A cell without the signs that make Excel take it for a text.

    >>> plain_cell('="00123"'), plain_cell('=A1'), plain_cell("rope")
    ('00123', '=A1', 'rope')
    """
    found = _AS_TEXT.fullmatch(cell) if cell[:2] == '="' else None
    return found[1].replace('""', '"') if found else cell


def _quoted(cell: str) -> str:
    doubled = cell.replace("''", "'").replace('"', '""')
    return f'"{doubled}"'


def _delimiter_beside_apostrophes(text: str) -> str:
    """The delimiter, as an expression, of a text whose cells stand between apostrophes or hold none; "" for others."""
    lines = list(islice(filter(str.strip, text[: 1 << 16].split("\n")), _SAMPLE))
    if _USUAL.search("\n".join(lines)):
        return ""
    return next((mark for mark in map(re.escape, _DELIMITERS) if _is_apart(lines, mark)), "")


def _is_apart(lines: Sequence[str], mark: str) -> bool:
    """Whether each line consists of such cells, of which as many as lines stand between apostrophes."""
    cell = rf" *(?:'(?:[^']|'')*'|[^'{mark}]*) *"
    line = re.compile(rf"{cell}(?:{mark}{cell})+\r?")
    quoted = re.compile(rf"(?:^|{mark}) *'(?:[^']|'')*'(?= *(?:{mark}|\r?$))")
    if not all(map(line.fullmatch, lines)):
        return False
    return sum(len(quoted.findall(one)) for one in lines) >= max(2, len(lines))


def _is_even(text: str, delimiter: str) -> bool:
    """Whether the first rows have equally many cells, more than one, and no wrong quotation mark."""
    rows = csv.reader(text.split("\n"), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        widths = {len(row) for row in islice(rows, _SAMPLE) if row}
    except csv.Error:
        return False
    return len(widths) == 1 and widths != {1}
