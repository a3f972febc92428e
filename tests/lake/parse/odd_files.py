"""Small files that use rare but regular parts of their format; each with what it must say."""

from __future__ import annotations

from base64 import encodebytes

from tests.lake.parse.office_files import cell, docx, odf, para, pptx, run, shape, table
from tests.lake.parse.reported_file import Reported

_LETTER = '<w:framePr w:dropCap="drop" w:lines="3"/>'
_FORMULA = (
    "<m:oMath><m:d><m:e><m:r><m:t>a</m:t></m:r></m:e><m:e><m:r><m:t>b</m:t></m:r></m:e></m:d>"
    "<m:acc><m:e><m:r><m:t>v</m:t></m:r></m:e></m:acc>"
    "<m:func><m:fName><m:r><m:t>sin</m:t></m:r></m:fName><m:e><m:r><m:t>t</m:t></m:r></m:e></m:func></m:oMath>"
)
_NOTICE = (
    '<w:footnotes><w:footnote w:type="continuationNotice" w:id="1"><w:p><w:r><w:t>Continued overleaf</w:t></w:r></w:p>'
    '</w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>the note</w:t></w:r></w:p></w:footnote></w:footnotes>'
)
_IN_TWO_WAYS = (
    "<p:sp><p:nvSpPr><p:cNvPr id='2' name=''/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p>"
    "<mc:AlternateContent><mc:Choice Requires='a14'><m:oMath><m:r><m:t>force</m:t></m:r></m:oMath></mc:Choice>"
    "<mc:Fallback><a:r><a:t>picture</a:t></a:r></mc:Fallback></mc:AlternateContent></a:p></p:txBody></p:sp>"
)
_PICTURED = (
    '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="3" name=""/></p:nvGraphicFramePr><a:graphic><a:graphicData>'
    "<mc:AlternateContent><mc:Choice><p:oleObj><p:embed/></p:oleObj></mc:Choice><mc:Fallback><p:oleObj><p:pic>"
    '<p:nvPicPr><p:cNvPr id="0" name="" descr="prices of rope"/></p:nvPicPr></p:pic></p:oleObj></mc:Fallback>'
    "</mc:AlternateContent></a:graphicData></a:graphic></p:graphicFrame>"
)
_CALS = (
    '<book><para>before</para><table><tgroup cols="3"><colspec colname="c1"/><colspec colname="c2"/>'
    '<colspec colname="c3"/><thead><row><entry>Port</entry><entry namest="c2" nameend="c3">Depth</entry></row></thead>'
    '<tbody><row><entry morerows="1">Oslo</entry><entry>low</entry><entry>4</entry></row>'
    "<row><entry>high</entry><entry>7</entry></row></tbody></tgroup></table></book>"
)
_PICTURE = f"data:image/png;base64,{'iVBORw0KGgo' * 9}"
_NOTEBOOK = (
    f'{{"nbformat":4,"cells":[{{"cell_type":"code","source":"show(\'{_PICTURE}\')",'
    f'"outputs":[{{"output_type":"stream","text":"{_PICTURE} done"}}]}}]}}'
)
_FOOT_FIRST = (
    "<table><thead><tr><th>Port</th><th>Tons</th></tr></thead><tfoot><tr><td>Sum</td><td>9</td></tr></tfoot>"
    "<tbody><tr><td>Oslo</td><td>9</td></tr></tbody></table>"
)


_BASE64_HEAD = (
    b"From: a@b\nSubject: Tides\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
)


def _base64_with_a_footer() -> bytes:
    return _BASE64_HEAD + encodebytes(b"words of the body") + b"\n-- \nSent by the harbour's list\n"


ODD = (
    Reported(
        "a large first letter",
        ".docx",
        docx(para("O", _LETTER) + para("nce upon a tide")),
        ("Once upon a tide",),
    ),
    Reported("brackets and functions of a formula", ".docx", docx(para(_FORMULA)), ("(a|b)", "v sin t")),
    Reported(
        "a notice that notes go on",
        ".docx",
        docx(
            para(run("body") + '<w:r><w:footnoteReference w:id="2"/></w:r>'),
            {"f": ("footnotes", "footnotes.xml")},
            {"word/footnotes.xml": _NOTICE},
        ),
        ("body", "the note"),
        ("overleaf",),
    ),
    Reported("a formula in two ways", ".pptx", pptx([_IN_TWO_WAYS]), ("force picture",)),
    Reported("the picture of an embedded file", ".pptx", pptx([shape("deck") + _PICTURED]), ("prices of rope",)),
    Reported(
        "a paragraph that a field hides",
        ".odt",
        odf(
            '<office:text><text:p><text:hidden-paragraph text:is-hidden="true"/>veiled</text:p><text:p>open</text:p>'
            "</office:text>"
        ),
        ("open",),
        ("veiled",),
    ),
    Reported("spans of a table of DocBook", ".xml", _CALS.encode(), ("| Oslo | low | 4 | | Oslo | high | 7 |",)),
    Reported(
        "spans of a table of TEI",
        ".xml",
        b"<TEI><p>x</p><table>"
        b'<row><cell rows="2">Oslo</cell><cell>4</cell></row><row><cell>7</cell></row></table></TEI>',
        ("| Oslo | 7 |",),
    ),
    Reported("a foot before the body of a table", ".html", _FOOT_FIRST.encode(), ("| Oslo | 9 | | Sum | 9 |",)),
    Reported(
        "a style that only begins like one that hides",
        ".html",
        b"<p style='display: nonesuch'>shown</p><p style='DISPLAY : NONE !important'>gone</p>",
        ("shown",),
        ("gone",),
    ),
    Reported("a list's footer below base64", ".eml", _base64_with_a_footer(), ("words of the body", "harbour's list")),
    Reported("a mailbox's mark", ".eml", b">From a@b Mon\nFrom: a@b\nSubject: Tides\n\nlow water\n", ("low water",)),
    Reported(
        "folds inside characters",
        ".ics",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Gr\xc3\r\n \xbc\xc3\x9fe aus K\r\n \xc3\xb6ln\r\nEND:VEVENT\r\n",
        ("Grüße aus Köln",),
    ),
    Reported(
        "folds inside characters",
        ".vcf",
        b"BEGIN:VCARD\nFN:J\xc3\n \xb6rg\nNOTE:\xe7\n \x81\n \xaf\xe5\xa1\x94\nEND:VCARD\n",
        ("Jörg", "灯塔"),
    ),
    Reported(
        "what a conference is called",
        ".ics",
        b'BEGIN:VEVENT\nSUMMARY:Talk\nCONFERENCE;LABEL="Join: now":https://x.example\nEND:VEVENT\n',
        ("Join: now",),
    ),
    Reported("cells between control characters", ".csv", b"port\x01tons\nOslo\x019\nBergen\x014\n", ("| Oslo | 9 |",)),
    Reported(
        "the caption of a file that is not read",
        ".rst",
        b".. literalinclude:: a.py\n   :caption: How to moor\n\nbody\n",
        ("How to moor", "body"),
    ),
    Reported(
        "a picture in code and in what it prints",
        ".ipynb",
        _NOTEBOOK.encode(),
        ("show('data:image/png')", "done"),
        ("iVBORw0KGgo",),
    ),
    Reported("halves of characters, as Java writes them", ".txt", b"a \xed\xa0\xbd\xed\xb8\x80 face\n", ("a 😀 face",)),
    Reported("a NUL of two bytes", ".txt", b"rope\xc0\x80 and tar\n", ("rope and tar",)),
    Reported("a terminal told to use ASCII", ".log", b"\x1b(B\x1b[mpump \x1b(0q\x1b(B\x1b=ready\n", ("pump qready",)),
    Reported(
        "rows without a table",
        ".html",
        b"<tr><td>Oslo</td><td>9</td></tr><tr><td>Bergen</td><td>4</td></tr><p>after</p>",
        ("| Oslo | 9 |", "| Bergen | 4 |", "after"),
    ),
    Reported(
        "a line break in a string", ".json", b'{"a": "north\nwind", "b": "calm\tsea"}', ("north wind", "calm sea")
    ),
    Reported(
        "sentences between fences",
        ".md",
        b"---\nNote: the pumps were replaced.\n\nPart two: see below.\n\n---\nBody\n",
        ("pumps were replaced", "Part two", "Body"),
    ),
    Reported(
        "a large letter before a table",
        ".docx",
        docx(para("O", _LETTER) + table(cell("Oslo") + cell("Bergen"))),
        ("| Oslo | Bergen |",),
    ),
    Reported("cells without an end", ".html", b"<p>before</p><td>Oslo<td>Bergen", ("before", "| Oslo | Bergen |")),
    Reported("base64 in two pieces", ".eml", _BASE64_HEAD + b"aGlnaA==\nIHdhdGVy\n", ("high water",)),
    Reported(
        "a text that is no base64",
        ".eml",
        _BASE64_HEAD + b"Low water, in fact.\nMoor well.\n",
        ("Low water, in fact. Moor",),
    ),
)
