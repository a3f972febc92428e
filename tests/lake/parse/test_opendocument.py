# ruff: noqa: E501 - a line of XML is read more easily in one piece
"""OpenDocument: every place where text can stand is kept, or named with the reason why it is left out."""

from __future__ import annotations

import pytest

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of
from tests.lake.parse.office_files import odf, with_namespaces


def parsed(data: bytes, name: str = "a.odt") -> ParsedDocument:
    """The document, whose account shows no loss."""
    document = parse(data, name)
    assert account_of(document).n_words_lost == 0
    return document


def omitted(document: ParsedDocument) -> set[tuple[str, int]]:
    return {(one.kind, one.n_words) for one in account_of(document).omitted}


def text_file(content: str, styles: str = "", **more: str) -> bytes:
    return odf(f"<office:text>{content}</office:text>", styles, **more)


def p(content: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{content}</text:p>'


def row(*cells: str) -> str:
    return "<table:table-row>" + "".join(
        cell if cell.startswith("<table:") else f"<table:table-cell>{p(cell)}</table:table-cell>" for cell in cells
    ) + "</table:table-row>"  # fmt: skip


def table(*rows: str) -> str:
    return f"<table:table>{''.join(rows)}</table:table>"


COVERED = "<table:covered-table-cell/>"
STYLES = (
    '<style:style style:name="P1" style:parent-style-name="Title"/><style:style style:name="Title"/>'
    '<style:style style:name="P2" style:parent-style-name="Heading_20_2"/><style:style style:name="Heading_20_2"/>'
    '<style:style style:name="Own" style:default-outline-level="3"/>'
    '<style:style style:name="H"><style:text-properties text:display="none"/></style:style>'
)

#: Content of a text, and the text as it is indexed.
KEPT = {
    "spans": (p("unbe<text:span>liev</text:span>able"), "unbelievable"),
    "spaces, tabs and breaks": (p("a<text:s text:c='2'/>b<text:tab/>c<text:line-break/>d"), "a  b\tc\nd"),
    "a link": (p("<text:a xlink:href='x'>the annex</text:a>"), "the annex"),
    "fields": (p("on <text:date>14 March</text:date> by <text:author-name>Ida</text:author-name>"), "on 14 March by Ida"),
    "ruby": (
        p("<text:ruby><text:ruby-base>漢字</text:ruby-base><text:ruby-text>かんじ</text:ruby-text></text:ruby>"),
        "漢字(かんじ)",
    ),
    "a footnote": (
        p(
            "The gate<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation><text:note-body>"
            "<text:p>Paid by Vltava.</text:p></text:note-body></text:note> opens."
        ),
        "The gate[1] opens.\n\n[1] Paid by Vltava.",
    ),
    "a comment": (
        p("It opens.<office:annotation><dc:creator>Ida</dc:creator><dc:date>2031</dc:date><text:p>Really?</text:p></office:annotation>"),
        "It opens.\n\nComment (Ida): Really?",
    ),
    "a text box": (
        p("Above.<draw:frame><draw:text-box><text:p>Eels</text:p></draw:text-box></draw:frame>"),
        "Above.\n\nEels",
    ),
    "a text box on a page": (
        "<draw:frame><draw:text-box><text:h text:outline-level='1'>Eels</text:h></draw:text-box></draw:frame>",
        "Eels",
    ),
    "a shape": (p("<draw:custom-shape><text:p>in a shape</text:p></draw:custom-shape>"), "in a shape"),
    "a group": (p("<draw:g><draw:rect><text:p>one</text:p></draw:rect><draw:g><draw:rect><text:p>two</text:p></draw:rect></draw:g></draw:g>"), "one\n\ntwo"),
    "a picture's description": (
        p("<draw:frame><draw:image/><svg:title>Boats</svg:title><svg:desc>Boats in the harbour</svg:desc></draw:frame>"),
        "Picture: Boats\n\nPicture: Boats in the harbour",
    ),
    "a caption in a box": (
        p("<draw:frame><draw:text-box><text:p><draw:frame><draw:image/></draw:frame>Figure 1: Nets</text:p></draw:text-box></draw:frame>"),
        "Figure 1: Nets",
    ),
    "a section": ("<text:section>" + p("inside") + "</text:section>", "inside"),
    "an index": (
        "<text:table-of-content><text:table-of-content-source><text:index-title-template>Not shown</text:index-title-template>"
        "</text:table-of-content-source><text:index-body><text:index-title>" + p("Contents") + "</text:index-title>"
        + p("One<text:tab/>3") + "</text:index-body></text:table-of-content>",
        "Contents\n\nOne\t3",
    ),
    "an insertion": (
        "<text:tracked-changes><text:changed-region><text:insertion><office:change-info><dc:creator>A</dc:creator>"
        "</office:change-info></text:insertion></text:changed-region></text:tracked-changes>"
        + p("Pay <text:change-start/>455<text:change-end/> now."),
        "Pay 455 now.",
    ),
    "a deletion": (
        "<text:tracked-changes><text:changed-region><text:deletion>" + p("never ever") + "</text:deletion></text:changed-region>"
        "</text:tracked-changes>" + p("It is <text:change/>shut."),
        "It is shut.",
    ),
    "a numbered paragraph": ("<text:numbered-paragraph>" + p("counted") + "</text:numbered-paragraph>", "counted"),
    "a list": (
        "<text:list><text:list-item>" + p("one") + p("more") + "<text:list><text:list-item>" + p("two")
        + "</text:list-item></text:list></text:list-item></text:list>",
        "- one\n  more\n  - two",
    ),
    "a heading in a list": (
        "<text:list><text:list-item><text:h text:outline-level='2'>Scope</text:h></text:list-item></text:list>",
        "## Scope",
    ),
    "a hidden text": (p("Seen <text:hidden-text text:string-value='secret' text:is-hidden='true'/>words"), "Seen words"),
    "hidden styles": (p("Seen <text:span text:style-name='H'>secret</text:span>") + p("gone", "H"), "Seen"),
    "a hidden section": (p("Seen") + "<text:section text:display='none'>" + p("secret") + "</text:section>", "Seen"),
    "a conditional text": (p("<text:conditional-text>shown</text:conditional-text>"), "shown"),
    "a placeholder": (p("Dear <text:placeholder>name</text:placeholder>"), "Dear name"),
    "a title by its style": (p("Plan", "P1"), "# Plan"),
    "a heading by its style": (p("Plan", "P2"), "## Plan"),
    "a heading by its outline level": (p("Plan", "Own"), "### Plan"),
    "bytes": (p("x<draw:frame><draw:image><office:binary-data>aGVsbG8gd29ybGQ=</office:binary-data></draw:image></draw:frame>"), "x"),
    "an unknown wrapper": ("<text:new-thing>" + p("inside") + "</text:new-thing>", "inside"),
    "merged cells": (
        table(
            row("<table:table-cell table:number-rows-spanned='2'>" + p("tall") + "</table:table-cell>", "v11", "v12"),
            row(COVERED, "v21", "v22"),
        ),
        "| tall | v11 | v12 |\n| --- | --- | --- |\n|  | v21 | v22 |",
    ),
    "a wide cell": (
        table(row("<table:table-cell table:number-columns-spanned='2'>" + p("wide") + "</table:table-cell>", COVERED, "c"), row("1", "2", "3")),
        "| wide |  | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
    ),
    "repeated cells": (
        table(row("a", "b", "c"), row("<table:table-cell table:number-columns-repeated='2'>" + p("x") + "</table:table-cell>", "y")),
        "| a | b | c |\n| --- | --- | --- |\n| x | x | y |",
    ),
    "header rows": (
        table("<table:table-header-rows>" + row("a", "b") + "</table:table-header-rows>", "<table:table-row-group>" + row("c", "d") + "</table:table-row-group>"),
        "| a | b |\n| --- | --- |\n| c | d |",
    ),
    "a table in a table": (
        table(row("North", "<table:table-cell>" + table(row("bolts", "120"), row("nuts", "95")) + "</table:table-cell>")),
        "| North | bolts 120; nuts 95 |\n| --- | --- |",
    ),
    "an absurd repeat": (
        table(row("a", "b", "<table:table-cell table:number-columns-repeated='16384'/>")),
        "| a | b |\n| --- | --- |",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_text_is_kept(name: str) -> None:
    content, text = KEPT[name]
    assert parsed(text_file(content, STYLES)).text == text


@pytest.mark.parametrize(
    ("name", "kind", "n_words"),
    [
        ("a deletion", "deleted", 2),
        ("a hidden text", "hidden", 1),
        ("hidden styles", "hidden", 1),
        ("a hidden section", "hidden", 1),
    ],
)
def test_what_is_left_out_has_a_reason(name: str, kind: str, n_words: int) -> None:
    assert (kind, n_words) in omitted(parsed(text_file(KEPT[name][0], STYLES)))


def test_lines_of_contents_that_repeat_a_heading_are_navigation() -> None:
    lines = (
        p("Contents")
        + "</text:index-title>"
        + p("1 Nets<text:tab/>3")
        + p("Ropes<text:tab/>iv")
        + p("Appendix<text:tab/>9")
    )
    contents = (
        f"<text:table-of-content><text:index-body><text:index-title>{lines}</text:index-body></text:table-of-content>"
    )
    document = parsed(text_file(contents + "<text:h>Nets</text:h>" + p("Mend them.") + "<text:h>2. Ropes</text:h>"))
    assert document.text == "Contents\n\nAppendix\t9\n\n# Nets\n\nMend them.\n\n# 2. Ropes"
    assert omitted(document) == {("navigation", 5)}


def test_headers_and_footers_are_kept_once_if_they_stand_nowhere_else() -> None:
    pages = (
        "<style:master-page><style:header><text:p>Archive number KX-90210</text:p></style:header>"
        "<style:footer><text:p>Page <text:page-number>3</text:page-number></text:p></style:footer></style:master-page>"
    )
    document = parsed(text_file(p("It opens."), pages=pages))
    assert document.text == "Archive number KX-90210\n\nIt opens."
    assert document.metadata["header"] == ["Archive number KX-90210"]
    assert omitted(document) == {("running_line", 1)}


CHART = (
    "<office:document-content><office:body><office:chart><chart:chart><chart:title><text:p>Catch</text:p></chart:title>"
    f"<table:table>{row('', 'Herring')}{row('Spring', '19.2')}</table:table></chart:chart></office:chart></office:body></office:document-content>"
)


@pytest.mark.parametrize(
    ("anchor", "text"),
    [("as-char", "left right"), ("", "left right"), ("char", "leftright"), ("paragraph", "leftright")],
)
def test_a_frame_in_a_line_parts_words(anchor: str, text: str) -> None:
    frame = f'<draw:frame text:anchor-type="{anchor}"><draw:text-box>{p("boxed")}</draw:text-box></draw:frame>'
    assert parsed(odf(f"<office:text>{p(f'left{frame}right')}</office:text>")).text == f"{text}\n\nboxed"


def test_a_comment_parts_no_word() -> None:
    comment = f"<office:annotation>{p('Check.')}</office:annotation>"
    assert parsed(odf(f"<office:text>{p(f'left{comment}right')}</office:text>")).text == "leftright\n\nComment: Check."


MATH = "<math:math><math:semantics><math:mrow><math:mi>E</math:mi><math:mo>=</math:mo><math:mi>mc</math:mi></math:mrow><math:annotation>E = mc</math:annotation></math:semantics></math:math>"


def test_charts_and_formulas_are_read() -> None:
    frames = "".join(f'<draw:frame><draw:object xlink:href="./Object {i}"/></draw:frame>' for i in (1, 2, 3))
    parts = {"Object 1/content.xml": CHART, "Object 2/content.xml": MATH, "Object 3": b"bytes"}
    document = parsed(odf(f"<office:text>{p('Above.' + frames)}</office:text>", "", parts))
    assert document.text == "Above.\n\nCatch\n\n|  | Herring |\n| --- | --- |\n| Spring | 19.2 |\n\nE = mc"
    assert omitted(document) == {("repeated", 2), ("attachment", 0)}


@pytest.mark.parametrize("damage", [b"<office:document-styles", b"", b"\x00"])
@pytest.mark.parametrize("part", ["styles.xml", "meta.xml"])
def test_a_damaged_part_costs_that_part(part: str, damage: bytes) -> None:
    document = parse(odf(f"<office:text>{p('It opens.')}</office:text>", "", {part: damage}), "a.odt")
    assert document.text == "It opens."
    assert [(one.kind, one.place.partition(":")[0]) for one in document.omitted] == [("unreadable", part)]


def test_a_file_without_content_is_refused() -> None:
    with pytest.raises(InputError, match="no body"):
        parse(odf("<office:spreadsheet/>"), "a.odt")


def frame(text: str, kind: str = "", place: str = "", more: str = "") -> str:
    mark = f'presentation:class="{kind}"' if kind else ""
    return f"<draw:frame {mark} {place} {more}><draw:text-box>{p(text)}</draw:text-box></draw:frame>"


def test_slides_are_read_in_order() -> None:
    low, high = 'svg:x="1cm" svg:y="9cm"', 'svg:x="1cm" svg:y="40mm"'
    notes = f"<presentation:notes>{frame('say it', 'notes')}{frame('7', 'page-number')}</presentation:notes>"
    prompt = frame("Click to add", "outline", "", 'presentation:placeholder="true"')
    comment = "<office:annotation><dc:creator>Ida</dc:creator><text:p>Why?</text:p></office:annotation>"
    body = (
        '<presentation:footer-decl presentation:name="f1">Project Heron</presentation:footer-decl>'
        f'<draw:page presentation:use-footer-name="f1">{frame("low", "", low)}{frame("high", "", high)}'
        f"{frame('Harbour', 'title')}{notes}{prompt}{comment}</draw:page>"
        f'<draw:page presentation:use-footer-name="f1" draw:style-name="dp2">{frame("no title")}</draw:page>'
    )
    hidden = (
        '<style:style style:name="dp2"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    document = parsed(odf(f"<office:presentation>{body}</office:presentation>", hidden), "a.odp")
    assert document.text == (
        "# Harbour\n\nhigh\n\nlow\n\nsay it\n\nComment (Ida): Why?\n\nProject Heron\n\n# Slide 2\n\nno title"
    )
    assert [one.page for one in document.blocks] == [1] * 6 + [2] * 2
    assert document.title == "Harbour"
    assert document.metadata == {"hidden_slides": [2]}
    assert omitted(document) == {("running_line", 1), ("decoration", 3)}


@pytest.mark.parametrize("name", ["a.fodt", "a.odt"])
def test_flat_files_are_read(name: str) -> None:
    body = f"<office:body><office:text>{p('It opens.')}</office:text></office:body>"
    meta = "<office:meta><dc:title>Gates</dc:title><dc:creator>Ida</dc:creator></office:meta>"
    flat = with_namespaces(f"<office:document>{meta}{body}</office:document>").encode()
    if name.endswith(".odt"):
        with pytest.raises(InputError):
            parse(flat, name)
        return
    document = parsed(flat, name)
    assert (document.text, document.title, document.author) == ("It opens.", "Gates", "Ida")


def test_repeats_of_a_small_file_stay_bounded() -> None:
    wide = "<table:table-cell table:number-columns-repeated='1000'>" + p("a") + "</table:table-cell>"
    rows = [row(wide, "end").replace("<table:table-row>", "<table:table-row table:number-rows-repeated='1000'>")] * 50
    document = parsed(text_file(table(*rows)))
    assert 50 <= document.text.count("end") < 2_000


def level(depth: int, form: str, more: str = "", kind: str = "list-level-style-number") -> str:
    return f'<text:{kind} text:level="{depth}" style:num-format="{form}" {more}/>'


DOT = 'style:num-suffix="."'
NUMBERED = (
    f'<text:list-style style:name="L">{level(1, "1", DOT)}{level(2, "a", """style:num-prefix="(" style:num-suffix=")" """)}'
    "</text:list-style>"
    f'<text:list-style style:name="R">{level(1, "I", DOT)}</text:list-style>'
    f'<text:list-style style:name="D">{level(1, "1", DOT)}{level(2, "1", """style:num-suffix="." text:display-levels="2" """)}'
    "</text:list-style>"
    '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>'
    f"<text:outline-style>{level(1, '1', kind='outline-level-style')}"
    f'{level(2, "1", """text:display-levels="2" """, "outline-level-style")}</text:outline-style>'
    '<style:style style:name="Bare" style:list-style-name=""/><style:style style:name="Roman" style:list-style-name="R"/>'
)


def items(*texts: str, more: str = "") -> str:
    return "".join(
        one if one.startswith("<text:list") else f"<text:list-item {more}>{p(one)}</text:list-item>" for one in texts
    )


def list_of(style: str, content: str, more: str = "") -> str:
    return f'<text:list text:style-name="{style}" {more}>{content}</text:list>'


def h(depth: int, text: str, more: str = "") -> str:
    return f'<text:h text:outline-level="{depth}" {more}>{text}</text:h>'


LABELS = {
    "numbers": (list_of("L", items("one", "two")), "1. one\n2. two"),
    "bullets": (list_of("B", items("one", "two")), "- one\n- two"),
    "a list inside an item": (
        list_of("L", f"<text:list-item>{p('one')}<text:list>{items('in', 'out')}</text:list></text:list-item>{items('two')}"),
        "1. one\n  (a) in\n  (b) out\n2. two",
    ),
    "levels that are shown": (
        list_of("D", f"<text:list-item>{p('one')}<text:list>{items('in')}</text:list></text:list-item>"),
        "1. one\n  1.1. in",
    ),
    "an item that states its number": (list_of("R", items("nine", more='text:start-value="9"') + items("ten")), "IX. nine\nX. ten"),
    "a second block of an item": (list_of("L", f"<text:list-item>{p('one')}{p('more')}</text:list-item>"), "1. one\n  more"),
    "a header of a list": (
        list_of("L", f"<text:list-header>{p('Steps')}</text:list-header>{items('one')}"),
        "- Steps\n1. one",
    ),
    "a list that goes on": (
        list_of("L", items("one")) + p("between") + list_of("L", items("two"), 'text:continue-numbering="true"'),
        "1. one\n\nbetween\n\n2. two",
    ),
    "a list that goes on with another": (
        list_of("L", items("one"), 'xml:id="x"') + list_of("L", items("other")) + list_of("L", items("two"), 'text:continue-list="x"'),
        "1. one\n\n1. other\n\n2. two",
    ),
    "a list without a style": (f"<text:list><text:list-item>{p('one', 'Roman')}</text:list-item></text:list>", "I. one"),
    "a number in the file": (
        list_of("L", f"<text:list-item><text:number>7)</text:number>{p('one')}</text:list-item>"), "7) one",
    ),
    "headings": (h(1, "A") + h(2, "B") + h(2, "C") + h(1, "D") + h(2, "E"), "# 1 A\n\n## 1.1 B\n\n## 1.2 C\n\n# 2 D\n\n## 2.1 E"),
    "a heading without a number": (h(1, "A", 'text:style-name="Bare"') + h(1, "B"), "# A\n\n# 1 B"),
    "a heading of another list": (h(1, "A", 'text:style-name="Roman"'), "# I. A"),
    "a heading that holds its number": (h(1, "<text:number>5</text:number>A"), "# 5 A"),
    "a heading that begins anew": (h(1, "A") + h(1, "B", 'text:restart-numbering="true"'), "# 1 A\n\n# 1 B"),
    "a heading that states its number": (
        h(1, "A", 'text:restart-numbering="true" text:start-value="4"') + h(2, "B"), "# 4 A\n\n## 4.1 B",
    ),
    "a heading outside the count": (h(1, "A", 'text:is-list-header="true"') + h(1, "B"), "# A\n\n# 1 B"),
    "a heading in a list": (list_of("R", f"<text:list-item>{h(2, 'A')}</text:list-item>"), "## I. A"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_that_a_program_computes(name: str) -> None:
    content, text = LABELS[name]
    assert parsed(text_file(content, NUMBERED)).text == text


def test_fields_are_parts_of_the_words_beside_them() -> None:
    line = "v<text:user-field-get>2</text:user-field-get>b, Nr<text:sequence>7</text:sequence>"
    assert parsed(text_file(p(line))).text == "v2b, Nr7"


def test_characters_of_symbol_fonts_are_what_they_show() -> None:
    style = '<style:style style:name="T1"><style:text-properties style:font-name="Symbol"/></style:style>'
    line = p('5 <text:span text:style-name="T1">\uf06d</text:span>m')
    assert parsed(text_file(line, style)).text == "5 \u03bcm"
