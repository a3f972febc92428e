"""PDF by pypdfium2: lines of pages in reading order, tables, headings, form values and notes, without running lines."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, first_heading, one_line
from lake.parse.document import Omission
from lake.parse.pdf.annotations import attachments
from lake.parse.pdf.bookmarks import Bookmark, PlacedHeading, are_doubtful, placed_bookmarks, with_bookmarks
from lake.parse.pdf.geometry import Line
from lake.parse.pdf.headings import body_size, title_of, typed_headings
from lake.parse.pdf.hyphens import Hyphens
from lake.parse.pdf.layout import join_divided, without_running, write_page
from lake.parse.pdf.listings import mark_listings
from lake.parse.pdf.notes import with_notes_last
from lake.parse.pdf.ocr import Scans
from lake.parse.pdf.omissions import running_omissions
from lake.parse.pdf.opening import Opened, opened
from lake.parse.pdf.pages import Page, PageReader
from lake.parse.pdf.running import running_lines
from lake.parse.pdf.structure import Structure
from lake.parse.pdf.table_pages import finish_tables
from lake.parse.pdf.xfa import xfa_values
from lake.parse.titles import is_title

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from lake.parse.document import Block, ParsedDocument

MAX_PAGES = 20_000
_TITLE_PAGES = 3
#: Headings by type that take the place of bookmarks which hardly any page shows.
_LEAST_TYPED = 3


def parse(data: bytes, suffix: str) -> ParsedDocument:
    file = opened(data)
    try:
        with _uncollected():
            return _parsed(file, data)
    finally:
        file.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Work without the collector of cycles: a reading makes none, and each pass over its many lines takes time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parsed(file: Opened, data: bytes) -> ParsedDocument:
    document = file.document
    if len(document) > MAX_PAGES:
        raise InputError(f"{len(document):,} pages, more than the limit of {MAX_PAGES:,}; split the file", "too_large")
    scans = Scans()
    reader = PageReader(file, data, scans)
    pages = [reader.read(index) for index in range(len(document))]
    values, unread = xfa_values(document)
    if pages and (values or unread):
        pages[-1].notes += values
        pages[-1].added += values
        pages[-1].name(unread)
    if not any(page.lines or page.notes for page in pages):
        _refuse_damaged(pages)
        if hidden := [one.place for page in pages for one in page.omitted if one.kind == "hidden"]:
            raise InputError(f"all of its text is hidden from readers ({hidden[0]}); leave it out", "no_text")
        raise scans.refusal(len(pages), [one for page in pages for one in page.omitted])
    return _written(document, pages, scans, file.structure)


def _refuse_damaged(pages: Sequence[Page]) -> None:
    """Raise the damage of the first page that can't be read, if there is one."""
    for page in pages:
        if page.damage is not None:
            reason = f"page {page.number} of {len(pages)}: {page.damage}"
            raise InputError(reason, page.damage.error_class) from page.damage


def _written(document: PdfDocument, pages: Sequence[Page], scans: Scans, structure: Structure) -> ParsedDocument:
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
    left_out = running_omissions(pages, running)
    kept = [without_running(page.lines, dropped) for page, dropped in zip(pages, running, strict=True)]
    bodies = with_notes_last(kept, [0.0 if page.is_scan else body for page in pages])
    mark_listings([own for page, own in zip(pages, bodies, strict=True) if not page.is_scan])
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
    omitted += [Omission("unreadable", 0, f"object stream {n}: {cause}") for n, cause in structure.broken.items()]
    metadata: dict[str, object] = {"pages": len(pages)}
    if empty := [page.number for page in pages if not page.lines and not page.notes]:
        metadata["pages_without_text"] = empty
    if names:
        metadata["attachments"] = names
    metadata |= scans.metadata()
    found = writer.finish(**stated | {"title": title}, metadata=metadata, omitted=tuple(omitted))
    return found if stated["title"] else replace(found, title=_seen_title(found.blocks, title))


def _seen_title(blocks: Sequence[Block], title: str | None) -> str | None:
    """The heading that the title in the largest type begins; without one, the first of the highest on the first pages.

    A heading far inside is the name of a section.
    """
    early = [block for block in blocks if block.kind == "heading" and (block.page or 0) <= _TITLE_PAGES]
    if title is None:
        return first_heading(early)
    return next((block.label for block in early if block.page == 1 and block.label.startswith(title)), title)


def _source(pages: Sequence[Page], hyphens: Hyphens) -> Iterator[str]:
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
    placed = placed_bookmarks(pages, outline)
    n_shown = sum(heading.last > heading.first for own in placed.values() for heading in own)
    if outline and not are_doubtful(outline, n_shown, len(pages)):
        return placed
    by_type = enumerate(typed_headings(pages, body))
    typed = {page: [PlacedHeading(*heading) for heading in own] for page, own in by_type if own}
    if outline and sum(map(len, typed.values())) < max(_LEAST_TYPED, 2 * n_shown):
        return placed
    return with_bookmarks(typed, placed)


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
