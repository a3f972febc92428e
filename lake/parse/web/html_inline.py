"""Elements of a page inside a sentence: what they show, and what parts them from their neighbours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lake.parse.canonical import runs_into
from lake.parse.web.html_source import choice, shown
from lake.parse.web.html_walk import BREAK, Node, NodeReader, Walk
from lake.parse.web.html_words import drawing_words, formula_words, ruby_words, script_words

_DATA_URI = "data:"
#: The whole part of a price, whose cents are raised, in the last texts of a line.
_PRICE = re.compile(r"[$\u20ac\u00a3\u00a5\u20b9]\s*\d[\d.,]*$")
_OF_PRICE = 4


def _spaced(walk: Walk, node: Node) -> None:
    walk.text.append(" ")
    walk.children(node)
    walk.text.append(" ")


def apart(walk: Walk, node: Node) -> None:
    """Read an element whose style parts it from its neighbours, whatever it is."""
    walk.text.append(" ")
    walk.read(node, Walk.children)
    walk.text.append(" ")


def _attributes(walk: Walk, node: Node) -> None:
    """Write what an image or a field shows beside its content."""
    attributes = node.attributes
    texts = shown(node.tag, attributes) or choice(node)
    walk.text.append(f" {' '.join(texts)} " if texts else " ")
    if (attributes.get("src") or "").lstrip()[:5].lower() == _DATA_URI:
        walk.sink.omit("encoded_data", "", (attributes["src"] or "").lstrip()[5:40].partition(";")[0])
    walk.children(node)
    walk.text.append(" ")


def _choice(walk: Walk, node: Node) -> None:
    _attributes(walk, node)
    walk.text.append(BREAK)


def _link(walk: Walk, node: Node) -> None:
    if not walk.is_outside:
        walk.children(node)
        return
    before = len(walk.text)
    walk.children(node)
    walk.n_linked += sum(map(len, walk.text[before:]))


def _line_break(walk: Walk, node: Node) -> None:
    walk.text.append(BREAK)


def _quotation(walk: Walk, node: Node) -> None:
    walk.text.append("\u201c")
    walk.children(node)
    walk.text.append("\u201d")


def raised(walk: Walk, node: Node) -> None:
    """A superscript: a reference to a note in brackets, a power of a number after a caret, cents after a space."""
    if node.css_first("a"):
        text = walk.words(node)
        walk.text.append(f" [{text}]" if text and text[0] not in "[(" else f" {text}" if text else "")
        return
    before = next((text for text in reversed(walk.text) if text), "")
    if runs_into(before, node.text()):
        walk.text.append(" " if _PRICE.search("".join(walk.text[-_OF_PRICE:])) else "^")
    walk.children(node)


def _ruby(walk: Walk, node: Node) -> None:
    walk.text += ruby_words(node)


def _formula(walk: Walk, node: Node) -> None:
    walk.text += (" ", *formula_words(node, walk.sink), " ")


def _drawing(walk: Walk, node: Node) -> None:
    """Read the words of a drawing, which stand apart; a foreignObject holds HTML."""
    if node.css_first("foreignObject"):
        walk.block(node)
    else:
        walk.text += (*drawing_words(node, walk.sink), " ")


def _script(walk: Walk, node: Node) -> None:
    walk.text += script_words(node, walk.sink)


def _template(walk: Walk, node: Node) -> None:
    """Read the shadow tree of an element; other templates are shown only by scripts."""
    attributes = node.attributes
    if walk.flat or "shadowrootmode" in attributes or "shadowroot" in attributes:
        walk.block(node)
    else:
        walk.leave_out(node, "hidden", "template")


INLINE: Mapping[str, NodeReader] = {
    **dict.fromkeys(("script", "style"), _script),
    **dict.fromkeys(("button", "label", "meter", "progress"), _spaced),
    **dict.fromkeys(("img", "area", "input", "textarea", "optgroup", "embed"), _attributes),
    **dict.fromkeys(("template", "x-template"), _template),
    "option": _choice,
    "br": _line_break,
    "a": _link,
    "q": _quotation,
    "sup": raised,
    "ruby": _ruby,
    "math": _formula,
    "svg": _drawing,
}
