"""Small files with text in places that readers of their format often pass over; each with what it must say."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from collections.abc import Mapping

from tests.lake.parse.office_files import (
    cell,
    docx,
    odf,
    para,
    pptx,
    relations,
    shape,
    table,
    with_namespaces,
    zipped,
)
from tests.lake.parse.reported_file import Reported

_SHEET = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_DRAWN = "http://schemas.openxmlformats.org/drawingml/2006"


def _xlsx(
    tail: str = "",
    related: Mapping[str, tuple[str, str]] | None = None,
    parts: Mapping[str, str] | None = None,
    *,
    sheets: str = "",
    more: Mapping[str, tuple[str, str]] | None = None,
) -> bytes:
    """A workbook with the word "stock" in its only cell, and what stands beside the cells."""
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook {_SHEET}><sheets><sheet name="Depot" r:id="r1"/>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations({"r1": ("worksheet", "worksheets/sheet1.xml"), **(more or {})}),
        "xl/worksheets/sheet1.xml": (
            f'<worksheet {_SHEET}><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>stock</t></is></c></row>'
            f"</sheetData>{tail}</worksheet>"
        ),
        "xl/worksheets/_rels/sheet1.xml.rels": relations(related or {}),
    }
    for name, content in (parts or {}).items():
        is_bare = name.endswith(".xml") and "xmlns=" not in content[:200]
        members[name] = with_namespaces(content) if is_bare else content
    return zipped(members)


def _chart(formula: str) -> str:
    """A chart whose series are its own values, or those of ``formula``."""

    def held(kind: str, value: str) -> str:
        points = f'<c:pt idx="0"><c:v>{value}</c:v></c:pt>'
        if not formula:
            return f"<c:{kind}Lit>{points}</c:{kind}Lit>"
        return f"<c:{kind}Ref><c:f>{formula}</c:f><c:{kind}Cache>{points}</c:{kind}Cache></c:{kind}Ref>"

    name = held("str", "harvest") if formula else "<c:v>harvest</c:v>"
    series = (
        f"<c:ser><c:tx>{name}</c:tx><c:cat>{held('str', 'spring')}</c:cat><c:val>{held('num', '4711')}</c:val></c:ser>"
    )
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>Yield</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    return (
        f"<c:chartSpace><c:chart>{title}<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart>"
        '<c:userShapes r:id="u1"/></c:chartSpace>'
    )


_BOX_IN_CHART = (
    f'<c:userShapes><cdr:relSizeAnchor xmlns:cdr="{_DRAWN}/chartDrawing"><cdr:sp><cdr:txBody><a:p><a:r>'
    "<a:t>drought</a:t></a:r></a:p></cdr:txBody></cdr:sp></cdr:relSizeAnchor></c:userShapes>"
)


def _drawing(inner: str) -> str:
    return (
        f'<xdr:wsDr xmlns:xdr="{_DRAWN}/spreadsheetDrawing"><xdr:twoCellAnchor>{inner}</xdr:twoCellAnchor></xdr:wsDr>'
    )


def _charts(formula: str = "") -> dict[str, str]:
    frame = (
        '<xdr:graphicFrame><a:graphic><a:graphicData><c:chart r:id="c1"/></a:graphicData></a:graphic>'
        "</xdr:graphicFrame>"
    )
    return {
        "xl/drawings/drawing1.xml": _drawing(frame),
        "xl/drawings/_rels/drawing1.xml.rels": relations({"c1": ("chart", "../charts/chart1.xml")}),
        "xl/charts/chart1.xml": _chart(formula),
        "xl/charts/_rels/chart1.xml.rels": relations({"u1": ("chartUserShapes", "../drawings/drawing2.xml")}),
        "xl/drawings/drawing2.xml": _BOX_IN_CHART,
    }


_DRAWING = {"d1": ("drawing", "../drawings/drawing1.xml")}
_CHART_SHEET = (
    f"<chartsheet {_SHEET}><headerFooter><oddHeader>&amp;CSecret</oddHeader></headerFooter>"
    f'<drawing r:id="d1"/></chartsheet>'
)
_LIST = (
    '<formControlPr xmlns="urn:x" objectType="List"><itemLst><item val="rope"/><item val="lamp"/>'
    "</itemLst></formControlPr>"
)
_THREADS = (
    '<ThreadedComments xmlns="urn:x"><threadedComment ref="A1" id="{1}"><text>too few</text></threadedComment>'
    '<threadedComment ref="A1" id="{2}" parentId="{1}"><text>order more</text></threadedComment></ThreadedComments>'
)
_CHOICES = (
    '<dataValidations><dataValidation type="list" sqref="A1"><formula1>"copper,tin"</formula1>'
    "</dataValidation></dataValidations>"
)
_UNSHOWN_HEADS = (
    f'<table {_SHEET} id="1" ref="A1:A1" headerRowCount="0"><tableColumns><tableColumn name="article"/>'
    f"</tableColumns></table>"
)
_HEADS = (
    '<headerFooter differentFirst="1"><oddHeader>&amp;L&amp;"Arial,Bold"Odd</oddHeader><evenFooter>&amp;REven &amp;P'
    "</evenFooter><firstHeader>&amp;CFirst</firstHeader></headerFooter>"
)


def _biff(*records: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)


def _begin(kind: int) -> tuple[int, bytes]:
    return 0x809, struct.pack("<HHHHII", 0x600, kind, 0, 1997, 0, 0)


def _boxed(text: str, kind: int = 6) -> list[tuple[int, bytes]]:
    """A text box whose text is cut over two records, of characters of one and of two bytes."""
    return [
        (0x5D, struct.pack("<HHHH", 0x15, 0x12, kind, 1) + bytes(14)),
        (0x1B6, struct.pack("<HH6xHH4x", 0x212, 0, len(text), 16)),
        (0x3C, b"\0" + text[:3].encode()),
        (0x3C, b"\1" + text[3:].encode("utf-16-le")),
        (0x3C, bytes(16)),
    ]


def _xls() -> bytes:
    """Excel 97: a sheet with a header, a text box, a comment's box and a chart, and a sheet that is a chart."""

    def series_text(text: str) -> tuple[int, bytes]:
        return 0x100D, struct.pack("<HBB", 0, len(text), 0) + text.encode()

    end = (0x0A, b"")
    header, label = '&L&"Arial,Bold"Secret &P', "stock"
    sheet = [
        _begin(0x10),
        (0x14, struct.pack("<HB", len(header), 0) + header.encode()),
        (0x204, struct.pack("<HHHHB", 0, 0, 15, len(label), 0) + label.encode()),
        *(*_boxed("Order copper"), *_boxed("a remark", 0x19)),
        *(_begin(0x20), series_text("Yield"), series_text("stock"), end, end),
    ]
    chart = [_begin(0x20), series_text("Harvest by year"), end]

    def book(*places: int) -> bytes:
        named = zip(places, ("Depot", "Chart1"), (0, 2), strict=True)
        sheets = [
            (0x85, struct.pack("<IBBBB", place, 0, kind, len(name), 0) + name.encode()) for place, name, kind in named
        ]
        return _biff(_begin(5), (0x42, struct.pack("<H", 1200)), *sheets, end)

    start = len(book(0, 0))
    return book(start, start + len(_biff(*sheet))) + _biff(*sheet, *chart)


_FRAME = (
    '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="4" name="c"/></p:nvGraphicFramePr><a:graphic>'
    '<a:graphicData uri="x">'
    "{}</a:graphicData></a:graphic></p:graphicFrame>"
)
_POINTS = (
    '<dgm:dataModel><dgm:ptLst><dgm:pt modelId="1"><dgm:t><a:p><a:r><a:t>thresh</a:t></a:r></a:p></dgm:t></dgm:pt>'
    "</dgm:ptLst></dgm:dataModel>"
)
_INK = (
    '<p:contentPart r:id="i1">'
    '<p14:nvContentPartPr xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main">'
    '<p14:cNvPr id="9" name="Ink" descr="An arrow to the pump"/></p14:nvContentPartPr></p:contentPart>'
)
_NOTES = (
    f"<p:notes><p:cSld><p:spTree>{shape('speak slowly', kind='body')}{shape('a loose box')}<p:grpSp>"
    f"{shape('a grouped box')}</p:grpSp></p:spTree></p:cSld></p:notes>"
)


def _anchored(inner: str) -> str:
    return para(
        f"<w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{inner}</a:graphicData></a:graphic>"
        f"</wp:inline></w:drawing></w:r>"
    )


_OBJECT = para(
    '<w:r><w:object><v:shape alt="a price list"/><o:OLEObject ProgID="Excel.Sheet.12" r:id="o1"/></w:object></w:r>'
)
_NOTED = para('<w:r><w:t>memo</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>')
_NOTE = {"f": ("footnotes", "footnotes.xml")}


def _footnotes(inner: str) -> str:
    return f'<w:footnotes><w:footnote w:id="2">{inner}</w:footnote></w:footnotes>'


_COMMENTS = (
    f'<w:comments><w:comment w:id="1">{table(cell("tin") + cell("lead"))}{para("compare both")}'
    f"</w:comment></w:comments>"
)

OFFICE = (
    Reported(
        "a chart with values of its own, and a box in it",
        ".xlsx",
        _xlsx('<drawing r:id="d1"/>', _DRAWING, _charts()),
        ("Yield", "harvest: spring 4711", "drought"),
    ),
    Reported(
        "a chart of cells in another workbook",
        ".xlsx",
        _xlsx('<drawing r:id="d1"/>', _DRAWING, _charts("[1]Plan!$A$1")),
        ("Yield", "harvest: spring 4711"),
    ),
    Reported(
        "a sheet that is a chart",
        ".xlsx",
        _xlsx(
            sheets='<sheet name="Fields" r:id="r2"/>',
            more={"r2": ("chartsheet", "chartsheets/sheet1.xml")},
            parts={
                **_charts(),
                "xl/chartsheets/sheet1.xml": _CHART_SHEET,
                "xl/chartsheets/_rels/sheet1.xml.rels": relations(_DRAWING),
            },
        ),
        ("Fields", "Yield", "harvest", "Secret"),
    ),
    Reported(
        "items of a list control",
        ".xlsm",
        _xlsx(related={"k": ("ctrlProp", "../ctrlProps/ctrlProp1.xml")}, parts={"xl/ctrlProps/ctrlProp1.xml": _LIST}),
        ("stock", "rope", "lamp"),
    ),
    Reported(
        "the caption of a slicer",
        ".xltx",
        _xlsx(
            related={"s": ("slicer", "../slicers/slicer1.xml")},
            parts={"xl/slicers/slicer1.xml": '<slicers xmlns="urn:x"><slicer name="s" caption="By year"/></slicers>'},
        ),
        ("By year",),
    ),
    Reported(
        "a thread with a reply",
        ".xlsx",
        _xlsx(
            related={"c": ("threadedComment", "../threadedComments/t1.xml")},
            parts={"xl/threadedComments/t1.xml": _THREADS},
        ),
        ("too few", "order more"),
    ),
    Reported("choices of a cell", ".xlsx", _xlsx(_CHOICES), ("stock",), ("copper", "tin")),
    Reported(
        "columns whose names a table does not show",
        ".xlsx",
        _xlsx(related={"t": ("table", "../tables/table1.xml")}, parts={"xl/tables/table1.xml": _UNSHOWN_HEADS}),
        ("stock",),
        ("article",),
    ),
    Reported("headers of odd, even and first pages", ".xlsx", _xlsx(_HEADS), ("Odd", "Even", "First")),
    Reported(
        "boxes, charts and headers of Excel 97",
        ".xls",
        _xls(),
        ("Secret", "Order copper", "Yield", "stock", "Chart1", "Harvest by year"),
        ("remark",),
    ),
    Reported(
        "a chart with values of its own, and a box in it",
        ".pptx",
        pptx(
            [shape("deck") + _FRAME.format('<c:chart r:id="r9"/>')],
            {1: {"r9": ("chart", "../charts/chart1.xml")}},
            {
                "ppt/charts/chart1.xml": _chart(""),
                "ppt/charts/_rels/chart1.xml.rels": relations({"u1": ("chartUserShapes", "../drawings/drawing1.xml")}),
                "ppt/drawings/drawing1.xml": _BOX_IN_CHART,
            },
        ),
        ("Yield", "harvest", "spring | 4711", "drought"),
    ),
    Reported(
        "a diagram without a drawing of it",
        ".pptx",
        pptx(
            [shape("deck") + _FRAME.format('<dgm:relIds r:dm="m1"/>')],
            {1: {"m1": ("diagramData", "../diagrams/data1.xml")}},
            {"ppt/diagrams/data1.xml": _POINTS},
        ),
        ("thresh",),
    ),
    Reported("the description of ink", ".pptx", pptx([shape("deck") + _INK]), ("An arrow to the pump",)),
    Reported(
        "notes with boxes",
        ".pptx",
        pptx([shape("deck")], {1: {"n": ("notesSlide", "../notesSlides/n1.xml")}}, {"ppt/notesSlides/n1.xml": _NOTES}),
        ("speak slowly", "a loose box", "a grouped box"),
    ),
    Reported(
        "a diagram",
        ".docx",
        docx(
            para("memo") + _anchored('<dgm:relIds r:dm="m1"/>'),
            {"m1": ("diagramData", "diagrams/data1.xml")},
            {"word/diagrams/data1.xml": _POINTS},
        ),
        ("thresh",),
    ),
    Reported("the description of an embedded object", ".docx", docx(_OBJECT), ("a price list",)),
    Reported(
        "a table in a footnote",
        ".docx",
        docx(_NOTED, _NOTE, {"word/footnotes.xml": _footnotes(para("see") + table(cell("tin") + cell("lead")))}),
        ("see", "tin", "lead"),
    ),
    Reported(
        "a chart in a footnote",
        ".docx",
        docx(
            _NOTED,
            _NOTE,
            {
                "word/footnotes.xml": _footnotes(_anchored('<c:chart r:id="r9"/>')),
                "word/_rels/footnotes.xml.rels": relations({"r9": ("chart", "charts/chart1.xml")}),
                "word/charts/chart1.xml": _chart("").replace('<c:userShapes r:id="u1"/>', ""),
            },
        ),
        ("Yield", "harvest"),
    ),
    Reported(
        "a comment with a table and no anchor",
        ".docx",
        docx(para("memo"), {"c": ("comments", "comments.xml")}, {"word/comments.xml": _COMMENTS}),
        ("tin", "lead", "compare both"),
    ),
    Reported(
        "a footnote that nothing refers to",
        ".docx",
        docx(para("memo"), _NOTE, {"word/footnotes.xml": _footnotes(para("an orphan"))}),
        ("an orphan",),
    ),
    Reported(
        "a table without a grid, with a first row of one cell",
        ".docx",
        docx(f"<w:tbl><w:tr>{cell('Vendors')}</w:tr><w:tr>{cell('Ash')}{cell('Birch')}{cell('Cedar')}</w:tr></w:tbl>"),
        ("Vendors", "Ash", "Birch", "Cedar"),
    ),
    Reported(
        "controls of a form",
        ".odt",
        odf(
            "<office:text><office:forms><form:form>"
            "<form:text form:id='c1' form:label='Depth' form:current-value='4711'/>"
            "<form:listbox form:id='c2'><form:option form:label='copper'/><form:option form:label='tin'/>"
            "</form:listbox>"
            "<form:button form:label='Submit now'/><form:password form:current-value='hush'/></form:form>"
            "</office:forms>"
            "<text:p>memo<draw:control draw:control='c1'/></text:p></office:text>"
        ),
        ("memo", "Depth; 4711", "copper; tin", "Submit now"),
        ("hush",),
    ),
    Reported(
        "fields of choices, placeholders and conditions",
        ".odt",
        odf(
            "<office:text><text:p>a <text:drop-down><text:label text:value='tin'/>copper</text:drop-down> "
            "<text:placeholder>your name</text:placeholder> <text:conditional-text>if dry"
            "</text:conditional-text></text:p>"
            "</office:text>"
        ),
        ("copper", "your name", "if dry"),
    ),
    Reported(
        "a comment and its reply",
        ".odt",
        odf(
            "<office:text><text:p>memo<office:annotation><text:p>too few</text:p></office:annotation>"
            "<office:annotation><text:p>order more</text:p></office:annotation></text:p></office:text>"
        ),
        ("too few", "order more"),
    ),
    Reported(
        "shapes and controls of a sheet",
        ".ots",
        odf(
            "<office:spreadsheet><table:table table:name='S'><table:shapes><draw:frame><draw:text-box>"
            "<text:p>a box</text:p>"
            "</draw:text-box></draw:frame></table:shapes><office:forms><form:form><form:button form:label='Recount'/>"
            "</form:form></office:forms><table:table-row><table:table-cell office:value-type='string'>"
            "<text:p>stock</text:p>"
            "</table:table-cell></table:table-row></table:table></office:spreadsheet>"
        ),
        ("a box", "Recount", "stock"),
    ),
)


def _mail(body: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    head = f"From: a@example.org\nSubject: Harbour\nMIME-Version: 1.0\nContent-Type: {kind}\n\n"
    return f"{head}{body}".replace("\n", "\r\n").encode()


def _several(kind: str, *parts: str) -> bytes:
    return _mail("".join(f"--b\n{part}\n" for part in parts) + "--b--\n", f"multipart/{kind}; boundary=b")


def _with(part: str) -> bytes:
    return _several("mixed", "Content-Type: text/plain\n\nbody", part)


def _encoded(data: bytes, kind: str) -> str:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{b64encode(data).decode()}"


def winmail(*attributes: tuple[int, int, bytes]) -> bytes:
    """A winmail.dat of attributes: level, kind, bytes."""
    made = struct.pack("<IH", 0x223E9F78, 1)
    for level, kind, data in attributes:
        made += struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return made


def _properties(*held: tuple[int, bytes]) -> bytes:
    """Properties of bytes, after one of a number and one with a name."""
    made = struct.pack("<I", 2 + len(held)) + struct.pack("<HHI", 3, 0x0E06, 7)
    made += struct.pack("<HH16xIII", 0x1F, 0x8001, 1, 6, 0x66)[:-4] + "abc".encode("utf-16-le") + bytes(2)
    made += struct.pack("<II", 1, 4) + "x\0".encode("utf-16-le")
    for key, value in held:
        padded = value + bytes(-len(value) % 4)
        made += struct.pack("<HHII", 0x102, key, 1, len(value)) + padded
    return made


_PLAIN_IN_OUTLOOK = winmail(
    (1, 0x0002800C, b"body with a tail of words\0"), (2, 0x00069002, bytes(14)), (2, 0x00018010, b"plan.pdf\0")
)
_PAGE_IN_OUTLOOK = winmail((1, 0x00069003, _properties((0x1013, b"<p>the <b>page</b> of Outlook</p>"))))
_INVITATION = (
    "BEGIN:VCALENDAR\nX-WR-CALNAME:Plan\nBEGIN:VTIMEZONE\nTZID:Oslo\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:8\nSUMMARY:Oil\n"
    "X-ALT-DESC;FMTTYPE=text/html:<p>with &amp; rope</p>\nRESOURCES:projector\nATTACH:https://x.example/agenda\n"
    "X-GOOGLE-CONFERENCE:https://meet.example/abc\nBEGIN:VALARM\nDESCRIPTION:ring\nEND:VALARM\nEND:VEVENT\nEND:VCALENDA"
    "R"
)

MAIL = (
    Reported(
        "a plain body in winmail.dat",
        ".eml",
        _with(_encoded(_PLAIN_IN_OUTLOOK, "application/ms-tnef")),
        ("a tail of words",),
    ),
    Reported(
        "a page in winmail.dat, called a file",
        ".eml",
        _with(_encoded(_PAGE_IN_OUTLOOK, "application/octet-stream; name=winmail.dat")),
        ("the page of Outlook",),
    ),
    Reported(
        "an invitation with a conference, resources and a page",
        ".eml",
        _with(f"Content-Type: text/calendar\n\n{_INVITATION}"),
        ("Calendar: Plan", "Oil", "with & rope", "projector", "x.example/agenda", "meet.example/abc", "ring"),
        ("Oslo", "UID"),
    ),
    Reported(
        "an invitation as a file",
        ".eml",
        _with("Content-Type: application/ics; name=a.ics\n\nBEGIN:VEVENT\nSUMMARY:Oil\nEND:VEVENT"),
        ("Summary: Oil",),
    ),
    Reported(
        "a card as a file",
        ".eml",
        _with(_encoded(b"BEGIN:VCARD\nFN:Ada Lamp\nTEL:+49 4711\nEND:VCARD", "application/octet-stream; name=a.vcf")),
        ("Ada Lamp", "4711"),
    ),
    Reported(
        "a message as a file",
        ".eml",
        _with(_encoded(b"Subject: inner\n\nits words", "application/octet-stream; name=a.eml")),
        ("inner", "its words"),
    ),
    Reported(
        "an attached message in base64",
        ".eml",
        _with(_encoded(b"Subject: inner\n\nits words", "message/rfc822")),
        ("inner", "its words"),
    ),
    Reported(
        "a mailbox as text",
        ".eml",
        _with("Content-Type: text/plain; name=a.mbox\n\nFrom a@b Mon Jan  1\nSubject: inner\n\nits words"),
        ("inner", "its words"),
    ),
    Reported(
        "two messages of a mailbox",
        ".eml",
        b"From a@b Mon Jan 1 00:00:00 2031\n"
        + _mail("one")
        + b"\r\n\r\nFrom a@b Mon Jan 1 00:00:00 2031\r\nSubject: two\r\n\r\nthree",
        ("one", "two", "three"),
    ),
    Reported(
        "a receipt",
        ".eml",
        _several(
            "report",
            "Content-Type: text/plain\n\nseen",
            "Content-Type: message/disposition-notification\n\nReporting-UA: Lamp\nDisposition: manual; displayed",
        ),
        ("seen", "Reporting-UA: Lamp", "manual; displayed"),
    ),
    Reported(
        "a report of abuse",
        ".eml",
        _several(
            "report",
            "Content-Type: text/plain\n\nseen",
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse",
        ),
        ("Feedback-Type: abuse",),
    ),
    Reported(
        "a body that lies elsewhere",
        ".eml",
        _with('Content-Type: message/external-body; URL="ftp://x/plan"\n\nContent-Description: the plan of the pump\n'),
        ("the plan of the pump",),
    ),
    Reported(
        "a page for readers with AMP",
        ".eml",
        _several(
            "alternative",
            "Content-Type: text/plain\n\nshort words here",
            "Content-Type: text/x-amp-html\n\n<p>short <b>words</b> here</p><p>and more</p>",
        ),
        ("short words here", "and more"),
    ),
    Reported(
        "a page saved with its styles",
        ".mht",
        _several(
            "related",
            "Content-Type: text/html\n\n<h1>Tides</h1><p>low water</p>",
            "Content-Type: text/css\n\nbody {color: red}",
        ),
        ("Tides", "low water"),
        ("red",),
    ),
)


def _epub(items: str, spine: str, files: Mapping[str, str]) -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="b.opf"/>'
        "</rootfiles></container>"
    )
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{spine}</spine></package>'
    )
    return zipped({"META-INF/container.xml": container, "b.opf": package, **files})


def _item(name: str, kind: str = "application/xhtml+xml", more: str = "") -> str:
    return f'<item id="{name}" href="{name}" media-type="{kind}" {more}/>'


def _page(body: str) -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>{body}'
    return "</body></html>"


_REF = '<itemref idref="c.xhtml"/>'
_CHAPTER = {"c.xhtml": _page("<p>chapter</p>")}
_FIXED = (
    "<div style='position:absolute'>placed</div><svg xmlns='http://www.w3.org/2000/svg'><text>drawn"
    "</text><foreignObject>"
    "<p xmlns='http://www.w3.org/1999/xhtml'>foreign</p></foreignObject></svg>"
)

BOOKS = (
    Reported(
        "a book with a navigation page only",
        ".epub",
        _epub(
            _item("n.xhtml", more='properties="nav"'),
            "",
            {"n.xhtml": _page("<nav epub:type='toc'><a href='x'>entry</a></nav><p>prose</p>")},
        ),
        ("prose",),
        ("entry",),
    ),
    Reported(
        "a page of fixed layout",
        ".epub",
        _epub(_item("c.xhtml"), _REF, {"c.xhtml": _page(_FIXED)}),
        ("placed", "drawn", "foreign"),
    ),
    Reported(
        "a drawing in the spine",
        ".epub",
        _epub(
            _item("s.svg", "image/svg+xml"),
            '<itemref idref="s.svg"/>',
            {"s.svg": "<svg xmlns='http://www.w3.org/2000/svg'><title>Tide</title><text>low water</text></svg>"},
        ),
        ("Tide", "low water"),
    ),
    Reported(
        "a page that the manifest lacks",
        ".epub",
        _epub(_item("c.xhtml"), _REF, {**_CHAPTER, "lost.xhtml": _page("<p>forgotten</p>")}),
        ("chapter",),
        ("forgotten",),
    ),
    Reported(
        "raw HTML that begins with a script",
        ".rst",
        b"before\n\n.. raw:: html\n\n   <script>var secret = 1;</script>\n   <p>a paragraph</p>\n\nafter\n",
        ("before", "a paragraph", "after"),
        ("secret",),
    ),
    Reported(
        "directives of extensions",
        ".rst",
        b".. tabs::\n\n   .. tab:: Linux\n\n      apt\n\n.. only:: html\n\n   online\n\n"
        b".. plot:: a.py\n   :caption: Tides\n\n"
        b".. |p| image:: a.png\n   :alt: pump\n\nsee |p| and |q|\n",
        ("Linux", "apt", "online", "Tides", "pump"),
    ),
    Reported(
        "elements that show their words in some browsers only",
        ".html",
        b"<body><noembed>one</noembed><datalist><option label=two></datalist><meter>three</meter><del>four"
        b"</del><slot>five"
        b"</slot><input type=image alt=six><svg><foreignObject><p>seven</p></foreignObject></svg></body>",
        ("one", "two", "three", "four", "five", "six", "seven"),
    ),
    Reported(
        "outputs of unknown kinds",
        ".ipynb",
        json.dumps(
            {
                "nbformat": 4,
                "cells": [
                    {
                        "cell_type": "code",
                        "source": "x = 1",
                        "outputs": [
                            {
                                "output_type": "display_data",
                                "data": {"application/vnd.x+json": {}, "text/html": "<p>seen</p>"},
                            },
                            {"output_type": "update_display_data", "data": {"text/plain": "updated"}},
                        ],
                    }
                ],
            }
        ).encode(),
        ("x = 1", "seen", "updated"),
    ),
)

RARE = (*OFFICE, *MAIL, *BOOKS)

#: Files inside a file, each with the name by which it must be mentioned.
EMBEDDED = (
    (
        ".xlsx",
        _xlsx(related={"o": ("package", "../embeddings/plan.docx")}, parts={"xl/embeddings/plan.docx": "x"}),
        "plan.docx",
    ),
    (".docx", docx(para("memo"), {"s": ("subDocument", "part.docx")}, {"word/part.docx": b"x"}), "part.docx"),
    (".docx", docx(para("memo"), None, {"word/embeddings/plan.xlsx": b"x"}), "plan.xlsx"),
    (".docx", docx(para("memo"), None, {"word/activeX/box.bin": b"x"}), "box.bin"),
    (".pptx", pptx([shape("deck")], None, {"ppt/media/spoken.vtt": b"WEBVTT"}), "spoken.vtt"),
    (".pptx", pptx([shape("deck")], None, {"ppt/media/pump.glb": b"x"}), "pump.glb"),
    (".eml", _with(_encoded(_PLAIN_IN_OUTLOOK, "application/ms-tnef")), "plan.pdf"),
    (".eml", _with("Content-Type: application/mbox; name=old.mbox\n\nFrom a@b\nSubject: x\n\nwords"), "old.mbox"),
    (
        ".epub",
        _epub(
            _item("c.xhtml") + _item("plan.pdf", "application/pdf"),
            _REF + '<itemref idref="plan.pdf"/>',
            {**_CHAPTER, "plan.pdf": "%PDF"},
        ),
        "plan.pdf",
    ),
)
