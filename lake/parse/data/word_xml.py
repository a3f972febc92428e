"""Word documents in one XML file: a package of Word 2007 and later, or the format of Word 2003, as docx."""

from __future__ import annotations

import io
import zipfile
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Any

from lake.parse.data.xml_words import local_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_WORD_2003 = "http://schemas.microsoft.com/office/word/2003/wordml"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OF_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#: Changes as Word 2003 names them, and the elements of today.
_CHANGES = {"Word.Deletion": "del", "Word.Insertion": "ins"}
#: Elements that Word 2003 spells otherwise.
_SPELLED = {"vmerge": "vMerge", "hmerge": "hMerge"}
_MAIN = "word/document.xml"


def as_docx(root: Any) -> bytes | None:
    """The document as a zip archive; None if ``root`` is that of another format."""
    if root.tag == f"{_PACKAGE}package":
        members = dict(_parts(root))
        return _zipped(members) if _MAIN in members else None
    if root.tag == f"{{{_WORD_2003}}}wordDocument":
        return _zipped(_of_2003(root))
    return None


def _parts(package: Any) -> Iterator[tuple[str, bytes]]:
    from lxml import etree  # type: ignore[import-untyped]

    for part in package.iterchildren(f"{_PACKAGE}part"):
        name = (part.get(f"{_PACKAGE}name") or "").lstrip("/")
        for holder in part if name else ():
            if holder.tag == f"{_PACKAGE}xmlData" and len(holder):
                yield name, etree.tostring(holder[0], with_tail=False)
            elif holder.tag == f"{_PACKAGE}binaryData":
                try:
                    yield name, b64decode(holder.text or "")
                except (Base64Error, ValueError):
                    yield name, b""


def _of_2003(root: Any) -> dict[str, bytes]:
    """Its body and styles, whose elements have the names of today but for their namespace and tracked changes."""
    from lxml import etree

    for change in [one for one in root.iter() if local_name(one) == "annotation"]:
        kind = next((value for key, value in change.attrib.items() if key.endswith("}type")), "")
        if kind in _CHANGES:
            change.tag = f"{{{_WORD_2003}}}{_CHANGES[kind]}"
            for content in [one for one in change if local_name(one) == "content"]:
                content.tag = f"{{{_WORD_2003}}}smartTag"
    for node in root.iter(*(f"{{{_WORD_2003}}}{name}" for name in _SPELLED)):
        node.tag = f"{{{_WORD_2003}}}{_SPELLED[local_name(node)]}"
    parts = {"document": ("document", root.find(f"{{{_WORD_2003}}}body"))}
    parts["styles"] = ("", root.find(f"{{{_WORD_2003}}}styles"))
    written = {}
    for name, (around, node) in parts.items():
        if node is None:
            continue
        text = etree.tostring(node, encoding="unicode", with_tail=False).replace(f'"{_WORD_2003}"', f'"{_WORD}"')
        written[f"word/{name}.xml"] = (
            f'<w:{around} xmlns:w="{_WORD}">{text}</w:{around}>' if around else text
        ).encode()
    written["_rels/.rels"] = _relations("officeDocument", _MAIN)
    written["word/_rels/document.xml.rels"] = _relations("styles", "styles.xml")
    return written


def _relations(kind: str, target: str) -> bytes:
    relation = f'<Relationship Id="rId1" Type="{_OF_OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_RELATIONS}">{relation}</Relationships>'.encode()


def _zipped(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()
