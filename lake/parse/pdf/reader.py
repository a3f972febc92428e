"""PDF by pypdfium2: lines of pages in reading order, tables, headings, form values and notes, without running lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.account import count_words, omission
from lake.parse.canonical import TextWriter, clean, one_line
from lake.parse.document import Omission
from lake.parse.pdf.annotations import Annotations, attachments
from lake.parse.pdf.geometry import Line
from lake.parse.pdf.glyphs import PageGlyphs
from lake.parse.pdf.headings import body_size, is_title, title_of, typed_headings
from lake.parse.pdf.hyphens import Hyphens
from lake.parse.pdf.layout import (
    Bookmark,
    PlacedHeading,
    body_of,
    join_divided,
    placed_bookmarks,
    write_page,
)
from lake.parse.pdf.lines import page_lines
from lake.parse.pdf.ocr import Scans, is_without_text
from lake.parse.pdf.running import running_lines
from lake.parse.pdf.table_pages import finish_tables

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

    from lake.parse.document import ParsedDocument
    from lake.parse.pdf.lines import FindTables

MAX_PAGES = 20_000
_NUMBERS = re.compile(r"\d+")
_SHORT_NAME = 4
_LONGEST_NAME = 60
_MOST_RANGES = 8


def parse(data: bytes, suffix: str) -> ParsedDocument:
    document = _open(data)
    try:
        return _parsed(document, data)
    finally:
        document.close()


def _open(data: bytes) -> PdfDocument:
    import pypdfium2

    if b"%PDF-" not in data[:1024]:
        raise InputError("not a PDF: it does not begin like one; check its suffix", "garbage")
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _reason(data, str(error)) from error


def _reason(data: bytes, message: str) -> InputError:
    if "password" in message.lower() or "security" in message.lower():
        return InputError("the PDF is protected by a password; save it without one", "encrypted")
    if b"%%EOF" not in data[-2048:] and b"endobj" in data:
        return InputError(f"the end of the PDF is missing ({len(data):,} bytes are here); fetch it again", "truncated")
    return InputError(f"the PDF's structure is damaged: {message} Fetch or export it again", "garbage")


@dataclass(slots=True)
class _Page:
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


def _parsed(document: PdfDocument, data: bytes) -> ParsedDocument:
    if len(document) > MAX_PAGES:
        raise InputError(f"{len(document):,} pages, more than the limit of {MAX_PAGES:,}; split the file", "too_large")
    annotations = Annotations(document)
    find_tables = _table_finder()
    scans = Scans()
    pages = [_read_page(document, index, data, annotations, find_tables, scans) for index in range(len(document))]
    if not any(page.lines or page.notes for page in pages):
        _refuse_damaged(pages)
        raise scans.refusal(len(pages), [one for page in pages for one in page.omitted])
    return _written(document, pages, scans)


def _refuse_damaged(pages: Sequence[_Page]) -> None:
    """Raise the damage of the first page that can't be read, if there is one."""
    for page in pages:
        if page.damage is not None:
            reason = f"page {page.number} of {len(pages)}: {page.damage}"
            raise InputError(reason, page.damage.error_class) from page.damage


def _table_finder() -> FindTables | None:
    """The function that finds tables by geometry."""
    if find_spec("lake.parse.pdf.tables") is None:
        return None
    from importlib import import_module

    found: FindTables = import_module("lake.parse.pdf.tables").find_tables
    return found


def _read_page(
    document: PdfDocument,
    index: int,
    data: bytes,
    annotations: Annotations,
    find_tables: FindTables | None,
    scans: Scans,
) -> _Page:
    """One page; one that is damaged costs only itself."""
    import pypdfium2

    found = _Page(index + 1)
    try:
        page = document[index]
        text_page = page.get_textpage()
        try:
            _read_texts(found, page, text_page, annotations, find_tables, scans)
        finally:
            text_page.close()
            page.close()
    except pypdfium2.PdfiumError as error:
        found.damage = _reason(data, str(error))
        found.omitted.append(Omission("unreadable", 0, f"page {found.number}: {found.damage}"))
    return found


def _read_texts(
    found: _Page,
    page: PdfPage,
    text_page: PdfTextPage,
    annotations: Annotations,
    find_tables: FindTables | None,
    scans: Scans,
) -> None:
    place = f"page {found.number}"
    glyphs = PageGlyphs(page, text_page)
    added = annotations.of_page(page, glyphs)
    if added:
        found.notes = added.notes
        found.added = list(added.texts())
        found.omitted += [omission("hidden", text, f"{place}: annotation") for text in added.hidden]
        found.omitted += [Omission("attachment", 0, f"{place}: {name}") for name in added.attachments]
    if glyphs.is_unmapped():
        found.lines = added.placed if added else []
        _read_scan(found, page, scans, "its fonts do not state which letters their glyphs are")
        return
    found.raw = glyphs.text
    found.lines, outside = page_lines(glyphs, added.placed if added else (), find_tables)
    if outside:
        found.omitted.append(omission("hidden", " ".join(outside), f"{place}: outside the page's edges"))
    found.is_blank = not found.lines and glyphs.is_blank()
    if not found.is_blank and is_without_text(page, glyphs.text, has_more=bool(found.lines or found.notes)):
        _read_scan(found, page, scans)


def _read_scan(found: _Page, page: PdfPage, scans: Scans, damage: str = "") -> None:
    """Add to a page what OCR reads from it."""
    scan = scans.read(page, found.number, found.raw, damage)
    found.omitted += scan.omitted
    if not scan.lines:
        return
    found.lines = [*found.lines, *scan.lines]
    found.raw = f"{found.raw}\n{scan.raw}"
    found.is_scan = True


def _written(document: PdfDocument, pages: Sequence[_Page], scans: Scans) -> ParsedDocument:
    outline = _outline(document)
    stated = _stated(document)
    writer = TextWriter()
    hyphens = Hyphens([page.raw for page in pages])
    for text in _source(pages, hyphens):
        writer.read(text)
    lines = [page.lines for page in pages]
    body = body_size([page.lines for page in pages if not page.is_scan])
    title = stated["title"] or (None if pages[0].is_scan else title_of(lines[0], body))
    known = [*(bookmark.title for bookmark in outline), *([title] if title else [])]
    running = running_lines(lines, known)
    left_out = _running_omissions(pages, running)
    bodies = [
        body_of(page.lines, dropped, 0.0 if page.is_scan else body)
        for page, dropped in zip(pages, running, strict=True)
    ]
    join_divided(bodies, hyphens)
    finish_tables(bodies, hyphens)
    bodies = [[line for line in own if line.text or line.table] for own in bodies]
    typed = [[] if page.is_scan and not outline else own for page, own in zip(pages, bodies, strict=True)]
    headings = _headings(typed, outline, body)
    for page, own in zip(pages, bodies, strict=True):
        write_page(writer, own, headings.get(page.number - 1, []), page.number)
        for note in page.notes:
            writer.add(note, page=page.number)
    names = attachments(document)
    omitted = [*(one for page in pages for one in page.omitted), *left_out]
    omitted += [Omission("attachment", 0, name) for name in names]
    metadata: dict[str, object] = {"pages": len(pages)}
    if empty := [page.number for page in pages if not page.lines and not page.notes]:
        metadata["pages_without_text"] = empty
    if names:
        metadata["attachments"] = names
    metadata |= scans.metadata()
    return writer.finish(**stated | {"title": title}, metadata=metadata, omitted=tuple(omitted))


def _running_omissions(pages: Sequence[_Page], running: Sequence[dict[int, str]]) -> list[Omission]:
    """One omission for each text that is dropped, with its pages, and one for all page numbers."""
    where: dict[str, list[int]] = {}
    words: Counter[str] = Counter()
    for page, dropped in zip(pages, running, strict=True):
        for i, remaining in dropped.items():
            text = page.lines[i].text
            if remaining:
                text = text.replace(remaining, " ", 1)
            if n_words := count_words(text):
                name = _NUMBERS.sub("#", one_line(text))
                name = "page numbers" if len(name) < _SHORT_NAME or remaining else name[:_LONGEST_NAME]
                where.setdefault(name, []).append(page.number)
                words[name] += n_words
    return [Omission("running_line", words[name], f"{name}, {_ranges(numbers)}") for name, numbers in where.items()]


def _ranges(numbers: Sequence[int]) -> str:
    """Page numbers in words.

    >>> _ranges([3]), _ranges([1, 2, 3, 7]), _ranges([1, 3, 5])
    ('page 3', 'pages 1-3, 7', 'pages 1, 3, 5')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        elif not runs or number != runs[-1][-1]:
            runs.append([number])
    if len(runs) > _MOST_RANGES:
        return f"{len(set(numbers))} pages from {numbers[0]} to {numbers[-1]}"
    shown = ", ".join("-".join(map(str, run)) for run in runs)
    return f"page {shown}" if len(set(numbers)) == 1 else f"pages {shown}"


def _source(pages: Sequence[_Page], hyphens: Hyphens) -> Iterator[str]:
    """The text of each page as drawn and what was added to it; divided words joined, as they are in the text."""
    following = [hyphens.resolved(page.raw) for page in pages]
    for i, page in enumerate(pages):
        text = following[i]
        after = following[i + 1] if i + 1 < len(following) else ""
        if after and (found := hyphens.joined(text, after)):
            text, following[i + 1] = found
        yield "\n".join([clean(text), *page.added])


def _headings(
    pages: Sequence[Sequence[Line]], outline: Sequence[Bookmark], body: float
) -> dict[int, list[PlacedHeading]]:
    if outline:
        return placed_bookmarks(pages, outline)
    typed = typed_headings(pages, body)
    return {page: [PlacedHeading(*heading) for heading in own] for page, own in enumerate(typed)}


def _outline(document: PdfDocument) -> list[Bookmark]:
    """The bookmarks that point to a page of this document."""
    found = []
    for item in document.get_toc(max_depth=6):
        target = item.get_dest()
        page = target.get_index() if target else None
        title = one_line(clean(item.get_title()))
        if page is not None and 0 <= page < len(document) and title:
            found.append(Bookmark(item.level + 1, title, page))
    return found


def _stated(document: PdfDocument) -> dict[str, Any]:
    info = {key: one_line(clean(value)) for key, value in document.get_metadata_dict(skip_empty=True).items()}
    title = info.get("Title", "")
    return {"title": title if is_title(title) else None, "author": info.get("Author") or None}
