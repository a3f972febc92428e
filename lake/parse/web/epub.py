"""EPUB: runs the chapters of the spine, in order, through the HTML parser."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from unicodedata import normalize
from urllib.parse import unquote

from lake.errors import InputError
from lake.parse.archive import lenient_xml, open_archive, read_member, xml_member
from lake.parse.canonical import TextWriter, one_line
from lake.parse.pictures import Pictures
from lake.parse.web import html
from lake.parse.web.html_pictures import EmbeddedPictures

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import ParsedDocument

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_HTML_SUFFIXES = (".xhtml", ".html", ".htm", ".xml", ".svg")
_HTML_TYPES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document", "image/svg+xml", "application/xml")
#: Files that no page of a book can be.
_FOREIGN_TYPES = ("application/pdf", "application/msword", "application/vnd.", "audio/", "video/")
#: A page of contents with more words than these beside its links holds text of its own.
_WORDS_OF_CONTENTS = 30


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the book: its path in the archive, None if it has none, and ``place`` for a remark on it."""

    path: str | None
    place: str
    is_navigation: bool = False
    is_foreign: bool = False


def parse(data: bytes, suffix: str) -> ParsedDocument:
    with open_archive(data, suffix, verify=False) as archive:
        _refuse_locked(archive)
        members = _Members(archive)
        opf = _package_path(archive, members)
        package = _xml(archive, opf)
        writer = TextWriter()
        labels = _labels(archive, package, opf, members)
        pictures = Pictures()
        pages = list(chapters(package, opf, members))
        if all(chapter.is_navigation for chapter in pages):
            # A book with nothing else: its contents are its text.
            pages = [replace(chapter, is_navigation=False) for chapter in pages]
        for chapter in pages:
            _write_chapter(archive, chapter, labels, writer, members, pictures)
        _name_unlisted(archive, package, {chapter.path for chapter in pages}, writer)
    writer.note(pictures.problems)
    date = _stated(package, "date")
    return writer.finish(
        title=next(iter(_stated(package, "title")), None),
        author=", ".join(_stated(package, "creator")) or None,
        language=next(iter(_stated(package, "language")), None),
        metadata={**({"date": date[0]} if date else {}), **pictures.metadata()},
    )


def _name_unlisted(archive: ZipFile, package: _Element, read: set[str | None], writer: TextWriter) -> None:
    """Name pages that lie in the archive and that the book does not list."""
    listed = {_loose(posixpath.basename(item.get("href") or "")) for item in package.iter("{*}item")}
    for name in archive.namelist():
        if name in read or not name.lower().endswith(_HTML_SUFFIXES[:3]) or _loose(posixpath.basename(name)) in listed:
            continue
        try:
            text = html.from_bytes(read_member(archive, name), xhtml=True, whole=True).source_text or ""
        except InputError as error:
            writer.omit("unreadable", "", f"{name}: {error}"[:300])
            continue
        writer.read(text)
        writer.omit("hidden", text, f"{name}: not in the manifest")


class _Members:
    """Finds files of an archive by names that are written in another case, form or escape."""

    def __init__(self, archive: ZipFile) -> None:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        self.names = frozenset(names)
        self._loose = {_loose(name): name for name in reversed(names)}

    def find(self, folder: str, reference: str) -> str | None:
        """The path of a file that a page in ``folder`` refers to; None if there is none."""
        plain = reference.strip().replace("\\", "/")
        for written in dict.fromkeys((plain, plain.partition("#")[0])):
            for name in dict.fromkeys((written, unquote(written))):
                for path in (posixpath.normpath(posixpath.join(folder, name)), posixpath.normpath(name).lstrip("/")):
                    if path in self.names:
                        return path
                    if found := self._loose.get(_loose(path)):
                        return found
        return None


def _loose(path: str) -> str:
    return normalize("NFC", unquote(path.replace("\\", "/"))).casefold()


def _refuse_locked(archive: ZipFile) -> None:
    if _ENCRYPTION not in archive.namelist():
        return
    methods = [node.get("Algorithm") for node in xml_member(archive, _ENCRYPTION).iter("{*}EncryptionMethod")]
    if any(method not in _FONT_SCRAMBLING for method in methods):
        raise InputError("the book is locked by DRM; use an edition without it", "encrypted")


def _package_path(archive: ZipFile, members: _Members) -> str:
    container = members.find("", _CONTAINER)
    if container and read_member(archive, container).strip():
        for root in _xml(archive, container).iter("{*}rootfile"):
            name = root.get("full-path") or ""
            if found := members.find("", name):
                return found
            raise InputError(f"the container has no part {name!r}; fetch or export the file again", "garbage")
    if packages := sorted(name for name in members.names if name.lower().endswith(".opf")):
        return packages[0]
    raise InputError(f"not an EPUB: {_CONTAINER} names no package; export the book again", "garbage")


def _xml(archive: ZipFile, name: str) -> _Element:
    """Root of an XML file that may have errors."""
    root, _ = lenient_xml(read_member(archive, name))
    if root is None:
        raise InputError(f"the part {name!r} is not readable as XML; export the file again", "garbage")
    return root


def chapters(package: _Element, opf: str, members: _Members) -> Iterator[Chapter]:
    """The book's pages: those of the spine in reading order, then others that the manifest names."""
    folder = posixpath.dirname(opf)
    items = {item.get("id"): item for item in package.iter("{*}item")}
    contents = {
        members.find(folder, node.get("href") or "")
        for node in package.iter("{*}reference")
        if node.get("type") == "toc"
    }
    done: set[str] = set()
    for reference in package.iter("{*}itemref"):
        name = reference.get("idref") or ""
        item = _readable(items.get(name), items)
        path = members.find(folder, item.get("href") or "" if item is not None else name)
        place = path or (item.get("href") if item is not None else None) or name
        if path is None:
            why = "is missing in the archive" if item is not None else "is not in the manifest"
            yield Chapter(None, f"{place}: {why}")
        elif path in done:
            continue
        elif item is not None and (item.get("media-type") or "").startswith(_FOREIGN_TYPES):
            done.add(path)
            yield Chapter(path, path, is_foreign=True)
        else:
            done.add(path)
            yield Chapter(path, path, path in contents or (item is not None and _is_navigation(item)))
    for item in items.values():
        path = members.find(folder, item.get("href") or "")
        if path and path not in done and item.get("media-type") in _HTML_TYPES[:2]:
            done.add(path)
            yield Chapter(path, path, path in contents or _is_navigation(item))


def _readable(item: _Element | None, items: dict[str | None, _Element]) -> _Element | None:
    """An item, or the first of its fallbacks that is a page."""
    first, seen = item, set()
    while item is not None and item.get("media-type") not in _HTML_TYPES and item.get("id") not in seen:
        seen.add(item.get("id"))
        item = items.get(item.get("fallback"))
    return first if item is None else item


def _is_navigation(item: _Element) -> bool:
    return "nav" in (item.get("properties") or "").split()


def _write_chapter(
    archive: ZipFile,
    chapter: Chapter,
    labels: dict[str, dict[str, str]],
    writer: TextWriter,
    members: _Members,
    pictures: Pictures,
) -> None:
    if chapter.path is None or chapter.is_foreign:
        writer.omit("attachment" if chapter.is_foreign else "unreadable", "", chapter.place)
        return
    try:
        data = read_member(archive, chapter.path)
        if not data.strip():
            return
        if _is_picture(chapter.path, data):
            _write_picture(data, chapter, writer, pictures)
            return
        folder = posixpath.dirname(chapter.path)
        load = EmbeddedPictures(pictures, lambda reference: _picture(archive, members, folder, reference))
        part = html.from_bytes(data, xhtml=True, whole=True, pictures=load, names=labels.get(chapter.path))
    except InputError as error:
        writer.omit("unreadable", "", f"{chapter.place}: {error}"[:300])
        return
    if chapter.is_navigation and len(part.text.split()) <= _WORDS_OF_CONTENTS + _n_linked(data):
        writer.read(part.source_text or "")
        writer.omit("navigation", part.source_text or "", chapter.place)
        return
    _begin(part, _first_label(labels.get(chapter.path)), bool(labels), writer)
    writer.document(part)


def _write_picture(data: bytes, chapter: Chapter, writer: TextWriter, pictures: Pictures) -> None:
    """A page that is a picture."""
    texts = pictures.read(data, chapter.place)
    for text in texts:
        writer.read(text)
        writer.add(text)
    if not texts:
        writer.omit("picture_without_text", "", chapter.place)


def _picture(archive: ZipFile, members: _Members, folder: str, reference: str) -> bytes | None:
    path = members.find(folder, reference)
    try:
        return read_member(archive, path) if path else None
    except InputError:
        return None


def _is_picture(path: str, data: bytes) -> bool:
    return not path.lower().endswith(_HTML_SUFFIXES) and b"<" not in data[:1000] and b"\0" in data[:1000]


def _n_linked(data: bytes) -> int:
    """Words in the links of a page."""
    from selectolax.lexbor import LexborHTMLParser

    return sum(len(link.text().split()) for link in LexborHTMLParser(data).css("a"))


def _begin(part: ParsedDocument, label: str | None, has_contents: bool, writer: TextWriter) -> None:
    """Name a chapter that does not begin with a heading as the contents do, and end the one before it.

    A page that the contents don't name continues the chapter before it.
    """
    if not part.blocks or part.blocks[0].kind == "heading" or (has_contents and not label):
        return
    writer.forget_headings()
    if label and "".join(label.split()) not in "".join(part.text[: 20 * len(label) + 200].split()):
        writer.heading(label, 1)


def _first_label(names: dict[str, str] | None) -> str | None:
    return next(iter(names.values()), None) if names else None


def _labels(archive: ZipFile, package: _Element, opf: str, members: _Members) -> dict[str, dict[str, str]]:
    """The names of pages and of parts of them in the book's contents, by path and by id ("" for the page)."""
    found: dict[str, dict[str, str]] = {}
    folder = posixpath.dirname(opf)
    for item in package.iter("{*}item"):
        path = members.find(folder, item.get("href") or "")
        if path is None or not (_is_navigation(item) or item.get("media-type") == "application/x-dtbncx+xml"):
            continue
        try:
            root = _xml(archive, path)
        except InputError:
            continue
        for reference, label in _entries(root):
            page = members.find(posixpath.dirname(path), reference)
            if page and label:
                found.setdefault(page, {}).setdefault(unquote(reference.partition("#")[2]), label)
    return found


def _entries(root: _Element) -> Iterable[tuple[str, str]]:
    """References and labels of an NCX, or of the first list of a navigation page."""
    for point in root.iter("{*}navPoint"):
        text, content = point.find("{*}navLabel/{*}text"), point.find("{*}content")
        if text is not None and content is not None:
            yield content.get("src") or "", one_line("".join(text.itertext()))
    navigation = next(root.iter("{*}nav"), None)
    for link in navigation.iter("{*}a") if navigation is not None else ():
        yield link.get("href") or "", one_line("".join(link.itertext()))


def _stated(package: _Element, name: str) -> list[str]:
    nodes = (node for node in package.iter() if isinstance(node.tag, str) and "purl.org/dc/" in node.tag)
    texts = (one_line("".join(node.itertext())) for node in nodes if node.tag.rpartition("}")[2].lower() == name)
    return list(dict.fromkeys(text for text in texts if text))
