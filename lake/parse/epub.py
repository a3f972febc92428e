"""EPUB: runs the chapters of the spine, in order, through the HTML parser."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lake.errors import InputError
from lake.parse import html
from lake.parse.archive import open_archive, read_member, xml_member
from lake.parse.canonical import TextWriter, one_line

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import ParsedDocument

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_HTML_TYPES = ("application/xhtml+xml", "text/html")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    with open_archive(data, suffix) as archive:
        _refuse_locked(archive)
        opf = _package_path(archive)
        package = xml_member(archive, opf)
        writer = TextWriter()
        for path in chapter_paths(package, posixpath.dirname(opf)):
            writer.document(html.parse(read_member(archive, path), ".xhtml"))
    date = _stated(package, "date")
    return writer.finish(
        title=_stated(package, "title"),
        author=_stated(package, "creator"),
        language=_stated(package, "language"),
        metadata={"date": date} if date else {},
    )


def _refuse_locked(archive: ZipFile) -> None:
    if _ENCRYPTION not in archive.namelist():
        return
    methods = [node.get("Algorithm") for node in xml_member(archive, _ENCRYPTION).iter("{*}EncryptionMethod")]
    if any(method not in _FONT_SCRAMBLING for method in methods):
        raise InputError("the book is locked by DRM; use an edition without it", "encrypted")


def _package_path(archive: ZipFile) -> str:
    roots = [node.get("full-path") for node in xml_member(archive, _CONTAINER).iter("{*}rootfile")]
    if not roots or not roots[0]:
        raise InputError(f"not an EPUB: {_CONTAINER} names no package; export the book again", "garbage")
    return str(roots[0])


def chapter_paths(package: _Element, folder: str) -> Iterator[str]:
    """Paths of the HTML chapters in reading order, without the navigation page."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _HTML_TYPES or "nav" in (item.get("properties") or "").split():
            continue
        yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _stated(package: _Element, name: str) -> str | None:
    texts = (one_line("".join(node.itertext())) for node in package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"))
    return next((text for text in texts if text), None)
