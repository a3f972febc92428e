"""Alternative texts of figures in tagged PDF files."""

from __future__ import annotations

import zlib

import pytest

from lake.parse.account import account_of
from lake.parse.pdf import parse
from lake.parse.pdf.objects import text_string
from tests.lake.parse.pdf_files import raw_pdf, stream

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PAGE = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {} 0 R/Resources<</Font<</F1 5 0 R>>>>>>"


def tagged(*elements: str | bytes) -> bytes:
    """Two pages (objects 3 and 4) of text with these elements, which are objects from 10 on."""
    return raw_pdf(
        "<</Type/Catalog/Pages 2 0 R/StructTreeRoot 8 0 R>>",
        "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        PAGE.format(6),
        PAGE.format(7),
        FONT,
        stream("BT /F1 12 Tf 72 700 Td (The harbour) Tj ET"),
        stream("BT /F1 12 Tf 72 700 Td (The market) Tj ET"),
        "<</Type/StructTreeRoot/K[9 0 R]/RoleMap<</Bild/Figure>>>>",
        "<</Type/StructElem/S/Document/P 8 0 R/Pg 3 0 R/K[10 0 R 11 0 R 12 0 R]>>",
        *elements,
    )


def test_descriptions_of_figures_follow_the_text_of_their_page() -> None:
    parsed = parse(
        tagged(
            "<</Type/StructElem/S/Figure/P 9 0 R/Pg 3 0 R/Alt<FEFF00410020006300720061006E0065>/A<</BBox[1 2 3 4]>>>>",
            r"<</Type/StructElem/S/Bild/P 9 0 R/K[<</Type/MCR/Pg 4 0 R/MCID 0>>]/Alt (Red \(and blue\) boats\056)>>",
            "<</Type/StructElem/S/Figure/P 9 0 R/ActualText(Inherited page)>>",
        ),
        ".pdf",
    )
    assert [(block.page, parsed.text[block.start : block.end]) for block in parsed.blocks] == [
        (1, "The harbour"),
        (1, "Picture: A crane"),
        (1, "Picture: Inherited page"),
        (2, "The market"),
        (2, "Picture: Red (and blue) boats."),
    ]
    account = account_of(parsed)
    assert (account.n_words_source, account.n_words_lost, account.omitted) == (15, 0, ())


def test_descriptions_that_say_nothing_new_are_left_out() -> None:
    parsed = parse(
        tagged(
            "<</Type/StructElem/S/Figure/P 9 0 R/Pg 3 0 R/Alt(the harbour)>>",
            "<</Type/StructElem/S/Figure/P 9 0 R/Pg 3 0 R/Alt(Screenshot 12.png)>>",
            "<</Type/StructElem/S/Link/P 9 0 R/Pg 3 0 R/Alt(a link)>>",
            "<</Type/StructElem/S/Figure/P 9 0 R/Pg 3 0 R/Alt(A logo)>>",
            "<</Type/StructElem/S/Figure/P 9 0 R/Pg 4 0 R/Alt(A logo)>>",
        ),
        ".pdf",
    )
    assert parsed.text.split("\n\n") == ["The harbour", "Picture: A logo", "The market"]


def test_elements_in_object_streams_are_read() -> None:
    element = b"<</Type/StructElem/S/Figure/P 9 0 R/Pg 4 0 R/Alt(A crane)>>"
    head = b"20 0 21 5 "
    packed = zlib.compress(head + b"<<>> " + element)
    held = stream(packed, f"/Type/ObjStm/N 2/First {len(head)}/Filter/FlateDecode")
    assert parse(tagged(held), ".pdf").text.endswith("The market\n\nPicture: A crane")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (
            rb"(a\
b\\\)\n\344)",
            "ab\\)\nä",
        ),
        (b"<61 6 2>", "ab"),
        (b"(\xef\xbb\xbfa\xc3\xa4)", "aä"),
        (b"(\x84 \x8d\xa0)", "— “€"),
        (b"12 0 R", ""),
        (b"(\xfe\xff\x00a", ""),
    ],
)
def test_strings_are_read_as_texts(written: bytes, text: str) -> None:
    assert text_string(written, 0) == text
