"""Reads the pages of a PDF one by one; a page that is damaged costs only itself, and is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import omission, word_counts
from lake.parse.document import Omission
from lake.parse.pdf.annotations import Annotations
from lake.parse.pdf.figures import Figures
from lake.parse.pdf.geometry import Line
from lake.parse.pdf.glyphs import PageGlyphs
from lake.parse.pdf.lines import page_lines
from lake.parse.pdf.loaded import LoadedPage, LoadedText
from lake.parse.pdf.ocr import is_without_text
from lake.parse.pdf.opening import reason
from lake.parse.pdf.signs import FAINT, IN_CELLS
from lake.parse.pdf.tables import find_tables
from lake.parse.pdf.unread import unread_words, without_unread, words_with_gaps
from lake.parse.pdf.unseen import remove_unseen

if TYPE_CHECKING:
    from lake.parse.pdf.ocr import Scans
    from lake.parse.pdf.opening import Opened

_UNMAPPED = "its fonts do not state which letters their glyphs are"


@dataclass(slots=True)
class Page:
    """What was read from one page. ``raw`` is its text as drawn; ``is_blank`` means that nothing is drawn at all.

    ``is_scan`` means that its lines were read by OCR, so that their sizes say nothing.
    """

    number: int
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: str = ""
    added: list[str] = field(default_factory=list)
    omitted: list[Omission] = field(default_factory=list)
    is_blank: bool = False
    is_scan: bool = False
    damage: InputError | None = None

    def name(self, cause: str, n_words: int = 0) -> None:
        """Note that something on the page can't be read."""
        self.omitted.append(Omission("unreadable", n_words, f"page {self.number}: {cause}"))

    def leave_out(self, text: str, why: str) -> None:
        """Note text that no reader of the page sees."""
        if text:
            self.added.append(text)
            self.omitted.append(omission("hidden", text, f"page {self.number}: {why}"))


class PageReader:
    """Reads the pages of one document. Make it before any page is loaded, or values of form fields are missing."""

    def __init__(self, file: Opened, data: bytes, scans: Scans) -> None:
        self._file = file
        self._document = file.document
        self._data = data
        self._structure = file.structure
        self._annotations = Annotations(file.document)
        self._figures = Figures(file.structure)
        self._scans = scans

    def read(self, index: int) -> Page:
        import pypdfium2

        found = Page(index + 1)
        try:
            page = LoadedPage(self._document, index)
            try:
                self._read_loaded(found, page)
            finally:
                page.close()
        except pypdfium2.PdfiumError as error:
            found.damage = reason(self._data, str(error))
            found.name(str(found.damage))
        else:
            self._note_damage(found)
        return found

    def _read_loaded(self, found: Page, page: LoadedPage) -> None:
        index = found.number - 1
        ways = self._structure.unseen_ways(index)
        unseen = self._without_unseen(page, index, ways) if ways else {}
        text_page = page.get_textpage()
        try:
            for why, text in unseen.items():
                found.leave_out(text, why)
            found.leave_out(self._in_layers(index, text_page), "layers that are off")
            self._read_texts(found, page, text_page, has_cells=bool(ways & IN_CELLS))
            described = self._figures.of_page(index, found.raw)
            found.notes = [*found.notes, *described]
            found.added += described
        finally:
            text_page.close()

    def _without_unseen(self, page: LoadedPage, index: int, ways: int) -> Mapping[str, str]:
        """Take what no reader sees out of a page; returns it by the reason."""
        structure = self._structure
        has_sure_fonts = not (structure.has_unsure_fonts(index) or structure.has_drawn_fonts(index))
        return remove_unseen(page, ways if has_sure_fonts else ways & FAINT, with_invisible=has_sure_fonts)

    def _in_layers(self, index: int, shown: LoadedText) -> str:
        """The words that a page draws in layers that are off."""
        if self._file.drawn is None:
            return ""
        page = LoadedPage(self._file.drawn, index)
        try:
            text_page = page.get_textpage()
            drawn = word_counts(text_page.get_text_range())
            text_page.close()
        finally:
            page.close()
        return " ".join((drawn - word_counts(shown.get_text_range())).elements())

    def _read_texts(self, found: Page, page: LoadedPage, text_page: LoadedText, *, has_cells: bool) -> None:
        place = f"page {found.number}"
        structure, index = self._structure, found.number - 1
        is_unsure, ligatures = structure.has_unsure_fonts(index), structure.ligatures(index)
        glyphs = PageGlyphs(page, text_page, is_unsure=is_unsure, ligatures=ligatures)
        if has_cells:
            glyphs.part_where_cut()
        added = self._annotations.of_page(page, glyphs, self._file.layers.hidden_annotations(index))
        if added:
            found.notes = added.notes
            found.added += added.texts()
            found.omitted += [omission("hidden", text, f"{place}: annotation") for text in added.hidden]
            found.omitted += [Omission("attachment", 0, f"{place}: {name}") for name in added.attachments]
            if added.n_drawn:
                found.name(f"{added.n_drawn} annotations with words that only their drawing holds")
        if glyphs.is_unmapped():
            found.lines = added.placed if added else []
            self._read_scan(found, page, _UNMAPPED)
            return
        found.lines, outside = page_lines(glyphs, added.placed if added else (), find_tables)
        found.raw = glyphs.raw_text
        if glyphs.has_unread():
            _leave_out_unread(found, glyphs)
        if outside:
            found.omitted.append(omission("hidden", " ".join(outside), f"{place}: outside the page's edges"))
        found.is_blank = not (found.lines or found.omitted) and glyphs.is_blank()
        if not found.is_blank and is_without_text(page, glyphs.text, has_more=bool(found.lines or found.notes)):
            self._read_scan(found, page)

    def _read_scan(self, found: Page, page: LoadedPage, damage: str = "") -> None:
        """Add to a page what OCR reads from it."""
        scan = self._scans.read(page.helper, found.number, found.raw, damage)
        found.omitted += scan.omitted
        if not scan.lines:
            return
        found.lines = [*found.lines, *scan.lines]
        found.raw = f"{found.raw}\n{scan.raw}"
        found.is_scan = True

    def _note_damage(self, found: Page) -> None:
        """Name what the page should hold and pdfium passed over, instead of that it has no text."""
        causes = self._structure.damage(found.number - 1, is_blank=found.is_blank)
        if not causes:
            return
        if not found.lines:
            found.damage = InputError(f"{causes[0]}; fetch or export the PDF again", "garbage")
            found.omitted = [one for one in found.omitted if one.kind != "page_without_text"]
        for cause in causes:
            found.name(cause)


def _leave_out_unread(found: Page, glyphs: PageGlyphs) -> None:
    """Leave out words whose letters nobody can know, and name them; words with a few such letters are only named."""
    n_words, n_glyphs = unread_words(glyphs)
    n_with_gaps, n_lost = words_with_gaps(glyphs)
    found.lines = without_unread(found.lines)
    if n_glyphs:
        found.name(f"{n_glyphs} glyphs of fonts that do not state which letters they are", n_words + n_lost)
    elif n_with_gaps:
        words = "word" if n_with_gaps == 1 else "words"
        found.name(f"{n_with_gaps} {words} with letters that their fonts do not state", n_lost)
