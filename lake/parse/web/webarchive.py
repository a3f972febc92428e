"""Pages that Safari saves with all that they need (``.webarchive``): the page, then those in its frames."""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_PAGES = ("text/html", "application/xhtml+xml")
_DEEPEST = 10


def parse(data: bytes, suffix: str) -> ParsedDocument:
    """Read the page and its frames. Raises InputError if the file is damaged or holds no page."""
    try:
        archive = plistlib.loads(data)
    except Exception as error:  # plistlib raises errors of many kinds for damaged files
        raise InputError(
            f"not a web archive: {type(error).__name__}: {error}; save the page again", "garbage"
        ) from error
    writer, stated, metadata = TextWriter(), dict[str, Any](), dict[str, object]()
    for number, resource in enumerate(_resources(archive, 0)):
        page = _page(resource, writer)
        if page is not None:
            writer.document(page)
        if number == 0 and page is not None:
            stated = {"title": page.title, "author": page.author, "language": page.language}
            metadata |= page.metadata
    return writer.finish(**stated, metadata=metadata)


def _resources(archive: object, depth: int) -> Iterator[dict[str, Any]]:
    """The main resource of an archive, then those of its frames."""
    if not isinstance(archive, dict) or depth > _DEEPEST:
        return
    main = archive.get("WebMainResource")
    if isinstance(main, dict):
        yield main
    frames = archive.get("WebSubframeArchives")
    for frame in frames if isinstance(frames, list) else ():
        yield from _resources(frame, depth + 1)


def _page(resource: dict[str, Any], writer: TextWriter) -> ParsedDocument | None:
    """The page of a resource in its own encoding; other files are named."""
    data, kind = resource.get("WebResourceData"), str(resource.get("WebResourceMIMEType", ""))
    place = str(resource.get("WebResourceURL", ""))
    if not isinstance(data, bytes) or kind not in _PAGES:
        writer.omit("attachment", place=place or kind)
        return None
    encoding = str(resource.get("WebResourceTextEncodingName") or "utf-8")
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except (LookupError, UnicodeDecodeError):
        text = ""
    try:
        is_xhtml = kind != _PAGES[0]
        return html.from_text(text, xhtml=is_xhtml) if text else html.from_bytes(data, xhtml=is_xhtml)
    except InputError as error:
        writer.omit("unreadable", place=f"{place}: {error}")
        return None
