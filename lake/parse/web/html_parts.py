"""Parts of a page that only a table of contents names, as in books with many chapters in one file."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from lake.parse.web.html_marks import squeezed

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

#: Letters behind the beginning of a part among which its name may stand.
_NEAR = 200
_INLINE = ("a", "span", "b", "i", "em", "strong")


def write_names(tree: LexborHTMLParser, names: Mapping[str, str]) -> None:
    """Put a heading before each part, by its id; a name that begins a part becomes its heading.

    Nothing is changed in a page that has headings.
    """
    from selectolax.lexbor import LexborHTMLParser

    if tree.css_first("h1, h2, h3, h4, h5, h6, [role=heading]"):
        return
    places = {node.attributes.get("id") or node.attributes.get("name"): node for node in tree.css("[id], a[name]")}
    for identifier, name in names.items():
        node = places.get(identifier) if identifier else None
        if node is None or node.tag == "body":
            continue
        around = _outermost(node)
        if squeezed(around.text()).casefold() == squeezed(name).casefold():
            around.attrs["role"] = "heading"
            around.attrs["aria-level"] = "1"
        if around.attributes.get("role") == "heading" or _is_near(around, name):
            continue
        made = LexborHTMLParser(f"<h1>{escape(name, quote=False)}</h1>").css_first("h1")
        if made is not None:
            around.insert_before(made)


def _is_near(around: LexborNode, name: str) -> bool:
    """Whether a name stands at the beginning of a part anyway."""
    following: LexborNode | None = around
    text, n_near = "", _NEAR + 20 * len(name)
    while following is not None and len(text) < n_near:
        text += squeezed(following.text() if following.is_element_node else following.text_content or "")
        following = following.next
    return squeezed(name).casefold() in text[:n_near].casefold()


def _outermost(node: LexborNode) -> LexborNode:
    """The block that an anchor begins."""
    while node.tag in _INLINE and node.parent is not None and node.parent.tag != "body":
        node = node.parent
    return node
