"""RTF: fonts with their encodings, and styles with the headings that they make."""

from __future__ import annotations

from dataclasses import dataclass

from lake.parse.canonical import one_line
from lake.parse.office.rtf_words import CHARSETS, SYMBOL_CHARSET, SYMBOL_FONTS, codec_of
from lake.parse.office.symbol_fonts import symbol
from lake.parse.office.word_styles import named_level


@dataclass(slots=True)
class _Font:
    name: str = ""
    codec: str = ""
    is_symbol: bool = False


class RtfFonts:
    """The table of fonts while it is read, and then what bytes in each of them mean."""

    def __init__(self) -> None:
        self.codec = "cp1252"
        self.default: int | None = None
        self._fonts: dict[int, _Font] = {}
        self._last = _Font()

    def begin(self, number: int) -> None:
        """Begin the entry of a font, to which what follows belongs."""
        self._last = self._fonts[number] = _Font()

    def name_last(self, name: str) -> None:
        self._last.name = one_line(name).rstrip("; ") or self._last.name

    def set_charset(self, number: int | None) -> None:
        self._last.is_symbol = number == SYMBOL_CHARSET
        self._last.codec = CHARSETS.get(number or 0, "") if number else ""

    def set_page(self, number: int | None) -> None:
        self._last.codec = codec_of(number) or self._last.codec

    def stated(self, data: bytes) -> str:
        """Text of the file's own tables, which is in no font."""
        return data.decode(self.codec, "replace")

    def text(self, data: bytes, number: int | None) -> str:
        """Text in a font; None is the default one."""
        number = self.default if number is None else number
        font = self._fonts.get(-1 if number is None else number, _Font())
        if font.is_symbol and font.name.lower().startswith(SYMBOL_FONTS):
            return "".join(symbol(font.name, f"{one:x}") for one in data)
        return data.decode(font.codec or self.codec, "replace")


@dataclass(slots=True)
class _Style:
    base: int | None = None
    outline: int | None = None
    name: str = ""


class RtfStyles:
    """The table of styles while it is read, and then the headings that each makes."""

    def __init__(self) -> None:
        self._styles: dict[int, _Style] = {}
        self._last = _Style()

    def begin(self, number: int) -> None:
        """Begin the entry of a style, to which what follows belongs."""
        self._last = self._styles[number] = _Style()

    def name_last(self, name: str) -> None:
        self._last.name = one_line(name).rstrip("; ") or self._last.name

    def set_base(self, number: int | None) -> None:
        self._last.base = number

    def set_outline(self, number: int | None) -> None:
        self._last.outline = number

    def level(self, style: int) -> int:
        """Depth of the heading that a style makes of a paragraph; 0 if it makes none."""
        number: int | None = style
        seen: set[int] = set()
        while number is not None and number in self._styles and number not in seen:
            seen.add(number)
            found = self._styles[number]
            if level := outline_level(found.outline) or named_level(found.name.partition(",")[0]):
                return level
            number = found.base
        return 0


def outline_level(outline: int | None) -> int:
    """Depth of the heading that an outline counted from 0 makes; 0 if it makes none."""
    return outline + 1 if outline is not None and 0 <= outline < 9 else 0
