"""Places, sizes and weights of a page's glyphs as pdfium knows them.

Every call of pdfium costs time, so that callers look up a word's or a line's ends and never every glyph.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from math import hypot
from typing import TYPE_CHECKING, NamedTuple, overload

from lake.parse.pdf.drawn_rules import drawn_rules
from lake.parse.pdf.geometry import Box
from lake.parse.pdf.ligatures import plain_name
from lake.parse.pdf.native import Results, unchecked
from lake.parse.pdf.raised import joint

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

#: What pdfium writes for a hyphen at the end of a line, in place of the hyphen and the line's end.
LINE_END_HYPHEN = "\ufffe"
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|[-,_ ]bd|cmb|cmssbx|sfbx|sfsx|lmb", re.IGNORECASE)
_BOLD_WEIGHT = 600
_FORCED_BOLD = 1 << 18
_FIXED_NAME = re.compile(r"(?i)courier|mono(?!type)|consol|typewriter|menlo|inconsolata|cmtt|cmvtt|lmtt|sftt|ectt")
_FIXED_PITCH = 1
#: Replacement characters and code points for private use, but for those of symbol fonts and of pieces of brackets.
NO_LETTERS = re.compile("[\ufffd\ue000-\uefff\uf100-\uf8e4]")
#: The numbers of glyphs that pdfium gives for letters it can't name; line ends of its own are pairs.
_CONTROL = re.compile("[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)|(?<!\r)\n")
#: The same in a text whose line ends are all pairs; one class of characters is searched much faster than a choice.
_CONTROL_IN_LINES = re.compile("[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: Stands in the drawn text for a letter that nobody can know, so that its word is one word of the account.
_SOME_LETTER = "\u0294"
#: Characters beyond the basic plane: pdfium counts two for each.
_WIDE = re.compile("[\U00010000-\U0010ffff]")
_MOST_UNMAPPED = 0.4
_MOST_SIGNS = 0.6
#: A figure or a sign that goes on a number, and the first figure right after two letters, which may be a note's mark.
_MAY_BE_RAISED = (
    r"[-\u2212DIGIT](?:(?<=[DIGIT][DIGIT])|(?<=[DIGIT][-\u2212])(?=[DIGIT])"
    r"|(?<=[^\W\d_]{2}[DIGIT])(?![DIGIT]*[^\W\d_]))"
)
_RAISED_WESTERN = re.compile(_MAY_BE_RAISED.replace("DIGIT", "0-9"))
_RAISED_OTHER = re.compile(_MAY_BE_RAISED.replace("DIGIT", r"\d"))
_LONGEST_BASE = 20
#: Size of a superscript, and how far it is raised, in sizes of what is before it.
_RAISED_SIZE, _LEAST_RAISE = 0.85, 0.15


_TOKENS = re.compile(r"[^\W\d_]+")
_FREQUENT = re.compile(
    r"\b(?:the|of|and|to|in|is|for|that|with|on|as|are|be|der|die|und|das|den|von|mit|ist|le|la|les|de|des|et|en|du|"
    r"un|el|los|que|del|por|il|di|e|per|che|o|do|da|na|w|z|i|się|nie)\b"
)
_LEAST_FREQUENT = 0.12


def is_western(text: str) -> bool:
    """Whether a text has no letters but those of Western Europe; several times as fast as a search for others."""
    if text.isascii():
        return True
    try:
        text.replace(LINE_END_HYPHEN, "").encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def with_signs(text: str, first: int, raised: Iterable[tuple[int, str]]) -> str:
    """A run of glyphs that begins at ``first``, with what parts each of the raised ones from what they follow."""
    for index, sign in sorted(raised, reverse=True):
        if first < index < first + len(text):
            text = f"{text[: index - first]}{sign}{text[index - first :]}"
    return text


def reads_as_words(text: str) -> bool:
    """Whether a text has the frequent words of some language.

    >>> reads_as_words("the lamp of the outer pier and the bell"), reads_as_words("WKH ODPS RI WKH RXWHU SLHU")
    (True, False)
    """
    n_frequent = len(_FREQUENT.findall(text.lower()))
    return n_frequent > 2 and n_frequent >= _LEAST_FREQUENT * len(_TOKENS.findall(text))


class Style(NamedTuple):
    """How a text object is drawn: size in points, weight, and whether all letters of its font are of one width."""

    size: float
    bold: bool
    fixed: bool


_NO_STYLE = Style(0.0, False, False)


class _GlyphCalls:
    def __init__(self) -> None:
        self.loose_box = unchecked("FPDFText_GetLooseCharBox")
        self.count_rects = unchecked("FPDFText_CountRects")
        self.rect = unchecked("FPDFText_GetRect")
        self.text_object = unchecked("FPDFText_GetTextObject", ctypes.c_void_p)
        self.font_size = unchecked("FPDFText_GetFontSize", ctypes.c_double)
        self.matrix = unchecked("FPDFText_GetMatrix")
        self.font = unchecked("FPDFTextObj_GetFont", ctypes.c_void_p)
        self.has_map_error = unchecked("FPDFText_HasUnicodeMapError")
        self.origin = unchecked("FPDFText_GetCharOrigin")
        #: Shared by all pages: what a call puts there is read before the next call.
        self.results = Results()


@cache
def _glyph_calls() -> _GlyphCalls:
    return _GlyphCalls()


class PageGlyphs:
    """The glyphs of one page. Boxes are in points of the page as a reader sees it: turned, and cut to its crop box."""

    def __init__(
        self,
        page: PdfPage,
        text_page: PdfTextPage,
        *,
        is_unsure: bool = False,
        ligatures: Mapping[str, Mapping[int, str]] | None = None,
    ) -> None:
        """``is_unsure``: the page has fonts that may not state which letters their glyphs are.

        ``ligatures`` are letters that pdfium may not know, by the name of the font and the code of the glyph.
        """
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._quick = _glyph_calls()
        self._page = page.raw
        self._held = page, text_page  # closing either would free what the handles below point to
        self._raw = text_page.raw
        self._handle = ctypes.cast(text_page.raw, ctypes.c_void_p)
        self.n_chars: int = text_page.count_chars()
        self.text: str = text_page.get_text_range() if self.n_chars else ""
        #: The text as pdfium gives it; in ``text``, letters that nobody can know are replacement characters.
        self.raw_text = self.text
        self.n_unread = self.n_dropped = 0
        #: Indices of superscripts that would run into what is before them, as far as they were looked for, and what
        #: parts them from it.
        self.raised: list[tuple[int, str]] = []
        if is_unsure:
            self._mark_unread()
        n_units = len(self.text) if self.text.isascii() else len(self.text.encode("utf-16-le", "surrogatepass")) // 2
        is_wide = n_units > len(self.text)
        self._wide = [match.start() for match in _WIDE.finditer(self.text)] if is_wide else []
        self._same_units = n_units == self.n_chars
        self._same_index = self._same_units and not self._wide
        self._turn: int = page.get_rotation() // 90
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._is_plain = self._turn == 0 and self._left == 0 and self._bottom == 0
        self._results = self._quick.results
        #: Indices in ``text`` of the second and later letters of ligatures that pdfium gives as one character.
        self._added: list[int] = []
        self._read_ligatures(ligatures or {})
        self._figures: list[int] | None = None
        self._styles: dict[int | None, Style] = {}
        self._fonts: dict[int, tuple[bool, bool]] = {}

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page as shown."""
        width, height = self._right - self._left, self._top - self._bottom
        return (height, width) if self._turn % 2 else (width, height)

    def box(self, first: int, last: int) -> Box | None:
        """The box around a straight run of glyphs, from the indices in ``text`` of its first and its last.

        It reaches from the font's descent to its ascent.
        """
        if not self._same_index:
            first, last = self._index(first), self._index(last)
        edges = self._edges(first, last)
        return edges and Box(*edges)

    def _edges(self, first: int, last: int) -> tuple[float, float, float, float] | None:
        """Left, bottom, right and top of a run, by pdfium's indices; a plain tuple takes half the time of a box."""
        rect, rect_at, read = self._results.floats, self._results.floats_at, self._quick.loose_box
        if not read(self._handle, first, rect_at):
            return None
        left, top, right, bottom, _, _ = rect
        if last != first and read(self._handle, last, rect_at):
            a, b, c, d, _, _ = rect
            if d < bottom:
                bottom = d
            if a < left:
                left = a
            if c > right:
                right = c
            if b > top:
                top = b
        return (left, bottom, right, top) if self._is_plain else self.shown(left, bottom, right, top)

    def place(self, first: int, last: int) -> tuple[tuple[float, float, float, float], Style, bool] | None:
        """Edges of a run as in ``box``, style of both ends, with the size of the first; whether it is one object."""
        if not self._same_index:
            first, last = self._index(first), self._index(last)
        edges = self._edges(first, last)
        if edges is None:
            return None
        styles, handle, drawn_at = self._styles, self._handle, self._quick.text_object
        drawn = drawn_at(handle, first)
        style = styles.get(drawn) or self._style_of(drawn, first)
        other = drawn if last == first else drawn_at(handle, last)
        if other == drawn:
            return edges, style, True
        size, bold, fixed = style
        if bold or fixed:
            _, other_bold, other_fixed = styles.get(other) or self._style_of(other, last)
            style = Style(size, bold and other_bold, fixed and other_fixed)
        return edges, style, False

    def words(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, Box, Style]]:
        """Box and style of each run from the index of its first glyph to its last; runs without a box are not.

        Written out since every word of many pages passes here.
        """
        held, handle, read, drawn_at = self._results, self._handle, self._quick.loose_box, self._quick.text_object
        rect, rect_at, styles = held.floats, held.floats_at, self._styles
        is_same, is_plain = self._same_index, self._is_plain
        for number, (first, last) in enumerate(spans):
            if not is_same:
                first, last = self._index(first), self._index(last)
            if not read(handle, first, rect_at):
                continue
            left, top, right, bottom, _, _ = rect
            if last != first and read(handle, last, rect_at):
                a, b, c, d, _, _ = rect
                if d < bottom:
                    bottom = d
                if a < left:
                    left = a
                if c > right:
                    right = c
                if b > top:
                    top = b
            drawn = drawn_at(handle, first)
            style = styles.get(drawn) or self._style_of(drawn, first)
            box = Box(left, bottom, right, top) if is_plain else self.shown(left, bottom, right, top)
            yield number, box, style

    def rows_with_gaps(self, least: float) -> list[tuple[float, float]]:
        """Heights on the page at which text objects that follow each other have a gap of ``least`` points, and gaps."""
        quick, handle = self._quick, self._handle
        count = quick.count_rects(handle, 0, self.n_chars) if self.n_chars else 0
        read, edges = quick.rect, self._results.doubles
        a, b, c, d = self._results.doubles_at
        is_turned = self._turn % 2
        found = []
        low, high, floor, ceiling = -1e9, 1e9, 0.0, 0.0
        for i in range(count):
            if not read(handle, i, a, b, c, d):
                continue
            start, up, stop, down = edges
            if is_turned:
                start, up, stop, down = down, stop, up, start
            gap = start - high if start > high else low - stop
            if gap >= least and up > floor - 0.5 and down < ceiling + 0.5:
                box = self.shown(*((down, start, up, stop) if is_turned else (start, down, stop, up)))
                found.append(((box.bottom + box.top) / 2, gap))
            low, high, floor, ceiling = start, stop, down, up
        found.sort()
        return found

    def gaps(self, first: int, last: int, least: float) -> list[tuple[float, float]]:
        """Gaps of at least ``least`` points between the text objects of a level line: where each begins and ends."""
        start, end = self._index(first), self._index(last)
        count = self._quick.count_rects(self._handle, start, end - start + 1)
        if count < 2:
            return []
        read, handle, edges, at = self._quick.rect, self._handle, self._results.doubles, self._results.doubles_at
        low, high = (0, 2) if self._turn % 2 == 0 else (3, 1)
        extents = [(edges[low], edges[high]) for i in range(count) if read(handle, i, *at)]
        if self._turn > 1:
            extents = [(-b, -a) for a, b in extents]
        if not extents:
            return []
        extents.sort()
        offset = {0: -self._left, 1: -self._bottom, 2: self._right, 3: self._top}[self._turn]
        found = []
        reach = extents[0][1]
        for begin, stop in extents:
            if begin - reach >= least:
                found.append((reach + offset, begin + offset))
            if stop > reach:
                reach = stop
        return found

    def style(self, index: int) -> Style:
        """Size in points as drawn, weight and kind of a glyph's font."""
        place = index if self._same_index else self._index(index)
        drawn = self._quick.text_object(self._handle, place)
        return self._styles.get(drawn) or self._style_of(drawn, place)

    def parted(self, first: int, text: str) -> str:
        """A run of glyphs with a caret before superscripts that would run into a number, and notes' marks apart."""
        if self._figures is None:
            # Once for the page, since an expression costs more to begin than to run over a line.
            figure = _RAISED_WESTERN if self._is_western else _RAISED_OTHER
            self._figures = [match.start() for match in figure.finditer(self.text)]
        places = self._figures
        found: list[tuple[int, str]] = []
        for i in range(bisect_left(places, first), len(places)):
            if places[i] >= first + len(text):
                break
            if self.is_raised(places[i]):
                before = self.text[max(first, places[i] - _LONGEST_BASE) : places[i]]
                after = self.text[places[i] : first + len(text)]
                if sign := "^" if before[-1:].isdigit() else joint(before, after, 0.0, is_raised=True):
                    found.append((places[i], sign))
        self.raised += found
        return with_signs(text, first, found) if found else text

    def is_raised(self, index: int) -> bool:
        """Whether a glyph is smaller and stands higher than the one before it, on a page that is not turned."""
        if self._turn:
            return False
        first, second = self._index(index - 1), self._index(index)
        drawn_at, read, handle = self._quick.text_object, self._quick.origin, self._handle
        if drawn_at(handle, first) == drawn_at(handle, second):
            return False
        size = self.style(index - 1).size
        if not 0 < self.style(index).size <= _RAISED_SIZE * size:
            return False
        at, edges = self._results.doubles_at, self._results.doubles
        read(handle, first, at[0], at[1])
        read(handle, second, at[2], at[3])
        return _LEAST_RAISE * size <= edges[3] - edges[1] <= size and edges[2] > edges[0]

    def _style_of(self, drawn: int | None, place: int) -> Style:
        """The style of a text object that is new."""
        if not drawn:
            return _NO_STYLE
        quick, handle, held = self._quick, self._handle, self._results
        size: float = abs(quick.font_size(handle, place))
        if quick.matrix(handle, place, held.floats_at):
            _, _, c, d, _, _ = held.floats
            size *= d if c == 0.0 < d else hypot(c, d)
        font = quick.font(ctypes.c_void_p(drawn))
        kind = self._fonts.get(font)
        if kind is None:
            kind = self._fonts[font] = self._kind_of(font) if font else (False, False)
        found = self._styles[drawn] = Style(round(size, 2), *kind)
        return found

    def _kind_of(self, address: int) -> tuple[bool, bool]:
        """Whether a font is bold, and whether all of its letters are of one width."""
        pdfium = self._pdfium
        font = ctypes.cast(address, pdfium.FPDF_FONT)
        stated, flags = self._font_name(address), pdfium.FPDFFont_GetFlags(font)
        is_fixed = bool(flags & _FIXED_PITCH or _FIXED_NAME.search(stated))
        if _BOLD_NAME.search(stated) or flags & _FORCED_BOLD:
            return True, is_fixed
        return bool(pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT), is_fixed

    def _font_name(self, address: int) -> str:
        name = ctypes.create_string_buffer(200)
        self._pdfium.FPDFFont_GetBaseFontName(ctypes.cast(address, self._pdfium.FPDF_FONT), name, len(name))
        return name.value.decode("utf-8", "replace")

    def _index(self, index: int) -> int:
        if self._same_index:
            return index
        if self._added:
            index -= bisect_right(self._added, index)
        index += bisect_left(self._wide, index)
        if self._same_units:
            return index
        place: int = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._raw, index)
        return max(0, place)

    def is_blank(self) -> bool:
        """Whether the page draws nothing."""
        return bool(self._pdfium.FPDFPage_CountObjects(self._page) == 0)

    def _mark_unread(self) -> None:
        """Replace letters that pdfium guesses from the numbers of glyphs, unless the guesses read as words."""
        failed, handle = self._quick.has_map_error, self._handle
        places = [i for i in range(self.n_chars) if failed(handle, i) == 1]
        if not places:
            return
        place_of = self._pdfium.FPDFText_GetTextIndexFromCharIndex
        marked = list(self.text)
        if not self.text.isascii() and _WIDE.search(self.text):
            return
        guessed = [at for i in places if 0 <= (at := place_of(self._raw, i)) < len(marked)]
        spaces = [at for at, letter in enumerate(marked) if letter.isspace()]
        n_signs = sum(marked[at].isprintable() and not marked[at].isalnum() for at in guessed)
        if n_signs > _MOST_SIGNS * len(places) or reads_as_words("".join(marked[i] for i in sorted(guessed + spaces))):
            return
        for at in guessed:
            marked[at] = "\ufffd"
        self.n_unread, self.n_dropped = len(places), len(places) - len(guessed)
        self.text = "".join(marked)

    def _read_ligatures(self, ligatures: Mapping[str, Mapping[int, str]]) -> None:
        """Put letters in the place of glyphs that pdfium can't name; in words, those that nobody knows are marked."""
        drawn = self.raw_text
        has_pairs = drawn.count("\r") == drawn.count("\n") == drawn.count("\r\n")
        places = [match.start() for match in (_CONTROL_IN_LINES if has_pairs else _CONTROL).finditer(drawn)]
        if shown := {chr(code) for own in ligatures.values() for code in own if code >= 0x20}:
            places += [match.start() for match in re.finditer(f"[{re.escape(''.join(shown))}]", drawn)]
        if not places:
            return
        letters: dict[int, str] = {}
        marked, counted = list(self.text), list(drawn)
        for at in sorted(set(places)):
            place = self._index(at)
            if drawn[at] != "\0" and self._quick.has_map_error(self._handle, place) != 1:
                continue
            font = self._font_at(place)
            known = ligatures.get(plain_name(self._font_name(font)), {}) if font else {}
            if found := known.get(ord(drawn[at])):
                letters[at] = found
                self.n_unread -= marked[at] == "\ufffd"
            elif font and _CONTROL.match(drawn, at) and self._is_in_word(at, font):
                marked[at], counted[at] = "\ufffd", _SOME_LETTER
        self.text, self.raw_text = "".join(marked), "".join(counted)
        if letters:
            self._expand(letters)

    def _expand(self, letters: Mapping[int, str]) -> None:
        """Replace characters, by index, in both texts."""
        for at in sorted(letters):
            start = at + len(self._added)
            self._added += range(start + 1, start + len(letters[at]))
        self.text = "".join(letters.get(at, letter) for at, letter in enumerate(self.text))
        self.raw_text = "".join(letters.get(at, letter) for at, letter in enumerate(self.raw_text))
        self._same_index = self._same_index and not self._added

    def _is_in_word(self, index: int, font: int) -> bool:
        """Whether a letter of the same font stands beside a glyph; signs of formulas have fonts of their own."""
        drawn = self.raw_text
        beside = [at for at in (index - 1, index + 1) if 0 <= at < len(drawn) and drawn[at].isalpha()]
        return any(self._font_at(self._index(at)) == font for at in beside)

    def _font_at(self, place: int) -> int:
        drawn = self._quick.text_object(self._handle, place)
        return (self._quick.font(ctypes.c_void_p(drawn)) or 0) if drawn else 0

    def correct(self, drawn: str, words: str) -> None:
        """Note how the text of the page reads in a place where pdfium parts a word."""
        self.raw_text = self.raw_text.replace(drawn, words, 1)

    def has_unread(self) -> bool:
        """Whether some letters can't be known."""
        return self.n_unread > 0 or not (self._is_western or NO_LETTERS.search(self.text) is None)

    @cached_property
    def _is_western(self) -> bool:
        return is_western(self.text)

    def is_unmapped(self) -> bool:
        """Whether most glyphs have no Unicode value that means something, so that the text is no text."""
        if not self.has_unread():
            return False
        text = self.text
        n_glyphs = max(1, self.n_chars - text.count(" ") - 2 * text.count("\n"))
        if self.n_unread > _MOST_UNMAPPED * n_glyphs:
            return True
        return len(NO_LETTERS.findall(text)) > _MOST_UNMAPPED * n_glyphs

    def shown(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A box of the page's own points in those of the page as shown."""
        if self._is_plain:
            return Box(left, bottom, right, top)
        if self._turn == 0:
            return Box(left - self._left, bottom - self._bottom, right - self._left, top - self._bottom)
        if self._turn == 1:
            return Box(bottom - self._bottom, self._right - right, top - self._bottom, self._right - left)
        if self._turn == 2:
            return Box(self._right - right, self._top - top, self._right - left, self._top - bottom)
        return Box(self._top - top, left - self._left, self._top - bottom, right - self._left)

    def rules(self) -> Sequence[Box]:
        """Thin boxes that are drawn; they are looked up when they are first used."""
        return _Rules(lambda: drawn_rules(self._page, self.shown))


class _Rules(Sequence[Box]):
    """Rules that are looked up when they are first used: most pages with gaps turn out to hold no table."""

    def __init__(self, look_up: Callable[[], list[Box]]) -> None:
        self._look_up = look_up
        self._found: list[Box] | None = None

    def _rules(self) -> list[Box]:
        if self._found is None:
            self._found = self._look_up()
        return self._found

    def __len__(self) -> int:
        return len(self._rules())

    @overload
    def __getitem__(self, index: int) -> Box: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Box]: ...

    def __getitem__(self, index: int | slice) -> Box | Sequence[Box]:
        return self._rules()[index]
