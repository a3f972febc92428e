"""Reports of about 50 pages, typeset by LibreOffice: tables, footnotes, figures, running headers, page numbers."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.pages_reports import Fact, Report

_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
    )
)
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<office:document {namespaces} office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text">
<office:styles>
<style:style style:name="Heading_1" style:display-name="Heading 1" style:family="paragraph">
<style:paragraph-properties fo:margin-top="0.6cm" fo:margin-bottom="0.3cm" fo:keep-with-next="always"/>
<style:text-properties fo:font-size="18pt" fo:font-weight="bold"/></style:style>
<style:style style:name="Heading_2" style:display-name="Heading 2" style:family="paragraph">
<style:paragraph-properties fo:margin-top="0.4cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"/>
<style:text-properties fo:font-size="13pt" fo:font-weight="bold"/></style:style>
<style:style style:name="Body" style:family="paragraph"><style:paragraph-properties fo:margin-bottom="0.2cm"/>
<style:text-properties fo:font-size="11pt"/></style:style>
</office:styles>
<office:automatic-styles>
<style:page-layout style:name="paper"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm"
 fo:margin-top="2cm" fo:margin-bottom="2cm" fo:margin-left="2.5cm" fo:margin-right="2.5cm"/>
<style:header-style><style:header-footer-properties fo:min-height="0.8cm" fo:margin-bottom="0.3cm"/>
</style:header-style>
<style:footer-style><style:header-footer-properties fo:min-height="0.8cm" fo:margin-top="0.3cm"/></style:footer-style>
</style:page-layout>
<style:style style:name="cell" style:family="table-cell"><style:table-cell-properties fo:padding="0.1cm"
 fo:border="0.5pt solid #000000"/></style:style>
<style:style style:name="bar" style:family="graphic"><style:graphic-properties draw:fill="solid"
 draw:fill-color="#7799bb"/></style:style>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="paper">
<style:header><text:p>{title}</text:p></style:header>
<style:footer><text:p>Page <text:page-number text:select-page="current"/></text:p></style:footer>
</style:master-page></office:master-styles><office:body><office:text>
"""
_TAIL = "</office:text></office:body></office:document>\n"


_SECTIONS = 88  # make about 50 pages


def make_pdf(report: Report, folder: Path) -> Path:
    """Write the report as a PDF, by LibreOffice. Returns its path."""
    source = folder / f"{Path(report.name).stem}.fodt"
    title = escape(report.title)
    head = _HEAD.format(namespaces=_NAMESPACES, title=title)
    source.write_text(head + "\n".join(_body(report)) + _TAIL, encoding="utf-8")
    command = ["soffice", f"-env:UserInstallation=file://{folder}/office", "--headless", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", str(folder), str(source)], check=True, capture_output=True, timeout=300)
    return folder / report.name


def _body(report: Report) -> Iterator[str]:
    chance = random.Random(report.name)
    yield _heading(1, report.title)
    per_chapter = _SECTIONS // len(report.chapters)
    facts = {7 + n * (_SECTIONS - 9) // len(report.facts): fact for n, fact in enumerate(report.facts)}
    for n in range(_SECTIONS):
        if n % per_chapter == 0 and n // per_chapter < len(report.chapters):
            yield _heading(1, report.chapters[n // per_chapter])
        if n in facts:
            yield from _fact(facts[n])
        thing, place = chance.choice(report.things), chance.choice(report.places)
        yield _heading(2, f"{thing.capitalize()}: {place}")
        for _ in range(chance.randint(3, 4)):
            yield _paragraph(_prose(report, chance))
        if n % 3 == 0:
            yield _paragraph(f"Development of {thing}, by place")
            years = [str(chance.randint(2019, 2023) + step) for step in range(3)]
            yield _table([["Place", *years], *([at, *_numbers(chance)] for at in report.places)])
        if n % 11 == 5:
            yield _figure(chance, f"Figure {n}: {thing} at {place}")


def _fact(fact: Fact) -> Iterator[str]:
    yield _heading(2, fact.heading)
    yield _paragraph(fact.text, fact.note)
    if fact.rows:
        yield _table(fact.rows)
    if fact.caption:
        yield _figure(random.Random(fact.caption), fact.caption)


def _prose(report: Report, chance: random.Random) -> str:
    sentences = chance.sample(report.sentences, chance.randint(4, 6))
    return " ".join(
        sentence.format(
            n=chance.randint(3, 900),
            n2=chance.randint(3, 900),
            year=chance.randint(2019, 2039),
            place=chance.choice(report.places),
            thing=chance.choice(report.things),
        )
        for sentence in sentences
    )


def _numbers(chance: random.Random) -> list[str]:
    return [f"{chance.randint(10, 99999):,}" for _ in range(3)]


def _heading(level: int, text: str) -> str:
    return f'<text:h text:style-name="Heading_{level}" text:outline-level="{level}">{escape(text)}</text:h>'


def _paragraph(text: str, note: str = "") -> str:
    mark = ""
    if note:
        mark = (
            '<text:note text:id="note1" text:note-class="footnote"><text:note-citation>1</text:note-citation>'
            f'<text:note-body><text:p text:style-name="Body">{escape(note)}</text:p></text:note-body></text:note>'
        )
    return f'<text:p text:style-name="Body">{escape(text)}{mark}</text:p>'


def _table(rows: Iterable[Sequence[str]]) -> str:
    lines = list(rows)
    cells = (
        "".join(
            '<table:table-cell table:style-name="cell"><text:p text:style-name="Body">'
            f"{escape(cell)}</text:p></table:table-cell>"
            for cell in row
        )
        for row in lines
    )
    columns = f'<table:table-column table:number-columns-repeated="{len(lines[0])}"/>'
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    return f"<table:table>{columns}{body}</table:table>" + _paragraph("")


def _figure(chance: random.Random, caption: str) -> str:
    bars = "".join(
        f'<draw:rect draw:style-name="bar" svg:x="{1 + 2 * n}cm" svg:y="{4 - height}cm" svg:width="1.2cm" '
        f'svg:height="{height}cm"/>'
        for n, height in enumerate(chance.randint(1, 4) for _ in range(6))
    )
    return f'<text:p text:style-name="Body"><draw:g text:anchor-type="as-char">{bars}</draw:g></text:p>' + _paragraph(
        caption
    )
