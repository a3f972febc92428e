"""OpenDocument: which text the elements of a body hold, whatever it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

#: Elements that describe text, or hold bytes.
_NO_TEXT = frozenset(
    (
        *("binary-data", "creator-initials", "sender-initials", "change-info", "sequence-decls", "variable-decls"),
        *("user-field-decls", "dde-connection-decls", "alphabetical-index-auto-mark-file", "table-of-content-source"),
        *("illustration-index-source", "table-index-source", "object-index-source", "user-index-source"),
        *("alphabetical-index-source", "bibliography-source", "enhanced-geometry", "date-time-decl"),
        *("event-listeners", "automatic-styles"),
    )
)
_NO_TEXT_TAGS = frozenset(("{http://purl.org/dc/elements/1.1/}creator", "{http://purl.org/dc/elements/1.1/}date"))
#: Inline elements that part no words.
_JOINED = frozenset(
    (
        *("span", "a", "meta", "meta-field", "bookmark", "bookmark-start", "bookmark-end", "change", "change-start"),
        *("change-end", "reference-mark", "reference-mark-start", "reference-mark-end", "ruby-base", "hidden-text"),
        *("soft-page-break", "toc-mark-start", "toc-mark-end", "toc-mark", "user-index-mark"),
        *("alphabetical-index-mark", "alphabetical-index-mark-start", "alphabetical-index-mark-end"),
    )
)
#: Elements of a paragraph that stand apart; a field, whatever it shows, is part of the word beside it.
_APART = frozenset(("line-break", "list", "note", "number", "page-number", "ruby", "ruby-text", "s", "section", "tab"))
#: Fields of variables.
_VALUES = frozenset(
    ("variable-set", "variable-get", "variable-input", "user-field-get", "user-field-input", "expression")
)
_LINES = frozenset(("p", "h", "span", "a", "meta", "meta-field"))
SHAPES = frozenset(
    (
        *("frame", "g", "custom-shape", "rect", "line", "polyline", "polygon", "path", "circle", "ellipse"),
        *("connector", "caption", "measure", "regular-polygon", "control", "page-thumbnail", "scene", "a"),
        *("text-box", "object", "object-ole", "plugin", "floating-frame", "image", "applet"),
    )
)


def odf_name(node: _Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def has_no_text(node: _Element) -> bool:
    return not isinstance(node.tag, str) or node.tag in _NO_TEXT_TAGS or odf_name(node) in _NO_TEXT


def odf_reading(node: _Element) -> str:
    """All text below ``node``, whatever it is for: an independent reading for the account."""
    pieces: list[str] = []
    hidden: list[str] = []
    _gather(node, pieces, hidden)
    return "".join([*pieces, *hidden])


def _gather(node: _Element, pieces: list[str], hidden: list[str]) -> None:
    """Gather the text of an element and after it; hidden text apart, since it may stand inside a word."""
    name = odf_name(node)
    if is_silent(node):
        hidden += (" ", "".join(node.itertext()), " ")
    elif name == "hidden-text":
        (hidden if is_hidden(node) else pieces).append(hidden_text(node))
    elif floats(node):
        beside: list[str] = [" "]
        for child in node:
            _gather(child, beside, hidden)
        hidden += beside
    elif not has_no_text(node):
        border = "" if name in _JOINED or _is_field(node) else " "
        pieces += (border, node.text or "")
        for child in node:
            _gather(child, pieces, hidden)
        pieces.append(border)
    pieces.append(node.tail or "")


def _is_field(node: _Element) -> bool:
    """Whether an element shows a value in its line."""
    around = node.getparent()
    in_line = around is not None and isinstance(around.tag, str) and odf_name(around) in _LINES
    return in_line and ":text:" in str(node.tag) and odf_name(node) not in _APART


def is_shape(node: _Element) -> bool:
    """Whether an element is a drawing, and not a field of the same name."""
    return odf_name(node) in SHAPES and ":text:" not in str(node.tag)


def floats(node: _Element) -> bool:
    """Whether an element inside a paragraph takes no place in its line, so that it parts no word."""
    name = odf_name(node)
    if name == "annotation":  # not that of a formula
        return ":office:" in str(node.tag)
    return is_shape(node) and attribute(node, "anchor-type") in ("char", "paragraph", "page")


def is_silent(node: _Element) -> bool:
    """Whether a field takes a value and shows nothing."""
    return ":text:" in str(node.tag) and odf_name(node) in _VALUES and attribute(node, "display") == "none"


def is_hidden(node: _Element) -> bool:
    return attribute(node, "is-hidden") != "false"


def hides_itself(paragraph: _Element) -> bool:
    """Whether a field of the paragraph hides it."""
    return any(odf_name(one) == "hidden-paragraph" and attribute(one, "is-hidden") == "true" for one in paragraph)


def hidden_text(node: _Element) -> str:
    text = node.text or attribute(node, "string-value")
    return f" {text} " if is_hidden(node) else text


def plain(node: _Element) -> str:
    """All text of a node, in one line, without what follows it."""
    pieces: list[str] = []
    hidden: list[str] = []
    _gather(node, pieces, hidden)
    pieces[-1] = ""
    return one_line("".join([*pieces, *hidden]))
