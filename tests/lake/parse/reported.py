"""Small files in which users of comparable tools reported lost, doubled or joined words; each with what it must say."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from tests.lake.parse.office_files import cell, docx, odf, para, pptx, run, shape, table
from tests.lake.parse.pdf_files import pdf, put
from tests.lake.parse.reported_file import Reported


def _html(body: str) -> bytes:
    return f"<!DOCTYPE html><html><head><meta charset=utf-8></head><body>{body}</body></html>".encode()


def _box(text: str) -> str:
    return f"<w:txbxContent><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:txbxContent>"


def _odt(body: str, styles: str = "") -> bytes:
    return odf(f"<office:text>{body}</office:text>", styles)


def _choice(choice: str, fallback: str) -> str:
    return (
        f"<mc:AlternateContent><mc:Choice Requires='wps'>{choice}</mc:Choice>"
        f"<mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent>"
    )


def _xlsx(rows: str, strings: str = "", extra: dict[str, str] | None = None, book: str = "") -> bytes:
    made = io.BytesIO()
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{types}"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships {package}><Relationship Id="r1" Type="{rels}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            (
                f'<workbook {main} xmlns:r="{rels}">{book}<sheets><sheet name="Depot" sheetId="1" '
                'r:id="r1"/></sheets></workbook>'
            ),
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships {package}><Relationship Id="r1" Type="{rels}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{rels}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
        archive.writestr("xl/sharedStrings.xml", f"<sst {main}>{strings}</sst>")
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>")
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return made.getvalue()


def _inline(*cells: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in cells)


def _epub(pages: dict[str, str], spine: str, extra: str = "") -> bytes:
    made = io.BytesIO()
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in pages)
    refs = "".join(f'<itemref idref="{name}"/>' for name in spine.split())
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
            'full-path="OPS/b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        )
        archive.writestr(
            "OPS/b.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Book</dc:title></metadata>'
            f"<manifest>{items}{extra}</manifest><spine>{refs}</spine></package>",
        )
        for name, body in pages.items():
            archive.writestr(
                f"OPS/{name}.xhtml",
                (
                    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
                    f"<body>{body}</body></html>"
                ),
            )
    return made.getvalue()


def _mail(body: str, headers: str = "Content-Type: text/plain; charset=utf-8", encoding: str = "utf-8") -> bytes:
    head = f"From: a@example.org\r\nTo: b@example.org\r\nSubject: Harbour\r\nMIME-Version: 1.0\r\n{headers}\r\n\r\n"
    return head.encode() + body.replace("\n", "\r\n").encode(encoding)


def _drawn(*texts: tuple[float, float, str]) -> bytes:
    def draw(canvas: Any) -> None:
        for x, y, text in texts:
            put(canvas, x, y, text)

    return pdf(draw)


WORD = (
    Reported(
        "a box in both branches of an alternative inside a cell",
        ".docx",
        docx(
            table(
                cell("left")
                + cell(
                    para(
                        run("right")
                        + "<w:r>"
                        + _choice(
                            (
                                f"<w:drawing><wp:inline><a:graphic><a:graphicData><wps:wsp><wps:txbx>{_box('anchored')}"
                                "</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing>"
                            ),
                            f"<w:pict><v:shape><v:textbox>{_box('anchored')}</v:textbox></v:shape></w:pict>",
                        )
                        + "</w:r>"
                    )
                )
            )
        ),
        ("left", "right", "anchored"),
    ),
    Reported(
        "paragraphs that stand in the branches of an alternative",
        ".docx",
        docx(para("before") + _choice(para("modern"), para("legacy")) + para("after")),
        ("before", "modern", "after"),
        ("legacy",),
    ),
    Reported(
        "an alternative with a fallback only",
        ".docx",
        docx(
            para("<w:r><mc:AlternateContent><mc:Fallback><w:t>lonely</w:t></mc:Fallback></mc:AlternateContent></w:r>")
        ),
        ("lonely",),
    ),
    Reported(
        "text after a shape in the same paragraph",
        ".docx",
        docx(
            para(
                "<w:r><w:pict><v:shape><v:textbox>"
                + _box("inside")
                + "</v:textbox></v:shape></w:pict></w:r>"
                + run("trailing words")
            )
        ),
        ("inside", "trailing words"),
    ),
    Reported(
        "several alternatives in one run",
        ".docx",
        docx(
            para(
                "<w:r>"
                + _choice("<w:t>first</w:t>", "<w:t>x</w:t>")
                + _choice("<w:t xml:space='preserve'> second</w:t>", "")
                + "</w:r>"
            )
        ),
        ("first second",),
        ("x",),
    ),
    Reported(
        "a content control around a row that holds another around a cell",
        ".docx",
        docx(
            "<w:tbl><w:tr>"
            + cell("head one")
            + cell("head two")
            + "</w:tr><w:sdt><w:sdtContent><w:tr>"
            + cell("value one")
            + "<w:sdt><w:sdtContent>"
            + cell("value two")
            + "</w:sdtContent></w:sdt></w:tr></w:sdtContent></w:sdt></w:tbl>"
        ),
        ("head one", "head two", "value one", "value two"),
    ),
    Reported(
        "a table three deep",
        ".docx",
        docx(
            table(
                cell("outer")
                + cell(table(cell("middle") + cell(table(cell("inner") + cell("core")) + para(""))) + para(""))
            )
        ),
        ("outer", "middle", "inner", "core"),
    ),
    Reported(
        "a move whose origin stands in another paragraph",
        ".docx",
        docx(
            "<w:p><w:moveFromRangeStart w:id='1' w:name='m'/><w:moveFrom w:id='2'><w:r><w:t>wandering</w:t>"
            "</w:r></w:moveFrom><w:r><w:t>start</w:t></w:r></w:p>"
            "<w:p><w:moveTo w:id='3'><w:r><w:t xml:space='preserve'>wandering </w:t></w:r></w:moveTo>"
            "<w:r><w:t>end</w:t></w:r></w:p>"
        ),
        ("start", "wandering end"),
    ),
    Reported(
        "an insertion that another one deleted",
        ".docx",
        docx(
            "<w:p><w:ins w:id='1'><w:del w:id='2'><w:r><w:delText>undone</w:delText></w:r></w:del>"
            "<w:r><w:t>valid</w:t></w:r></w:ins></w:p>"
        ),
        ("valid",),
        ("undone",),
    ),
    Reported(
        "a nested field whose result is inside another result",
        ".docx",
        docx(
            para(
                "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>IF </w:instrText>"
                "</w:r><w:r><w:fldChar w:fldCharType='begin'/></w:r>"
                "<w:r><w:instrText>MERGEFIELD secret</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/>"
                "</w:r><w:r><w:t>buried</w:t></w:r>"
                "<w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:fldChar w:fldCharType='separate'/>"
                "</w:r><w:r><w:t>shown result</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r>"
            )
        ),
        ("shown result",),
    ),
    Reported(
        "words parted by a tab, a break and a carriage return",
        ".docx",
        docx(
            para(
                "<w:r><w:t>alpha</w:t><w:tab/><w:t>beta</w:t><w:br/><w:t>gamma</w:t><w:cr/><w:t>delta</w:t>"
                "<w:ptab/><w:t>epsilon</w:t></w:r>"
            )
        ),
        ("alpha", "beta", "gamma", "delta", "epsilon"),
    ),
    Reported(
        "a hyphen that does not break, in a word",
        ".docx",
        docx(para("<w:r><w:t>AB</w:t><w:noBreakHyphen/><w:t>4711</w:t></w:r>")),
        ("AB-4711",),
    ),
    Reported(
        "a link whose words are runs of their own",
        ".docx",
        docx(
            para(
                "<w:hyperlink w:anchor='x'><w:r><w:t>clic</w:t></w:r><w:r><w:t>kable</w:t></w:r></w:hyperlink>"
                + run(" words")
            )
        ),
        ("clickable words",),
    ),
    Reported(
        "small capitals, all capitals and a run with vanish off",
        ".docx",
        docx(
            para(
                run("visible", "<w:vanish w:val='0'/><w:caps/>")
                + run(" still", "<w:vanish w:val='false'/>")
                + run("gone", "<w:vanish/>")
            )
        ),
        ("visible still",),
        ("gone",),
    ),
    Reported(
        "a fraction, a root and a sum",
        ".docx",
        docx(
            para(
                "<m:oMathPara><m:oMath><m:f><m:num><m:r><m:t>numer</m:t></m:r></m:num><m:den><m:r>"
                "<m:t>denom</m:t></m:r></m:den></m:f>"
                "<m:nary><m:sub><m:r><m:t>low</m:t></m:r></m:sub><m:sup><m:r><m:t>high</m:t></m:r>"
                "</m:sup><m:e><m:r><m:t>term</m:t></m:r></m:e></m:nary></m:oMath></m:oMathPara>"
            )
        ),
        ("numer", "denom", "low", "high", "term"),
    ),
)

SLIDES = (
    Reported(
        "groups in groups",
        ".pptx",
        pptx(
            [
                shape("Title", kind="title")
                + f"<p:grpSp><p:grpSpPr/>{shape('one')}<p:grpSp><p:grpSpPr/>{shape('two')}</p:grpSp></p:grpSp>"
            ]
        ),
        ("Title", "one", "two"),
    ),
    Reported(
        "a line break, a tab and a field in a paragraph",
        ".pptx",
        pptx(
            [
                "<p:sp><p:nvSpPr><p:cNvPr id='2' name=''/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>"
                "<p:txBody><a:bodyPr/><a:p><a:r><a:t>upper</a:t></a:r><a:br/>"
                "<a:r><a:t>lower</a:t></a:r><a:fld type='datetime1'><a:t>dated</a:t></a:fld></a:p></p:txBody></p:sp>"
            ]
        ),
        ("upper", "lower"),
    ),
    Reported(
        "an alternative around a shape",
        ".pptx",
        pptx([_choice(shape("modern"), shape("modern")) + shape("plain")]),
        ("modern", "plain"),
    ),
    Reported(
        "a connector and a picture with text of their own",
        ".pptx",
        pptx(
            [
                (
                    "<p:cxnSp><p:nvCxnSpPr><p:cNvPr id='4' name='' descr='an arrow to the depot'/><p:cNvCxnSpPr/>"
                    "<p:nvPr/></p:nvCxnSpPr><p:spPr/></p:cxnSp>"
                )
                + shape("body")
            ]
        ),
        ("an arrow to the depot", "body"),
    ),
    Reported(
        "a cell that holds several paragraphs",
        ".pptx",
        pptx(
            [
                "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='3' name=''/><p:cNvGraphicFramePr/>"
                "<p:nvPr/></p:nvGraphicFramePr><a:graphic><a:graphicData><a:tbl><a:tblGrid><a:gridCol/>"
                "<a:gridCol/></a:tblGrid>"
                "<a:tr><a:tc><a:txBody><a:p><a:r><a:t>first line</a:t></a:r></a:p><a:p><a:r><a:t>"
                "second line</a:t></a:r></a:p></a:txBody></a:tc>"
                "<a:tc><a:txBody><a:p><a:r><a:t>beside</a:t></a:r></a:p></a:txBody></a:tc></a:tr>"
                "</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
            ]
        ),
        ("first line", "second line", "beside"),
    ),
)

SHEETS = (
    Reported(
        "a rich cell with a phonetic run and preserved spaces",
        ".xlsx",
        _xlsx(
            (
                '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2">'
                '<c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>'
            ),
            (
                "<si><r><t xml:space='preserve'>net </t></r><r><rPr><b/></rPr><t>weight</t></r></si>"
                "<si><t>gross</t><rPh sb='0' eb='1'><t>kana</t></rPh></si>"
            ),
        ),
        ("net weight", "gross"),
    ),
    Reported(
        "cells without addresses, and a row without a number",
        ".xlsx",
        _xlsx(f"<row>{_inline('name', 'place')}</row><row>{_inline('pump', 'pier')}</row>"),
        ("name", "place", "pump", "pier"),
    ),
    Reported(
        "escaped characters of strings",
        ".xlsx",
        _xlsx(
            f"<row>{_inline('kind', 'note')}</row><row>{_inline('line_x000D_', 'one &amp; two &lt;three&gt;')}</row>"
        ),
        ("line", "one & two <three>"),
    ),
    Reported(
        "a string that a formula gives, and one that is shared",
        ".xlsx",
        _xlsx(
            '<row r="1"><c r="A1" t="str"><f>"a"&amp;"b"</f><v>joined</v></c><c r="B1" t="str">'
            '<f t="shared" si="0" ref="B1:B2">X1</f><v>upper</v></c></row>'
            '<row r="2"><c r="A2" t="str"><f>C1</f><v>plain</v></c><c r="B2" t="str"><f t="shared" '
            'si="0"/><v>lower</v></c></row>'
        ),
        ("joined", "upper", "plain", "lower"),
    ),
    Reported(
        "a date as ISO text and an error",
        ".xlsx",
        _xlsx(
            f"<row r='1'>{_inline('when', 'state')}</row><row r='2'><c r='A2' t='d'><v>2031-03-14</v>"
            "</c><c r='B2' t='e'><v>#REF!</v></c></row>"
        ),
        ("when", "2031-03-14", "#REF!"),
    ),
    Reported(
        "UTF-16 with a mark, tabs",
        ".csv",
        "name\tplace\npump\tGdańsk\nvalve\tŁódź\n".encode("utf-16"),
        ("Gdańsk", "Łódź"),
    ),
    Reported(
        "line breaks and quotes in cells, CR line ends",
        ".csv",
        b'name,note\r"pump","first line\rsecond ""quoted"" line"\r"valve","ok"\r',
        ("first line", 'second "quoted" line', "valve"),
    ),
    Reported(
        "a bar as delimiter and commas in cells",
        ".csv",
        b"name|note\npump|one, two\nvalve|three, four\n",
        ("one, two", "three, four"),
    ),
    Reported(
        "apostrophes and a lone quote",
        ".csv",
        b"size,part\n5\" pipe,it's\n6\" pipe,they're\n",
        ('5" pipe', "it's", '6" pipe', "they're"),
    ),
)

OPEN_DOCUMENT = (
    Reported(
        "rows of a table's head",
        ".odt",
        _odt(
            "<table:table><table:table-column/><table:table-header-rows><table:table-row><table:table-cell>"
            "<text:p>kind</text:p></table:table-cell><table:table-cell><text:p>size</text:p></table:table-cell>"
            "</table:table-row></table:table-header-rows>"
            "<table:table-row><table:table-cell><text:p>pump</text:p></table:table-cell><table:table-cell>"
            "<text:p>large</text:p></table:table-cell></table:table-row></table:table>"
        ),
        ("kind", "size", "pump", "large"),
    ),
    Reported(
        "spaces, tabs and breaks as elements",
        ".odt",
        _odt("<text:p>alpha<text:s text:c='3'/>beta<text:tab/>gamma<text:line-break/>delta</text:p>"),
        ("alpha", "beta", "gamma", "delta"),
    ),
    Reported(
        "a heading that begins with a soft page break",
        ".odt",
        _odt("<text:h text:outline-level='1'><text:soft-page-break/>Scope</text:h><text:p>body</text:p>"),
        ("Scope", "body"),
    ),
    Reported(
        "rows in groups",
        ".odt",
        _odt(
            "<table:table><table:table-row-group><table:table-rows><table:table-row><table:table-cell>"
            "<text:p>grouped</text:p></table:table-cell><table:table-cell><text:p>row</text:p>"
            "</table:table-cell></table:table-row></table:table-rows></table:table-row-group>"
            "</table:table>"
        ),
        ("grouped", "row"),
    ),
    Reported(
        "an index with its title and a section in a section",
        ".odt",
        _odt(
            "<text:section text:name='a'><text:section text:name='b'><text:p>deep</text:p></text:section>"
            "</text:section><text:alphabetical-index><text:index-body><text:index-title><text:p>"
            "Register</text:p></text:index-title><text:p>anchor, 3</text:p></text:index-body>"
            "</text:alphabetical-index>"
        ),
        ("deep", "Register", "anchor"),
    ),
    Reported(
        "a placeholder, a drop-down and a variable",
        ".odt",
        _odt(
            "<text:p><text:placeholder text:placeholder-type='text'>&lt;customer&gt;</text:placeholder>"
            " <text:drop-down text:name='d'><text:label text:value='no'/>chosen</text:drop-down>"
            " <text:user-defined text:name='v'>given</text:user-defined></text:p>"
        ),
        ("chosen", "given"),
    ),
    Reported(
        "numbered paragraphs",
        ".odt",
        _odt(
            "<text:numbered-paragraph text:list-id='l' text:level='1'><text:p>counted</text:p>"
            "</text:numbered-paragraph><text:p>plain</text:p>"
        ),
        ("counted", "plain"),
    ),
)

PAGES = (
    Reported(
        "break elements between words",
        ".html",
        _html("<p>alpha<br>beta<br/>gamma<wbr>tail</p>"),
        ("alpha", "beta", "gammatail"),
    ),
    Reported(
        "cells and items without white space between them",
        ".html",
        _html("<ul><li>one</li><li>two</li></ul><dl><dt>term</dt><dd>meaning</dd></dl><p>x</p>"),
        ("one", "two", "term", "meaning"),
    ),
    Reported(
        "choices with groups",
        ".html",
        _html(
            "<label>Port <select><optgroup label='North'><option>Oslo</option><option selected>"
            "Bergen</option></optgroup></select></label>"
        ),
        ("Port", "North", "Oslo", "Bergen"),
    ),
    Reported(
        "entities by name, number and without a semicolon",
        ".html",
        _html("<p>caf&eacute; &#8212; &#x41;B &copy 2031 &notit; &amp;amp;</p>"),
        ("café — AB © 2031",),
    ),
    Reported(
        "a comment that ends late and a conditional one",
        ".html",
        _html(
            "<p>before</p><!--[if mso]><p>outlook</p><![endif]--><![if !mso]><p>others</p><![endif]>"
            "<!-- a -- b --><p>after</p>"
        ),
        ("before", "others", "after"),
    ),
    Reported(
        "text in a table outside its cells",
        ".html",
        _html("<table>stray<tr><td>cell</td><td>two</td></tr></table>"),
        ("stray", "cell", "two"),
    ),
    Reported(
        "a page in frames",
        ".html",
        b"<html><frameset><frame src=a><noframes><body><p>framed words</p></body></noframes></frameset></html>",
        ("framed words",),
    ),
    Reported(
        "headings with links and marks of permanence",
        ".html",
        _html("<main><h2><a href=#s>Scope of work</a><a class=headerlink href=#s>¶</a></h2><p>body</p></main>"),
        ("Scope of work", "body"),
    ),
    Reported(
        "an output, a meter and a progress bar",
        ".html",
        _html(
            "<p><output>forty</output> <meter value=.4>four tenths</meter> <progress value=3 "
            "max=9>a third</progress></p>"
        ),
        ("forty", "four tenths", "a third"),
    ),
    Reported(
        "a time and data with values",
        ".html",
        _html(
            "<p><time datetime=2031-03-14>last Friday</time> <data value=3>three</data> <abbr "
            "title='Unit of Time'>UT</abbr> <q>quoted</q></p>"
        ),
        ("last Friday", "three", "UT", "quoted"),
    ),
    Reported(
        "unclosed cells, rows and paragraphs",
        ".html",
        _html("<table><tr><td>a1<td>b1<tr><td>a2<td>b2</table><p>first<p>second"),
        ("a1", "b1", "a2", "b2", "first", "second"),
    ),
    Reported(
        "a link around blocks",
        ".html",
        _html("<a href=x><div>card title</div><p>card text</p></a>"),
        ("card title", "card text"),
    ),
    Reported(
        "text beside blocks in an item",
        ".html",
        _html("<ul><li>lead<p>inner</p>tail</li></ul>"),
        ("lead", "inner", "tail"),
    ),
    Reported(
        "text split by inline marks",
        ".html",
        _html("<p>un<b>believ</b>able H<sub>2</sub>O 10<sup>3</sup></p>"),
        ("unbelievable H2O 10^3",),
    ),
    Reported(
        "XHTML with CDATA and a default prefix",
        ".xhtml",
        (
            b'<?xml version="1.0"?><h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:body><h:p>'
            b"<![CDATA[raw <words>]]></h:p></h:body></h:html>"
        ),
        ("raw <words>",),
    ),
)

BOOKS = (
    Reported(
        "a note that only the page's end holds",
        ".epub",
        _epub(
            {
                "a": (
                    "<p>text<a epub:type='noteref' href='#n'>1</a></p><aside epub:type='footnote' id='n' "
                    "hidden='hidden'><p>noted words</p></aside>"
                )
            },
            "a",
        ),
        ("text", "noted words"),
    ),
    Reported(
        "a page outside the spine",
        ".epub",
        _epub({"a": "<p>first page</p>", "b": "<p>orphan page</p>"}, "a"),
        ("first page", "orphan page"),
    ),
    Reported(
        "a page twice in the spine",
        ".epub",
        _epub({"a": "<p>single page</p>", "b": "<p>other</p>"}, "a b a"),
        ("single page", "other"),
    ),
    Reported(
        "a page of SVG",
        ".epub",
        _epub({"a": "<p>words</p><svg xmlns='http://www.w3.org/2000/svg'><text>drawn label</text></svg>"}, "a"),
        ("words", "drawn label"),
    ),
)

MAILS = (
    Reported(
        "lines that flow, with delsp",
        ".eml",
        _mail(
            "This line goes \non here.\n\n> quo \n> ted\n-- \nsigned\n",
            "Content-Type: text/plain; charset=utf-8; format=flowed",
        ),
        ("This line goes on here.", "signed"),
    ),
    Reported(
        "UTF-8 that calls itself US-ASCII",
        ".eml",
        _mail("Zürich and Łódź\n", "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 8bit"),
        ("Zürich and Łódź",),
    ),
    Reported(
        "a boundary without quotation marks that another parameter follows",
        ".eml",
        _mail(
            "--=_a\nContent-Type: text/plain; charset=utf-8\n\nfirst part\n--=_a--\n",
            "Content-Type: multipart/mixed; boundary==_a; charset=utf-8",
        ),
        ("first part",),
    ),
    Reported(
        "an attached message of 8 bits",
        ".eml",
        _mail(
            (
                "--b\nContent-Type: text/plain\n\nouter words\n--b\nContent-Type: message/rfc822\n\nSubject: "
                "Inside\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nEmäįl "
                "body\n--b--\n"
            ),
            "Content-Type: multipart/mixed; boundary=b",
        ),
        ("outer words", "Inside", "Emäįl body"),
    ),
    Reported(
        "parts without an end",
        ".eml",
        _mail(
            "--b\nContent-Type: text/plain\n\nfirst words\n--b\nContent-Type: text/html\n\n<p>second words</p>\n",
            "Content-Type: multipart/mixed; boundary=b",
        ),
        ("first words", "second words"),
    ),
    Reported(
        "a page whose charset only the page states",
        ".eml",
        _mail(
            (
                '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
                "</head><body><p>Sønderborg på torsdag, æbler</p></body></html>"
            ),
            "Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit",
            "iso-8859-1",
        ),
        ("Sønderborg på torsdag",),
    ),
    Reported(
        "base64 with blanks and without padding",
        ".eml",
        _mail(
            "aGFyYm91 ciBtYXN0\nZXI\n", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64"
        ),
        ("harbour master",),
    ),
)

RTF = (
    Reported(
        "two substitutes for one character", ".rtf", rb"{\rtf1\ansi\uc2 A\u8364 eu B{\uc0 \u347 x}\par}", ("A€ B", "śx")
    ),
    Reported(
        "surrogate pairs and negative numbers",
        ".rtf",
        rb"{\rtf1\ansi\uc1 \u-10179 ?\u-8704 ? face \u-4051 ?\par}",
        ("face",),
    ),
    Reported(
        "a code page of the font",
        ".rtf",
        (
            rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f1\'cf\'f0\'e8\'e2\'e5\'f2 "
            rb"\f0 caf\'e9\par}"
        ),
        ("Привет", "café"),
    ),
    Reported(
        "a field whose result holds another field",
        ".rtf",
        (
            rb"{\rtf1\ansi{\field{\*\fldinst HYPERLINK x}{\fldrslt link {\field{\*\fldinst PAGE}"
            rb"{\fldrslt inner}}}} tail\par}"
        ),
        ("link inner", "tail"),
    ),
)

MARKUP = (
    Reported(
        "a substitution with a unit and a replacement of an image",
        ".rst",
        b"The |unit| holds.\n\n.. |unit| replace:: newton metre\n",
        ("newton metre",),
    ),
    Reported(
        "a table with a cell over lines",
        ".rst",
        b"=====  =====\nkind   note\n=====  =====\npump   goes\n       on\nvalve  ok\n=====  =====\n",
        ("kind", "goes", "on", "valve"),
    ),
    Reported(
        "a target and a role without a directive",
        ".rst",
        b"See :menuselection:`File --> Open` and :kbd:`Ctrl+C`.\n\n.. versionadded:: 2.1\n   The *fast* path.\n",
        ("File --> Open", "Ctrl+C", "The fast path"),
    ),
    Reported(
        "drawers, blocks and a footnote",
        ".org",
        b"* Head\n:PROPERTIES:\n:OWNER: Ida\n:END:\n#+BEGIN_QUOTE\nquoted\n#+END_QUOTE\nText[fn:1].\n[fn:1] noted\n",
        ("Head", "Ida", "quoted", "noted"),
    ),
    Reported(
        "front matter that is a horizontal rule",
        ".md",
        b"---\n\nfirst words\n\n---\n\nlast words\n",
        ("first words", "last words"),
    ),
    Reported(
        "a table, details and a footnote",
        ".md",
        (
            b"| a | b |\n|---|---|\n| c1 | d1 |\n\n<details><summary>more</summary>\n\nhidden "
            b"not\n\n</details>\n\nx[^1]\n\n[^1]: noted\n"
        ),
        ("c1", "d1", "more", "hidden not", "noted"),
    ),
)

DATA = (
    Reported(
        "a key twice and a number beyond 64 bits",
        ".json",
        b'{"port": "north", "port": "south", "n": 123456789012345678901234567890, "m": 1.10}',
        ("north", "south", "123456789012345678901234567890", "1.10"),
    ),
    Reported(
        "escapes of surrogates and of a slash",
        ".json",
        b'{"a": "\\u017b\\u00f3\\u0142w \\/ x", "b": "\\ud83d\\ude00 ok"}',
        ("Żółw / x", "ok"),
    ),
    Reported(
        "mixed content, CDATA and an attribute of words",
        ".xml",
        b"<r><p>one <b>two</b> three<![CDATA[ <four> ]]>five</p><p>six</p></r>",
        ("one two three", "<four>", "five", "six"),
    ),
    Reported(
        "entities of the file's own",
        ".xml",
        b'<!DOCTYPE r [<!ENTITY co "Harbour Works">]><r><a>&co; Ltd</a><a>x &lt; y</a></r>',
        ("Harbour Works Ltd", "x < y"),
    ),
    Reported(
        "namespaces and an element called like another",
        ".xml",
        b'<r xmlns:a="urn:a" xmlns:b="urn:b"><a:note>north</a:note><b:note>south</b:note></r>',
        ("north", "south"),
    ),
    Reported(
        "an output of HTML alone and one of a widget",
        ".ipynb",
        (
            b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code","metadata":{}'
            b',"execution_count":1,"source":["show()"],"outputs":[{"output_type":"display_data","metadata":{}'
            b',"data":{"text/html":["<table><tr><td>shown</td>","<td>cell</td></tr></table>"]}'
            b'},{"output_type":"stream","name":"stderr","text":"warned"}]},{"cell_type":"markdown","metadata":{}'
            b',"source":"told"}]}'
        ),
        ("show()", "shown", "cell", "warned", "told"),
    ),
    Reported(
        "lines of records with a mark and blank lines",
        ".jsonl",
        b'\xef\xbb\xbf{"a": "first"}\n\n{"a": "second"}\r\n',
        ("first", "second"),
    ),
)

TEXTS = (
    Reported(
        "old Mac line ends and a form feed",
        ".txt",
        b"first line\rsecond line\x0cthird line",
        ("first line", "second line", "third line"),
    ),
    Reported(
        "Windows-1250 with Polish letters",
        ".txt",
        "Zażółć gęślą jaźń. Książka leży na półce w Łodzi, a światło świeci.\n".encode("cp1250") * 4,
        (),
    ),
    Reported(
        "a comment in Latin-1 that declares itself",
        ".py",
        "# -*- coding: latin-1 -*-\n# größer\nx = 'Füße'\n".encode("latin-1"),
        ("größer", "Füße"),
    ),
)

DRAWN = (
    Reported(
        "words drawn one letter at a time",
        ".pdf",
        _drawn(*((72 + 7.0 * i, 700, letter) for i, letter in enumerate("harbour"))),
        (),
    ),
    Reported(
        "two columns of different height with a line across",
        ".pdf",
        _drawn(
            (72, 760, "Title across the whole page of text"),
            *((72, 700 - 14 * i, f"left line {i} of the report text") for i in range(6)),
            *((320, 700 - 14 * i, f"right line {i} of the report") for i in range(9)),
        ),
        ("left line 5 of the report text", "right line 8 of the report"),
    ),
)

MORE = (
    Reported(
        "a deletion inside a word",
        ".docx",
        docx(
            "<w:p><w:r><w:t>Smi</w:t></w:r><w:del w:id='1'><w:r><w:delText>th</w:delText></w:r>"
            "</w:del><w:ins w:id='2'><w:r><w:t>dt</w:t></w:r></w:ins><w:r><w:t xml:space='preserve'>"
            " signed</w:t></w:r></w:p>"
        ),
        ("Smidt signed",),
        ("th",),
    ),
    Reported(
        "a deletion inside a word", ".rtf", rb"{\rtf1\ansi Smi{\deleted th}dt signed\par}", ("Smidt signed",), ("th",)
    ),
    Reported(
        "hidden letters inside a word",
        ".docx",
        docx(para(run("vis") + run("xyz", "<w:vanish/>") + run("ible"))),
        ("visible",),
        ("xyz",),
    ),
    Reported("hidden letters inside a word", ".rtf", rb"{\rtf1\ansi vis{\v xyz}ible\par}", ("visible",), ("xyz",)),
    Reported(
        "a deletion inside a word",
        ".odt",
        _odt(
            "<text:tracked-changes><text:changed-region text:id='c'><text:deletion><text:p>th</text:p>"
            "</text:deletion></text:changed-region></text:tracked-changes><text:p>Smi<text:change "
            "text:change-id='c'/>dt signed</text:p>"
        ),
        ("Smidt signed",),
        ("th",),
    ),
    Reported(
        "hidden letters inside a word",
        ".odt",
        _odt(
            "<text:p>vis<text:hidden-text text:condition='x' text:string-value='xyz' text:is-hidden='true'>"
            "xyz</text:hidden-text>ible</text:p>"
        ),
        ("visible",),
        ("xyz",),
    ),
    Reported(
        "a hidden field before words",
        ".odt",
        _odt(
            "<text:p><text:hidden-text text:string-value='xyz' text:is-hidden='true'>xyz</text:hidden-text>"
            " and seven more words follow it here</text:p>"
        ),
        ("and seven more words follow it here",),
        ("xyz",),
    ),
    Reported(
        "a conditional field that is shown",
        ".odt",
        _odt(
            "<text:p>vis<text:hidden-text text:string-value='i' text:is-hidden='false'>i</text:hidden-text>ble</text:p>"
        ),
        ("visible",),
    ),
    Reported(
        "hidden letters inside a word",
        ".html",
        _html("<p>vis<span style='display:none'>xyz</span>ible words</p>"),
        ("visible words",),
        ("xyz",),
    ),
    Reported(
        "words that tracked changes of a page delete and insert",
        ".html",
        _html("<p>The <del>old</del> <ins>new</ins> price</p>"),
        ("new",),
    ),
    Reported("a script inside a word", ".html", _html("<p>be<script>var q=1</script>fore</p>"), ("before",)),
    Reported(
        "spaces that do not break, and soft hyphens", ".html", _html("<p>ten&nbsp;metres re&shy;port</p>"), ("report",)
    ),
    Reported(
        "values of fields and of buttons",
        ".html",
        _html(
            "<form><input type=submit value='Send order'><input type=text value='Pier four'><textarea>"
            "Typed text</textarea></form>"
        ),
        ("Send order", "Pier four", "Typed text"),
    ),
    Reported(
        "a shadow tree with a slot",
        ".html",
        _html(
            "<x-card><template shadowrootmode=open><p>shadow words</p><slot></slot></template>"
            "<p>light words</p></x-card>"
        ),
        ("shadow words", "light words"),
    ),
    Reported(
        "an encoded subject that parts a character",
        ".eml",
        b"Subject: =?utf-8?B?xYHDs2TFug==?= =?utf-8?Q?_harbour?=\r\nContent-Type: text/plain\r\n\r\nbody words\r\n",
        ("Łódź harbour", "body words"),
    ),
    Reported(
        "soft line ends inside a word",
        ".eml",
        _mail(
            "har=\nbour M=C3=\n=BCnchen\n",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
        ),
        ("harbour München",),
    ),
    Reported(
        "a file written as text after words",
        ".eml",
        _mail("told words\nbegin 644 a.txt\n%:&%R8F\n`\nend\ntail words\n"),
        ("told words", "tail words"),
    ),
    Reported(
        "a digest of two messages",
        ".eml",
        _mail(
            "--b\n\nSubject: One\n\nfirst body\n--b\n\nSubject: Two\n\nsecond body\n--b--\n",
            "Content-Type: multipart/digest; boundary=b",
        ),
        ("first body", "second body"),
    ),
    Reported(
        "names of pages in another case and escaped",
        ".epub",
        _epub({"Chapter One": "<p>spaced path</p>"}, "Chapter One"),
        ("spaced path",),
    ),
    Reported(
        "a decimal comma and semicolons",
        ".csv",
        "Teil;Preis\nPumpe;1,50\nVentil;2,75\n".encode("cp1252"),
        ("1,50", "2,75"),
    ),
    Reported(
        "a bar of bytes without a mark",
        ".txt",
        "Harbour works, pier four. Ten ropes.\n".encode("utf-16-le"),
        ("Harbour works",),
    ),
    Reported("values that follow each other", ".json", b'{"a": "first"} {"a": "second"}', ("first", "second")),
    Reported(
        "turned words beside level ones",
        ".pdf",
        pdf(
            lambda canvas: (
                put(canvas, 72, 700, "level words of the page"),
                canvas.translate(500, 300),
                canvas.rotate(90),
                put(canvas, 0, 0, "turned margin note"),
            )
        ),
        ("level words of the page", "turned margin note"),
    ),
    Reported(
        "type printed twice to look bold",
        ".pdf",
        _drawn((72, 700, "Shadowed title"), (72.4, 700, "Shadowed title"), (72, 640, "body words")),
        ("Shadowed title", "body words"),
    ),
    Reported(
        "rows in rows of a sheet that are hidden",
        ".xlsx",
        _xlsx(
            f"<row r='1'>{_inline('name', 'size')}</row><row r='2' hidden='1'>{_inline('veiled', 'small')}"
            f"</row><row r='3'>{_inline('open', 'large')}</row>"
        ),
        ("veiled", "open"),
    ),
    Reported(
        "a sheet's words that look like numbers",
        ".xlsx",
        _xlsx(f"<row>{_inline('code', 'size')}</row><row>{_inline('00123', '1E5')}</row>"),
        ("00123", "1E5"),
    ),
    Reported(
        "notes, hidden slides and titles without words",
        ".odp",
        odf(
            "<office:presentation><draw:page draw:name='p'><draw:frame><draw:text-box><text:p>"
            "shown words</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame>"
            "<draw:text-box><text:p>spoken words</text:p></draw:text-box></draw:frame></presentation:notes>"
            "</draw:page></office:presentation>"
        ),
        ("shown words", "spoken words"),
    ),
    Reported(
        "a cell with several paragraphs and a repeated one",
        ".ods",
        odf(
            "<office:spreadsheet><table:table table:name='T'><table:table-row><table:table-cell>"
            "<text:p>first</text:p><text:p>second</text:p></table:table-cell><table:table-cell "
            "table:number-columns-repeated='2'/><table:table-cell><text:p>far</text:p></table:table-cell>"
            "</table:table-row></table:table></office:spreadsheet>"
        ),
        ("first", "second", "far"),
    ),
)

ALL = (*WORD, *SLIDES, *SHEETS, *OPEN_DOCUMENT, *PAGES, *BOOKS, *MAILS, *RTF, *MARKUP, *DATA, *TEXTS, *DRAWN, *MORE)
