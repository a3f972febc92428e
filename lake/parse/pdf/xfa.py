"""Values of XFA forms, whose pages pdfium does not lay out: it shows their placeholder page only."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import clean

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_MOST_PACKETS = 100


def xfa_values(document: PdfDocument) -> tuple[list[str], str]:
    """The filled fields of a dynamic XFA form, "name: value" each, and what of the form can't be read, or ""."""
    import pypdfium2.raw as pdfium

    if document.get_formtype() != pdfium.FORMTYPE_XFA_FULL:
        return [], ""
    unread = "the labels of an XFA form, which only Adobe's programs show"
    for number in range(min(pdfium.FPDF_GetXFAPacketCount(document.raw), _MOST_PACKETS)):
        if _name(document.raw, number) == b"datasets":
            return list(_values(_content(document.raw, number))), unread
    return [], "an XFA form, which only Adobe's programs show"


def _values(data: bytes) -> Iterator[str]:
    """The texts of a packet's elements with the elements' names."""
    from lxml import etree  # type: ignore[import-untyped]

    root = etree.fromstring(data, etree.XMLParser(recover=True, resolve_entities=False, no_network=True))
    for element in root.iter(etree.Element) if root is not None else ():
        text = clean(element.text or "").strip()
        if text:
            yield f"{etree.QName(element).localname}: {text}"


def _name(document: Any, number: int) -> bytes:
    import pypdfium2.raw as pdfium

    length = pdfium.FPDF_GetXFAPacketName(document, number, None, 0)
    buffer = ctypes.create_string_buffer(max(1, length))
    pdfium.FPDF_GetXFAPacketName(document, number, buffer, length)
    return buffer.value


def _content(document: Any, number: int) -> bytes:
    import pypdfium2.raw as pdfium

    size = ctypes.c_ulong()
    if not pdfium.FPDF_GetXFAPacketContent(document, number, None, 0, ctypes.byref(size)):
        return b""
    buffer = ctypes.create_string_buffer(max(1, size.value))
    pdfium.FPDF_GetXFAPacketContent(document, number, buffer, size.value, ctypes.byref(size))
    return buffer.raw[: size.value]
