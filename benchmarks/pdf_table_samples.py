"""Tables with known cells, drawn as PDFs by reportlab and by LibreOffice, in five styles."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

STYLES = ("ruled", "unruled", "merged", "multi-line", "over pages")
MAKERS = ("reportlab", "LibreOffice")
_LOOKS = ("grid", "booktabs", "frame", "zebra", "lines", "cells")
_OFFICE_LOOKS = ("grid", "booktabs", "frame", "grid", "lines", "grid")
_NOUNS = ("Harbour", "Pump", "Valve", "Revenue", "Equipment", "Freight", "Salaries", "Bridge", "Turbine", "Filter")
_ADJECTIVES = ("annual", "net", "deferred", "upper", "lower", "total", "northern", "spare", "heavy", "primary")
_PROSE = (
    "The figures below were taken from the books of the harbour office and rounded to whole units. Differences from "
    "sums are due to rounding. Readings of the night shift are included from the third week on, as agreed in spring."
)

#: Row, column, rows and columns of a merged cell.
Span = tuple[int, int, int, int]


@dataclass(frozen=True)
class Sample:
    """A table with its cells' texts; a merged cell's text stands in its first place."""

    name: str
    style: str
    look: str
    rows: list[list[str]]
    spans: tuple[Span, ...] = ()


def samples(maker: str, n_of_style: int = 6) -> list[Sample]:
    """``n_of_style`` tables of every style; the same ones each time."""
    return [_sample(maker, style, number) for style in STYLES for number in range(n_of_style)]


def _sample(maker: str, style: str, number: int) -> Sample:
    rng = random.Random(f"{maker} {style} {number}")
    name = f"{maker}-{style.replace(' ', '-')}-{number}"
    look = (_LOOKS if maker == "reportlab" else _OFFICE_LOOKS)[number % 6]
    if style == "ruled":
        return Sample(name, style, look, _figures(rng, rng.randint(4, 9), rng.randint(3, 6)))
    if style == "unruled":
        rows = _words(rng, rng.randint(4, 9)) if number % 6 == 5 else _accounts(rng, number)
        return Sample(name, style, "none", rows)
    if style == "merged":
        rows, spans = _merged(rng, number)
        return Sample(name, style, "grid", rows, spans)
    if style == "multi-line":
        return Sample(name, style, "none" if number % 3 == 2 else look, _long_cells(rng, rng.randint(4, 6)))
    rows = _figures(rng, rng.randint(70, 110), rng.randint(3, 5))
    return Sample(name, style, ("grid", "none", "lines")[number % 3], rows)


def _label(rng: random.Random, n: int = 2) -> str:
    return " ".join([rng.choice(_ADJECTIVES).capitalize(), *(rng.choice(_NOUNS).lower() for _ in range(n - 1))])


def _figure(rng: random.Random, kind: int) -> str:
    value = rng.uniform(-900, 9000)
    if kind == 0:
        return f"{value:,.0f}" if value >= 0 else f"({-value:,.0f})"
    if kind == 1:
        return f"{value / 100:.2f}"
    if kind == 2:
        return f"{abs(value) / 100:.1f}%"
    return f"{abs(value):.0f} kg" if rng.random() > 0.1 else "\u2013"


def _figures(rng: random.Random, n_rows: int, n_columns: int) -> list[list[str]]:
    heads = ["Item", *rng.sample(["2021", "2022", "Share", "Weight", "Change", "Q3", "Limit"], n_columns - 1)]
    kinds = [rng.randrange(4) for _ in range(n_columns)]
    body = [
        [f"{_label(rng)} {row + 1}", *(_figure(rng, kinds[c]) for c in range(1, n_columns))] for row in range(n_rows)
    ]
    return [heads, *body]


def _accounts(rng: random.Random, number: int) -> list[list[str]]:
    rows = [["", "2023", "2022", "2021"]]
    for section in ("Operating activities:", "Financing activities:"):
        rows.append([section, "", "", ""])
        rows += [[_label(rng, 3), *(_figure(rng, number % 2) for _ in range(3))] for _ in range(rng.randint(2, 4))]
        rows.append([f"Total {section[:9].lower()}", *(_figure(rng, 0) for _ in range(3))])
    return rows


def _words(rng: random.Random, n_rows: int) -> list[list[str]]:
    towns = ("Bergen", "Gdynia", "Ostrava", "Leith", "Cork", "Turku")
    return [
        ["Part", "Town", "Keeper"],
        *([_label(rng), rng.choice(towns), rng.choice(("I. Solberg", "P. Novak", "A. Reid"))] for _ in range(n_rows)),
    ]


def _merged(rng: random.Random, number: int) -> tuple[list[list[str]], tuple[Span, ...]]:
    if number % 2:
        rows = [["Region", "Sales", "", "Costs", ""], ["", "2022", "2023", "2022", "2023"]]
        rows += [[_label(rng), *(_figure(rng, 0) for _ in range(4))] for _ in range(rng.randint(3, 6))]
        return rows, ((0, 0, 2, 1), (0, 1, 1, 2), (0, 3, 1, 2))
    rows, spans = [["Region", "Season", "Tons", "Share"]], []
    for region in ("North", "South", "West"):
        spans.append((len(rows), 0, 2, 1))
        rows.append([region, "Summer", _figure(rng, 0), _figure(rng, 2)])
        rows.append(["", "Winter", _figure(rng, 0), _figure(rng, 2)])
    rows.append(["All regions, both seasons", "", _figure(rng, 0), _figure(rng, 2)])
    return rows, (*spans, (len(rows) - 1, 0, 1, 2))


def _long_cells(rng: random.Random, n_rows: int) -> list[list[str]]:
    words = _PROSE.replace(".", "").replace(",", "").split()
    rows = [["Step", "What to do", "Limit"]]
    for _ in range(n_rows):
        start = rng.randrange(len(words) - 22)
        rows.append([_label(rng), " ".join(words[start : start + rng.randint(6, 20)]).capitalize(), _figure(rng, 1)])
    return rows


def by_reportlab(sample: Sample) -> bytes:
    """A page or more with prose, a title, the table and prose."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    body = ParagraphStyle("body", fontSize=9.5, leading=12)
    cells: list[list[Any]] = [list(row) for row in sample.rows]
    n = len(cells[0])
    widths: list[float] | None = None
    if sample.style == "multi-line":
        cells = [
            [Paragraph(cell, body) if c == 1 and r else cell for c, cell in enumerate(row)]
            for r, row in enumerate(cells)
        ]
        widths = [110, 190, 60]
    commands = [("SPAN", (c, r), (c + width - 1, r + height - 1)) for r, c, height, width in sample.spans]
    looks: dict[str, list[tuple[Any, ...]]] = {
        "grid": [("GRID", (0, 0), (-1, -1), 0.5, "black")],
        "booktabs": [
            ("LINEABOVE", (0, 0), (-1, 0), 1, "black"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, "black"),
            ("LINEBELOW", (0, -1), (-1, -1), 1, "black"),
        ],
        "frame": [("BOX", (0, 0), (-1, -1), 1, "black"), ("LINEBELOW", (0, 0), (-1, 0), 0.5, "black")],
        "zebra": [("ROWBACKGROUNDS", (0, 0), (-1, -1), ["lightgrey", "white"])],
        "lines": [("LINEBELOW", (0, 0), (-1, -1), 0.4, "grey")],
        "cells": [("BACKGROUND", (c, r), (c, r), "lightgrey") for r in range(0, len(cells), 2) for c in range(n)],
        "none": [],
    }
    align = [("ALIGN", (1, 0), (-1, -1), "RIGHT")] if sample.style in ("ruled", "unruled", "over pages") else []
    table = Table(
        cells,
        colWidths=widths,
        repeatRows=1,
        style=TableStyle([*commands, *looks[sample.look], *align, ("VALIGN", (0, 0), (-1, -1), "TOP")]),
    )
    out = BytesIO()
    prose = Paragraph(_PROSE * 2, body)
    title = Paragraph(f"Table 1: {sample.name}", body)
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build(
        [prose, Spacer(1, 10), title, Spacer(1, 6), table, Spacer(1, 10), prose]
    )
    return out.getvalue()


def by_libreoffice(wanted: Sequence[Sample], folder: Path) -> list[bytes]:
    """The same by way of Word files that LibreOffice prints."""
    paths = []
    for number, sample in enumerate(wanted):
        paths.append(folder / f"{number:03}.docx")
        _word_file(sample).save(str(paths[-1]))
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(folder), *map(str, paths)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return [path.with_suffix(".pdf").read_bytes() for path in paths]


def _word_file(sample: Sample) -> Any:
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Cm

    document = Document()
    document.add_paragraph(_PROSE * 2)
    document.add_paragraph(f"Table 1: {sample.name}")
    table = document.add_table(len(sample.rows), len(sample.rows[0]))
    if sample.look == "grid":
        table.style = "Table Grid"
    for r, row in enumerate(sample.rows):
        for c, text in enumerate(row):
            paragraph = table.cell(r, c).paragraphs[0]
            paragraph.text = text
            if c and sample.style in ("ruled", "unruled", "over pages"):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if sample.style == "multi-line":
                table.cell(r, c).width = Cm((4, 8, 3)[c])
    for r, c, height, width in sample.spans:
        table.cell(r, c).merge(table.cell(r + height - 1, c + width - 1)).paragraphs[0].text = sample.rows[r][c]
        for extra in table.cell(r, c).paragraphs[1:]:
            extra._element.getparent().remove(extra._element)
    if sample.style == "over pages":
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    _borders(table, sample.look)
    document.add_paragraph()
    document.add_paragraph(_PROSE)
    return document


def _borders(table: Any, look: str) -> None:
    """Borders on the outside or under rows; a head with a rule of its own for the looks that have one."""
    wanted = {
        "booktabs": ("top", "bottom"),
        "frame": ("top", "bottom", "left", "right"),
        "lines": ("bottom", "insideH"),
    }
    if look not in wanted:
        return
    _append_borders(table._tbl.tblPr, "w:tblBorders", wanted[look])
    for cell in table.rows[0].cells:
        _append_borders(cell._tc.get_or_add_tcPr(), "w:tcBorders", ("bottom",))


def _append_borders(parent: Any, name: str, sides: Sequence[str]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement(name)
    for side in sides:
        edge = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
            edge.set(qn(f"w:{key}"), value)
        borders.append(edge)
    parent.append(borders)
