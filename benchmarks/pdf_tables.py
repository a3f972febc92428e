"""Cells of PDF tables that are found right: exact text in the right row and column, on 60 tables of known cells.

python benchmarks/pdf_tables.py [--wrong]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pdf_table_samples import MAKERS, Sample, by_libreoffice, by_reportlab, samples
from lake.parse.canonical import one_line
from lake.parse.pdf.geometry import PageLayout
from lake.parse.pdf.tables import find_tables
from lake.parse.pdf.words import page_layout


def layouts(data: bytes) -> list[PageLayout]:
    """The pages of a PDF."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        return [page_layout(document, index) for index in range(len(document))]
    finally:
        document.close()


def found_rows(pages: Sequence[PageLayout]) -> tuple[list[list[str]], int]:
    """All rows of all tables, without repeated head rows, and the number of tables."""
    tables = [table for page in pages for table in find_tables(page)]
    rows: list[list[str]] = []
    for table in tables:
        cells = [[one_line(cell) for cell in row] for row in table.rows]
        rows += cells[1:] if rows and cells[0] == rows[0] else cells
    return rows, len(tables)


def right_cells(found: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> int:
    """Cells of ``wanted`` that stand in their column of the row of ``found`` that is theirs: rows keep their order."""
    best = [0] * (len(found) + 1)
    for row in wanted:
        before = best
        best = [0]
        for at, other in enumerate(found):
            same = _equal_cells(row, other)
            best.append(max(best[-1], before[at + 1], before[at] + same))
    return best[-1]


def _equal_cells(row: Sequence[str], other: Sequence[str]) -> int:
    """Equal cells of rows that share at least one text."""
    equal = [a for a, b in zip(row, other, strict=False) if a == b]
    return len(equal) if any(equal) else 0


def main() -> None:
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    n_pages = 0
    seconds = 0.0
    for maker in MAKERS:
        wanted = samples(maker)
        for sample, data in zip(wanted, drawn(maker, wanted), strict=True):
            pages = layouts(data)
            started = time.process_time()
            rows, n_tables = found_rows(pages)
            seconds += time.process_time() - started
            n_pages += len(pages)
            n_cells = sum(map(len, sample.rows))
            right = right_cells(rows, sample.rows)
            whole = int(right == n_cells and len(rows) == len(sample.rows))
            for at, value in enumerate((right, n_cells, whole, 1)):
                counts[maker, sample.style][at] += value
            if "--wrong" in sys.argv and not whole:
                print(f"{sample.name} ({sample.look}): {right} of {n_cells} cells, {n_tables} tables")
                for row in rows:
                    print("   ", row)
    for (maker, style), numbers in counts.items():
        print(f"{maker:12} {style:11} {_shares(numbers)}")
    print(f"all                      {_shares([sum(values) for values in zip(*counts.values(), strict=True)])}")
    print(f"{1000 * seconds / n_pages:.2f} CPU ms a page to find tables, {n_pages} pages")


def _shares(numbers: Sequence[int]) -> str:
    right, n_cells, whole, n = numbers
    return f"cells right {right:5} of {n_cells:5} = {right / n_cells:.3f}   without a fault {whole:2} of {n:2} tables"


def drawn(maker: str, wanted: Sequence[Sample]) -> list[bytes]:
    """The samples as PDFs; none without LibreOffice."""
    if maker == "reportlab":
        return [by_reportlab(sample) for sample in wanted]
    if not shutil.which("soffice"):
        sys.exit("LibreOffice (soffice) is not installed; it draws half of the tables")
    with tempfile.TemporaryDirectory() as folder:
        return by_libreoffice(wanted, Path(folder))


if __name__ == "__main__":
    main()
