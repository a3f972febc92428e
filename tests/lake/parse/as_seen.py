"""Small files whose numbers, labels and words must be those that a reader sees in the program they are made for."""

from __future__ import annotations

import json
import plistlib

from tests.lake.parse.office_files import docx, para, relations, run, zipped
from tests.lake.parse.reported import _inline, _xlsx
from tests.lake.parse.reported_file import Reported

_BEGIN, _END = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def _field(instruction: str) -> str:
    """A field of Word whose number the file does not store."""
    return f'{_BEGIN}<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>{_END}'


def _word(name: str, *paragraphs: str, kept: tuple[str, ...]) -> Reported:
    return Reported(name, ".docx", docx("".join(map(para, paragraphs))), kept)


_NUMBERS = (
    _word(
        "paragraphs with automatic numbers",
        _field("AUTONUM") + run(" Boilers"),
        _field(r"AUTONUM \s )") + run(" Pumps"),
        kept=("1. Boilers", "2) Pumps"),
    ),
    _word(
        "legal and outline numbers",
        _field("AUTONUMLGL") + run(" Aims"),
        _field("AUTONUMLGL \\e") + run(" Words"),
        _field("AUTONUMOUT") + run(" Rights"),
        kept=("1. Aims", "2 Words", "I. Rights"),
    ),
    _word(
        "numbers of lists inside sentences",
        run("either ") + _field(" LISTNUM ") + run("rope, or ") + _field("LISTNUM") + run("tar"),
        _field("LISTNUM LegalDefault \\l 2") + run(" depth"),
        _field('LISTNUM "NumberDefault" \\l 2 \\s 4') + run(" width"),
        _field("LISTNUM OutlineDefault \\l 1 \\s 3") + run(" length"),
        kept=("either 1) rope, or 2) tar", "1.1. depth", "d) width", "III. length"),
    ),
    _word(
        "sequences without results",
        run("Figure ") + _field("SEQ Figure \\* ARABIC") + run(": a pump"),
        run("Table ") + '<w:fldSimple w:instr="SEQ Table \\* ROMAN"/>' + run(": ropes"),
        run("Figure ") + _field("SEQ Figure \\* ARABIC") + run(": a dock"),
        run("see figure ") + _field("SEQ figure \\c") + run(" above"),
        _field("SEQ Figure \\h \\r 7") + run("Figure ") + _field("SEQ Figure") + run(": a lamp"),
        kept=("Figure 1: a pump", "Table I: ropes", "Figure 2: a dock", "see figure 2 above", "Figure 8: a lamp"),
    ),
    _word(
        "references to bookmarks without results",
        '<w:bookmarkStart w:id="1" w:name="lk"/>' + run("North ") + run("lock", "<w:b/>") + '<w:bookmarkEnd w:id="1"/>',
        run("See ") + _field(" REF lk \\h ") + run("."),
        run("So ") + '<w:fldSimple w:instr=" REF LK "/>' + run(" is, "),
        run("but ") + _field("REF lk \\r \\h") + run("4.2, ") + _field("REF gone") + run("no."),
        kept=("See North lock.", "So North lock is", "but 4.2, no."),
    ),
    Reported(
        "numbers of lists and sequences",
        ".rtf",
        rb"{\rtf1\ansi{\field{\*\fldinst LISTNUM}} rope\par{\field{\*\fldinst AUTONUM}} tar\par Fig "
        rb"{\field{\*\fldinst SEQ Fig}{\fldrslt 1}}\par Fig {\field{\*\fldinst SEQ Fig}} of a dock\par}",
        ("1) rope", "1. tar", "Fig 2 of a dock"),
    ),
    _word(
        "a root and a limit",
        "<m:oMath><m:rad><m:deg><m:r><m:t>3</m:t></m:r></m:deg><m:e><m:r><m:t>8x</m:t></m:r></m:e></m:rad>"
        "<m:limLow><m:e><m:r><m:t>lim</m:t></m:r></m:e><m:lim><m:r><m:t>n</m:t></m:r></m:lim></m:limLow></m:oMath>",
        kept=("3√(8x)lim n",),
    ),
)

_RAISED = (
    '<w:styles><w:style w:type="character" w:styleId="A"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="B"><w:basedOn w:val="A"/></w:style></w:styles>'
)
_SUPERSCRIPTS = Reported(
    "superscripts by their style",
    ".docx",
    docx(
        para(
            run("10")
            + run("3", '<w:rStyle w:val="A"/>')
            + run(", 2")
            + run("8", '<w:rStyle w:val="B"/>')
            + run(", 6")
            + run("7", '<w:rStyle w:val="A"/><w:vertAlign w:val="baseline"/>')
        ),
        {"s": ("styles", "styles.xml")},
        {"word/styles.xml": _RAISED},
    ),
    ("10^3, 2^8, 67",),
)

_PAGE = b"<html><body><h1>Rules</h1><p>low water</p></body></html>"
_RTF = rb"{\rtf1\ansi low water\par}"
_SAVED = b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>low water</p>"
_PACKAGE = (
    '<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage"><pkg:part '
    'pkg:name="/_rels/.rels"><pkg:xmlData>' + relations({"r": ("officeDocument", "word/document.xml")})
    + '</pkg:xmlData></pkg:part><pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>low water</w:t>'
    "</w:r></w:p></w:body></w:document></pkg:xmlData></pkg:part></pkg:package>"
).encode()  # fmt: skip


def _chunk(name: str, part: str, data: bytes) -> Reported:
    made = docx(
        para("before") + '<w:altChunk r:id="a"/>' + para("after"), {"a": ("aFChunk", part)}, {f"word/{part}": data}
    )
    return Reported(name, ".docx", made, ("before", "low water", "after"))


def _main(name: str, part: str, data: bytes) -> Reported:
    return Reported(name, ".docx", zipped({"_rels/.rels": relations({"r": ("officeDocument", part)}), part: data}), (
        "low water",
    ))  # fmt: skip


_OTHER_FORMATS = (
    _chunk("a part that is a page by its bytes", "a.dat", _PAGE),
    _chunk("a part that is RTF by its bytes", "b.bin", _RTF),
    _chunk("a part that is a saved page by its bytes", "c.tmp", _SAVED),
    _chunk("a part that is Word in one file", "d.xml", _PACKAGE),
    _chunk("a part that is Word by its bytes", "e.bin", docx(para("low water"))),
    _main("a main part in RTF", "word/afchunk.rtf", _RTF),
    _main("a main part that is a page", "word/afchunk.htm", _PAGE),
    _main("a main part that is a saved page", "word/afchunk.mht", _SAVED),
    Reported("RTF by another name", ".docx", _RTF, ("low water",)),
    Reported("a page by another name", ".docx", _PAGE, ("low water",)),
    Reported("a saved page by another name", ".docx", _SAVED, ("low water",)),
    Reported("Word in one file by another name", ".docx", _PACKAGE, ("low water",)),
    Reported("a page by another name", ".pptx", _PAGE, ("low water",)),
)


def _page(name: str, body: str, *kept: str, left_out: tuple[str, ...] = ()) -> Reported:
    return Reported(name, ".html", f"<!doctype html><meta charset=utf-8><body>{body}".encode(), kept, left_out)


_PAGES = (
    _page("letters as numbers of a list", "<ol type=A start=3><li>rope<li>tar</ol>", "C. rope", "D. tar"),
    _page("Roman numbers of a list", "<ol type=i><li>rope<li>tar<li>oil<li>coal</ol>", "i. rope", "iv. coal"),
    _page("numbers of a list by its style", "<ol style='list-style-type:upper-roman'><li>rope</ol>", "I. rope"),
    _page(
        "numbers of a list by a short style", "<ol style='list-style: lower-alpha inside'><li>rope</ol>", "a. rope"
    ),
    _page("an item with another kind of number", "<ol><li>rope<li type=a>tar</ol>", "1. rope", "b. tar"),
    _page("letters past z", "<ol type=a start=27><li>rope</ol>", "aa. rope"),
    _page("spans that are blocks", "<span style='display:block'>Rope</span><span style='display:block'>Tar</span>",
          "Rope Tar"),
    _page("spans that are cells", "<span style='display: table-cell'>Rope</span><span style='display: table-cell'>Tar"
          "</span>", "Rope Tar"),
    _page("children of a flexible box", "<div style='display:flex'><span>Depth</span><b>4 m</b></div>", "Depth 4 m"),
    _page("children of a grid", "<p style='display:grid'><a href=x>Oslo</a><a href=y>Bergen</a></p>", "Oslo Bergen"),
    _page("letters that stand in boxes of their own", "<b style='display:inline-block'>R</b>"
          "<b style='display:inline-block'>ope</b>", "Rope"),
    _page("a price that is struck out", "<p>Now <del>100</del><ins>90</ins> EUR</p>", "Now 100 90 EUR"),
    _page("a price that is struck out, with markup", "<p><s><span>100</span></s><strong>90</strong></p>", "100 90"),
    _page("a letter that is struck out inside a word", "<p>colo<del>u</del><ins>r</ins>s</p>", "colours"),
    _page("choices that a field proposes", "<input list=l><datalist id=l><option value=Rope><option value=t label=Tar>"
          "<option value=x>Oil</datalist>", "Rope", "Tar", "Oil"),
    _page("slots of a shadow tree", "<x-a><template shadowrootmode=open><p><slot name=a>given</slot><slot>rest</slot>"
          "</p></template><b slot=a>one</b><i slot=b>two</i></x-a>", "given rest", "one two"),
)  # fmt: skip

_FRAME = (
    "<table border=1><thead><tr style='text-align: right;'><th></th><th>port</th><th>tons</th></tr></thead><tbody><tr>"
    "<th>0</th><td>Oslo</td><td>17</td></tr></tbody></table>"
)


def _results(name: str, forms: dict[str, object], *kept: str, left_out: tuple[str, ...] = ()) -> Reported:
    cell = {"cell_type": "code", "source": "df", "outputs": [{"output_type": "execute_result", "data": forms}]}
    return Reported(name, ".ipynb", json.dumps({"nbformat": 4, "cells": [cell]}).encode(), kept, left_out)


_NOTEBOOKS = (
    _results("a data frame", {"text/html": _FRAME, "text/plain": "   port  tons\n0  Oslo    17"}, "| 0 | Oslo | 17 |"),
    _results(
        "a data frame whose page lacks a word",
        {"text/html": _FRAME, "text/plain": "   port  tons\n0  Oslo    17\n[1 rows]"},
        "0 Oslo 17 [1 rows]",
    ),
    _results("a diagram in text", {"text/vnd.mermaid": "Rope --> Tar", "text/plain": "<Mermaid>"}, "Rope --> Tar"),
    _results("numbers in JSON", {"application/json": {"depth": [4, 1.5, "7"]}}, '4, 1.5, "7"'),
)


def _xml(name: str, suffix: str, source: str, *kept: str) -> Reported:
    return Reported(name, suffix, source.encode(), kept)


_DOCUMENTS = (
    _xml(
        "a footnote inside a sentence", ".dbk",
        "<article><title>A</title><para>Pull<footnote><para>hard</para></footnote> the rope.</para></article>",
        "Pull[1] the rope.", "[1] hard",
    ),
    _xml(
        "two notes of DITA", ".dita",
        "<topic id='t'><title>A</title><body><p>Rope<fn>hemp</fn> and tar<fn>black</fn>.</p></body></topic>",
        "Rope[1] and tar[2].", "[1] hemp", "[2] black",
    ),
    _xml(
        "numbers of sections", ".xml",
        "<article><front><article-title>On ropes</article-title></front><body><sec><label>2.1</label>"
        "<title>Hemp</title><p>x</p></sec></body></article>",
        "## 2.1 Hemp",
    ),
    _xml(
        "steps", ".dita",
        "<task id='t'><title>A</title><taskbody><steps><step><cmd>Pull</cmd><substeps><substep><cmd>hard</cmd>"
        "</substep></substeps></step><step><cmd>Stop</cmd></step></steps></taskbody></task>",
        "1. Pull hard", "2. Stop",
    ),
    _xml(
        "ordered lists of DocBook", ".docbook",
        "<article><title>A</title><orderedlist numeration='loweralpha'><listitem><para>rope</para></listitem><listitem>"
        "<para>tar</para><orderedlist startingnumber='4'><listitem><para>oil</para></listitem></orderedlist></listitem>"
        "</orderedlist><itemizedlist><listitem><para>coal</para></listitem></itemizedlist></article>",
        "a. rope", "b. tar", "4. oil", "- coal",
    ),
    _xml(
        "ordered lists of JATS", ".xml",
        "<article><p>x</p><list list-type='roman-upper'><list-item><p>rope</p></list-item><list-item><p>tar</p>"
        "</list-item></list><list list-type='order'><list-item><label>(z)</label><p>oil</p></list-item></list>"
        "</article>",
        "I. rope", "II. tar", "- (z) oil",
    ),
)  # fmt: skip


def _formatted(*codes: str) -> bytes:
    """A sheet with a column of 2.375 and one of the word Oslo, by the formats."""
    formats = "".join(
        f'<numFmt numFmtId="{200 + i}" formatCode="{code.replace(chr(34), "&quot;")}"/>' for i, code in enumerate(codes)
    )
    styles = "".join(f'<xf numFmtId="{200 + i}" applyNumberFormat="1"/>' for i in range(len(codes)))
    rows = "".join(
        f'<row><c s="{i}"><v>2.375</v></c><c s="{i}" t="inlineStr"><is><t>Oslo</t></is></c></row>'
        for i in range(len(codes))
    )
    sheet = {
        "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"
    }
    return _xlsx(f"<row>{_inline('depth', 'port')}</row>{rows}", extra=sheet)


_SHEETS = (
    Reported("fractions", ".xlsx", _formatted("# ?/?", "# ??/??", "# ?/4", '# ?/8" in"'), (
        "| 2 3/8 | Oslo | | 2 3/8 | Oslo | | 2 2/4 | Oslo |",
    )),
    Reported("other fractions", ".xlsx", _formatted("?/?", "[Red]# ?/100"), ("| 19/8 |", "| 2 38/100 |")),
    Reported("words that a format adds", ".xlsx", _formatted('0;-0;0;"Port of "@'), ("| 2 | Port of Oslo |",)),
)  # fmt: skip

_MARKUP = (
    Reported(
        "a title below properties",
        ".org",
        b":PROPERTIES:\n:ID: a1\n:END:\n#+title: Tides\n\n* Low\nwater\n",
        ("* Low water",),
        ("Tides",),
    ),
    Reported(
        "long options with arguments",
        ".rst",
        b"--depth=N  how deep\n-p PORT, --port=PORT  where\n",
        ("--depth=N", "-p PORT, --port=PORT"),
    ),
)

_BSD = rb""".Dd March 14, 2031
.Dt PUMP 1
.Os
.Sh NAME
.Nm pump
.Nd start a pump
.Sh SYNOPSIS
.Nm
.Op Fl v
.Op Fl -depth Ns = Ns Ar metres .
.Sh NOTES
.Bl -tag -width indent
.It Fl q , Fl -quiet
Say
.Dq nothing .
.El
.Bl -enum
.It
rope
.It
tar
.El
.Bl -column "Port" "Depth"
.It Em Port Ta Em Depth
.It Oslo Ta four
.El
See
.Xr dock 8 .
Call
.Fn open_pump "int fd" .
.Bd -literal
$ pump  -v
.Ed
"""
_MAN = rb"""'\\" t
.TH DOCK 7 2031\\-03\\-14 v2 "Harbour Manual"
.de XX
.B hidden
..
.SH "LONG OPTIONS"
.TP
\\fB\\-d\\fR, \\fB\\-\\-depth\\fR=\\fIN\\fR
Set the depth \\(em low.
.BI \\-w width
.IP \\(bu 2
caf\\['e]
.PP
See
.BR tar (1)
.UR https://example.org
the site
.UE .
.nf
x  y
.fi
.TS
tab(|);
l l.
Port|Depth
Oslo|4
Bergen|T{
seven
metres
T}
.TE
.if t printed
.ie n shown
.el hidden
"""
_DRAWING = b"""<svg xmlns='http://www.w3.org/2000/svg'><title>Harbour</title><desc>Where ships moor</desc>
<style>.a{}</style>
<g><title>Pier</title><text>Pi<tspan>er</tspan></text></g><text x='1'>low<tspan x='9'>water</tspan></text>
<switch><foreignObject><div>Crane A</div></foreignObject><text>Crane A</text></switch>
<text style='display:none'>unseen</text></svg>"""


def _archive(page: str, encoding: str) -> bytes:
    """A page with a frame, as Safari saves it."""
    main = {"WebResourceData": page.encode(encoding), "WebResourceMIMEType": "text/html"}
    main["WebResourceTextEncodingName"] = encoding
    frame = {"WebResourceData": b"<p>in a frame</p>", "WebResourceMIMEType": "text/html"}
    return plistlib.dumps({"WebMainResource": main, "WebSubframeArchives": [{"WebMainResource": frame}]})


_MESSAGE = b"From: a@b\nSubject: Tides\n\nlow water\n"
_NEW_FORMATS = (
    Reported(
        "a page of a BSD manual",
        ".1",
        _BSD,
        (
            *("## SYNOPSIS pump [-v] [--depth=metres].", "-q, --quiet: Say “nothing”.", "1. rope 2. tar"),
            *("| Oslo | four |", "See dock(8). Call open_pump(int fd).", "$ pump -v"),
        ),
        ("March",),
    ),
    Reported(
        "a page of a manual",
        ".man",
        _MAN.replace(b"\\\\", b"\\"),
        (
            *("# DOCK(7)", "## LONG OPTIONS", "-d, --depth=N: Set the depth — low. -wwidth", "- café"),
            *("See tar(1) the site <https://example.org>.", "x y", "| Oslo | 4 | | Bergen | seven metres |", "shown"),
        ),
        ("hidden", "printed"),
    ),
    Reported("a log that was set aside", ".1", b"Mar 14 pump: .started\n", ("Mar 14 pump: .started",)),
    Reported("a drawing", ".svg", _DRAWING, ("# Harbour", "Where ships moor", "Pier low water Crane A"), ("unseen",)),
    _page("letters of a drawing that are set apart", "<svg><text>Har<tspan dx='1'>bour</tspan><tspan y='9'>Oslo</tspan>"
          "</text></svg>", "Harbour Oslo"),
    Reported("a page that Safari saved", ".webarchive", _archive("<h1>Größe</h1><p>low</p>", "iso-8859-1"), (
        "# Größe low in a frame",
    )),
    Reported("a message of Apple Mail", ".emlx", b"%d\n%s<?xml version='1.0'?><plist/>" % (len(_MESSAGE), _MESSAGE), (
        "low water",
    ), ("plist",)),
    Reported("a wiki", ".wiki", b"= Tides =\nlow\n== ''Spring'' tides ==\nx\n<pre>\n== not ==\n</pre>\n", ("low",)),
)  # fmt: skip

AS_SEEN: tuple[Reported, ...] = (
    _SUPERSCRIPTS,
    *_NEW_FORMATS,
    *_NUMBERS,
    *_OTHER_FORMATS,
    *_PAGES,
    *_NOTEBOOKS,
    *_DOCUMENTS,
    *_SHEETS,
    *_MARKUP,
)
