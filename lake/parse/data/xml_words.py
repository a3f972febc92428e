"""Words of XML elements: which of them part words, and which attributes are text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lake.parse.canonical import clean, one_line


def names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


#: Elements that stand inside a line, so that they part no words.
_INLINE = names(
    "a abbr abbrev acronym application b bold c chem cite citetitle code command computeroutput corr del dfn em"
    " emph emphasis ext-link filename font foreign guilabel hi i ins italic keycap kbd link literal mark math"
    " monospace named-content phrase q quote ref rs s samp sc seg sic small span strike strong styled-content"
    " sub subscript sup superscript term tt tspan u ulink underline uri userinput var w xref"
)
PARAGRAPHS = names("p para simpara")
#: Namespaces whose attributes say how to read a file.
_OF_FORMAT = ("{http://www.w3.org/XML/1998/namespace}", "{http://www.w3.org/2001/XMLSchema-instance}")


def local_name(node: Any) -> str:
    return _local(node.tag) if isinstance(node.tag, str) else ""


@lru_cache(4096)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def attributes(node: Any) -> Iterator[tuple[str, str]]:
    """Names and values of a node's attributes, without those of the format."""
    return ((_local(key), value) for key, value in node.attrib.items() if not key.startswith(_OF_FORMAT))


def stated(node: Any) -> list[str]:
    """Values of a node's attributes that hold words."""
    return [value for _, value in attributes(node) if has_words(value)]


def own_text(node: Any) -> str:
    """The text between the children."""
    pieces = [node.text or "", *(child.tail or "" for child in node)]
    return "".join(pieces).strip()


def is_inline(node: Any) -> bool:
    """Whether a node stands inside a line of text; in data, the same name may head a value of its own."""
    while local_name(node) in _INLINE and (parent := node.getparent()) is not None:
        before = node.getprevious()
        beside = (node.tail or "") + ((parent.text if before is None else before.tail) or "")
        if beside.strip() or local_name(parent) in PARAGRAPHS:
            return True
        node = parent
    return False


def words(node: Any) -> str:
    """The text of a node and all below it, on one line; attributes of inner nodes that hold words follow them."""
    return one_line(clean("".join(_pieces(node, is_top=True))))


def _pieces(node: Any, *, is_top: bool = False) -> Iterator[str]:
    """Text of a node in the order of the file, without recursion."""
    from lxml import etree  # type: ignore[import-untyped]

    for event, found in etree.iterwalk(node, events=("start", "end", "comment", "pi")):
        if event == "start":
            yield "" if is_inline(found) else " "
            if found is not node or not is_top:
                yield from (f"{value} " for _, value in attributes(found) if has_words(value))
            yield found.text or ""
            continue
        if event == "end":
            yield "" if is_inline(found) else " "
        if found is not node:
            yield found.tail or ""


def has_words(value: str) -> bool:
    """Whether an attribute holds more than a name, a number or an address.

    >>> has_words("a lamp of oil"), has_words("fig-1"), has_words("https://example.org/a b")
    (True, False, False)
    """
    return " " in value.strip() and any(letter.isalpha() for letter in value) and "://" not in value


def reading(root: Any) -> str:
    """All text and all attributes of a tree, by their nodes alone."""
    from lxml import etree

    pieces = [value for node in root.iter() if local_name(node) for _, value in attributes(node)]
    text: list[str] = []
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            text += ["" if is_inline(node) else "\n", node.text or ""]
        else:
            text += ["" if event != "end" or is_inline(node) else "\n", node.tail or ""]
    return "\n".join(pieces) + "\n" + "".join(text)
