"""Text that a reader of a PDF does not see is left out and named; the layer of a scan stays."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest

from lake.errors import InputError
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from lake.parse.pdf import parse
from lake.parse.pdf.content import ShownContent
from tests.lake.parse.pdf_files import pdf, put, raw_pdf, stream

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
PLAIN = "BT /F1 12 Tf 72 700 Td (plain words) Tj ET\n"
LAYERS = ("<</Type/OCG/Name(Draft)>>", "<</Type/OCG/Name(Final)>>")
OFF = "/OCProperties<</OCGs[6 0 R 7 0 R]/D<</OFF[6 0 R]>>>>"
MARKED = "/OC /MC0 BDC BT /F1 12 Tf 72 600 Td (veiled words) Tj ET EMC"


def page(content: str, *more: str | bytes, resources: str = "", catalog: str = "", entries: str = "") -> bytes:
    """One page with font 4, content 5, layers 6 and 7, and ``more`` objects from 8 on."""
    return raw_pdf(
        f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R"
        f"/Resources<</Font<</F1 4 0 R>>{resources}>>{entries}>>",
        FONT,
        stream(PLAIN + content),
        *LAYERS,
        *more,
    )


def form(content: str, entries: str = "", resources: str = "") -> bytes:
    given = f"/Type/XObject/Subtype/Form/BBox[0.0 0 595 842]/Resources<</Font<</F1 4 0 R>>{resources}>>{entries}"
    packed = zlib.compress(content.encode("latin-1"))
    return stream(packed, f"/Filter/FlateDecode{given}")


def hidden(parsed: ParsedDocument) -> Sequence[tuple[int, str]]:
    return [(one.n_words, one.place) for one in parsed.omitted if one.kind == "hidden"]


def properties(one: str) -> str:
    return f"/Properties<</MC0 {one}>>"


NESTED = "BT /F1 12 Tf 72 600 Td (veiled words) Tj ET"
UNSEEN = "BT 3 Tr /F1 12 Tf 72 600 Td (veiled words) Tj ET"
WHITE = f"1 g {NESTED}"
DARK = "0 g 60 580 300 40 re f"
PICTURE = stream(b"\x20", "/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray")
SHOWN = "q 300 0 0 40 60 580 cm /Im0 Do Q"
MASK = "/ExtGState<</G0<</SMask<</S/Luminosity/G 8 0 R>>>>>>"
VIEW = "/OCProperties<</OCGs[6 0 R 7 0 R 8 0 R]/D<</AS[<</Event/View/Category[/View]/OCGs[8 0 R]>>]>>>>"
FILES = {
    "off": page(MARKED, resources=properties("6 0 R"), catalog=OFF),
    "all off but one": page(
        MARKED,
        resources=properties("6 0 R"),
        catalog="/OCProperties<</OCGs[6 0 R 7 0 R]/D<</BaseState/OFF/ON[7 0 R]>>>>",
    ),
    "for print alone": page(
        MARKED,
        "<</Type/OCG/Name(Mark)/Usage<</Print<</PrintState/ON>>/View<</ViewState/OFF>>>>>>",
        resources=properties("8 0 R"),
        catalog=VIEW,
    ),
    "membership": page(MARKED, "<</Type/OCMD/OCGs[6 0 R 7 0 R]/P/AllOn>>", resources=properties("8 0 R"), catalog=OFF),
    "membership of one": page(MARKED, "<</Type/OCMD/OCGs 6 0 R>>", resources=properties("8 0 R"), catalog=OFF),
    "expression": page(MARKED, "<</Type/OCMD/VE[/And 7 0 R[/Not 7 0 R]]>>", resources=properties("8 0 R"), catalog=OFF),
    "form": page("/Fm0 Do", form(NESTED, "/OC 6 0 R"), resources="/XObject<</Fm0 8 0 R>>", catalog=OFF),
    "in a form": page(
        "/Fm0 Do",
        form(MARKED, resources=properties("6 0 R")),
        resources="/XObject<</Fm0 8 0 R>>",
        catalog=OFF,
    ),
    "layer inside a layer that is off": page(
        "/OC /MC0 BDC /OC /MC1 BDC BT /F1 12 Tf 72 600 Td [(veiled) -300 (words)] TJ ET EMC EMC",
        resources="/Properties<</MC0 6 0 R/MC1 7 0 R>>",
        catalog=OFF,
    ),
    "annotation": page(
        "",
        "<</Type/Annot/Subtype/FreeText/Rect[72 600 300 620]/Contents(veiled words)/OC 6 0 R>>",
        catalog=OFF,
        entries="/Annots[8 0 R]",
    ),
    "annotation for print alone": page(
        "",
        "<</Type/Annot/Subtype/FreeText/Rect[72 600 300 620]/F 36/Contents(veiled words)>>",
        entries="/Annots[8 0 R]",
    ),
    "invisible": page("BT 3 Tr /F1 12 Tf 72 600 Td (veiled words) Tj ET"),
    "white": page("1 g BT /F1 12 Tf 72 600 Td (veiled words) Tj ET"),
    "white in a form": page("/Fm0 Do", form(f"1 1 1 rg {NESTED}"), resources="/XObject<</Fm0 8 0 R>>"),
    "white on a white box": page("1 g 60 580 300 40 re f BT /F1 12 Tf 72 600 Td (veiled words) Tj ET"),
    "transparent": page(f"/G0 gs {NESTED}", resources="/ExtGState<</G0<</ca 0.0>>>>"),
    "white in a form beside its ground": page(
        f"/Fm0 Do {DARK}", form(WHITE, "/Matrix[1 0 0 1 0 -300]"), resources="/XObject<</Fm0 8 0 R>>"
    ),
    "beside its clip": page(f"q 0 0 50 50 re W n {NESTED} Q"),
    "in an empty clip": page(f"q 72 600 0 0 re W* n {NESTED} Q"),
    "beside a clip within the page's": page(f"q 0 0 595 842 re W n q 300 0 200 842 re W n {NESTED} Q Q"),
    "beside the shape of its clip": page(f"q 0 0 m 595 0 l 595 842 l h W n {NESTED} Q"),
    "outside of its form": page(
        "/Fm0 Do",
        form(NESTED).replace(b"[0.0 0 595 842]", b"[0 0 60 842]"),
        resources="/XObject<</Fm0 8 0 R>>",
    ),
    "under a black mask": page(
        f"/G0 gs {NESTED}",
        form("0 g 0 0 595 842 re f", "/Group<</S/Transparency/CS/DeviceGray>>"),
        resources=MASK,
    ),
    "in a form under a mask": page(
        "/G0 gs /Fm0 Do",
        form("0 g 0 0 595 842 re f", "/Group<</S/Transparency/CS/DeviceGray>>"),
        form(NESTED, "/Group<</S/Transparency>>"),
        resources=f"{MASK}/XObject<</Fm0 9 0 R>>",
    ),
    "letters that only clip": page("q BT 7 Tr /F1 12 Tf 72 600 Td (veiled words) Tj ET Q"),
    "outside of the crop box": page("BT /F1 12 Tf 72 20 Td (veiled words) Tj ET", entries="/CropBox[0 50 595 842]"),
}


@pytest.mark.parametrize("name", FILES)
def test_text_that_nobody_sees_is_left_out_and_named(name: str) -> None:
    parsed = parse(FILES[name], ".pdf")
    assert parsed.text == "plain words"
    assert [n_words for n_words, _ in hidden(parsed)] == [2]
    assert hidden(parsed)[0][1].startswith("page 1: ")
    assert (account_of(parsed).n_words_source, account_of(parsed).n_words_lost) == (4, 0)


SEEN = {
    "layer that is on": page(MARKED, resources=properties("7 0 R"), catalog=OFF),
    "one of two layers": page(MARKED, "<</Type/OCMD/OCGs[6 0 R 7 0 R]>>", resources=properties("8 0 R"), catalog=OFF),
    "visible without the layer": page(
        MARKED, "<</Type/OCMD/OCGs[6 0 R]/P/AllOff>>", resources=properties("8 0 R"), catalog=OFF
    ),
    "white on black": page("0 g 60 580 300 40 re f 1 g BT /F1 12 Tf 72 600 Td (veiled words) Tj ET"),
    "white on a form": page(
        f"/Fm0 Do 1 g {NESTED}", form("0 g 60 580 300 40 re f"), resources="/XObject<</Fm0 8 0 R>>"
    ),
    "white on a broad line": page(
        "0 G 40 w 60 600 m 400 600 l S 1 g BT /F1 12 Tf 72 595 Td (veiled words) Tj ET",
    ),
    "white on a gradient": page(
        f"/Pattern cs /P0 scn 60 580 300 40 re f 1 g {NESTED}",
        "<</PatternType 2/Shading<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 500 0]"
        "/Function<</FunctionType 2/Domain[0 1]/C0[0]/C1[0.4]/N 1>>>>>>",
        resources="/Pattern<</P0 8 0 R>>",
    ),
    "white with black edges": page("1 g 0 G BT 2 Tr /F1 12 Tf 72 600 Td (veiled words) Tj ET"),
    "half transparent": page(f"/G0 gs {NESTED}", resources="/ExtGState<</G0<</ca 0.5>>>>"),
    "white that is blended": page(f"/G0 gs {WHITE}", resources="/ExtGState<</G0<</BM/Difference>>>>"),
    "white within black edges": page(f"{WHITE} 0 G BT 1 Tr /F1 12 Tf 72 600 Td (veiled words) Tj ET"),
    "white in a form that is blended": page(
        "/G0 gs /Fm0 Do", form(WHITE), resources="/ExtGState<</G0<</BM/Difference>>>>/XObject<</Fm0 8 0 R>>"
    ),
    "white under what is blended": page(
        f"{WHITE} /G0 gs 1 g 0 500 595 200 re f", resources="/ExtGState<</G0<</BM/Difference>>>>"
    ),
    "white on thin strips": page(f"0 g {' '.join(f'60 {y} 300 1 re f' for y in range(590, 620))} {WHITE}"),
    "white on thin lines": page(f"0 G {' '.join(f'60 {y} m 360 {y} l S' for y in range(590, 620))} {WHITE}"),
    "white in a form on a ground of the page": page(
        f"{DARK} /Fm0 Do", form(WHITE, "/Matrix[1 0 0 1 0 0]"), resources="/XObject<</Fm0 8 0 R>>"
    ),
    "white on a ground in a form": page(
        f"/Fm0 Do {WHITE}",
        form("0 g 60 280 300 40 re f", "/Matrix[1 0 0 1 0 300]"),
        resources="/XObject<</Fm0 8 0 R>>",
    ),
    "white that cuts what follows": page(
        "q 1 g BT 4 Tr /F1 40 Tf 72 600 Td (veiled words) Tj ET 0 g 0 0 595 842 re f Q"
    ),
    "over a picture": page(f"{SHOWN} {UNSEEN}", PICTURE, resources="/XObject<</Im0 8 0 R>>"),
    "under a picture": page(f"{UNSEEN} {SHOWN}", PICTURE, resources="/XObject<</Im0 8 0 R>>"),
    "white under a picture": page(f"{WHITE} {SHOWN}", PICTURE, resources="/XObject<</Im0 8 0 R>>"),
    "in a form under a picture": page(
        f"/Fm0 Do {SHOWN}", PICTURE, form(UNSEEN), resources="/XObject<</Im0 8 0 R/Fm0 9 0 R>>"
    ),
    "in a form over a picture in a form": page(
        "/Fm1 Do /Fm0 Do",
        PICTURE,
        form(UNSEEN),
        form(SHOWN, resources="/XObject<</Im0 8 0 R>>"),
        resources="/XObject<</Fm0 9 0 R/Fm1 10 0 R>>",
    ),
    "under a picture in strips": page(
        f"{UNSEEN} {' '.join(f'q 300 0 0 1 60 {y} cm /Im0 Do Q' for y in range(580, 620))}",
        PICTURE,
        resources="/XObject<</Im0 8 0 R>>",
    ),
    "under the picture of a stamp": page(
        UNSEEN,
        "<</Type/Annot/Subtype/Stamp/Rect[0 0 595 842]/F 4/AP<</N 9 0 R>>>>",
        form(SHOWN, resources="/XObject<</Im0 10 0 R>>"),
        PICTURE,
        entries="/Annots[8 0 R]",
    ),
    "partly inside its clip": page(f"q 0 0 100 842 re W n {NESTED} Q"),
    "inside its clip": page(f"q 60 590 300 30 re W n {NESTED} Q"),
    "inside a turned clip": page(f"q 0 1 -1 0 400 0 cm 590 60 30 300 re W n 0 -1 1 0 0 400 cm {NESTED} Q"),
    "inside the shape of its clip": page(f"q 0 842 m 595 842 l 0 0 l h W n {NESTED} Q"),
    "in a form that is moved with its clip": page(
        "q 1 0 0 1 0 300 cm /Fm0 Do Q",
        form("q 60 290 300 30 re W n BT /F1 12 Tf 72 300 Td (veiled words) Tj ET Q"),
        resources="/XObject<</Fm0 8 0 R>>",
    ),
    "under a white mask": page(
        f"/G0 gs {NESTED}",
        form("1 g 0 0 595 842 re f", "/Group<</S/Transparency/CS/DeviceGray>>"),
        resources=MASK,
    ),
    "under a mask with a hole": page(
        f"/G0 gs {NESTED}",
        form("1 g 100 580 30 40 re f", "/Group<</S/Transparency/CS/DeviceGray>>"),
        resources=MASK,
    ),
    "letters that a ground shows through": page(
        "q BT 7 Tr /F1 40 Tf 72 600 Td (veiled words) Tj ET 0 g 0 0 595 842 re f Q"
    ),
    "layer for designers": page(
        MARKED,
        "<</Type/OCG/Name(Guides)/Intent/Design>>",
        resources=properties("8 0 R"),
        catalog="/OCProperties<</OCGs[8 0 R]/D<</OFF[8 0 R]>>>>",
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_text_that_is_seen_or_lies_on_a_scan_stays(name: str) -> None:
    parsed = parse(SEEN[name], ".pdf")
    assert parsed.text.split() == ["plain", "words", "veiled", "words"]
    assert not hidden(parsed)


def test_content_that_two_pages_share_stays_if_its_layer_is_on_for_one_of_them() -> None:
    shared = "/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>"
    data = raw_pdf(
        f"<</Type/Catalog/Pages 2 0 R{OFF}>>",
        "<</Type/Pages/Kids[3 0 R 8 0 R]/Count 2>>",
        f"<<{shared}{properties('6 0 R')}>>>>",
        FONT,
        stream(PLAIN + MARKED),
        *LAYERS,
        f"<<{shared}{properties('7 0 R')}>>>>",
    )
    assert parse(data, ".pdf").text.split() == ["plain", "words", "veiled", "words"] * 2


def test_white_glyphs_that_are_drawn_in_colours_stay() -> None:
    font = (
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/CharProcs<</a 9 0 R>>"
        "/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1000]/Resources<<>>>>"
    )
    glyph = stream("1000 0 d0 0 g 0 0 1000 1000 re f")
    data = page("1 g BT /F2 30 Tf 72 600 Td (a) Tj ET", font, glyph).replace(b"/F1 4 0 R", b"/F1 4 0 R/F2 8 0 R")
    assert not hidden(parse(data, ".pdf"))


def test_a_page_keeps_what_follows_a_layer_that_is_off() -> None:
    content = (
        "/OC /MC0 BDC q 1 0 0 1 0 -50 cm BT /F1 12 Tf 72 650 Td (veiled \\) EMC words) ' ET BI /W 1 ID x EMC EI "
        "0 0 50 50 re f Q EMC BT /F1 12 Tf 72 500 Td (later words) Tj ET"
    )
    parsed = parse(page(content, resources=properties("6 0 R"), catalog=OFF), ".pdf")
    assert parsed.text.split() == ["plain", "words", "later", "words"]


def test_state_inside_of_hidden_parts_is_kept() -> None:
    shown = ShownContent({"MC0"}.__contains__, {"Fm1"}.__contains__)
    assert shown.of(b"/OC /MC0 BDC 1 g (a) Tj 0 0 5 5 re f") == b"/OC /MC0 BDC 1 g 0 0 5 5 re n"
    assert shown.of(b"(b) ' EMC (c) Tj /Fm1 Do /Fm2 Do") == b" T* EMC (c) Tj /Fm2 Do"


def test_white_signs_without_words_stay() -> None:
    parsed = parse(page("1 g BT /F1 12 Tf 72 600 Td (....) Tj ET"), ".pdf")
    assert not hidden(parsed)


def test_a_file_of_nothing_but_hidden_text_is_refused_with_the_cause() -> None:
    def draw(canvas: object) -> None:
        canvas.setFillGray(1)  # type: ignore[attr-defined]
        put(canvas, 72, 700, "veiled words")

    with pytest.raises(InputError, match=r"all of its text is hidden from readers \(page 1: invisible text\)"):
        parse(pdf(draw), ".pdf")
