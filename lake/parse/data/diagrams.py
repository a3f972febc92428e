"""Diagrams of draw.io, whose pages may be packed into their file."""

from __future__ import annotations

import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any
from urllib.parse import unquote

from lake.parse.data.xml_words import local_name

#: Maximum length of a page, in bytes.
_MOST = 50_000_000


def unpack_diagrams(root: Any, parser: Any) -> None:
    """Put what each packed page holds in its place; a page that is damaged stays as it is."""
    from lxml import etree  # type: ignore[import-untyped]

    if local_name(root) != "mxfile":
        return
    for page in root:
        if local_name(page) != "diagram" or len(page) or not (page.text or "").strip():
            continue
        try:
            packed = zlib.decompressobj(-15).decompress(b64decode(page.text), _MOST)
            page.append(etree.fromstring(unquote(packed.decode()).encode(), parser))
        except (Base64Error, zlib.error, UnicodeDecodeError, etree.XMLSyntaxError):
            continue
        page.text = None
