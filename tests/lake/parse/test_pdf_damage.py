"""Damage of PDFs that pdfium passes over: text is kept as far as it can be read, and what can't be read is named."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest

from lake.errors import InputError
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from lake.parse.pdf.objects import Name, Ref, Stream, parse_value
from lake.parse.pdf.structure import Structure
from lake.parse.registry import parse
from tests.lake.parse.pdf_files import pdf, put, raw_pdf, stream

pytestmark = pytest.mark.usefixtures("without_engine")

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
BOX = "/MediaBox[0 0 595 842]"


def read(data: bytes) -> ParsedDocument:
    return parse(data, "a.pdf")


def unreadable(parsed: ParsedDocument) -> list[str]:
    return [one.place for one in parsed.omitted if one.kind == "unreadable"]


def drawn(*lines: str, font: str = "F1") -> str:
    return "\n".join(f"BT /{font} 12 Tf 72 {700 - 14 * i} Td ({line}) Tj ET" for i, line in enumerate(lines))


def pages(
    content: str | bytes | None,
    *more: str | bytes | None,
    kids: str = "3 0 R 4 0 R",
    count: int = 2,
    resources: str = "<</Font<</F1 5 0 R>>>>",
    font: str | None = FONT,
) -> bytes:
    """A page that reads "first page", and one with this content in object 7; ``more`` are objects from 8."""
    page = f"<</Type/Page/Parent 2 0 R{BOX}/Resources {resources}/Contents"
    return raw_pdf(
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        f"{page} 6 0 R>>",
        f"{page} 7 0 R>>",
        font,
        stream(drawn("first page")),
        content,
        *more,
    )


LINES = [f"line {i} of the second page with {i * i} herrings" for i in range(40)]
PACKED = zlib.compress(drawn(*LINES).encode())


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


class TestContent:
    @pytest.mark.parametrize(
        ("content", "cause"),
        [
            (stream(PACKED[: len(PACKED) // 2], "/Filter/FlateDecode"), "its end is missing"),
            (stream(flipped(PACKED, len(PACKED) // 2), "/Filter/FlateDecode"), "can't be decompressed"),
            (stream(b"xx" + PACKED[2:], "/Filter/FlateDecode"), "can't be decompressed"),
            (stream(flipped(PACKED, len(PACKED) - 1), "/Filter[/FlateDecode]"), "its checksum is wrong"),
            (stream(PACKED, "/Filter/Mystery"), "its filter Mystery"),
            (stream(drawn(*LINES), "/Filter/Mystery"), None),
            (stream(b"{}~>", "/Filter/ASCII85Decode"), "no ASCII85"),
            (stream(bytes(range(128, 256))), "its content is garbled"),
            ("17", "is no stream"),
            ("<</Length 3>>", "is no stream"),
            (None, "its content (object 7) is missing"),
        ],
    )
    def test_a_content_that_cannot_be_read_is_named(self, content: str | bytes | None, cause: str | None) -> None:
        parsed = read(pages(content))
        assert parsed.text.startswith("first page")
        if cause is None:  # pdfium takes plain data as they are, whatever their filter is said to be
            assert LINES[39] in parsed.text
            return
        (named,) = unreadable(parsed)
        assert named.startswith("page 2: ")
        assert cause in named

    def test_what_a_damaged_content_still_holds_is_kept(self) -> None:
        parsed = read(pages(stream(PACKED[: len(PACKED) // 2], "/Filter/FlateDecode")))
        assert LINES[3] in parsed.text
        assert LINES[39] not in parsed.text

    def test_one_part_of_several(self) -> None:
        parsed = read(pages("[8 0 R 9 0 R 10 0 R]", stream(drawn("before")), None, stream(drawn("after"))))
        assert "before" in parsed.text
        assert "after" in parsed.text
        assert unreadable(parsed) == ["page 2: its content (object 9) is missing"]

    @pytest.mark.parametrize("content", ["", " \n", "q Q", "q 1 0 0 1 0 0 cm /P <</MCID 0>> BDC EMC Q % end"])
    def test_a_page_that_draws_nothing_is_blank(self, content: str) -> None:
        parsed = read(pages(stream(content)))
        assert unreadable(parsed) == []
        assert parsed.metadata["pages_without_text"] == [2]

    @pytest.mark.parametrize(
        "content",
        [
            stream(PACKED, "/Filter/FlateDecode"),
            stream(PACKED[:-4], "/Filter/FlateDecode"),
            stream(PACKED, "/Filter/FlateDecode").replace(b"/Length ", b"/Length 9"),
            stream(PACKED, "/Filter/FlateDecode").replace(b"/Length ", b"/Wrong ", 1),
            stream(PACKED.hex() + ">", "/Filter[/ASCIIHexDecode/FlateDecode]"),
            stream(drawn(*LINES)).replace(b"\nendstream", b""),
        ],
    )
    def test_what_pdfium_reads_in_full_is_not_named(self, content: bytes) -> None:
        parsed = read(pages(content))
        assert all(line in parsed.text for line in LINES)
        assert parsed.omitted == ()

    def test_a_file_of_damaged_pages_is_refused_with_the_cause(self) -> None:
        data = pages(stream(PACKED[:9], "/Filter/FlateDecode"), kids="4 0 R", count=1)
        with pytest.raises(InputError, match=r"page 1 of 1: its content \(object 7\) is damaged") as caught:
            read(data)
        assert caught.value.error_class == "garbage"

    @pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128"])
    def test_a_file_that_is_encrypted_with_an_empty_password(self, algorithm: str) -> None:
        from pypdf import PdfReader, PdfWriter

        whole = pages(stream(PACKED, "/Filter/FlateDecode"))
        writer = PdfWriter(clone_from=PdfReader(BytesIO(whole)))
        writer.encrypt("", "owner", algorithm=algorithm)
        out = BytesIO()
        writer.write(out)
        data = out.getvalue()
        assert LINES[39] in read(data).text
        assert read(data).omitted == ()
        second = [match.end() for match in re.finditer(rb"(?<!end)stream\r?\n", data)][1]
        named = unreadable(read(flipped(data, second + 200)))
        assert any(place.startswith("page 2: its content") for place in named)


class TestParts:
    FORM = "/Filter/FlateDecode/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>"
    IN_FORM = zlib.compress(drawn("in the form").encode())
    BOTH = "<</Font<</F1 5 0 R>>/XObject<</Fm 8 0 R>>>>"

    def test_a_form(self) -> None:
        data = pages(stream("/Fm Do"), stream(self.IN_FORM, self.FORM), resources=self.BOTH)
        assert "in the form" in read(data).text

    @pytest.mark.parametrize(
        ("form", "cause"), [(stream(IN_FORM[:9], FORM), "its end is missing"), (None, "is missing"), ("[]", None)]
    )
    def test_a_form_that_cannot_be_read_is_named_where_it_is_drawn(
        self, form: str | bytes | None, cause: str | None
    ) -> None:
        parsed = read(pages(stream(drawn("second") + "/Fm Do"), form, resources=self.BOTH))
        assert "second" in parsed.text
        if cause:
            (named,) = unreadable(parsed)
            assert named.startswith("page 2: the part Fm that it draws (object 8)")
            assert cause in named

    def test_a_form_inside_a_form(self) -> None:
        outer = stream(
            "/In Do", self.FORM.replace("/Filter/FlateDecode", "").replace("5 0 R>>", "5 0 R>>/XObject<</In 9 0 R>>")
        )
        parsed = read(pages(stream("/Fm Do"), outer, stream(self.IN_FORM[:9], self.FORM), resources=self.BOTH))
        assert unreadable(parsed) == ["page 2: the part In that it draws (object 9) is damaged: its end is missing"]

    def test_a_broken_picture_is_no_loss_of_text(self) -> None:
        picture = stream(
            b"xx", "/Filter/FlateDecode/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray"
        )
        parsed = read(pages(stream(drawn("second") + "/Fm Do"), picture, resources=self.BOTH))
        assert unreadable(parsed) == []

    def test_missing_resources_are_named(self) -> None:
        assert unreadable(read(pages(stream(drawn("second")), resources="70 0 R")))[1:] == [
            "page 2: its resources (object 70) are missing"
        ]


class TestTreeOfPages:
    @pytest.mark.parametrize("count", [-1, 0, 1, 5, 90])
    def test_a_wrong_count_costs_nothing(self, count: int) -> None:
        parsed = read(pages(stream(drawn("second page")), count=count))
        assert parsed.text == "first page\n\nsecond page"
        assert parsed.metadata == {"pages": 2}

    @pytest.mark.parametrize(
        ("kids", "more"),
        [
            ("3 0 R 2 0 R 4 0 R", ()),
            ("3 0 R 8 0 R 4 0 R", ("<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>",)),
            ("3 0 R null 4 0 R", ()),
            ("3 0 R 8 0 R", ("<</Type/Pages/Parent 2 0 R/Kids[8 0 R 4 0 R]/Count 1>>",)),
        ],
    )
    @pytest.mark.parametrize("count", [2, 3])
    def test_loops_and_gaps_cost_nothing(self, kids: str, more: Sequence[str], count: int) -> None:
        parsed = read(pages(stream(drawn("second page")), *more, kids=kids, count=count))
        assert parsed.text == "first page\n\nsecond page"

    @pytest.mark.parametrize("page", [None, "42", "(text)"])
    def test_a_page_that_is_missing_is_named(self, page: str | None) -> None:
        parsed = read(pages(stream(drawn("last page")), page, kids="3 0 R 8 0 R 4 0 R", count=3))
        assert parsed.text == "first page\n\nlast page"
        assert [block.page for block in parsed.blocks] == [1, 3]
        (named,) = unreadable(parsed)
        assert named.startswith("page 2: ")

    def test_a_tree_that_is_missing(self) -> None:
        parsed = read(pages(stream(drawn("second page"))).replace(b"/Pages 2 0 R", b"/Pages 9 0 R"))
        assert parsed.text == "first page\n\nsecond page"

    @pytest.mark.parametrize("kind", ["table", "stream"])
    def test_the_repair_keeps_bookmarks(self, kind: str) -> None:
        from pypdf import PdfReader, PdfWriter

        def draw(canvas: Any) -> None:
            put(canvas, 72, 700, "The lamp", 20)
            canvas.bookmarkPage("a")
            canvas.addOutlineEntry("The lamp", "a", 0)

        whole = pdf(draw, lambda canvas: put(canvas, 72, 700, "and the bell"))
        if kind == "stream":
            writer = PdfWriter(clone_from=PdfReader(BytesIO(whole)))
            out = BytesIO()
            writer.write(out)
            whole = as_xref_stream(out.getvalue())
        parsed = read(re.sub(rb"/Count 2\b", b"/Count 1", whole))
        assert parsed.text == "# The lamp\n\nand the bell"


def as_xref_stream(data: bytes) -> bytes:
    """The file with a cross-reference stream in place of its table."""
    from pypdf import PdfReader

    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    size = len(PdfReader(BytesIO(data)).xref[0]) + 1
    body = data[: data.rindex(b"\nxref") + 1]
    places = {int(m[1]): m.start() for m in re.finditer(rb"(?m)^(\d+) 0 obj", body)} | {size: len(body)}
    rows = b"".join(b"01%08X00" % places[n] if n in places else b"000000000000" for n in range(size + 1))
    head = b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 1]/Root %d 0 R/Filter/ASCIIHexDecode/Length %d>>stream\n%s>\n" % (
        size, size + 1, root, len(rows) + 1, rows,
    )  # fmt: skip
    return body + head + b"endstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


class TestObjectStreams:
    def file(self, packed: bytes) -> bytes:
        """Page 2 and its font stand in an object stream, number 8."""
        font = stream(drawn("second page"))
        head = raw_pdf(
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
            f"<</Type/Page/Parent 2 0 R{BOX}/Resources<</Font<</F1 5 0 R>>>>/Contents 6 0 R>>",
            None,
            FONT,
            stream(drawn("first page")),
            font,
            stream(packed, "/Type/ObjStm/N 1/First 4/Filter/FlateDecode"),
        )
        body = head[: head.rindex(b"xref\n0")]
        places = {int(m[1]): m.start() for m in re.finditer(rb"(?m)^(\d) 0 obj", body)} | {9: len(body)}
        rows = b"".join(b"020000000800" if n == 4 else b"01%08X00" % places.get(n, 0) for n in range(1, 10))
        entries = b"/Type/XRef/Size 10/W[1 4 1]/Index[1 9]/Root 1 0 R/Filter/ASCIIHexDecode"
        made = b"9 0 obj\n<<%s/Length %d>>stream\n%s>\nendstream\nendobj\n" % (entries, len(rows) + 1, rows)
        return body + made + b"startxref\n%d\n%%%%EOF\n" % len(body)

    PAGE = f"<</Type/Page/Parent 2 0 R{BOX}/Resources<</Font<</F1 5 0 R>>>>/Contents 7 0 R>>"

    def test_a_whole_one(self) -> None:
        parsed = read(self.file(zlib.compress(f"4 0 {self.PAGE}".encode())))
        assert parsed.text == "first page\n\nsecond page"
        assert parsed.omitted == ()

    def test_a_damaged_one_is_named_with_the_pages_that_it_held(self) -> None:
        parsed = read(self.file(flipped(zlib.compress(f"4 0 {self.PAGE}".encode()), 2)))
        assert parsed.text == "first page"
        assert [place.split(":")[0] for place in unreadable(parsed)] == ["page 2", "object stream 8"]


def test_an_update_replaces_what_stood_before() -> None:
    data = pages(stream(PACKED[:9], "/Filter/FlateDecode"))
    place = len(data)
    data += b"7 0 obj\n%s\nendobj\n" % stream(drawn("mended page"))
    before = data.rindex(b"startxref", 0, place)
    start = int(data[before:].split()[1])
    data += b"xref\n7 1\n%010d 00000 n \ntrailer<</Size 8/Root 1 0 R/Prev %d>>\n" % (place, start)
    data += b"startxref\n%d\n%%%%EOF\n" % data.rindex(b"xref\n7 1")
    parsed = read(data)
    assert parsed.text == "first page\n\nmended page"
    assert parsed.omitted == ()


def lettered(mapping: str, codes: Sequence[str]) -> bytes:
    """A page of prose, and a line of glyphs that a table maps to letters."""
    rows = "\n".join(f"<{65 + i:02X}> <{code}>" for i, code in enumerate(codes))
    head = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange {len(codes)} beginbfchar"
    table = f"{head}\n{rows}\nendbfchar endcmap"
    font = f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding{mapping}>>"
    content = f"{drawn(*LINES[:20])}\nBT /F2 12 Tf 72 300 Td (ABAB BABA ABBA) Tj ET"
    return pages(stream(content), font, stream(table), resources="<</Font<</F1 5 0 R/F2 8 0 R>>>>")


class TestLetters:
    @pytest.mark.parametrize("codes", [["E001", "E002"], ["FFFD", "FFFD"], ["F812", "FFFD"]])
    def test_words_without_letters_are_named_and_left_out(self, codes: list[str]) -> None:
        parsed = read(lettered("/ToUnicode 9 0 R", codes))
        assert LINES[19] in parsed.text
        assert not re.search("[\ue000-\uf8ff\ufffd]", parsed.text)
        (omitted,) = parsed.omitted
        assert (omitted.kind, omitted.n_words) == ("unreadable", 3)
        assert omitted.place == "page 2: 12 glyphs of fonts that do not state which letters they are"

    def test_words_with_letters_are_kept(self) -> None:
        parsed = read(lettered("/ToUnicode 9 0 R", ["0416", "0451"]))
        assert "\u0416\u0451\u0416\u0451 \u0451\u0416\u0451\u0416" in parsed.text
        assert parsed.omitted == ()

    def test_a_damaged_table_of_letters_is_named(self) -> None:
        data = lettered("/ToUnicode 9 0 R", ["0416", "0451"]).replace(b"begincmap 1", b"begincmap\t1")
        damaged = re.sub(rb"<</Length (\d+)>>(stream\nbegincmap)", rb"<</Length \1/Filter/FlateDecode>>\2", data)
        assert any("the letters of font F2 (object 9) is damaged" in place for place in unreadable(read(damaged)))

    def test_glyphs_of_a_font_without_a_table(self) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))

        def draw(canvas: Any) -> None:
            for i, line in enumerate(LINES[:20]):
                put(canvas, 72, 700 - 14 * i, line)
            put(
                canvas,
                72,
                300,
                "\u00c5ngstr\u00f6m \u0141\u0142\u0141\u0142 \u00c6\u00d8\u00c5\u00c4\u00d6\u00dc",
                12,
                "Vera",
            )

        data = pdf(draw)
        assert "\u00c6\u00d8\u00c5\u00c4\u00d6\u00dc" in read(data).text
        parsed = read(data.replace(b"/ToUnicode", b"/ToUnic0de"))
        assert account_of(parsed).n_words_lost == 0
        assert ["glyphs of fonts that do not state" in place for place in unreadable(parsed)] == [True]


class TestObjects:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            (b"12 0 R", Ref(12)),
            (b"<</A 1/B[2 3 0 R/C]>>", {"A": 1, "B": [2, Ref(3), "C"]}),
            (b"<</A(x\\)(y)>>)/B<</C 5>>>>", {"A": None, "B": {"C": 5}}),
            (b"<</A 1.5/B -2/C<41>/D null>>", {"A": None, "B": -2, "C": None, "D": None}),
            (b"% note\n[ 1 2 ]", [1, 2]),
            (b"<</A 1/B", {"A": 1}),
            (b"[1 [2", [1, [2]]),
            (b">> 1", None),
            (b"", None),
        ],
    )
    def test_values(self, text: bytes, value: object) -> None:
        assert parse_value(text, 0) == value

    def test_deep_nesting_is_no_recursion(self) -> None:
        assert isinstance(parse_value(b"[" * 100_000, 0), list)

    def test_streams(self) -> None:
        found = parse_value(b"<</Length 9>>stream\nabc\nendstream", 0)
        assert found == Stream({Name("Length"): 9}, b"abc\n")

    @pytest.mark.parametrize(
        "data", [b"", b"%PDF-1.4 obj obj endobj", b"1 0 obj" * 5000, b"/Root 1 0 R 1 0 obj <</Pages 1 0 R>>"]
    )
    def test_any_bytes_are_read(self, data: bytes) -> None:
        assert Structure(data).n_pages == 0
