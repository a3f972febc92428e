"""Pictures of HTML pages: what OCR reads in them is put after each."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lake.parse import ocr
from lake.parse.pictures import Pictures

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser
    from selectolax.lexbor import LexborNode as Node

_SHOWN = 40


class EmbeddedPictures:
    """Reads the pictures of pages: those written as data URIs, and those that ``load`` finds by their reference."""

    def __init__(self, pictures: Pictures, load: Callable[[str], bytes | None]) -> None:
        self._pictures = pictures
        self._load = load

    def write_into(self, tree: LexborHTMLParser) -> list[str]:
        """Put what is read in each picture after it. Returns the paragraphs; none without the extra."""
        from selectolax.lexbor import LexborHTMLParser

        read: list[str] = []
        if not ocr.installed():
            return read
        for node in tree.css("body img, body svg image"):
            reference = _reference(node)
            data = _decoded(reference) if reference[:5].lower() == "data:" else self._load(reference)
            texts = self._pictures.read(data, reference[:_SHOWN]) if data else []
            if texts:
                paragraphs = "".join(f"<p>{escape(text, quote=False)}</p>" for text in texts)
                written = LexborHTMLParser(f"<div>{paragraphs}</div>").body
                if written is not None and written.first_child is not None:
                    _outermost(node).insert_after(written.first_child)
                    read += texts
        return read


def _reference(node: Node) -> str:
    attributes = node.attributes
    names = ("src",) if node.tag == "img" else ("href", "xlink:href")
    return next((value.strip() for name in names if (value := attributes.get(name))), "")


def _outermost(node: Node) -> Node:
    """The drawing around an image of SVG, else the node itself."""
    around: Node | None = node
    while around is not None and node.tag != "img":
        if around.tag == "svg":
            return around
        around = around.parent
    return node


def _decoded(uri: str) -> bytes | None:
    head, _, body = uri.partition(",")
    if not head.lower().endswith(";base64") or not head[5:].lower().startswith("image/"):
        return None
    try:
        return b64decode("".join(unquote(body).split()))
    except (binascii.Error, ValueError):
        return None
