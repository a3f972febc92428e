"""Ligatures of fonts that state no letters, and letters in words that nobody can know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from lake.parse.pdf.reader import parse
from tests.lake.parse.pdf_files import mapped, pdf, put, raw_pdf, stream

LIBERTINE = (
    "[27/f_i/f_f_i/f_f/f_l/T_h 40/Q_u 97" + "".join(f"/{letter}" for letter in "abcdefghijklmnopqrstuvwxyz") + "]"
)


def drawn_in(fonts: Sequence[str], *lines: str) -> ParsedDocument:
    """A page of the fonts' dictionaries, with a line in each; a control character is written as in PDF."""
    content = "".join(
        f"BT /F{i} 12 Tf 72 {700 - 20 * i} Td ({''.join(map(_written, line))}) Tj ET\n" for i, line in enumerate(lines)
    )
    names = "".join(f"/F{i} {5 + i} 0 R" for i in range(len(fonts)))
    data = raw_pdf(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<<{names}>>>>>>",
        stream(content),
        *fonts,
    )
    return parse(data, ".pdf")


def _written(letter: str) -> str:
    return letter if " " <= letter <= "~" and letter not in "()\\" else f"\\{ord(letter):03o}"


def type1(name: str, differences: str = "") -> str:
    encoding = f"/Encoding<</Type/Encoding/Differences{differences}>>" if differences else ""
    return f"<</Type/Font/Subtype/Type1/BaseFont/{name}{encoding}>>"


def bitmaps(codes: Sequence[int]) -> str:
    """A font whose glyphs are drawings, as dvips and pdfTeX make it of TeX's own fonts."""
    names = "".join(f" {code}/a{code}" for code in codes)
    glyphs = "".join(f"/a{code} 6 0 R" for code in codes)
    return (
        f"<</Type/Font/Subtype/Type3/FontMatrix[.001 0 0 .001 0 0]/FontBBox[0 0 600 600]/CharProcs<<{glyphs}>>"
        f"/Encoding<</Type/Encoding/Differences[{names}]>>/FirstChar 0/LastChar 255/Widths[{'600 ' * 256}]>>"
    )


def test_the_name_of_a_glyph_states_its_letters() -> None:
    font = type1("ZZVEOM+LinLibertineT", LIBERTINE)
    parsed = drawn_in([font], "de\x1bne a su\x1cx that di\x1ders in its \x1eow", "")
    assert parsed.text == "define a suffix that differs in its flow"
    assert not parsed.omitted
    assert account_of(parsed).share_kept == 1


def test_letters_stay_in_their_places_behind_ligatures() -> None:
    """Other lines, and marks of the text's own, do not move by the letters that a ligature has more."""
    fonts = [type1("ZZVEOM+LinLibertineT", LIBERTINE), type1("Helvetica")]
    parsed = drawn_in(fonts, "su\x1cx su\x1cx su\x1cx de\x1bne", "the second line is here")
    assert parsed.text == "suffix suffix suffix define\nthe second line is here"
    assert drawn_in(fonts[:1], "(een \x1f(").text == "Queen ThQu"


def test_fonts_of_one_name_with_other_glyphs_are_not_mixed_up() -> None:
    fonts = [type1("AAAAAA+LinBiolinum", "[27/f_f 29/t_t]"), type1("BBBBBB+LinBiolinum", "[27/f_i 29/t_t]")]
    parsed = drawn_in(fonts, "le\x1der di\x1bers", "le\x1der pro\x1bt")
    assert parsed.text.split() == ["letter", "di\ufffders", "letter", "pro\ufffdt"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ABCDEF+CMR10", "di\x0berent \x0celds \x0dow in su\x0ex and ra\x0fe"),
        ("CMBX12", "di\x0berent \x0celds \x0dow in su\x0ex and ra\x0fe"),
        ("SFRM1095", "di\x1berent \x1celds \x1dow in su\x1ex and ra\x1fe"),
        ("ecti1000", "di\x1berent \x1celds \x1dow in su\x1ex and ra\x1fe"),
    ],
)
def test_fonts_of_tex_have_its_encodings(name: str, line: str) -> None:
    parsed = drawn_in([type1(name)], line)
    assert parsed.text == "different fields flow in suffix and raffle"
    assert not parsed.omitted


@pytest.mark.parametrize(
    ("codes", "line"),
    [
        ([11, 12, *range(97, 123)], "the di\x0berent \x0celds of the paper and the end of it"),
        ([16, 17, 27, 28, *range(97, 123)], "the di\x1berent \x1celds of the paper and the end of it"),
    ],
)
def test_letters_that_tex_drew_as_pictures(codes: Sequence[int], line: str) -> None:
    glyph = stream("600 0 0 0 500 500 d1 0 0 500 500 re f")
    parsed = drawn_in([bitmaps(codes), glyph.decode("latin-1")], line)
    assert parsed.text == "the different fields of the paper and the end of it"


def test_a_letter_that_nobody_can_know_is_named() -> None:
    parsed = drawn_in([type1("Unknown", "[5/g5 11/g11]")], "the di\x0berent end of a \x05ord and \x0b alone")
    assert parsed.text == "the di\ufffderent end of a \ufffdord and alone"
    named = [(one.kind, one.n_words, one.place) for one in parsed.omitted]
    assert named == [("unreadable", 2, "page 1: 2 words with letters that their fonts do not state")]
    account = account_of(parsed)
    assert (account.n_words_source, account.n_words_kept, account.n_words_lost) == (8, 6, 0)


def test_a_replacement_character_in_a_word_is_named() -> None:
    parsed = parse(mapped(["di", "\ufffd", "ers", "so"], [(72, 700, [0, 1, 2]), (72, 680, [3])]), ".pdf")
    assert parsed.text.split() == ["di\ufffders", "so"]
    assert [(one.kind, one.n_words) for one in parsed.omitted] == [("unreadable", 0)]


def test_signs_of_formulas_are_no_letters_of_words() -> None:
    """Brackets of TeX's large signs stand beside letters of other fonts; a bullet stands alone."""
    fonts = [type1("CMR10", "[97/a/b/c]"), type1("CMEX10", "[18/parenleftbigg/parenrightbigg]")]
    assert not drawn_in(fonts, "abc", "\x12\x13").omitted


def test_accents_that_are_drawn_over_their_letters_are_part_of_them() -> None:
    words = (
        ("J", "\u00a8", "o", "reskog"),
        ("Jos", "\u00b4", "e", ""),
        ("Fran", "\u00b8", "c", "ois"),
        ("l", "`", "a", ""),
    )

    def draw(canvas: Any) -> None:
        for i, (begin, accent, letter, end) in enumerate(words):
            y, x = 780 - 16 * i, 72 + canvas.stringWidth(begin, "Helvetica", 11)
            wide, narrow = (canvas.stringWidth(one, "Helvetica", 11) for one in (letter, accent))
            put(canvas, 72, y, begin)
            for part in ((accent, letter), (letter, accent))[i % 2]:
                put(canvas, x + (wide - narrow) / 2 * (part == accent), y, part)
            put(canvas, x + wide, y, end)
        put(canvas, 72, 600, "a `quoted` word ` and 5\u00b4 stay apart")

    parsed = parse(pdf(draw), ".pdf")
    drawn = "J\u00f6reskog Jos\u00e9 Fran\u00e7ois l\u00e0 a `quoted` word ` and 5\u00b4 stay apart"
    assert " ".join(parsed.text.split()) == drawn
    assert account_of(parsed).n_words_lost == 0
