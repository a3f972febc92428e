"""Pages of a PDF that show text without holding it: renders them and reads them by OCR."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse import ocr
from lake.parse.account import count_words, omission, word_counts
from lake.parse.document import REMARKED, Omission
from lake.parse.pdf.geometry import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pypdfium2 import PdfPage

    from lake.parse.document import OmissionKind
    from lake.parse.pdf.loaded import LoadedPage

#: A page with at most this number of words under a picture that covers it is a scan with a stamp or a page number.
MOST_STAMPED = 8
#: Pages of one document that are read at most.
MAX_PAGES = 1_000

_LONGEST_STAMP = 200
_DPI = 200
_MAX_PIXELS = 25_000_000
_COVERED = 0.5
_POINTS_PER_INCH = 72
_MOST_OBJECTS = 1_000


@dataclass(frozen=True, slots=True)
class ScannedText:
    """What OCR adds to a page: lines, all text that it read, and what is to be remarked on."""

    lines: tuple[Line, ...] = ()
    raw: str = ""
    omitted: tuple[Omission, ...] = ()


class Scans:
    """Reads pages of one document, as far as OCR is installed, and keeps what its metadata state."""

    def __init__(self) -> None:
        self._pages: list[int] = []
        self._confidences: list[float] = []
        self._n_read = 0

    def read(self, page: PdfPage, number: int, typed: str, damage: str = "") -> ScannedText:
        """Read page ``number``; ``typed`` are the few words that it holds as text, ``damage`` why it has no others."""
        place = f"page {number}"
        if not ocr.installed():
            return _nothing(place, "", damage)
        if self._n_read >= MAX_PAGES:
            return _nothing(place, f"after {MAX_PAGES:,} pages of OCR", damage)
        self._n_read += 1
        try:
            reading = _read_page(page)
        except ocr.OcrError as error:
            return ScannedText(omitted=(Omission("unreadable", 0, f"{place}: OCR failed: {error}"),))
        if reading.is_empty:
            return _nothing(place, "OCR finds nothing", damage) if damage else ScannedText()
        if reading.confidence < ocr.NOISE:
            return _nothing(place, f"OCR finds nothing legible (confidence {reading.confidence:.2f})", damage)
        self._pages.append(number)
        self._confidences.append(reading.confidence)
        lines, repeated = _added_lines(_lines_of(reading, page.get_width()), typed)
        omitted = [omission("repeated", repeated, f"{place}: in the picture and as text")] if repeated else []
        if reading.confidence < ocr.UNSURE:
            omitted.append(Omission("unreadable", 0, f"{place}: OCR is unsure (confidence {reading.confidence:.2f})"))
        return ScannedText(tuple(lines), "\n".join(line.text for line in reading.lines), tuple(omitted))

    def metadata(self) -> dict[str, object]:
        """``{"ocr": ...}`` if a page was read by it."""
        return {"ocr": ocr.summary(self._pages, self._confidences)} if self._pages else {}

    def refusal(self, n_pages: int, omitted: Sequence[Omission]) -> InputError:
        """Why a document in which no page has text is not indexed."""
        pages = "its only page" if n_pages == 1 else f"any of {n_pages} pages"
        if not ocr.installed():
            reason = f"no text layer on {pages}, so probably a scan; {ocr.INSTALL} or add a text layer"
            return InputError(reason, "no_text")
        causes = [one.place for one in omitted if one.kind in REMARKED]
        why = f" ({causes[0]})" if causes else ""
        return InputError(f"no text on {pages}, not even by OCR{why}; scan it anew or leave it out", "no_text")


def _nothing(place: str, cause: str, damage: str) -> ScannedText:
    why = "; ".join(filter(None, (damage, cause)))
    kind: OmissionKind = "unreadable" if damage else "page_without_text"
    return ScannedText(omitted=(Omission(kind, 0, f"{place}: {why}" if why else place),))


def is_without_text(page: LoadedPage, typed: str, *, has_more: bool) -> bool:
    """Whether a page that is not blank shows more text than it holds: it holds none, or few words beside a picture.

    ``has_more``: it has text of another kind, such as values of a form or notes.
    """
    if len(typed) > _LONGEST_STAMP:
        return False
    n_words = count_words(typed)
    if not n_words and not has_more:
        return True
    return n_words <= MOST_STAMPED and is_covered(page.helper)


def _read_page(page: PdfPage) -> ocr.Reading:
    """Read a page as it is shown. Raises OcrError."""
    width, height = page.get_size()
    pixels = width * height * (_DPI / _POINTS_PER_INCH) ** 2
    dpi = _DPI * min(1.0, (_MAX_PIXELS / max(1.0, pixels)) ** 0.5)
    bitmap = page.render(scale=dpi / _POINTS_PER_INCH, grayscale=True)
    try:
        return ocr.read_image(bitmap.to_pil(), max(70, round(dpi)))
    finally:
        bitmap.close()


def _lines_of(reading: ocr.Reading, width: float) -> list[Line]:
    """A reading as lines of a page that is ``width`` points wide before it is turned.

    All have one size: heights that depend on a line's letters would be taken for headings.
    """
    if not reading.lines:
        return []
    pixels = reading.width if reading.turn % 180 == 0 else reading.height
    scale = width / max(1, pixels)
    size = round(0.75 * scale * median(line.bottom - line.top for line in reading.lines), 2)
    return [
        Line(
            line.text,
            scale * line.left,
            scale * (reading.height - line.bottom),
            scale * line.right,
            scale * (reading.height - line.top),
            size,
        )
        for line in reading.lines
        if count_words(line.text)
    ]


def is_covered(page: PdfPage) -> bool:
    """Whether a picture covers most of the page."""
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    for number, drawn in enumerate(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3)):
        left, bottom, right, top = drawn.get_bounds()
        if (right - left) * (top - bottom) >= _COVERED * width * height:
            return True
        if number >= _MOST_OBJECTS:
            break
    return False


def _added_lines(lines: Sequence[Line], typed: str) -> tuple[list[Line], str]:
    """The lines that hold more than ``typed``, the words that the page itself holds, and the text of the others."""
    left = word_counts(typed)
    kept, repeated = [], []
    for line in lines:
        own = word_counts(line.text)
        if left and count_words(line.text) and own <= left:
            left -= own
            repeated.append(line.text)
        else:
            kept.append(line)
    return kept, " ".join(repeated)
