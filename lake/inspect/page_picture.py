"""The picture of one page of a PDF, with frames around the lines that were read from it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.pdf.ocr import Scans
from lake.parse.pdf.opening import opened
from lake.parse.pdf.pages import PageReader

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

    from lake.parse.pdf.geometry import Line

#: Pixels of the longer side of a picture, and the most dots per inch for small pages.
SIDE, _DPI = 1400, 144
#: Colours of frames around lines and around tables.
_LINE, _TABLE = (36, 107, 206, 200), (196, 80, 20, 220)


def picture(item: tuple[bytes, int, bool]) -> bytes:
    """The PNG of a page. ``item``: a PDF, the page from 1, and whether to frame its lines.

    Raises InputError if there is no such page, or it can't be drawn.
    """
    import pypdfium2

    data, number, is_framed = item
    file = opened(data)
    try:
        if not 1 <= number <= len(file.document):
            raise InputError(f"there is no page {number}; the PDF has {len(file.document)}", "unreadable")
        lines = PageReader(file, data, Scans()).read(number - 1).lines if is_framed else []
        return _drawn(file.document[number - 1], lines)
    except pypdfium2.PdfiumError as error:
        raise InputError(f"page {number} can't be drawn: {error}", "unreadable") from error
    finally:
        file.close()


def _drawn(page: PdfPage, lines: list[Line]) -> bytes:
    from PIL import Image, ImageDraw

    width, height = page.get_size()
    scale = min(SIDE / max(width, height, 1), _DPI / 72)
    image = page.render(scale=scale).to_pil().convert("RGBA")
    frames = Image.new("RGBA", image.size)
    pen = ImageDraw.Draw(frames)
    for line in lines:
        colour = _TABLE if line.table else _LINE
        box = (line.left * scale - 2, (height - line.top) * scale - 2)
        end = (max(line.right * scale + 2, box[0]), max((height - line.bottom) * scale + 2, box[1]))
        pen.rectangle((*box, *end), outline=colour, width=2)
    out = BytesIO()
    Image.alpha_composite(image, frames).convert("RGB").save(out, "PNG", optimize=False)
    return out.getvalue()
