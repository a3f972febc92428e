"""OpenDocument texts and presentations (odt, odp, and their flat and template kin)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.archive import lenient_xml, open_archive, read_member
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.contents import without_contents
from lake.parse.office.margins import new_words
from lake.parse.office.odf_items import OdfItem, item_text
from lake.parse.office.odf_raised import part_raised
from lake.parse.office.odf_reader import OdfReader
from lake.parse.office.odf_slides import OdfSlideReader
from lake.parse.office.odf_symbols import show_symbols
from lake.parse.office.odf_text import odf_name, odf_reading
from lake.parse.office.ooxml_package import Omit, Package

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import ParsedDocument

_MANIFEST = "META-INF/manifest.xml"
_META = {"title": "title", "creator": "author", "language": "language", "date": "date"}
_FLAT = (".fodt", ".fodp", ".fodg")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    omit = Omit()
    if suffix in _FLAT:
        root, error = lenient_xml(data)
        if root is None:
            raise InputError(f"not an OpenDocument file: {error}; check its suffix", "garbage")
        if error:
            omit("unreadable", "", error)
        return _parsed([root], root, None, omit)
    with open_archive(data, suffix, verify=False) as archive:
        _refuse_encrypted(archive)
        package = Package(archive, omit)
        if not package.has("content.xml"):
            raise InputError("the container has no part 'content.xml'; fetch or export the file again", "garbage")
        content = package.root("content.xml")
        if content is None:
            raise InputError("the part 'content.xml' can't be read; open the file and save it again", "garbage")
        styles = package.root("styles.xml") if package.has("styles.xml") else None
        meta = package.root("meta.xml") if package.has("meta.xml") else None
        return _parsed([content, *([styles] if styles is not None else [])], meta, package, omit)


def _refuse_encrypted(archive: ZipFile) -> None:
    if _MANIFEST in archive.namelist():
        try:
            manifest = read_member(archive, _MANIFEST)
        except InputError:
            return
        if b"encryption-data" in manifest:
            raise InputError("the file is protected by a password; save it without one", "encrypted")


def _parsed(roots: list[_Element], meta: _Element | None, package: Package | None, omit: Omit) -> ParsedDocument:
    """``roots`` are those of content.xml and styles.xml, or of a flat file."""
    body = next(roots[0].iter("{*}body"), None)
    kind = next(
        (one for one in (() if body is None else body) if odf_name(one) in ("text", "presentation", "drawing")), None
    )
    if kind is None:
        raise InputError("not an OpenDocument text: content.xml has no body; check its suffix", "garbage")
    part_raised(roots)
    show_symbols(roots)
    writer = TextWriter()
    metadata: dict[str, object] = {}
    if odf_name(kind) == "text":
        reader = OdfReader(roots, package, omit)
        items = without_contents(reader.text(kind), omit)
        margins, metadata = _margins(roots[-1], reader, items, writer, omit)
        items = [*margins, *items]
    else:
        reader = slides = OdfSlideReader(roots, package, omit)
        items = [item for item in slides.slides(kind) if odf_name(kind) == "presentation" or not item.made]
        hidden = slides.hidden_slides(kind)
        metadata = {"hidden_slides": hidden} if hidden else {}
    writer.read(odf_reading(kind))
    for text in reader.read_also:
        writer.read(text)
    for item in items:
        _write(item, writer)
    for what, text, place in omit.noted:
        writer.omit(what, text, place)
    stated = _stated(meta)
    date = stated.pop("date", None)
    stated["title"] = stated.get("title") or next((item.text for item in items if item.level and not item.made), "")
    return writer.finish(
        **{name: value or None for name, value in stated.items()},
        metadata={**metadata, **({"date": date} if date else {})},
    )


def _margins(
    root: _Element, reader: OdfReader, body: list[OdfItem], writer: TextWriter, omit: Omit
) -> tuple[list[OdfItem], dict[str, object]]:
    """Headers and footers that have a word which the body lacks, each once; all of them as metadata."""
    known = set(word_counts("\n".join(map(item_text, body))))
    kept: list[OdfItem] = []
    metadata: dict[str, list[str]] = {}
    for master in root.iter("{*}master-page"):
        for node in master:
            kind = odf_name(node).partition("-")[0]
            if kind not in ("header", "footer"):
                continue
            writer.read(odf_reading(node))
            items, has_page = reader.margin(node)
            text = "\n".join(map(item_text, items))
            if text.strip():
                metadata.setdefault(kind, []).append(one_line(text))
            if new := new_words(text, known, has_page=has_page):
                kept += items
                known |= new
            else:
                omit("running_line", text, f"{kind} of pages")
    return kept, {name: list(dict.fromkeys(texts)) for name, texts in metadata.items()}


def _write(item: OdfItem, writer: TextWriter) -> None:
    if item.rows is not None:
        writer.table(item.rows, page=item.page)
    elif item.level:
        writer.heading(item.text, item.level, page=item.page)
    else:
        writer.add(item.text, "list" if item.is_list else "paragraph", page=item.page)


def _stated(meta: _Element | None) -> dict[str, str]:
    if meta is None:
        return {}
    holder = next(meta.iter("{*}meta"), meta) if odf_name(meta) == "document" else meta
    found = ((_META.get(odf_name(node)), one_line(node.text or "")) for node in holder.iter())
    return {field: text for field, text in found if field and text}
