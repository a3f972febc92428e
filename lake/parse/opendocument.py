"""OpenDocument text (odt): headings, paragraphs, lists and tables of content.xml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.archive import open_archive, read_member, xml_member
from lake.parse.canonical import TextWriter, one_line

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import ParsedDocument

_MANIFEST = "META-INF/manifest.xml"
_META = {"title": "title", "creator": "author", "language": "language", "date": "date"}
_BREAKS = {"tab": "\t", "line-break": "\n"}
_NO_TEXT = ("annotation", "tracked-changes", "sequence-decls", "note-citation")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    with open_archive(data, suffix) as archive:
        _refuse_encrypted(archive)
        body = next(xml_member(archive, "content.xml").iter("{*}text"), None)
        stated = _stated(archive)
    if body is None:
        raise InputError("not an OpenDocument text: content.xml has no body; check its suffix", "garbage")
    writer = TextWriter()
    _write_children(body, writer)
    date = stated.pop("date", None)
    return writer.finish(**stated, metadata={"date": date} if date else {})


def _refuse_encrypted(archive: ZipFile) -> None:
    if _MANIFEST in archive.namelist() and b"encryption-data" in read_member(archive, _MANIFEST):
        raise InputError("the file is protected by a password; save it without one", "encrypted")


def _stated(archive: ZipFile) -> dict[str, str]:
    if "meta.xml" not in archive.namelist():
        return {}
    found = ((_META.get(_name(node)), one_line(node.text or "")) for node in xml_member(archive, "meta.xml").iter())
    return {field: text for field, text in found if field and text}


def _name(node: _Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _attribute(node: _Element, name: str) -> str:
    return next((str(value) for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")


def _write_children(parent: _Element, writer: TextWriter) -> None:
    for node in parent:
        name = _name(node)
        if name == "h":
            level = _attribute(node, "outline-level")
            writer.heading(_text(node), int(level) if level.isdecimal() and int(level) else 1)
        elif name == "p":
            writer.add(_text(node))
        elif name == "list":
            writer.add("\n".join(_list_lines(node, 0)), "list")
        elif name == "table":
            writer.table(
                [_text(cell) for cell in row if _name(cell) == "table-cell"] for row in node.iter("{*}table-row")
            )
        elif name not in _NO_TEXT:
            _write_children(node, writer)


def _list_lines(node: _Element, depth: int) -> Iterator[str]:
    for item in node:
        texts = [_text(child) for child in item if _name(child) in ("p", "h")]
        if any(texts):
            yield f"{'  ' * depth}- {one_line(' '.join(texts))}"
        for inner in item:
            if _name(inner) == "list":
                yield from _list_lines(inner, depth + 1)


def _text(node: _Element) -> str:
    """Text of a paragraph; OpenDocument writes runs of spaces, tabs and breaks as elements."""
    pieces = [node.text or ""]
    for child in node:
        name = _name(child)
        if name == "s":
            count = _attribute(child, "c")
            pieces.append(" " * (min(int(count), 1000) if count.isdecimal() else 1))
        elif name in _BREAKS:
            pieces.append(_BREAKS[name])
        elif name not in _NO_TEXT:
            pieces.append(_text(child) + ("\n" if name == "p" else ""))
        pieces.append(child.tail or "")
    return "".join(pieces)
