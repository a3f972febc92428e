"""Writes one document in several formats. The same blocks give the same bytes on every machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from html import escape
from textwrap import wrap

#: ("h1", text), ("h2", text), ("p", text) or ("table", rows of cells, of which the first row is the head).
Block = tuple[str, str | Sequence[Sequence[str]]]

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


def markdown(blocks: Iterable[Block]) -> bytes:
    marks = {"h1": "# ", "h2": "## ", "p": ""}
    return (
        "\n\n".join(_rows(what) if kind == "table" else marks[kind] + what for kind, what in blocks) + "\n"
    ).encode()


def _rows(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def html(blocks: Iterable[Block]) -> bytes:
    blocks = list(blocks)
    title = escape(str(blocks[0][1]))
    body = "\n".join(
        _html_table(what) if kind == "table" else f"<{kind}>{escape(what)}</{kind}>" for kind, what in blocks
    )
    page = f'<!doctype html>\n<html lang="en"><head><title>{title}</title></head>\n<body>\n{body}\n</body></html>\n'
    return page.encode()


def _html_table(rows: Sequence[Sequence[str]]) -> str:
    lines = []
    for number, row in enumerate(rows):
        tag = "th" if number == 0 else "td"
        lines.append("<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def docx(blocks: Iterable[Block]) -> bytes:
    body = "".join(_word_table(what) if kind == "table" else _paragraph(what, kind) for kind, what in blocks)
    heads = ((1, "Heading1"), (2, "Heading2"))
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="heading {level}"/></w:style>'
        for level, name in heads
    )
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return _package(
        {
            "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}<w:sectPr/></w:body></w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
            "word/_rels/document.xml.rels": _relations({"styles": "styles.xml"}),
            "_rels/.rels": _relations({"officeDocument": "word/document.xml"}),
        },
        {"word/document.xml": f"{main}.document.main+xml", "word/styles.xml": f"{main}.styles+xml"},
    )


def _paragraph(text: str, kind: str = "p") -> str:
    style = f'<w:pPr><w:pStyle w:val="Heading{kind[1]}"/></w:pPr>' if kind[0] == "h" else ""
    return f'<w:p>{style}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _word_table(rows: Sequence[Sequence[str]]) -> str:
    cells = ["".join(f"<w:tc><w:tcPr/>{_paragraph(cell)}</w:tc>" for cell in row) for row in rows]
    grid = "<w:gridCol/>" * len(rows[0])
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def xlsx(name: str, rows: Sequence[Sequence[str | float]]) -> bytes:
    """A workbook with one sheet."""
    lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = f'<sheets><sheet name="{escape(name)}" sheetId="1" r:id="r1"/></sheets>'
    return _package(
        {
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}">{sheets}</workbook>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{lines}</sheetData></worksheet>',
            "xl/_rels/workbook.xml.rels": _relations({"worksheet": "worksheets/sheet1.xml"}),
            "_rels/.rels": _relations({"officeDocument": "xl/workbook.xml"}),
        },
        {"xl/workbook.xml": f"{main}.sheet.main+xml", "xl/worksheets/sheet1.xml": f"{main}.worksheet+xml"},
    )


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f"<c><v>{value:.2f}</v></c>"


def _relations(targets: dict[str, str]) -> str:
    lines = [
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets.items(), 1)
    ]
    return f'<Relationships xmlns="{_RELATIONS}">{"".join(lines)}</Relationships>'


def _package(parts: dict[str, str], types: dict[str, str]) -> bytes:
    """The parts as a ZIP archive without times, so that its bytes are always the same."""
    lines = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in types.items())
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    contents = {"[Content_Types].xml": f'<Types xmlns="{_TYPES}">{rels}{lines}</Types>', **parts}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part, text in contents.items():
            document = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'
            archive.writestr(zipfile.ZipInfo(part), document)
    return stream.getvalue()


def pdf(blocks: Iterable[Block]) -> bytes:
    """One page of A4 in Helvetica; tables become lines of text."""
    lines: list[tuple[int, int, str]] = []  # size, space above, text
    for kind, what in blocks:
        size = {"h1": 18, "h2": 13}.get(kind, 10)
        texts = ["   ".join(row) for row in what] if kind == "table" else [str(what)]
        for text in texts:
            for number, line in enumerate(wrap(text, 950 // size)):
                lines.append((size, 10 if number == 0 and kind != "table" else 2, line))
    commands, height = [], 800
    for size, above, line in lines:
        height -= size + above
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        commands.append(f"BT /F{2 if size > 10 else 1} {size} Tf 50 {height} Td ({escaped}) Tj ET")
    stream = "\n".join(commands).encode("cp1252")
    fonts = " ".join(f"/F{number} {number + 4} 0 R" for number in (1, 2))
    page = f"/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << {fonts} >> >> /Contents 4 0 R"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< {page} >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        (font % "Helvetica").encode(),
        (font % "Helvetica-Bold").encode(),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    end = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, end))


def mail(headers: dict[str, str], text: str) -> bytes:
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    return message.as_bytes()
