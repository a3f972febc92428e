"""The text of a page as pdfium gives it, with what it doesn't know of the letters."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.parse.pdf.accents import accented
from lake.parse.pdf.glyph_fonts import GlyphFonts, glyph_calls
from lake.parse.pdf.ligatures import plain_name

if TYPE_CHECKING:
    from lake.parse.pdf.loaded import LoadedText

#: What pdfium writes for a hyphen at the end of a line, in place of the hyphen and the line's end.
LINE_END_HYPHEN = "\ufffe"
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


def reads_as_words(text: str) -> bool:
    """Whether a text has the frequent words of some language.

    >>> reads_as_words("the lamp of the outer pier and the bell"), reads_as_words("WKH ODPS RI WKH RXWHU SLHU")
    (True, False)
    """
    n_frequent = len(_FREQUENT.findall(text.lower()))
    return n_frequent > 2 and n_frequent >= _LEAST_FREQUENT * len(_TOKENS.findall(text))


class PageText:
    """The text of one page. Indices in it are not pdfium's numbers of its glyphs, which `_index` finds."""

    def __init__(
        self, text_page: LoadedText, *, is_unsure: bool, ligatures: Mapping[str, Mapping[int, str]] | None
    ) -> None:
        self._quick = glyph_calls()
        self._handle = text_page.handle
        self._fonts = GlyphFonts(self._handle)
        self.n_chars: int = text_page.count_chars()
        self.text: str = text_page.get_text_range() if self.n_chars else ""
        #: The text as pdfium gives it; in ``text``, letters that nobody can know are replacement characters.
        self.raw_text = self.text
        self.n_unread = self.n_dropped = 0
        if is_unsure:
            self._mark_unread()
        n_units = len(self.text) if self.text.isascii() else len(self.text.encode("utf-16-le", "surrogatepass")) // 2
        is_wide = n_units > len(self.text)
        self._wide = [match.start() for match in _WIDE.finditer(self.text)] if is_wide else []
        self._same_units = n_units == self.n_chars
        self._same_index = self._same_units and not self._wide
        #: Indices in ``text`` of the second and later letters of ligatures that pdfium gives as one character.
        self._added: list[int] = []
        #: Indices in ``text`` before which an accent was, which is part of its letter.
        self._removed: list[int] = []
        self._read_ligatures(ligatures or {})
        self._read_accents()

    def _index(self, index: int) -> int:
        if self._same_index:
            return index
        if self._removed:
            index += bisect_right(self._removed, index)
        if self._added:
            index -= bisect_right(self._added, index)
        index += bisect_left(self._wide, index)
        if self._same_units:
            return index
        place: int = self._quick.index_of_text(self._handle, index)
        return max(0, place)

    def _mark_unread(self) -> None:
        """Replace letters that pdfium guesses from the numbers of glyphs, unless the guesses read as words."""
        failed, handle = self._quick.has_map_error, self._handle
        places = [i for i in range(self.n_chars) if failed(handle, i) == 1]
        if not places:
            return
        place_of = self._quick.text_index
        marked = list(self.text)
        if not self.text.isascii() and _WIDE.search(self.text):
            return
        guessed = [at for i in places if 0 <= (at := place_of(self._handle, i)) < len(marked)]
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
            font = self._fonts.font_at(place)
            known = ligatures.get(plain_name(self._fonts.name_of(font)), {}) if font else {}
            if found := known.get(ord(drawn[at])):
                letters[at] = found
                self.n_unread -= marked[at] == "\ufffd"
            elif font and _CONTROL.match(drawn, at) and self._is_in_word(at, font):
                marked[at], counted[at] = "\ufffd", _SOME_LETTER
        self.text, self.raw_text = "".join(marked), "".join(counted)
        if letters:
            self._expand(letters)

    def _read_accents(self) -> None:
        """Put letters with accents in the place of letters over or under which accents are drawn."""
        found = accented(self.text, self._extent)
        if not found:
            return
        self.text, self.raw_text = (
            "".join(found.get(i, letter) for i, letter in enumerate(text)) for text in (self.text, self.raw_text)
        )
        removed = sorted(at for at, letters in found.items() if not letters)
        self._removed = [at - n for n, at in enumerate(removed)]
        self._same_index = False

    def _extent(self, index: int) -> tuple[float, float] | None:
        results = self._quick.results
        if not self._quick.loose_box(self._handle, self._index(index), results.floats_at):
            return None
        left, _, right, _, _, _ = results.floats
        return left, right

    def _expand(self, letters: Mapping[int, str]) -> None:
        """Replace characters, by index, in both texts."""
        for at in sorted(letters):
            start = at + len(self._added)
            self._added += range(start + 1, start + len(letters[at]))
        self.text = "".join(letters.get(at, letter) for at, letter in enumerate(self.text))
        self.raw_text = "".join(letters.get(at, letter) for at, letter in enumerate(self.raw_text))
        self._same_index = self._same_index and not self._added

    def _part(self, places: Sequence[int], sign: str) -> None:
        """Put a line end or a space before these letters in a text to which no letters were added."""
        self._added += [at + n + 1 for n, at in enumerate(sorted(places))]
        starts = [0, *sorted(places), len(self.text)]
        self.text = sign.join(self.text[a:b] for a, b in pairwise(starts))
        self._same_index = False

    def _is_in_word(self, index: int, font: int) -> bool:
        """Whether a letter of the same font stands beside a glyph; signs of formulas have fonts of their own."""
        drawn = self.raw_text
        beside = [at for at in (index - 1, index + 1) if 0 <= at < len(drawn) and drawn[at].isalpha()]
        return any(self._fonts.font_at(self._index(at)) == font for at in beside)

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
