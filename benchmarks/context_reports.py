"""Twelve annual reports of invented companies with the same sections and other figures, and questions that name one.

A third of the reports name their company on the title page and in a letter, a third in the stated title alone, and a
third in the name of the folder or the file alone. Each comes once as Markdown, HTML, Word and PDF.
"""

from __future__ import annotations

import html
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

YEAR = 2031
#: Level, text and rows of a heading, a paragraph (level 0) or a table.
Part = tuple[int, str, tuple[tuple[str, ...], ...]]

_COMPANIES = (
    *("Tolvar", "Kestreline", "Ombrix", "Quillmark", "Sablethorn", "Wexcombe"),
    *("Brindle & Moor", "Novequa", "Harkstead", "Umberline", "Pelorus Vane", "Drystone"),
)
_ITEMS = (
    ("Trade receivables", "What were {name}'s trade receivables in 2031?"),
    ("Inventories", "How large were the inventories of {name} at the end of 2031?"),
    ("Lease liabilities", "What lease liabilities did {name} report for 2031?"),
    ("Pension obligations", "{name}: pension obligations 2031"),
    ("Research and development", "How much did {name} spend on research and development in 2031?"),
    ("Capital expenditure", "capital expenditure of {name} in 2031"),
    ("Employees", "How many employees did {name} have in 2031?"),
    ("Provisions", "Which provisions did {name} recognise in 2031?"),
    ("Borrowings", "What did {name} owe to banks and bondholders, its borrowings, in 2031?"),
    ("Dividends", "What dividends did {name} pay in 2031?"),
)
_CHAPTERS = {
    "Business review": ("Markets", "Strategy", "Operations", "Customers", "Outlook"),
    "Sustainability": ("Energy and emissions", "Water", "People and safety", "Suppliers"),
    "Governance": ("The board", "Audit committee", "Remuneration", "Shareholders"),
    "Risk report": ("Market risk", "Credit risk", "Liquidity risk", "Information security"),
    "Notes to the consolidated financial statements": (
        *("Accounting policies", "Segment information", "Property, plant and equipment", "Financial instruments"),
        *("Taxes", "Related parties", "Events after the reporting date"),
    ),
}
_THINGS = ("demand", "costs", "prices", "orders", "energy use", "training", "maintenance", "audits", "supply contracts")
_SENTENCES = (
    "{Thing} rose by {n} per cent in the second half, after a quiet spring.",
    "The management board reviewed {thing} every quarter and set targets for the years to {year}.",
    "In the region, {thing} fell short of the budget by {n} thousand, mainly because of the weather.",
    "We regard {thing} as a main source of opportunities and of risks.",
    "A working party on {thing} met {n} times and reported to the supervisory board.",
    "The effect of {thing} on the result was {n} thousand, against {m} thousand in the year before.",
    "The group applies the standard on {thing} for the first time; the effect is not material.",
    "Changes in {thing} are explained in the segment report, together with their causes.",
    "Depreciation and impairment that relate to {thing} amounted to {n} thousand.",
    "The auditor examined how the company measures {thing} and found no reason for objections.",
    "Our programme for {thing} involves {n} people at {m} sites and will end in {year}.",
)


class Question(NamedTuple):
    """A question, the report that answers it, and the figure in it."""

    text: str
    document: str
    figure: str
    naming: str


class Report(NamedTuple):
    """A report: what it is called inside and outside, and its parts."""

    path: str
    naming: str  # where the company is named: page, title, place
    title: str  # as the format states it; "" if it states none
    parts: tuple[Part, ...]
    questions: tuple[Question, ...]


def reports(seed: int = 2031) -> list[Report]:
    """The twelve reports with five questions each; the same for the same seed."""
    formats = ("md", "html", "docx", "pdf")
    return [
        _report(
            number, name, ("page", "title", "place")[number // 4], formats[number % 4], random.Random(seed + number)
        )
        for number, name in enumerate(_COMPANIES)
    ]


def _report(number: int, name: str, naming: str, suffix: str, chance: random.Random) -> Report:
    slug = name.lower().replace(" & ", "-").replace(" ", "-")
    in_place = f"companies/{slug}/report-{YEAR}.{suffix}" if number % 2 else f"reports/{slug}-annual-report.{suffix}"
    path = in_place if naming == "place" else f"reports/r{number:02}.{suffix}"
    stated = f"{name} plc: annual report and accounts for the year ended 31 December {YEAR}"
    figures = {item: f"{chance.randint(1_000, 99_999):,}" for item, _ in _ITEMS}
    opening = stated if naming == "page" else f"Annual report {YEAR}"
    letter = f"Dear shareholders, {name} looks back on an eventful year." if naming == "page" else "Dear shareholders,"
    parts: list[Part] = [(1, opening, ()), (1, "Letter to the shareholders", ()), (0, f"{letter} {_prose(chance)}", ())]
    items = list(figures.items())
    chapters = list(_CHAPTERS.items())
    for place, (chapter, sections) in enumerate(chapters):
        parts += _chapter(chapter, sections, items[2 * place : 2 * place + 2], chance)
    asked = chance.sample(_ITEMS, 5)
    questions = tuple(Question(text.format(name=name), path, figures[item], naming) for item, text in asked)
    return Report(path, naming, stated if naming == "title" else "", tuple(parts), questions)


def _chapter(title: str, sections: tuple[str, ...], items: list[tuple[str, str]], chance: random.Random) -> list[Part]:
    parts: list[Part] = [(1, title, ())]
    for number, section in enumerate(sections):
        parts.append((2, section, ()))
        parts += [(0, _prose(chance), ()) for _ in range(3)]
        for kind in ("Development in the year", "Measures and targets"):
            parts.append((3, kind, ()))
            parts += [(0, _prose(chance), ()) for _ in range(3)]
        if number < len(items):
            parts += _item(*items[number], chance)
    return parts


def _item(item: str, figure: str, chance: random.Random) -> list[Part]:
    before = f"{chance.randint(1_000, 99_999):,}"
    if chance.random() < 0.5:
        text = f"{item} stood at {figure} at the end of {YEAR} ({YEAR - 1}: {before}). {_prose(chance)}"
        return [(3, item, ()), (0, text, ())]
    rows = [(thing.capitalize(), *(f"{chance.randint(10, 999_999):,}" for _ in range(2))) for thing in _THINGS * 4]
    rows.insert(20, (item, figure, before))
    table = (("Position", str(YEAR), str(YEAR - 1)), *rows)
    return [(3, item, ()), (0, "The table shows the main positions, in thousands.", ()), (0, "", table)]


def _prose(chance: random.Random) -> str:
    thing = chance.choice(_THINGS)
    sentences = chance.sample(_SENTENCES, 5)
    slots = {"thing": thing, "Thing": thing.capitalize()}
    return " ".join(
        one.format(n=chance.randint(3, 900), m=chance.randint(3, 900), year=chance.randint(2032, 2039), **slots)
        for one in sentences
    )


def write(folder: Path, seed: int = 2031) -> list[Question]:
    """Write the reports as files below ``folder``. Returns the questions."""
    found: list[Question] = []
    for report in reports(seed):
        path = folder / report.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[path.suffix](report, path)
        found += report.questions
    return found


def _markdown(report: Report, path: Path) -> None:
    head = f'---\ntitle: "{report.title}"\n---\n\n' if report.title else ""
    path.write_text(head + "\n\n".join(_markdown_parts(report.parts)) + "\n", encoding="utf-8")


def _markdown_parts(parts: tuple[Part, ...]) -> Iterator[str]:
    for level, text, rows in parts:
        if rows:
            head, *rest = [f"| {' | '.join(row)} |" for row in rows]
            yield "\n".join((head, "|" + " --- |" * len(rows[0]), *rest))
        else:
            yield f"{'#' * level} {text}" if level else text


def _html(report: Report, path: Path) -> None:
    title = f"<title>{html.escape(report.title)}</title>" if report.title else ""
    body = "\n".join(_elements(report.parts, "h{}", "p", "table", "tr", "td"))
    path.write_text(f'<html lang="en"><head>{title}</head><body>\n{body}\n</body></html>\n', encoding="utf-8")


def _elements(parts: tuple[Part, ...], heading: str, paragraph: str, table: str, row: str, cell: str) -> Iterator[str]:
    for level, text, rows in parts:
        if rows:
            lines = ("".join(f"<{cell}>{html.escape(one)}</{cell}>" for one in cells) for cells in rows)
            yield f"<{table}>{''.join(f'<{row}>{line}</{row}>' for line in lines)}</{table}>"
        else:
            name = heading.format(level) if level else paragraph
            yield f"<{name}>{html.escape(text)}</{name}>"


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-"
_MAIN = "officedocument.wordprocessingml.document.main+xml"


def _docx(report: Report, path: Path) -> None:
    body = "".join(_word_parts(report.parts))
    core = (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{html.escape(report.title)}</dc:title></cp:coreProperties>"
    )
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="{_TYPES}package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_TYPES}{_MAIN}"/>'
        f'<Override PartName="/docProps/core.xml" ContentType="{_TYPES}package.core-properties+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{related}" '
        f'Target="word/document.xml"/><Relationship Id="r2" Type="{_PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        "docProps/core.xml": core,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>\n{text}')


def _word_parts(parts: tuple[Part, ...]) -> Iterator[str]:
    for level, text, rows in parts:
        if rows:
            lines = ("".join(f"<w:tc>{_word_paragraph(0, one)}</w:tc>" for one in cells) for cells in rows)
            yield f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"
        else:
            yield _word_paragraph(level, text)


def _word_paragraph(level: int, text: str) -> str:
    style = f'<w:pPr><w:pStyle w:val="Heading{level}"/><w:outlineLvl w:val="{level - 1}"/></w:pPr>' if level else ""
    return f"<w:p>{style}<w:r><w:t>{html.escape(text)}</w:t></w:r></w:p>"


def _pdf(report: Report, path: Path) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, TableStyle

    styles, story = getSampleStyleSheet(), []
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")])
    for level, text, rows in report.parts:
        if rows:
            story.append(LongTable([list(row) for row in rows], style=grid, repeatRows=1))
        else:
            story.append(Paragraph(html.escape(text), styles[f"Heading{level}" if level else "BodyText"]))
    SimpleDocTemplate(str(path), title=report.title or None, invariant=1).build(story)


_WRITERS: dict[str, Callable[[Report, Path], None]] = {".md": _markdown, ".html": _html, ".docx": _docx, ".pdf": _pdf}
