"""CPU time of the PDF parser against pypdfium2's bare text extraction, over the same files in the same process.

    python benchmarks/pdf_speed.py FILE.pdf ...

Bare extraction opens the file and takes ``get_textpage().get_text_range()`` of each page. Both are run in turns, and
the least time of each counts. OCR is switched off. A row for each folder, as one kind of file, and one for all end it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

import pypdfium2

from lake.errors import InputError
from lake.parse import ocr
from lake.parse.pdf import parse


def bare(data: bytes) -> int:
    """Read the text of each page and nothing else; returns the number of pages."""
    document = pypdfium2.PdfDocument(data)
    try:
        for index in range(len(document)):
            page = document[index]
            text_page = page.get_textpage()
            text_page.get_text_range()
            text_page.close()
            page.close()
        return len(document)
    finally:
        document.close()


def measured(data: bytes, runs: int) -> tuple[int, float, float]:
    """Pages, and the least CPU seconds of bare extraction and of the parser."""
    times: tuple[list[float], list[float]] = ([], [])
    n_pages = 0
    for _ in range(runs):
        start = process_time()
        n_pages = bare(data)
        middle = process_time()
        parse(data, ".pdf")
        times[0].append(middle - start)
        times[1].append(process_time() - middle)
    return n_pages, min(times[0]), min(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    ocr.installed = lambda: False  # type: ignore[assignment]
    print(f"{'ms/page bare':>12} {'parsed':>7} {'ratio':>6} {'pages':>6}  file")
    found: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for path in given.files:
        try:
            n_pages, plain, parsed = measured(path.read_bytes(), given.runs)
        except (InputError, pypdfium2.PdfiumError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        found[path.parent.name].append((n_pages, plain, parsed))
        each = f"{1000 * plain / n_pages:12.2f} {1000 * parsed / n_pages:7.2f}"
        print(f"{each} {parsed / plain:6.2f} {n_pages:6}  {path.name}", flush=True)
    if found:
        print("\n| files | number | pages | median ratio | ratio of the sums |\n|---|---:|---:|---:|---:|")
        for name, rows in sorted(found.items()):
            print(row_of(name, rows))
        print(row_of("all", [row for rows in found.values() for row in rows]))


def row_of(name: str, rows: Sequence[tuple[int, float, float]]) -> str:
    """One row of the table at the end."""
    n_pages, plain, parsed = (sum(column) for column in zip(*rows, strict=True))
    usual = median(own / bare for _, bare, own in rows)
    return f"| {name} | {len(rows)} | {n_pages:,} | {usual:.2f} | {parsed / plain:.2f} |"


if __name__ == "__main__":
    main()
