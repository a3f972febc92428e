"""Lines of a page that is taken apart into words, and how the text of a line reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

from lake.parse.canonical import clean
from lake.parse.pdf.geometry import Box, Line
from lake.parse.pdf.page_text import LINE_END_HYPHEN

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import PlacedWord

#: A gap in a line that may part columns or cells, in units of its size.
WIDE_GAP = 1.2
_LIGATURES = re.compile("[\ufb00-\ufb06\ufb13-\ufb17]")
_SPECIAL = re.compile(f"[\ufb00-\ufb06\ufb13-\ufb17\uf000-\uf0ff\xad\ufeff\ud800-\udfff{LINE_END_HYPHEN}]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
#: A sign of a symbol font that begins a line.
_BULLET = re.compile("\\A[\ue000-\uf8ff](?= \\w)")
_END_FIRST = re.compile("([.!?:,;\u060c\u061b\u061f]+)(?=[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])(.*)", re.DOTALL)
_MIRROR = str.maketrans("()[]{}", ")(][}{")
_SYMBOLS = str.maketrans(
    dict.fromkeys("\uf0b7\uf0a7\uf0d8\uf076\uf0a8\uf06f\uf0fc\uf0d2\uf0be\uf02d", "•") | {"\xad": "", "\ufeff": ""}
)


def shown(text: str) -> str:
    """The text of a line without ligatures and soft hyphens, with bullets for those of symbol fonts."""
    if text.isascii():
        return text
    if _RIGHT_TO_LEFT.search(text):
        text = _with_end_last(_mirrored(text))
    text = _BULLET.sub("•", text)
    if not _SPECIAL.search(text):
        return text
    if text[-1] == "\xad":
        text = f"{text[:-1]}{LINE_END_HYPHEN}"
    text = _LIGATURES.sub(lambda match: normalize("NFKC", match[0]), text.translate(_SYMBOLS))
    return clean(text).replace(LINE_END_HYPHEN, "-")


def _mirrored(text: str) -> str:
    r"""A line of Hebrew or Arabic with its brackets as written, if pdfium turned the letters and not the brackets.

    >>> _mirrored("\u05d9\u05d5\u05dd )\u05d1( \u05d6\u05d4") == "\u05d9\u05d5\u05dd (\u05d1) \u05d6\u05d4"
    True
    """
    is_turned = any(
        0 <= text.find(close) < text.find(begin) and text.rfind(close) < text.rfind(begin)
        for begin, close in ("()", "[]", "{}")
    )
    n_letters = sum(letter.isalpha() for letter in text)
    if not is_turned or 2 * len(_RIGHT_TO_LEFT.findall(text)) < n_letters:
        return text
    return text.translate(_MIRROR)


def _with_end_last(text: str) -> str:
    r"""A line of Hebrew or Arabic with the full stop at its end, which pdfium gives at its begin.

    >>> _with_end_last(".\u05d9\u05d5\u05dd \u05d6\u05d4") == "\u05d9\u05d5\u05dd \u05d6\u05d4."
    True
    """
    match = _END_FIRST.fullmatch(text)
    return match[2] + match[1] if match and (text[-1].isalnum() or text[-1] in ")]}") else text


def word_lines(words: Sequence[PlacedWord]) -> list[Line]:
    """Runs of words on one line without a wide gap, in the order in which the page draws them."""
    lines: list[Line] = []
    texts: list[str] = []
    starts: list[float] = []
    line: Line | None = None
    is_turned = False
    last = Box(0.0, 0.0, 0.0, 0.0)
    for text, box, size, bold, fixed, turned in words:
        if line is not None and turned == is_turned and _goes_on(line, last, box, size):
            texts.append(text)
            starts.append(box.left)
            line.runs_down = turned and box.bottom < last.bottom
            left, bottom, right, top = box
            if left < line.left:
                line.left = left
            if bottom < line.bottom:
                line.bottom = bottom
            if right > line.right:
                line.right = right
            if top > line.top:
                line.top = top
            line.bold = line.bold and bold
            line.is_fixed = line.is_fixed and fixed
        else:
            if line is not None:
                _finish(line, texts, starts)
            texts, starts = [text], [box.left]
            is_upright = not turned and (len(text) < 3 or box.top - box.bottom <= max(2.5 * size, 4.0))
            line = Line("", *box, size, bold, is_upright=is_upright, is_fixed=fixed)
            is_turned = turned
            lines.append(line)
        last = box
    if line is not None:
        _finish(line, texts, starts)
    return lines


def _finish(line: Line, texts: Sequence[str], starts: Sequence[float]) -> None:
    line.text = shown(" ".join(texts))
    if line.is_fixed:
        line.starts = tuple(starts)


def _goes_on(line: Line, last: Box, box: Box, size: float) -> bool:
    """Whether a word continues the line of the word before it, in either direction of writing."""
    # Without min and max, since every word of the page passes here.
    em = line.size if line.size > size else size
    if em < 4.0:
        em = 4.0
    left, bottom, right, top = box
    last_left, last_bottom, last_right, last_top = last
    if not line.is_upright:
        return -em < left + right - last_left - last_right < em
    if not -em <= bottom + top - last_bottom - last_top <= em:
        return False
    return left - last_right <= WIDE_GAP * em and last_left - right <= WIDE_GAP * em
