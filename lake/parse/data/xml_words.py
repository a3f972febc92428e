"""Words of XML elements: which of them part words, and which attributes are text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lake.parse.canonical import clean, one_line, runs_into


def names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


#: Elements that stand inside a line, so that they part no words.
_INLINE = names(
    "a abbr abbrev acronym application b bold c chem cite citetitle code command computeroutput corr del dfn em"
    " emph emphasis ext-link filename font foreign g guilabel hi i ins italic keycap kbd link literal mark math"
    " monospace mrk named-content pc phrase q quote ref rs s samp sc seg sic small span strike strong styled-content"
    " sub subscript sup superscript term tt tspan u ulink underline uri userinput var w xref"
)
PARAGRAPHS = names("p para simpara")
#: References as they are printed, with the signs between their parts.
_PRINTED = names("mixed-citation bibl bibliomixed bibliomset")
_RAISED = names("sup superscript")
_BREAKS = names("lb pb cb gb milestone")
_REFERENCES = names("xref link footnoteref ref")
#: What parts words from the element before or after them; a space stands for it, but not beside these signs.
GAP = "\0"
_NO_SPACE = re.compile(f"{GAP}+(?=[.,;:!?)\\]\u00bb\u2019\u201d]+(?:[\\s{GAP}\\[]|$))|(?<=[(\\[\u00ab\u201c]){GAP}+")
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
    name, parent = local_name(node), node.getparent()
    if parent is None:
        return False
    around = local_name(parent)
    if (name in _BREAKS and is_unbroken(node)) or (around in _PRINTED and _is_printed(node, parent)):
        return True
    while name in _INLINE:
        before = node.getprevious()
        beside = (node.tail or "") + ((parent.text if before is None else before.tail) or "")
        if around in PARAGRAPHS or beside.strip():
            return True
        node, name, parent = parent, around, parent.getparent()
        if parent is None:
            break
        around = local_name(parent)
    return False


def is_unbroken(node: Any) -> bool:
    """Whether a line or page begins inside a word (TEI)."""
    return local_name(node) in _BREAKS and bool(node.get("break") == "no")


def _is_printed(node: Any, parent: Any) -> bool:
    """Whether a node of a reference that is written as it is printed stands between text of the reference itself."""
    before, after = node.getprevious(), node.getnext()
    left = parent.text if before is None else before.tail
    return bool((left or before is None) and (node.tail or after is None))


def tail(node: Any) -> str:
    text: str = node.tail or ""
    return text.lstrip() if text and is_unbroken(node) else text


def is_raised(node: Any) -> bool:
    return local_name(node) in _RAISED


def raised(node: Any, before: str) -> tuple[str, str]:
    """The signs around a superscript: a reference stands in brackets, the power of a number after a caret."""
    text = "".join(node.itertext()).strip()
    if text and any(local_name(one) in _REFERENCES for one in (*node, node.getparent()) if one is not None):
        return (" ", "") if text[0] in "[(" else (" [", "]")
    return ("^", "") if runs_into(before, text) else ("", "")


def with_spaces(text: str) -> str:
    """``text`` with spaces for gaps, but none before a closing sign or after an opening one."""
    return _NO_SPACE.sub("", text).replace(GAP, " ")


def words(node: Any) -> str:
    """The text of a node and all below it, on one line; attributes of inner nodes that hold words follow them."""
    return one_line(clean(with_spaces("".join(_pieces(node)))))


def _pieces(node: Any) -> list[str]:
    """Text of a node in the order of the file, without recursion; what parts words is ``GAP``."""
    from lxml import etree  # type: ignore[import-untyped]

    pieces: list[str] = []
    for event, found in etree.iterwalk(node, events=("start", "end", "comment", "pi")):
        if event == "start":
            pieces += _edge(found, GAP, pieces, begins=True)
            if found is not node and found.attrib:
                pieces += (f"{value} " for _, value in attributes(found) if has_words(value))
            if found.text:
                pieces.append(found.text)
            continue
        if event == "end":
            pieces += _edge(found, GAP, pieces, begins=False)
        if found is not node and found.tail:
            pieces.append(tail(found))
    return pieces


def _edge(node: Any, gap: str, before: list[str], *, begins: bool) -> Iterator[str]:
    """What parts the words of an element from those before or after it, and signs of a superscript."""
    is_apart = not is_inline(node)
    if is_apart and begins:
        yield gap
    if is_raised(node):
        yield raised(node, before[-1] if before else "")[not begins]
    if is_apart and not begins:
        yield gap


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
            text += _edge(node, "\n", text, begins=True)
            if node.text:
                text.append(node.text)
            continue
        if event == "end":
            text += _edge(node, "\n", text, begins=False)
        if node.tail:
            text.append(tail(node))
    return "\n".join(pieces) + "\n" + "".join(text)
