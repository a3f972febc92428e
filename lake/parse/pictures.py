"""Pictures: files of their own, and those inside other documents; both are read by OCR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse import ocr
from lake.parse.account import count_words
from lake.parse.canonical import TextWriter, one_line
from lake.parse.document import Omission

if TYPE_CHECKING:
    from PIL.Image import Image

    from lake.parse.document import ParsedDocument

#: Sides in pixels, and area, below which a picture inside a document is an icon or a rule.
LEAST_SIDE, LEAST_AREA = 40, 6_000
#: Pictures of one document, and frames of one file, that are read at most.
MAX_READ = 200
MAX_FRAMES = 1_000

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
_MAX_PIXELS = 25_000_000
#: Of a picture inside a document: those of an A4 page at 200 dpi.
_MAX_INSIDE = 4_000_000
_PAGE_PIXELS = 800_000
_MAX_DECODED = 200_000_000
#: Of a picture with fewer pixels, letters are likely to be too small for the engine.
_SMALL_PIXELS = 1_000_000
_DPI = 200
#: Least confidence, and number of words, that tell text in a picture from the noise of a photo.
_LEAST_CONFIDENCE, _LEAST_WORDS = 0.6, 2
_FILE_NAME = re.compile(r"[\w\s().:/\\-]*\.(?:png|jpe?g|gif|emf|wmf|bmp|tiff?|svg|webp)\s*", re.IGNORECASE)
_GENERATED = re.compile(r"\s*(?:Description automatically generated|AI-generated content may be incorrect\.?).*", re.S)


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if not ocr.installed():
        reason = f"a picture, which only the extra raglake[ocr] reads; {ocr.INSTALL}, or leave {suffix} files out"
        raise InputError(reason, "unsupported")
    writer = TextWriter()
    pages: list[int] = []
    confidences: list[float] = []
    problems: list[Omission] = []
    n_frames = 0
    for number, image in enumerate(_frames(data, _MAX_PIXELS), 1):
        n_frames = number
        place = f"page {number}"
        if number > MAX_FRAMES:
            problems.append(Omission("page_without_text", 0, f"{place} and later ones: after {MAX_FRAMES:,} pages"))
            break
        try:
            reading = ocr.read_image(image, _DPI)
        except ocr.OcrError as error:
            problems.append(Omission("unreadable", 0, f"{place}: OCR failed: {error}"))
            continue
        if reading.is_empty:
            continue
        if reading.confidence < ocr.NOISE:
            cause = f"{place}: OCR finds nothing legible (confidence {reading.confidence:.2f})"
            problems.append(Omission("page_without_text", 0, cause))
            continue
        if reading.confidence < ocr.UNSURE:
            cause = f"{place}: OCR is unsure (confidence {reading.confidence:.2f})"
            problems.append(Omission("unreadable", 0, cause))
        pages.append(number)
        confidences.append(reading.confidence)
        _write(reading, writer, number)
    if not writer.n_blocks:
        why = f" ({problems[0].place})" if problems else ""
        raise InputError(f"OCR reads no text in the picture{why}; leave it out if it shows none", "no_text")
    return writer.finish(metadata={"pages": n_frames, "ocr": ocr.summary(pages, confidences)}, omitted=tuple(problems))


def _write(reading: ocr.Reading, writer: TextWriter, page: int) -> None:
    writer.read(reading.text)
    for paragraph in reading.text.split("\n\n"):
        if count_words(paragraph):
            writer.add(paragraph, page=page)


class Pictures:
    """Reads the pictures inside one document, each content once.

    It passes over small ones and those in which nothing is legible, and stops after ``MAX_READ``. ``texts`` holds what
    it read, ``problems`` what it could not read.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.problems: list[Omission] = []
        self._known: set[bytes] = set()
        self._confidences: list[float] = []
        self._n_read = 0

    def read(self, data: bytes, place: str) -> list[str]:
        """The paragraphs of a picture; none for one that was read before, and none without the extra."""
        key = sha256(data).digest()
        if key in self._known or not ocr.installed() or not _may_show_text(data):
            return []
        self._known.add(key)
        if self._n_read >= MAX_READ:
            self.problems.append(Omission("picture_without_text", 0, f"{place}: after {MAX_READ} pictures"))
            return []
        self._n_read += 1
        try:
            reading = ocr.read_image(next(_frames(data, _MAX_INSIDE)), _DPI, turns=False)
        except (InputError, ocr.OcrError) as error:
            self.problems.append(Omission("unreadable", 0, f"{place}: {error}"))
            return []
        if reading.confidence < _LEAST_CONFIDENCE or count_words(reading.text) < _LEAST_WORDS:
            return []
        self._confidences.append(reading.confidence)
        paragraphs = [text for text in reading.text.split("\n\n") if count_words(text)]
        self.texts += paragraphs
        return paragraphs

    def metadata(self) -> dict[str, object]:
        """``{"ocr": ...}`` if a picture was read."""
        if not self._confidences:
            return {}
        return {"ocr": {**ocr.summary([], self._confidences), "pictures": len(self._confidences)}}


def _may_show_text(data: bytes) -> bool:
    size = _size(data)
    return size is not None and min(size) >= LEAST_SIDE and size[0] * size[1] >= LEAST_AREA


def description(text: str) -> str:
    """What a person wrote about a picture on one line; names of files and the remarks of programs are nothing."""
    written = _GENERATED.sub("", one_line(text))
    return "" if _FILE_NAME.fullmatch(written) else written


def may_be_page(data: bytes) -> bool:
    """Whether a picture is large enough to be a scanned page; works without the extra."""
    size = _stated_size(data)
    return size is not None and size[0] * size[1] >= _PAGE_PIXELS


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture; None if it is none that can be read."""
    try:
        with _opened(data) as image:
            return image.size
    except InputError:
        return None


def _stated_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as PNG and GIF state them; of others by their number of bytes, as a square."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(b"GIF8"):
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data.startswith((b"\xff\xd8", b"RIFF", b"BM", b"II*\0", b"MM\0*")):
        side = int((4 * len(data)) ** 0.5)
        return side, side
    return None


def _opened(data: bytes) -> Image:
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise InputError("not a picture of a known format, or damaged; check its suffix", "garbage") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"more pixels than can be read: {error}"[:200] + "; reduce it", "too_large") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"the picture is damaged: {error}; fetch or export it again", "garbage") from error
    if image.width * image.height > _MAX_DECODED:
        raise InputError(f"{image.width:,} x {image.height:,} pixels; reduce the picture", "too_large")
    return image


def _frames(data: bytes, most_pixels: int) -> Iterator[Image]:
    """The pages of a picture in grey, upright as its file states; of one that moves, only the first."""
    with _opened(data) as image:
        n_frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        for number in range(min(n_frames, MAX_FRAMES + 1)):
            try:
                image.seek(number)
                frame = _grey(image, most_pixels)
            except (OSError, ValueError, SyntaxError, EOFError) as error:
                if number:
                    continue
                raise InputError(f"the picture is damaged: {error}; fetch or export it again", "garbage") from error
            yield frame


def _grey(image: Image, most_pixels: int) -> Image:
    """A frame in grey on white, in a size that suits the engine."""
    from PIL import Image as pil
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        low, high = upright.getextrema()
        scale = 255.0 / max(1.0, high - low)  # type: ignore[operator]
        upright = upright.convert("F").point(lambda value: (value - low) * scale)
    elif upright.has_transparency_data:
        coloured = upright.convert("RGBA")
        upright = pil.alpha_composite(pil.new("RGBA", coloured.size, "white"), coloured)
    grey = upright.convert("L")
    pixels = grey.width * grey.height
    if pixels < _SMALL_PIXELS:
        return grey.resize((2 * grey.width, 2 * grey.height), pil.Resampling.BICUBIC)
    if pixels > most_pixels:
        scale = (most_pixels / pixels) ** 0.5
        return grey.resize((max(1, int(grey.width * scale)), max(1, int(grey.height * scale))), pil.Resampling.BOX)
    return grey
