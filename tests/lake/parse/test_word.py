# ruff: noqa: E501, RUF001 - a line of XML is read more easily in one piece
"""Word: every place where text can stand is kept, or named with the reason why it is left out."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of
from lake.parse.office.office import pictures
from tests.lake.parse.office_files import cell, docx, para, run, styled, table, zipped

LEAD = para("The tide table hangs beside the door.")


def field(instruction: str, result: str, *, ends: bool = True) -> str:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    shown = result if result.startswith("<") else run(result)
    middle = f"{mark('separate')}{shown}" if result else ""
    return f"{mark('begin')}<w:r><w:instrText>{instruction}</w:instrText></w:r>{middle}{mark('end') if ends else ''}"


def control(content: str, properties: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def box(text: str) -> str:
    return f"<w:txbxContent>{para(text)}</w:txbxContent>"


CHOICE = f"<w:drawing><wp:anchor><wps:wsp><wps:txbx>{box('Text box about eels')}</wps:txbx></wps:wsp></wp:anchor></w:drawing>"
FALLBACK = f"<w:pict><v:shape><v:textbox>{box('Text box about eels')}</v:textbox></v:shape></w:pict>"
TWO_WAYS = f"<mc:AlternateContent><mc:Choice Requires='wps'>{CHOICE}</mc:Choice><mc:Fallback>{FALLBACK}</mc:Fallback></mc:AlternateContent>"
DELETED = '<w:del w:id="1" w:author="A"><w:r><w:delText>never </w:delText></w:r></w:del>'
FRACTION = "<m:f><m:num><m:r><m:t>mass</m:t></m:r></m:num><m:den><m:r><m:t>volume</m:t></m:r></m:den></m:f>"

#: Body of a Word file, and its text as it is indexed.
KEPT = {
    "an insertion": (para(run("Pay ") + f'<w:ins w:id="1">{run("455")}</w:ins>' + run(" now.")), "Pay 455 now."),
    "a deletion": (para(run("It is ") + DELETED + run("shut.")), "It is shut."),
    "half a word inserted": (para(run("con") + f'<w:ins w:id="1">{run("tract")}</w:ins>'), "contract"),
    "a move": (
        para(f'<w:moveFrom w:id="1">{run("old place")}</w:moveFrom>' + f'<w:moveTo w:id="2">{run("new place")}</w:moveTo>'),
        "new place",
    ),
    "a deleted paragraph mark": (
        para("The crew ", "<w:rPr><w:del w:id='1'/></w:rPr>") + para("sleeps ashore."),
        "The crew sleeps ashore.",
    ),
    "a deleted paragraph mark inside a word": (
        para("The light", "<w:rPr><w:del w:id='1'/></w:rPr>") + para("house sleeps."),
        "The lighthouse sleeps.",
    ),
    "a symbol right after a word": (para(run("Ray") + '<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>'), "Rayα"),
    "insertions around blocks": (f'<w:ins w:id="1">{para("A new clause.")}</w:ins>', "A new clause."),
    "a control of a block": (control(para("Customer Ostrava")), "Customer Ostrava"),
    "a control in a line": (para(run("On ") + control(run("14 March")) + run(" at noon")), "On 14 March at noon"),
    "controls in controls": (control(control(para(control(run("deep"))))), "deep"),
    "a smart tag": (para(f'<w:smartTag w:element="e">{run("Brno")}</w:smartTag>{run(" is far")}'), "Brno is far"),
    "custom XML of a block": (f'<w:customXml w:element="e">{para("Pilsen")}</w:customXml>', "Pilsen"),
    "custom XML in a line": (para(f'{run("to ")}<w:customXml w:element="e">{run("Pilsen")}</w:customXml>'), "to Pilsen"),
    "a simple field": (para(f'<w:fldSimple w:instr=" DOCPROPERTY x ">{run("88-K")}</w:fldSimple>'), "88-K"),
    "a complex field": (para(run("See ") + field(" REF x ", "clause 7") + run(".")), "See clause 7."),
    "a field inside a field": (para(field(" IF " + "x", field(" MERGEFIELD n ", "Ida"))), "Ida"),
    "a field without an end": (para(field(" REF x", "", ends=False)) + para("Still here."), "Still here."),
    "a link": (para(f'<w:hyperlink w:anchor="x">{run("the annex")}</w:hyperlink>'), "the annex"),
    "a link in a field": (para(field(' HYPERLINK "http://x.example" ', "the site")), "the site"),
    "directions": (para(f'<w:bdo w:val="rtl">{run("abc")}</w:bdo><w:dir w:val="ltr">{run(" def")}</w:dir>'), "abc def"),
    "ruby": (
        para(f"<w:r><w:ruby><w:rubyPr/><w:rt>{run('かんじ')}</w:rt><w:rubyBase>{run('漢字')}</w:rubyBase></w:ruby></w:r>"),
        "漢字(かんじ)",
    ),
    "a formula": (para(f"{run('Density is ')}<m:oMath>{FRACTION}</m:oMath>"), "Density is (mass)/(volume)"),
    "a formula of its own": (f"<w:p><m:oMathPara><m:oMath>{FRACTION}</m:oMath></m:oMathPara></w:p>", "(mass)/(volume)"),
    "a power": (
        para("<m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>"),
        "x^2",
    ),
    "signs and spaces": (
        para("<w:r><w:t>AB</w:t><w:noBreakHyphen/><w:t>4711</w:t><w:tab/><w:t>light</w:t><w:softHyphen/><w:t>keeper</w:t></w:r>"),
        "AB-4711\tlightkeeper",
    ),
    "a line break": (para("<w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:cr/><w:t>three</w:t></w:r>"), "one\ntwo\nthree"),
    "symbols": (
        para('<w:r><w:sym w:font="Wingdings" w:char="F0FC"/><w:t> paid, </w:t><w:sym w:font="Symbol" w:char="F061"/></w:r>'),
        "✓ paid, α",
    ),
    "letters in the font Symbol": (
        para(run("5 ") + run("\uf06d", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>') + run("m")),
        "5 μm",
    ),
    "an old drop-down field": (
        para(
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/>'
            '<w:listEntry w:val="green"/></w:ddList></w:ffData></w:fldChar></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
        ),
        "green",
    ),
    "a ticked box": (
        para(
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData></w:fldChar>'
            f'</w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>{run(" agreed")}'
        ),
        "☒ agreed",
    ),
    "a text box": (para(f"{run('Above.')}<w:r>{CHOICE}</w:r>"), "Above.\n\nText box about eels"),
    "a text box for older programs": (para(f"{run('Above.')}<w:r>{FALLBACK}</w:r>"), "Above.\n\nText box about eels"),
    "a text box twice": (para(f"{run('Above.')}<w:r>{TWO_WAYS}</w:r>"), "Above.\n\nText box about eels"),
    "word art": (para('<w:r><w:pict><v:shape><v:textpath string="Grand sale"/></v:shape></w:pict></w:r>'), "Picture: Grand sale"),
    "text outside of paragraphs": (f"{run('loose words')}{LEAD}", "loose words\n\nThe tide table hangs beside the door."),
    "an unknown wrapper": (f"<w:newThing>{para('inside')}</w:newThing>", "inside"),
    "hidden text": (para(run("Seen ") + run("secret ", "<w:vanish/>") + run("words")), "Seen words"),
    "text that is not hidden": (para(run("Seen", '<w:vanish w:val="0"/>')), "Seen"),
    "a picture's description": (
        para('<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" descr="Herring by month"/></wp:inline></w:drawing></w:r>'),
        "Picture: Herring by month",
    ),
    "a picture that describes nothing": (
        LEAD + para('<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="IMG_01.png"/></wp:inline></w:drawing></w:r>'),
        "The tide table hangs beside the door.",
    ),
    "an empty control's prompt": (
        LEAD + control(para("Click here"), "<w:showingPlcHdr/>"),
        "The tide table hangs beside the door.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_text_is_kept(name: str) -> None:
    body, text = KEPT[name]
    document = parsed(docx(body))
    assert document.text == text


def parsed(data: bytes, name: str = "a.docx") -> ParsedDocument:
    """The document, whose account shows no loss."""
    document = parse(data, name)
    assert account_of(document).n_words_lost == 0
    return document


def omitted(document: ParsedDocument) -> set[tuple[str, int]]:
    return {(one.kind, one.n_words) for one in account_of(document).omitted}


@pytest.mark.parametrize(
    ("name", "kind", "n_words"),
    [
        ("a deletion", "deleted", 1),
        ("a move", "deleted", 2),
        ("hidden text", "hidden", 1),
        ("an empty control's prompt", "decoration", 2),
        ("a text box twice", "repeated", 4),
    ],
)
def test_what_is_left_out_has_a_reason(name: str, kind: str, n_words: int) -> None:
    assert omitted(parsed(docx(KEPT[name][0]))) == {(kind, n_words)}


def v_merge(kind: str = "") -> str:
    return f'<w:vMerge w:val="{kind}"/>' if kind else "<w:vMerge/>"


TABLES = {
    "a vertical merge": (
        table(
            cell("Shelf") + cell("Goods") + cell("n"),
            cell("tall", v_merge("restart")) + cell("a") + cell("1"),
            cell("<w:p/>", v_merge()) + cell("b") + cell("2"),
        ),
        ["| tall | a | 1 |", "|  | b | 2 |"],
    ),
    "a horizontal merge": (
        table(cell("x") + cell("wide", '<w:gridSpan w:val="2"/>') + cell("y"), cell("1") + cell("2") + cell("3") + cell("4")),
        ["| x | wide |  | y |", "| 1 | 2 | 3 | 4 |"],
    ),
    "a row that begins late": (
        table(cell("a") + cell("b") + cell("c"), f'<w:trPr><w:gridBefore w:val="1"/></w:trPr>{cell("d")}{cell("e")}'),
        ["|  | d | e |"],
    ),
    "cells of several paragraphs": (table(cell(para("one") + para("two")) + cell("x")), ["| one two | x |"]),
    "words in several runs": (table(cell(para(run("unbe") + run("lievable"))) + cell("x")), ["| unbelievable | x |"]),
    "a table in a table": (
        table(cell("North") + cell(table(cell("bolts") + cell("120"), cell("nuts") + cell("95")) + "<w:p/>")),
        ["| North | bolts 120; nuts 95 |"],
    ),
    "controls around rows and cells": (
        table(control(f"<w:tr>{control(cell('in a'))}{cell('b')}</w:tr>")).replace("<w:tr><w:sdt>", "<w:sdt>", 1).replace(
            "</w:sdt></w:tr></w:tbl>", "</w:sdt></w:tbl>"
        ),
        ["| in a | b |"],
    ),
    "a deleted row": (
        table(cell("a") + cell("b"), f'<w:trPr><w:del w:id="1"/></w:trPr>{cell("gone")}{cell("too")}', cell("c") + cell("d")),
        ["| a | b |", "| c | d |"],
    ),
    "a deleted cell": (
        table(cell("a") + cell("gone", '<w:cellDel w:id="1"/>') + cell("b"), cell("c") + cell("d")),
        ["| a | b |", "| c | d |"],
    ),
    "a frame of one cell": (table(cell(para("First.") + para("Second."))), ["First.\n\nSecond."]),
    "a pipe": (table(cell("a|b") + cell("c")), ["| a\\|b | c |"]),
    "a note in a cell": (table(cell("a") + cell(para("b"))), ["| a | b |"]),
    "an absurd span": (table(cell("a", '<w:gridSpan w:val="99999999"/>') + cell("b")), ["| a | b |"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_keep_their_columns(name: str) -> None:
    body, texts = TABLES[name]
    text = parsed(docx(body)).text
    assert [one for one in texts if one not in text] == []
    assert "gone" not in text


STYLES = (
    '<w:styles><w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Kapitel"><w:name w:val="Kapitel"/><w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Unter"><w:name w:val="Unter"/><w:basedOn w:val="Kapitel"/>'
    '<w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Foreign"><w:name w:val="Titre 3"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="TOCHeading"><w:name w:val="TOC Heading"/><w:basedOn w:val="berschrift1"/>'
    '<w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ring"><w:name w:val="Ring"/><w:basedOn w:val="Ring2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ring2"><w:name w:val="Ring2"/><w:basedOn w:val="Ring"/></w:style>'
    '<w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="LB"><w:name w:val="List Bullet 2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Nummer"><w:name w:val="Nummer"/><w:basedOn w:val="berschrift1"/>'
    '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>'
)
NUMBERING = (
    '<w:numbering><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
    '<w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>'
    '<w:lvlText w:val="%2)"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
)


def with_styles(body: str) -> ParsedDocument:
    related = {"rId1": ("styles", "styles.xml"), "rId2": ("numbering", "numbering.xml")}
    return parsed(docx(body, related, {"word/styles.xml": STYLES, "word/numbering.xml": NUMBERING}))


@pytest.mark.parametrize(
    ("paragraph", "level"),
    [
        (styled("Erstes", "berschrift1"), 1),
        (styled("Erstes", "Kapitel"), 1),
        (styled("Erstes", "Unter"), 2),
        (styled("Erstes", "Foreign"), 3),
        (styled("Erstes", "T"), 1),
        (styled("Erstes", "TOCHeading"), 0),
        (styled("Erstes", "Ring"), 0),
        (styled("Erstes", "Nowhere"), 0),
        (para("Erstes", '<w:outlineLvl w:val="3"/>'), 4),
        (para("Erstes", '<w:pStyle w:val="Kapitel"/><w:outlineLvl w:val="9"/>'), 0),
        (styled("Erstes" + " wort" * 100, "Kapitel"), 0),
        (control(styled("Erstes", "Kapitel")), 1),
    ],
)
def test_headings_follow_styles_and_outline_levels(paragraph: str, level: int) -> None:
    block = with_styles(paragraph + LEAD).blocks[0]
    assert (block.level, block.kind) == (level, "heading" if level else "paragraph")


def test_headings_and_lists_have_their_numbers() -> None:
    def item(text: str, level: int) -> str:
        return para(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>')

    text = with_styles(styled("Scope", "Nummer") + LEAD + item("first", 1) + item("second", 1)).text
    assert text.startswith("# 1. Scope\n\n")
    assert text.endswith("- a) first\n- b) second")


def test_a_note_does_not_end_a_list() -> None:
    body = styled("red", "LB") + styled("green", "LB")
    body = body.replace("red</w:t></w:r>", f"red</w:t></w:r><w:r>{FALLBACK}</w:r>")
    assert with_styles(body).text == "- red\n- green\n\nText box about eels"


def test_hidden_styles_hide() -> None:
    document = with_styles(para(run("Seen ") + run("secret", '<w:rStyle w:val="Secret"/>')))
    assert document.text == "Seen"
    assert omitted(document) == {("hidden", 1)}


def test_a_table_of_contents_is_left_out_as_far_as_it_repeats_headings() -> None:
    contents = styled("1. Erstes Kapitel\t7", "TOC1") + styled("A figure of nets\t9", "TOC1")
    document = with_styles(contents + styled("Erstes Kapitel", "Kapitel") + LEAD)
    assert document.text.startswith("A figure of nets\t9\n\n# Erstes Kapitel")
    assert omitted(document) == {("navigation", 4)}


NOTES = {
    "word/footnotes.xml": f'<w:footnotes><w:footnote w:id="-1" w:type="separator">{para("-")}</w:footnote>'
    f'<w:footnote w:id="2">{para("Paid by Vltava.")}</w:footnote><w:footnote w:id="3">{para("Unused.")}</w:footnote></w:footnotes>',
    "word/endnotes.xml": f'<w:endnotes><w:endnote w:id="2">{para("See Novak.")}</w:endnote></w:endnotes>',
    "word/comments.xml": f'<w:comments><w:comment w:id="0" w:author="Ida">{para("Is this right?")}</w:comment></w:comments>',
}
REFERENCES = '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:endnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r>'


@pytest.mark.parametrize("known", [True, False])
def test_notes_and_comments_follow_their_paragraph(known: bool) -> None:
    kinds = ("footnotes", "endnotes", "comments")
    related = {kind: (kind, f"{kind}.xml") for kind in kinds} if known else {}
    document = parsed(docx(para(run("The gate was renewed") + REFERENCES + run(".")) + LEAD, related, NOTES))
    assert document.text == (
        "The gate was renewed[1][i].\n\n[1] Paid by Vltava.\n\n[i] See Novak.\n\nComment (Ida): Is this right?\n\n"
        "The tide table hangs beside the door.\n\nUnused."
    )


def test_a_note_of_deleted_text_is_deleted() -> None:
    deleted = '<w:del w:id="9"><w:r><w:delText>old</w:delText><w:footnoteReference w:id="2"/></w:r></w:del>'
    document = parsed(docx(para(run("new ") + deleted), {}, NOTES))
    assert "Vltava" not in document.text
    assert ("deleted", 4) in omitted(document)


def margin(kind: str, content: str) -> str:
    return f"<w:{kind}>{content}</w:{kind}>"


def test_headers_and_footers_are_kept_once_if_they_stand_nowhere_else() -> None:
    page = para(run("Page ") + field(" PAGE ", "3") + run(" of ") + field(" NUMPAGES ", "9"))
    parts = {
        "word/header1.xml": margin("hdr", para("Archive number KX-90210")),
        "word/header2.xml": margin("hdr", para("Archive number KX-90210")),
        "word/footer1.xml": margin("ftr", page),
        "word/footer2.xml": margin("ftr", para("The tide table")),
    }
    related = {name: (name[:6], f"{name}.xml") for name in ("header1", "header2", "footer1", "footer2")}
    document = parsed(docx(LEAD, related, parts))
    assert document.text == "Archive number KX-90210\n\nThe tide table hangs beside the door."
    assert document.metadata["header"] == ["Archive number KX-90210"]
    assert {kind for kind, _ in omitted(document)} == {"running_line"}


def test_a_number_beside_that_of_the_page_is_kept() -> None:
    footer = margin("ftr", para(run("Lease K-77, page ") + field(" PAGE ", "3")))
    document = parsed(docx(LEAD, {"footer1": ("footer", "footer1.xml")}, {"word/footer1.xml": footer}))
    assert document.text.startswith("Lease K-77, page")


def test_pages_are_those_that_word_saw() -> None:
    broken = run("half a ") + "<w:r><w:lastRenderedPageBreak/><w:t>sentence</w:t></w:r>"
    second = "<w:r><w:lastRenderedPageBreak/><w:t>Third page</w:t></w:r>"
    document = parsed(docx(para("First") + para(broken) + para(second)))
    assert [(document.text[one.start : one.end], one.page) for one in document.blocks] == [
        ("First", 1),
        ("half a sentence", 1),
        ("Third page", 3),
    ]


CHART = (
    "<c:chartSpace><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Catch by season</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    "<c:plotArea><c:barChart>{}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
)


def series(name: str, categories: list[str], values: list[str]) -> str:
    def points(texts: list[str]) -> str:
        return "".join(f'<c:pt idx="{i}"><c:v>{text}</c:v></c:pt>' for i, text in enumerate(texts))

    return (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>"
        f"{points(categories)}</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>{points(values)}</c:numCache>"
        "</c:numRef></c:val></c:ser>"
    )


def test_charts_and_diagrams_are_tables_and_lists() -> None:
    chart = CHART.format(
        series("Herring", ["Spring", "Autumn"], ["19.2", "21.4"]) + series("Cod", ["Spring", "Autumn"], ["3", "4"])
    )
    shape = ' type="pres"'
    node = '<dgm:pt modelId="{0}"{2}><dgm:t><a:p><a:r><a:t>{1}</a:t></a:r></a:p></dgm:t></dgm:pt>'
    link = '<dgm:cxn modelId="c{0}" srcId="{1}" destId="{0}" srcOrd="0"/>'
    diagram = (
        f'<dgm:dataModel><dgm:ptLst><dgm:pt modelId="0" type="doc"/>{node.format(2, "Net store", "")}{node.format(1, "Harbour", "")}'
        f"{node.format(3, 'Harbour', shape)}"
        f"</dgm:ptLst><dgm:cxnLst>{link.format(1, 0)}{link.format(2, 1)}</dgm:cxnLst></dgm:dataModel>"
    )
    body = para(
        '<w:r><w:drawing><c:chart r:id="rId1"/></w:drawing></w:r><w:r><w:drawing><dgm:relIds r:dm="rId2"/></w:drawing></w:r>'
    )
    related = {"rId1": ("chart", "charts/chart1.xml"), "rId2": ("diagramData", "diagrams/data1.xml")}
    parts = {"word/charts/chart1.xml": chart, "word/diagrams/data1.xml": diagram}
    document = parsed(docx(body, related, parts))
    assert document.text == (
        "Catch by season\n\n|  | Herring | Cod |\n| --- | --- | --- |\n| Spring | 19.2 | 3 |\n| Autumn | 21.4 | 4 |\n\n"
        "- Harbour\n  - Net store"
    )
    assert omitted(document) == {("repeated", 2), ("repeated", 1)}


def test_parts_of_another_format_are_read() -> None:
    related = {
        "rId1": ("aFChunk", "afchunk1.html"),
        "rId2": ("aFChunk", "afchunk2.docx"),
        "rId3": ("aFChunk", "gone.html"),
        "rId4": ("aFChunk", "afchunk4.mht"),
    }
    saved = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        b'Content-Type: text/html; charset="utf-8"\r\n\r\n<p>From a saved page</p>\r\n--b--\r\n'
    )
    parts = {
        "word/afchunk1.html": b"<p>From a page</p>",
        "word/afchunk2.docx": docx(para("From a file")),
        "word/afchunk4.mht": saved,
    }
    body = LEAD + "".join(f'<w:altChunk r:id="rId{i}"/>' for i in (1, 2, 3, 4))
    document = parse(docx(body, related, parts), "a.docx")
    assert document.text.endswith("door.\n\nFrom a page\n\nFrom a file\n\nFrom a saved page")
    assert [(one.kind, one.place) for one in document.omitted] == [("unreadable", "word/gone.html: not in the file")]


def test_embedded_files_are_named() -> None:
    document = parse(docx(LEAD, {}, {"word/embeddings/sheet1.xlsx": b"PK"}), "a.docx")
    assert [(one.kind, one.place) for one in document.omitted] == [("attachment", "word/embeddings/sheet1.xlsx")]


def test_building_blocks_are_hidden() -> None:
    blocks = f"<w:glossaryDocument>{para('Company address')}</w:glossaryDocument>"
    document = parsed(docx(LEAD, {}, {"word/glossary/document.xml": blocks}))
    assert omitted(document) == {("hidden", 2)}


@pytest.mark.parametrize("damage", [b"<w:styles", b"", b"\x00\x01", b"<a/>"])
@pytest.mark.parametrize("part", ["styles", "numbering", "footnotes", "comments", "header1"])
def test_a_damaged_part_costs_that_part(part: str, damage: bytes) -> None:
    kind = part.rstrip("1")
    document = parse(docx(LEAD, {"rId1": (kind, f"{part}.xml")}, {f"word/{part}.xml": damage}), "a.docx")
    assert document.text == "The tide table hangs beside the door."
    named = [(one.kind, one.place.partition(":")[0]) for one in document.omitted]
    assert named == ([] if damage == b"<a/>" else [("unreadable", f"word/{part}.xml")])


def test_a_part_with_a_wrong_checksum_costs_that_part() -> None:
    made = docx(LEAD, {"rId1": ("footnotes", "footnotes.xml")}, {"word/footnotes.xml": b"<w:footnotes>" * 50})
    with zipfile.ZipFile(BytesIO(made)) as archive:
        info = archive.getinfo("word/footnotes.xml")
    start = info.header_offset + 30 + len(info.filename)
    broken = made[:start] + b"\xff" * info.compress_size + made[start + info.compress_size :]
    document = parse(broken, "a.docx")
    assert document.text == "The tide table hangs beside the door."
    assert [one.kind for one in document.omitted] == ["unreadable"]


def test_what_stands_before_an_error_in_the_main_part_is_read() -> None:
    with zipfile.ZipFile(BytesIO(docx(LEAD * 3))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["word/document.xml"] = members["word/document.xml"].replace(b"</w:body>", b"</w:boy>")
    document = parse(zipped(members), "a.docx")
    assert document.text.count("tide table") == 3
    assert [one.kind for one in document.omitted] == ["unreadable"]


def test_the_main_part_may_have_another_name() -> None:
    assert parsed(docx(LEAD, main="word/document2.xml")).text == "The tide table hangs beside the door."


def test_strict_files_are_read() -> None:
    with zipfile.ZipFile(BytesIO(docx(LEAD + table(cell("a") + cell("b"))))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    uri = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    strict = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
    members["word/document.xml"] = members["word/document.xml"].replace(uri, strict)
    assert parsed(zipped(members)).text.startswith("The tide table hangs beside the door.\n\n| a | b |")


@pytest.mark.parametrize("name", ["a.docm", "a.dotx", "a.dotm"])
def test_templates_and_files_with_macros_are_read(name: str) -> None:
    assert parsed(docx(LEAD), name).text == "The tide table hangs beside the door."


def test_an_empty_document_has_no_text() -> None:
    with pytest.raises(InputError, match="no text"):
        parse(docx("<w:p/>"), "a.docx")


def test_pictures_are_listed_with_their_place() -> None:
    picture = '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="A buoy"/><a:blip r:embed="rId1"/></wp:inline></w:drawing></w:r>'
    data = docx(para(picture), {"rId1": ("image", "media/image1.png")}, {"word/media/image1.png": b"png"})
    assert [(one.name, one.place, one.alt) for one in pictures(data, ".docx")] == [
        ("word/media/image1.png", "word/document.xml", "A buoy")
    ]


def test_a_numbering_part_with_an_invalid_name_costs_labels_alone() -> None:
    numbering = NUMBERING.replace("<w:num ", "<w: /><w:num ")
    listed = para("first", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
    related = {"rId2": ("numbering", "numbering.xml")}
    document = parse(docx(listed, related, {"word/numbering.xml": numbering}), "a.docx")
    assert document.text == "- first"
    assert [one.kind for one in document.omitted] == ["unreadable"]


def test_spans_of_a_small_file_stay_bounded() -> None:
    wide = cell("a", '<w:gridSpan w:val="1000"/>')
    document = parsed(docx(table(*[wide * 20 + cell("end")] * 40)))
    assert document.text.count("end") == 40
    assert len(document.text) < 100_000


def test_words_after_a_text_box_in_their_paragraph_are_counted_apart() -> None:
    document = parsed(
        docx(para(f"<w:r><w:pict><v:textbox>{box('About eels')}</v:textbox></w:pict></w:r>{run('Host')}"))
    )
    assert document.text == "Host\n\nAbout eels"
    assert account_of(document).n_words_lost == 0


def test_comments_and_entities_inside_words_cost_themselves() -> None:
    body = para("<w:r><w:t>One<!-- no --> two<?no?> three &amp; four</w:t></w:r>")
    assert parsed(docx(body)).text == "One two three & four"
    with zipfile.ZipFile(BytesIO(docx(para("A &outer; word")))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    declared = b'<!DOCTYPE w [<!ENTITY outer SYSTEM "file:///etc/hostname">]>'
    document = parse(zipped(members | {"word/document.xml": declared + members["word/document.xml"]}), "a.docx")
    assert " ".join(document.text.split()) == "A word"
    assert [(one.kind, one.place) for one in document.omitted] == [
        ("unreadable", "word/document.xml: entities are not resolved: outer")
    ]


def test_paths_with_backslashes() -> None:
    with zipfile.ZipFile(BytesIO(docx(LEAD))) as archive:
        members = {name.replace("/", "\\"): archive.read(name) for name in archive.namelist()}
    assert parsed(zipped(members)).text == "The tide table hangs beside the door."
