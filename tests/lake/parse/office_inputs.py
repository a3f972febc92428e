# ruff: noqa: RUF001 - letters of other scripts look like Latin ones
"""Small Office, RTF and mail files after public reports: fields, numbers, charts and parts that are often lost."""

from __future__ import annotations

from base64 import b64encode

from tests.lake.parse.office_files import cell, docx, odf, para, pptx, run, shape, table
from tests.lake.parse.reported_file import Reported

_BEGIN, _END = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
_SEPARATE = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'


def _field(instruction: str, result: str | None = None) -> str:
    """A field of Word; None if it has no result."""
    shown = "" if result is None else _SEPARATE + result
    return f"{_BEGIN}<w:r><w:instrText>{instruction}</w:instrText></w:r>{shown}{_END}"


def _shown(name: str, content: str, *kept: str, left_out: tuple[str, ...] = ()) -> Reported:
    return Reported(name, ".docx", docx(para(content)), kept, left_out)


_RUBY = 'EQ \\* jc2 \\* "Font:MS Mincho" \\* hps10 \\o\\ad(\\s\\up 9(とうきょう),東京)'
_WORD_FIELDS = (
    _shown("a button with a prompt", run("Name: ") + _field(" MACROBUTTON NoMacro [type here]"), "Name: [type here]"),
    _shown("a button as a simple field", '<w:fldSimple w:instr="GOTOBUTTON b Page two"/>', "Page two"),
    _shown("a fraction as a field", _field(r"EQ \f(num7,a)") + run(" high"), "(num7)/a high"),
    _shown("a root, an index and a frame", _field(r"EQ x\s\do4(i)+\r(3,y9)+\x(box)"), "x_i+3√(y9)+box"),
    _shown("ruby as a field", _field(_RUBY), "東京(とうきょう)"),
    _shown("a letter in a circle", _field(r"EQ \o\ac(○,祕)") + run("文書"), "(祕)文書"),
    _shown("a symbol by its code", run("21 ") + _field('SYMBOL 176 \\f "Arial"') + run("C"), "21 °C"),
    _shown("a symbol with a result", _field("SYMBOL 65", run("B")), "B", left_out=("A",)),
    _shown("an index entry", _field('XE "unseen"') + run("seen"), "seen", left_out=("unseen",)),
    _shown(
        "a change inside a formula",
        "<m:oMath><w:ins><m:r><m:t>x9</m:t></m:r></w:ins><w:del><m:r><m:t>y8</m:t></m:r></w:del></m:oMath>",
        "x9",
        left_out=("y8",),
    ),
)


def _numbered(name: str, levels: str, *kept: str) -> Reported:
    """Two paragraphs at two levels of a list; a level is ``format label`` with ``!`` for a legal one."""
    made = ""
    for i, level in enumerate(levels.split("|")):
        form, label = level.split(" ", 1)
        legal = "<w:isLgl/>" if form.endswith("!") else ""
        made += (
            f'<w:lvl w:ilvl="{i}"><w:start w:val="4"/><w:numFmt w:val="{form.rstrip("!")}"/>{legal}'
            f'<w:lvlText w:val="{label}"/></w:lvl>'
        )
    body = "".join(
        para(text, f'<w:numPr><w:ilvl w:val="{i}"/><w:numId w:val="1"/></w:numPr>')
        for i, text in enumerate(("Aims", "Words"))
    )
    lists = (
        f'<w:numbering><w:abstractNum w:abstractNumId="0">{made}</w:abstractNum><w:num w:numId="1">'
        '<w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    data = docx(body, {"n": ("numbering", "numbering.xml")}, {"word/numbering.xml": lists})
    return Reported(name, ".docx", data, kept)


_NUMBERS = (
    _numbered("a legal list", "upperRoman Article %1.|decimalZero! Section %1.%2", "Article IV. Aims", "4.04 Words"),
    _numbered(
        "Chinese numbers", "chineseCountingThousand 第%1章|chineseCounting 第%2条", "第四章 Aims", "第四条 Words"
    ),
    _numbered("numbers in words", "cardinalText Article %1|ordinalText %2", "Article Four Aims", "Fourth Words"),
    _numbered("letters of other scripts", "hebrew1 %1.|russianLower %2)", "ד. Aims", "г) Words"),
    _numbered("Japanese and Korean numbers", "aiueo %1|ganada %2.", "エ Aims", "라. Words"),
    _numbered("figures in circles", "decimalEnclosedCircle %1|decimalFullWidth %2", "④ Aims", "４ Words"),
    Reported(
        "Chinese numbers",
        ".odt",
        odf(
            '<office:text><text:list text:style-name="L"><text:list-item><text:p>Aims</text:p></text:list-item>'
            "</text:list></office:text>",
            '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="一, 二"'
            ' style:num-prefix="第" style:num-suffix="条" text:start-value="12"/></text:list-style>',
        ),
        ("第十二条 Aims",),
    ),
    Reported(
        "figures in circles and Chinese numbers",
        ".pptx",
        pptx(
            [
                "<p:sp><p:nvSpPr><p:cNvPr id='2' name=''/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody>"
                "<a:p><a:pPr><a:buAutoNum type='circleNumDbPlain'/></a:pPr><a:r><a:t>Aims</a:t></a:r></a:p>"
                "<a:p><a:pPr lvl='1'><a:buAutoNum type='ea1ChsPeriod' startAt='11'/></a:pPr><a:r><a:t>Words</a:t></a:r>"
                "</a:p></p:txBody></p:sp>"
            ]
        ),
        ("① Aims", "十一. Words"),
    ),
)

_VALUES = (
    '<c:cat><c:strLit><c:pt idx="0"><c:v>Oslo</c:v></c:pt></c:strLit></c:cat>'
    '<c:val><c:numLit><c:pt idx="0"><c:v>17</c:v></c:pt></c:numLit></c:val>'
)
_C15 = 'xmlns:c15="http://schemas.microsoft.com/office/drawing/2012/chart"'


def _chart(name: str, series: str, beside: str, *kept: str) -> Reported:
    xml = (
        f"<c:chartSpace {_C15}><c:chart><c:plotArea><c:barChart><c:ser><c:tx><c:v>Cod</c:v></c:tx>{series}{_VALUES}"
        f"</c:ser></c:barChart>{beside}</c:plotArea></c:chart></c:chartSpace>"
    )
    frame = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="4" name=""/></p:nvGraphicFramePr><a:graphic><a:graphicData>'
        '<c:chart r:id="c"/></a:graphicData></a:graphic></p:graphicFrame>'
    )
    related = {1: {"c": ("chart", "../charts/chart1.xml")}}
    data = pptx([shape("Deck", kind="title") + frame], related, {"ppt/charts/chart1.xml": xml})
    return Reported(name, ".pptx", data, kept)


def _linked(text: str) -> str:
    return f'<c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>{text}</c:v></c:pt></c:strCache></c:strRef></c:tx>'


_CHARTS = (
    _chart(
        "a title and an axis of cells", "", f"<c:valAx><c:title>{_linked('Tons landed')}</c:title></c:valAx>", "Tons l"
    ),
    _chart(
        "labels of cells",
        '<c:extLst><c15:datalabelsRange><c15:dlblRangeCache><c:pt idx="0"><c:v>best port</c:v></c:pt>'
        "</c15:dlblRangeCache></c15:datalabelsRange></c:extLst>",
        "",
        "| Oslo | 17 | best port |",
    ),
    _chart("the name of a trend", "<c:trendline><c:name>Trend of cod</c:name></c:trendline>", "", "Trend of cod"),
    _chart(
        "error bars",
        '<c:errBars><c:plus><c:numLit><c:pt idx="0"><c:v>0.37</c:v></c:pt></c:numLit></c:plus></c:errBars>',
        "",
        "0.37",
        "| Oslo | 17 |",
    ),
    _chart(
        "a title that a filter keeps",
        f"<c:extLst><c15:filteredSeriesTitle><c15:tx>{_linked('Kept name')[6:-7]}</c15:tx></c15:filteredSeriesTitle>"
        "</c:extLst>",
        "",
        "Kept name",
    ),
)


def _rtf(name: str, body: str, *kept: str, left_out: tuple[str, ...] = ()) -> Reported:
    return Reported(name, ".rtf", rb"{\rtf1\ansi " + body.encode("latin-1") + rb"\par}", kept, left_out)


_RTF = (
    _rtf(
        "a comment inside a word",
        r"har{\*\atnauthor Ann}{\*\annotation deep?\par}bour",
        "harbour",
        "Comment (Ann): deep?",
    ),
    _rtf("a box inside a word", r"har{\shp{\*\shpinst{\shptxt boxed\par}}}bour", "harbour", "boxed"),
    _rtf(
        "a choice of a form",
        r"{\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffl red}{\*\ffl green}}}}{\fldrslt}} boat",
        "green boat",
        left_out=("red",),
    ),
    _rtf(
        "a box of a form", r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}{\fldrslt}} paid", "☒ paid"
    ),
    _rtf("a button with a prompt", r"a {\field{\*\fldinst MACROBUTTON NoMacro [type here]}} b", "a [type here] b"),
    _rtf("a symbol without a result", r'21 {\field{\*\fldinst SYMBOL 176 \\f "Arial"}{\fldrslt}}C', "21 °C"),
    _rtf("a fraction as a field", r"{\field{\*\fldinst EQ \\f(num7,a)}{\fldrslt}} high", "(num7)/a high"),
    _rtf("a fraction of a formula", r"{\mmath{\*\moMath{\mf{\mnum{\mr 12}}{\mden{\mr 34}}}}} mm", "(12)/(34) mm"),
)

_HEAD = b"From: a@b.example\nSubject: Tides\nMIME-Version: 1.0\n"
_UTF8 = b"Content-Type: text/plain; charset=utf-8\n"


def _mail(name: str, rest: bytes, *kept: str, left_out: tuple[str, ...] = ()) -> Reported:
    return Reported(name, ".eml", _HEAD + rest, kept, left_out)


def _encoded(how: str, body: bytes) -> bytes:
    return _UTF8 + f"Content-Transfer-Encoding: {how}\n\n".encode() + body + b"\n"


_SIGNED = (
    b"Content-Type: text/plain\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nlow water\n"
    b"-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n=abcd\n-----END PGP SIGNATURE-----\n"
)
_TWO_PARTS = b"\n".join(
    (
        b"preface\n--yy",
        _UTF8 + b"Content-Transfer-Encoding: base64\n",
        b64encode("Köln one".encode()),
        "--yy\nContent-Type: text/html; charset=utf-8\n\n<p>Größe two</p>\n--yy--\n".encode(),
    )
)
_MAILS = (
    *(
        _mail(f"quoted-printable as {how}", _encoded(how, b"K=C3=B6ln li=\nne"), "Köln line")
        for how in ("Quoted-Printable;", '"quoted-printable"', "quoted_printable", "quoted-printable (by x)")
    ),
    *(
        _mail(f"base64 as {how}", _encoded(how, b64encode("Köln line".encode())), "Köln line")
        for how in ("base64;", "Base-64", "'base64'")
    ),
    _mail(
        "parts without a stated boundary", b"Content-Type: multipart/mixed\n\n" + _TWO_PARTS, "Köln one", "Größe two"
    ),
    _mail(
        "parts with another boundary",
        b"Content-Type: multipart/mixed; boundary=zz\n\n" + _TWO_PARTS,
        "Köln one",
        "Größe two",
        left_out=("preface", "yy"),
    ),
    _mail("base64 that is cut off", _encoded("base64", b64encode(b"high and low water!")[:-3]), "high and low wat"),
    _mail("a signature of PGP in the text", _SIGNED, "low water", left_out=("iQEzBAEB",)),
    _mail(
        "circled figures in ISO-2022-JP",
        b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B-!HV\x1b(B and \x1b$B-j\x1b(B \x1b(I1\x1b(B",
        "①番 and ㈱ ｱ",
    ),
    _mail(
        "circled figures in EUC-JP", b"Content-Type: text/plain; charset=euc-jp\n\n\xad\xa1\xc8\xd6 tide", "①番 tide"
    ),
)


def _paragraph(name: str, content: str, *kept: str, left_out: tuple[str, ...] = ()) -> Reported:
    return Reported(name, ".odt", odf(f"<office:text><text:p>{content}</text:p></office:text>"), kept, left_out)


_OTHERS = (
    Reported(
        "words of a drawing",
        ".odg",
        odf(
            "<office:drawing><draw:page><draw:custom-shape><text:p>low water</text:p></draw:custom-shape></draw:page>"
            "</office:drawing>"
        ),
        ("low water",),
    ),
    Reported("a master document", ".odm", odf("<office:text><text:p>low water</text:p></office:text>"), ("low water",)),
    Reported(
        "the title of a table",
        ".odt",
        odf(
            "<office:text><table:table><table:title>Ports</table:title><table:desc>by year</table:desc>"
            "<table:table-row>"
            "<table:table-cell><text:p>Oslo</text:p></table:table-cell><table:table-cell><text:p>17</text:p>"
            "</table:table-cell></table:table-row></table:table></office:text>"
        ),
        ("Ports by year | Oslo | 17 |",),
    ),
    _paragraph("a measure of a drawing", "wide <text:measure>5cm</text:measure>", "wide 5cm"),
    _paragraph(
        "a variable that shows nothing",
        'kept<text:variable-set text:display="none">veiled</text:variable-set>words',
        "keptwords",
        left_out=("veiled",),
    ),
    Reported("circled figures in ISO-2022-JP", ".txt", b"No. \x1b$B-!\x1b(B\n", ("No. ①",)),
)

_CAPTION = '<w:tblPr><w:tblCaption w:val="Ports"/><w:tblDescription w:val="Tons by year"/></w:tblPr>'
_XML_2003 = (
    '<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body><w:p><w:r>'
    "<w:t>low water</w:t></w:r></w:p></w:body></w:wordDocument>"
)
_DISGUISED = (
    Reported("Word 2003 XML by another name", ".doc", _XML_2003.encode(), ("low water",)),
    Reported("RTF by another name", ".doc", rb"{\rtf1\ansi low water\par}", ("low water",)),
    Reported("a page by another name", ".doc", b"<html><body><p>low water</p></body></html>", ("low water",)),
    Reported(
        "a page of Word for the web", ".dot", b"<?xml version='1.0'?>\n<!-- x -->\n<HTML><p>low water", ("low water",)
    ),
    Reported("a newer file by another name", ".doc", docx(para("low water")), ("low water",)),
    Reported("newer slides by another name", ".ppt", pptx([shape("low water")]), ("low water",)),
    Reported(
        "a saved page by another name",
        ".doc",
        b"MIME-Version: 1.0\nContent-Type: text/html\n\n<p>low water",
        ("low water",),
    ),
    Reported(
        "the description of a table",
        ".docx",
        docx(table(cell("Oslo") + cell("17")).replace("<w:tblPr/>", _CAPTION)),
        ("Ports", "Tons by year", "| Oslo | 17 |"),
    ),
)

OFFICE = (*_DISGUISED, *_WORD_FIELDS, *_NUMBERS, *_CHARTS, *_RTF, *_MAILS, *_OTHERS)
