"""HTML in the elements and attributes of XML, as in feeds, exports and diagrams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lake.parse.data.markup_values import OF_CODE, MarkupValue, read_markup
from lake.parse.data.xml_prose import CODE
from lake.parse.data.xml_words import local_name

_OF_CODE = CODE | OF_CODE
#: A node, the name of its attribute, which is empty for its text, and what the HTML in it says.
Marked = tuple[Any, str, MarkupValue]


def marked_texts(root: Any) -> Iterator[Marked]:
    for node in root.iter():
        if not isinstance(node.tag, str) or len(node) or not node.text or local_name(node) in _OF_CODE:
            continue
        if value := read_markup(node.text):
            yield node, "", value


def marked_attributes(root: Any) -> Iterator[Marked]:
    for node in root.iter():
        for name, text in node.attrib.items() if isinstance(node.tag, str) else ():
            if ("<" in text or "&" in text) and name not in OF_CODE and (value := read_markup(text)):
                yield node, name, value


def put_text(node: Any, name: str, text: str) -> None:
    """Put a text into an attribute, or into the element if the name is empty."""
    if name:
        node.set(name, text)
    else:
        node.text = text
