"""Tables in manual pages, as the preprocessor tbl reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TAB = re.compile(r"\btab\s*\((.)\)", re.IGNORECASE)
_RULE = re.compile(r"\s*(?:[_=]|\\_)?\s*")


def table_rows(lines: Iterable[str]) -> tuple[list[list[str]], str]:
    """The rows of a table, whose escapes stay, and its formats."""
    rows: list[list[str]] = []
    formats: list[str] = []
    tab, in_head = "\t", True
    block: list[str] | None = None
    for line in lines:
        stripped = line.rstrip()
        if block is not None:
            if not stripped.startswith("T}"):
                block.append(line[1:].partition(" ")[2] if line[:1] == "." else line)
                continue
            rows[-1][-1] = " ".join(block).strip()
            rows[-1] += stripped[2:].split(tab)[1:]
            block = _begun(rows)
        elif in_head:
            formats.append(stripped)
            if found := _TAB.search(stripped):
                tab = found[1]
            in_head = not stripped.endswith(".")
        elif stripped.startswith(".T&"):
            in_head = True
        elif not stripped.startswith(".") and not _RULE.fullmatch(stripped):
            rows.append(line.split(tab))
            block = _begun(rows)
    return [["" if cell in ("\\^", "_", "=") else cell for cell in row] for row in rows], "\n".join(formats)


def _begun(rows: list[list[str]]) -> list[str] | None:
    """The lines of the block that the last cell opens; None if it is a cell on one line."""
    return [] if rows and rows[-1][-1].strip() == "T{" else None
