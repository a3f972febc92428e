# ruff: noqa: E501 - a line of XML is read more easily in one piece
"""PowerPoint: every place where text can stand is kept, or named with the reason why it is left out."""

from __future__ import annotations

import pytest

from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of
from lake.parse.office.office import pictures
from tests.lake.parse.office_files import pptx, shape, tree

TITLE = shape("Harbour plan", kind="title")


def parsed(data: bytes, name: str = "a.pptx") -> ParsedDocument:
    """The document, whose account shows no loss."""
    document = parse(data, name)
    assert account_of(document).n_words_lost == 0
    return document


def omitted(document: ParsedDocument) -> set[tuple[str, int]]:
    return {(one.kind, one.n_words) for one in account_of(document).omitted}


def group(content: str) -> str:
    return f"<p:grpSp><p:nvGrpSpPr><p:cNvPr id='9' name='g'/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{content}</p:grpSp>"


def frame(content: str) -> str:
    return (
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='5' name='f'/><p:nvPr/></p:nvGraphicFramePr>"
        f"<a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></p:graphicFrame>"
    )


def cells(*texts: str) -> str:
    return "".join(f"<a:tc>{body(text)}</a:tc>" for text in texts)


def body(text: str) -> str:
    return f"<a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody>"


def paragraphs(content: str) -> str:
    return f"<p:sp><p:nvSpPr><p:cNvPr id='2' name=''/><p:nvPr/></p:nvSpPr><p:txBody>{content}</p:txBody></p:sp>"


def item(kind: str, text: str, level: str = "", number: str = "") -> str:
    return f"<a:p><a:pPr {level}><a:buAutoNum type='{kind}' {number}/></a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>"


PICTURE = "<p:pic><p:nvPicPr><p:cNvPr id='4' name='Picture 3' descr='{}'/><p:nvPr/></p:nvPicPr><p:blipFill><a:blip r:embed='rId7'/></p:blipFill></p:pic>"
SHAPES = {
    "a text box": (shape("pier nine"), "pier nine"),
    "a group in a group": (group(shape("outer") + group(shape("inner"))), "outer\n\ninner"),
    "a table": (
        frame(f"<a:tbl><a:tr>{cells('a', 'b')}</a:tr><a:tr>{cells('c', 'd')}</a:tr></a:tbl>"),
        "| a | b |\n| --- | --- |\n| c | d |",
    ),
    "merged cells": (
        frame(
"<a:tbl><a:tr>" + cells("m00") + "<a:tc gridSpan='2'>" + body("m01") + "</a:tc><a:tc hMerge='1'>" + body("") + "</a:tc></a:tr>"
            f"<a:tr>{cells('m10', 'm11', 'm12')}</a:tr></a:tbl>"
        ),
        "| m00 | m01 |  |\n| --- | --- | --- |\n| m10 | m11 | m12 |",
    ),
    "words in several runs": (
        paragraphs("<a:p><a:r><a:t>unbe</a:t></a:r><a:r><a:t>lievable</a:t></a:r></a:p>"),
        "unbelievable",
    ),
    "a line break": (paragraphs("<a:p><a:r><a:t>one</a:t></a:r><a:br/><a:r><a:t>two</a:t></a:r></a:p>"), "one\ntwo"),
    "bullets": (
        paragraphs(
            "<a:p><a:pPr><a:buChar char='o'/></a:pPr><a:r><a:t>one</a:t></a:r></a:p>"
            "<a:p><a:pPr lvl='1'><a:buAutoNum type='arabicPeriod'/></a:pPr><a:r><a:t>two</a:t></a:r></a:p>"
        ),
        "- one\n  - 1. two",
    ),
    "numbers": (
        paragraphs(
            item("arabicPeriod", "one") + item("alphaLcParenBoth", "inner", "lvl='1'") + item("alphaLcParenBoth", "more", "lvl='1'")
            + item("arabicPeriod", "two") + item("alphaLcParenBoth", "new", "lvl='1'")
        ),
        "- 1. one\n  - (a) inner\n  - (b) more\n- 2. two\n  - (a) new",
    ),
    "numbers that begin anew": (
        paragraphs(item("arabicParenR", "one") + body("between").partition(">")[2].replace("</a:txBody>", "") + item("arabicParenR", "two")),
        "- 1) one\n\nbetween\n\n- 1) two",
    ),
    "a stated first number": (
        paragraphs(item("romanUcPeriod", "four", number="startAt='4'") + item("romanUcPeriod", "five", number="startAt='4'")),
        "- IV. four\n- V. five",
    ),
    "numbers by the style of the shape": (
        paragraphs("<a:lstStyle><a:lvl1pPr><a:buAutoNum type='arabicPlain'/></a:lvl1pPr></a:lstStyle>"
            "<a:p><a:r><a:t>one</a:t></a:r></a:p><a:p><a:pPr><a:buNone/></a:pPr><a:r><a:t>none</a:t></a:r></a:p>"
        ),
        "- 1 one\n\nnone",
    ),
    "a picture's description": (PICTURE.format("Boats in the harbour"), "Picture: Boats in the harbour"),
    "a file name": (shape("x") + PICTURE.format("IMG_77.JPG"), "x"),
    "a formula": (
        paragraphs("<a:p><m:oMathPara><m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath></m:oMathPara></a:p>"),
        "E=mc",
    ),
    "an alternative": (
        "<mc:AlternateContent><mc:Choice Requires='x'>" + shape("new") + "</mc:Choice><mc:Fallback>" + shape("new")
        + "</mc:Fallback></mc:AlternateContent>",
        "new",
    ),
    "an alternative without text": (
        "<mc:AlternateContent><mc:Choice Requires='x'><p:contentPart/></mc:Choice><mc:Fallback>" + shape("old")
        + "</mc:Fallback></mc:AlternateContent>",
        "old",
    ),
    "a hidden shape": (shape("seen") + shape("secret", extra="hidden='1'"), "seen"),
    "places": (
        shape("low", place=(0, 5_000_000)) + shape("right", place=(900_000, 100_000)) + shape("left", place=(100, 120_000)),
        "left\n\nright\n\nlow",
    ),
    "a place off the slide": (shape("beside", place=(-900_000, 10)), "beside"),
    "the number of the slide": (shape("x") + shape("7", kind="sldNum") + shape("1 May", kind="dt"), "x"),
    "a connector with words": (shape("road").replace("p:sp>", "p:cxnSp>"), "road"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_kept(name: str) -> None:
    shapes, text = SHAPES[name]
    assert parsed(pptx([TITLE + shapes])).text == f"# Harbour plan\n\n{text}"


@pytest.mark.parametrize(
    ("name", "kind", "n_words"),
    [
        ("an alternative", "repeated", 1),
        ("a hidden shape", "hidden", 1),
        ("the number of the slide", "running_line", 3),
    ],
)
def test_what_is_left_out_has_a_reason(name: str, kind: str, n_words: int) -> None:
    assert omitted(parsed(pptx([TITLE + SHAPES[name][0]]))) == {(kind, n_words)}


def test_a_slide_without_a_title_stands_below_its_number() -> None:
    document = parsed(pptx([TITLE + shape("a"), shape("b"), shape("c", kind="title")]))
    assert [(one.heading, one.page) for one in document.blocks] == [
        (("Harbour plan",), 1),
        (("Harbour plan",), 1),
        (("Slide 2",), 2),
        (("Slide 2",), 2),
        (("c",), 3),
    ]
    assert document.title == "Harbour plan"
    assert parsed(pptx([shape("b")])).title is None


def test_a_title_of_several_lines_is_one_heading() -> None:
    assert parsed(pptx([shape("Plan\nof 2031", kind="ctrTitle")])).text == "# Plan of 2031"


def test_the_order_is_that_of_the_presentation() -> None:
    document = parsed(pptx([shape("one", kind="title"), "", shape("three", kind="title")]))
    assert [(one.label, one.page) for one in document.blocks] == [("one", 1), ("three", 3)]


NOTES = f"<p:notes>{tree(shape('mention the strike', kind='body') + shape('3', kind='sldNum'))}</p:notes>"


def test_notes_and_comments_follow_their_slide() -> None:
    related = {
        1: {"rId1": ("notesSlide", "../notesSlides/notesSlide1.xml"), "rId2": ("comments", "../comments/comment1.xml")},
        2: {"rId1": ("comments", "../comments/modern1.xml")},
    }
    modern = (
        "<p188:cmLst><p188:cm authorId='{{7}}'><p188:replyLst><p188:reply authorId='{{8}}'>{0}</p188:reply></p188:replyLst>"
        "{1}</p188:cm></p188:cmLst>"
    )
    text = "<p188:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p188:txBody>"
    parts = {
        "ppt/notesSlides/notesSlide1.xml": NOTES,
        "ppt/comments/comment1.xml": "<p:cmLst><p:cm authorId='0'><p:text>Too long?</p:text></p:cm></p:cmLst>",
        "ppt/comments/modern1.xml": modern.format(text.format("No."), text.format("Is it right?")),
        "ppt/commentAuthors.xml": "<p:cmAuthorLst><p:cmAuthor id='0' name='Ida'/></p:cmAuthorLst>",
    }
    document = parsed(pptx([TITLE, TITLE], related, parts))
    assert document.text == (
        "# Harbour plan\n\nmention the strike\n\nComment (Ida): Too long?\n\n# Harbour plan\n\nComment: Is it right?\n\nComment: No."
    )
    assert omitted(document) == {("running_line", 1)}


def test_hidden_slides_are_kept_and_named() -> None:
    document = parsed(pptx([TITLE, f"<p:sld show='0'>{tree(shape('Spare'))}</p:sld>"]))
    assert "Spare" in document.text
    assert document.metadata == {"hidden_slides": [2]}


def test_footers_are_kept_once_if_they_stand_nowhere_else() -> None:
    footer = shape("Project Heron", kind="ftr")
    document = parsed(pptx([TITLE + footer, TITLE + footer]))
    assert document.text.count("Project Heron") == 1
    assert omitted(document) == {("running_line", 2)}


def test_charts_are_tables() -> None:
    def points(*texts: str) -> str:
        return "".join(f"<c:pt idx='{i}'><c:v>{text}</c:v></c:pt>" for i, text in enumerate(texts))

    dates = f"<c:cat><c:numRef><c:numCache><c:formatCode>yyyy-mm-dd</c:formatCode>{points('45000')}</c:numCache></c:numRef></c:cat>"
    values = f"<c:val><c:numRef><c:numCache>{points('19.2')}</c:numCache></c:numRef></c:val>"
    chart = f"<c:chartSpace><c:ser><c:tx><c:v>Herring</c:v></c:tx>{dates}{values}</c:ser></c:chartSpace>"
    newer = "<cx:chartSpace><cx:data><cx:strDim><cx:lvl><cx:pt idx='0'>Cod</cx:pt></cx:lvl></cx:strDim><cx:numDim><cx:lvl><cx:pt idx='0'>7</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartSpace>"
    related = {1: {"rId1": ("chart", "../charts/chart1.xml"), "rId2": ("chartEx", "../charts/chartEx1.xml")}}
    parts = {"ppt/charts/chart1.xml": chart, "ppt/charts/chartEx1.xml": newer}
    shapes = frame("<c:chart r:id='rId1'/>") + frame("<cx:chart r:id='rId2'/>")
    text = parsed(pptx([TITLE + shapes], related, parts)).text
    assert "|  | Herring |\n| --- | --- |\n| 2023-03-15 (45000) | 19.2 |" in text
    assert "| Cod | 7 |" in text


def test_a_missing_or_damaged_slide_costs_that_slide() -> None:
    data = pptx([TITLE, "<p:sld", TITLE.replace("plan", "fees")])
    document = parse(data, "a.pptx")
    assert document.text == "# Harbour plan\n\n# Harbour fees"
    assert [(one.kind, one.place.partition(":")[0]) for one in document.omitted] == [
        ("unreadable", "ppt/slides/slide2.xml")
    ]


def test_a_slide_that_is_not_shown_is_named() -> None:
    part = f"<p:sld>{tree(shape('left over'))}</p:sld>"
    document = parsed(pptx([TITLE], {}, {"ppt/slides/slide9.xml": part}))
    assert omitted(document) == {("hidden", 2)}


def test_what_a_layout_draws_is_decoration() -> None:
    layout = f"<p:sldLayout>{tree(shape('Company Ltd') + shape('Click to add', kind='body'))}</p:sldLayout>"
    related = {1: {"rId1": ("slideLayout", "../slideLayouts/slideLayout1.xml")}}
    document = parse(pptx([TITLE], related, {"ppt/slideLayouts/slideLayout1.xml": layout}), "a.pptx")
    assert document.text == "# Harbour plan"
    assert omitted(document) == {("decoration", 2)}


@pytest.mark.parametrize("name", ["a.pptm", "a.ppsx", "a.ppsm", "a.potx"])
def test_shows_and_templates_are_read(name: str) -> None:
    assert parsed(pptx([TITLE]), name).text == "# Harbour plan"


def test_pictures_are_listed_with_their_slide() -> None:
    related = {2: {"rId7": ("image", "../media/image1.png")}}
    data = pptx([TITLE, PICTURE.format("Boats")], related, {"ppt/media/image1.png": b"png"})
    assert [(one.name, one.page, one.alt) for one in pictures(data, ".pptx")] == [("ppt/media/image1.png", 2, "Boats")]
