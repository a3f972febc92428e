"""The header of a table, which every piece that is cut out of the table carries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lake.parse import graphemes

#: Maximum characters of a header in a heading path, and of a title line.
_LONGEST_LABEL, _LONGEST_TITLE = 1000, 160
#: Lines among which the rule below a header is looked for, and characters of each.
_HEADER_LINES, _HEADER_CHARACTERS = 8, 1 << 20
_RULE_MARKS = frozenset(" \t|:+=-")
_PIPE = re.compile(r"(?<!\\)\|")
_COLUMN_GAP = re.compile(r"\s{2,}|\t")
_SENTENCE_END = (".", "!", "?", ";", ",")
_NUMBERED = re.compile(r"(?:table|tab\.|tabelle|tableau|tabla|tabel|tabulka|exhibit|schedule)\s*[\dIVXA-Z]", re.I)
#: Ever shorter cells: maximum words, or maximum characters.
_WORDS, _CHARACTERS = (4, 3, 2, 1), (12, 8, 5)
_CUT = "\u2026"


@dataclass(frozen=True, eq=False)
class TableHeader:
    """Title and column names of a cut table. Compared by identity: names of thousands of columns take long to hash."""

    title: str = ""
    cells: tuple[str, ...] = ()

    @cached_property
    def label(self) -> str:
        """The cells as one level of a heading path, made once for all chunks of the table."""
        return label_of(self.cells)


NO_HEADER = TableHeader()


def header_cells(table: str) -> tuple[str, ...]:
    r"""The column names of a table in Markdown, Org or reStructuredText: the filled cells above its first rule.

    A table without a rule is headed by its first line.

    >>> header_cells("| station | oil C |\n| --- | --- |\n| ST-1 | 74 |")
    ('station', 'oil C')
    >>> header_cells("=====  =====\nname   oil C\n=====  =====\nST-1   74")
    ('name', 'oil C')
    """
    lines = table[:_HEADER_CHARACTERS].split("\n", _HEADER_LINES)[:_HEADER_LINES]
    rules = [i for i, line in enumerate(lines) if _is_rule(line)]
    first = 1 if rules[:1] == [0] else 0
    after = next((rule for rule in rules if rule > first), first + 1)
    rows = [_cells(line) for line in lines[first:after]]
    width = max(map(len, rows), default=0)
    columns = (" ".join(row[i] for row in rows if i < len(row) and row[i]) for i in range(width))
    return tuple(cell for cell in columns if cell)


def _is_rule(line: str) -> bool:
    return _RULE_MARKS.issuperset(line) and ("-" in line or "=" in line)


def _cells(line: str) -> list[str]:
    line = line.strip()
    is_ruled = "|" in line
    cells = _PIPE.split(line.removeprefix("|").removesuffix("|")) if is_ruled else _COLUMN_GAP.split(line)
    return [" ".join(cell.replace("\\|", "|").split()) for cell in cells]


def title_line(paragraph: str) -> str:
    r"""The paragraph above a table if it is short enough for its title, else "".

    >>> title_line("Wear of bearings, 2031:"), title_line("The pump was replaced."), title_line("Table 3. Wear.")
    ('Wear of bearings, 2031', '', 'Table 3. Wear.')
    """
    if len(paragraph) > _LONGEST_TITLE or paragraph.count("\n") > 1:
        return ""
    title = " ".join(paragraph.split()).strip("*_ ").removesuffix(":")
    return "" if title.endswith(_SENTENCE_END) and not _NUMBERED.match(title) else title


def label_of(cells: Sequence[str]) -> str:
    """The cells as one level of a heading path, shortened if they are very long."""
    return next((line for line in shortened(cells) if len(line) <= _LONGEST_LABEL), _CUT)


def shortened(cells: Sequence[str]) -> Iterator[str]:
    """Yield the cells on one line, then ever shorter: fewer words a cell, fewer characters, then fewer columns.

    >>> list(shortened(["oil temperature C", "inspector"]))[:4]
    ['oil temperature C | inspector', 'oil temperature | inspector', 'oil | inspector', 'oil | inspecto']
    """
    before = ""
    for line in _shorter(cells):
        if line != before:
            yield line
        before = line


def _shorter(cells: Sequence[str]) -> Iterator[str]:
    yield " | ".join(cells)
    for n_words in _WORDS:
        yield " | ".join(" ".join(cell.split()[:n_words]) for cell in cells)
    first = [cell.split()[0] if cell.split() else "" for cell in cells]
    for length in _CHARACTERS:
        cut = [graphemes.shortened(word, length) for word in first]
        yield " | ".join(cut)
    n_columns = len(cells)
    while n_columns > 1:
        n_columns = max(1, n_columns * 7 // 8)
        yield " | ".join([*cut[:n_columns], _CUT])
