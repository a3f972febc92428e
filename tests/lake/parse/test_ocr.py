"""Scanned pages and pictures, with the engine and without it."""

from __future__ import annotations

import pytest

from lake.errors import InputError
from lake.parse import ocr, parse
from lake.parse.account import account_of, words
from tests.lake.parse.pdf_files import column, pdf, put, text_pages, turned
from tests.lake.parse.scan_files import LETTER, encoded, encoded_white, picture, scanned

needs_engine = pytest.mark.skipif(not ocr.installed(), reason=f"OCR is not installed: {ocr.INSTALL}")
TYPED = ["Report of the harbour office", "The harbour office keeps the tide tables of both piers in its archive."]


def kinds(parsed: object) -> list[str]:
    return [one.kind for one in account_of(parsed).omitted]  # type: ignore[arg-type]


def recall(text: str, lines: tuple[str, ...] = LETTER) -> float:
    wanted, found = words(" ".join(lines)), set(words(text))
    return sum(word in found for word in wanted) / len(wanted)


@needs_engine
def test_scanned_pages_between_typed_ones_are_read() -> None:
    page = picture(size=(595, 842))
    data = pdf(lambda canvas: column(canvas, TYPED), scanned(page), lambda canvas: column(canvas, TYPED))
    parsed = parse(data, "mixed.pdf")
    assert recall(parsed.text) > 0.95
    assert {block.page for block in parsed.blocks if "lamp" in parsed.text[block.start : block.end]} == {2}
    assert parsed.metadata["ocr"] == {"engine": ocr.engine(), "pages": [2], "confidence": pytest.approx(0.9, abs=0.1)}
    account = account_of(parsed)
    assert account.share_kept > 0.98
    assert not kinds(parsed)
    assert "pages_without_text" not in parsed.metadata


@needs_engine
def test_a_turned_scan_is_turned_back() -> None:
    page = picture(size=(595, 842))
    parsed = parse(turned(pdf(scanned(page)), 90), "turned.pdf")
    assert recall(parsed.text) > 0.95
    assert parsed.text.index("lamp") < parsed.text.index("housing")


@needs_engine
def test_a_stamp_on_a_scan_is_kept_once() -> None:
    def stamped(canvas: object) -> None:
        scanned(picture(size=(595, 842)))(canvas)
        put(canvas, 300, 40, "Received 4711 archive")

    parsed = parse(pdf(stamped), "stamped.pdf")
    assert recall(parsed.text) > 0.95
    assert parsed.text.count("4711") == 1


@pytest.mark.usefixtures("without_engine")
def test_without_the_engine_each_page_is_named() -> None:
    data = pdf(lambda canvas: column(canvas, TYPED), scanned(picture(size=(595, 842))))
    parsed = parse(data, "mixed.pdf")
    assert [(one.kind, one.place) for one in parsed.omitted] == [("page_without_text", "page 2")]


@pytest.mark.usefixtures("without_engine")
def test_a_scan_is_refused_without_the_engine() -> None:
    with pytest.raises(InputError, match=r"probably a scan; pip install 'raglake\[ocr\]'") as caught:
        parse(pdf(scanned(picture(size=(595, 842)))), "scan.pdf")
    assert caught.value.error_class == "no_text"


def test_a_crash_of_the_engine_costs_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ocr.OcrError("it was killed by SIGSEGV")

    monkeypatch.setattr(ocr, "installed", lambda: True)
    monkeypatch.setattr(ocr, "read_image", crash)
    data = pdf(lambda canvas: column(canvas, TYPED), scanned(picture(size=(595, 842))))
    omitted = parse(data, "mixed.pdf").omitted
    assert [(one.kind, one.place) for one in omitted] == [
        ("unreadable", "page 2: OCR failed: it was killed by SIGSEGV")
    ]


@needs_engine
def test_an_empty_scanned_page_is_no_remark() -> None:
    white = picture([], size=(595, 842))
    parsed = parse(pdf(lambda canvas: column(canvas, TYPED), scanned(white)), "white.pdf")
    assert not parsed.omitted
    assert parsed.metadata["pages_without_text"] == [2]


def test_typed_pages_need_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "read_image", lambda *_: pytest.fail("OCR ran"))
    assert "tide tables" in parse(text_pages([TYPED, TYPED]), "typed.pdf").text


@needs_engine
@pytest.mark.parametrize(("suffix", "form"), [(".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP"), (".gif", "GIF")])
def test_pictures_are_documents(suffix: str, form: str) -> None:
    parsed = parse(encoded(picture(LETTER[:2], size=(420, 80)), form), f"a{suffix}")
    assert recall(parsed.text, LETTER[:2]) > 0.95
    assert parsed.metadata["pages"] == 1
    assert account_of(parsed).share_kept == 1.0


@needs_engine
def test_a_tiff_has_pages() -> None:
    pages = [picture([line], size=(420, 60)) for line in LETTER[1:3]]
    parsed = parse(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "a.tiff")
    assert [block.page for block in parsed.blocks] == [1, 2]
    assert recall(parsed.text, LETTER[1:3]) > 0.95


@needs_engine
def test_small_letters_and_transparency_are_read() -> None:
    screen = picture(LETTER[:3], dpi=72)
    clear = screen.convert("RGBA")
    clear.putalpha(screen.point(lambda value: 255 - value))
    assert recall(parse(encoded(screen), "screen.png").text, LETTER[:3]) > 0.9
    assert recall(parse(encoded(clear), "clear.png").text, LETTER[:3]) > 0.9


@needs_engine
@pytest.mark.parametrize(
    ("data", "error_class"),
    [
        (encoded_white(), "no_text"),
        (b"no picture at all", "garbage"),
        (encoded_white()[:150], "garbage"),
    ],
)
def test_a_picture_without_text_is_refused(data: bytes, error_class: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(data, "a.png")
    assert caught.value.error_class == error_class


@pytest.mark.usefixtures("without_engine")
def test_without_the_engine_a_picture_is_unsupported_and_the_extra_is_named() -> None:
    with pytest.raises(InputError, match=r"raglake\[ocr\]") as caught:
        parse(b"any bytes", "a.png")
    assert caught.value.error_class == "unsupported"
