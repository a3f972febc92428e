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
    if is_unbroken(node) or _is_printed(node):
        return True
    while local_name(node) in _INLINE and (parent := node.getparent()) is not None:
        before = node.getprevious()
        beside = (node.tail or "") + ((parent.text if before is None else before.tail) or "")
        if beside.strip() or local_name(parent) in PARAGRAPHS:
            return True
        node = parent
    return False


def is_unbroken(node: Any) -> bool:
    """Whether a line or page begins inside a word (TEI)."""
    return bool(node.get("break") == "no")


def _is_printed(node: Any) -> bool:
    """Whether a node stands in a reference that is written as it is printed, between text of its own."""
    parent, before, after = node.getparent(), node.getprevious(), node.getnext()
    if parent is None or local_name(parent) not in _PRINTED or not own_text(parent):
        return False
    left = parent.text if before is None else before.tail
    return bool((left or before is None) and (node.tail or after is None))


def tail(node: Any) -> str:
    text: str = node.tail or ""
    return text.lstrip() if is_unbroken(node) else text


def raised(node: Any, before: str) -> tuple[str, str]:
    """The signs around a superscript: a reference stands in brackets, the power of a number after a caret."""
    if local_name(node) not in _RAISED:
        return "", ""
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


def _pieces(node: Any) -> Iterator[str]:
    """Text of a node in the order of the file, without recursion; what parts words is ``GAP``."""
    from lxml import etree  # type: ignore[import-untyped]

    last = ""
    for event, found in etree.iterwalk(node, events=("start", "end", "comment", "pi")):
        pieces = []
        if event == "start":
            pieces += ["" if is_inline(found) else GAP, raised(found, last)[0]]
            if found is not node:
                pieces += (f"{value} " for _, value in attributes(found) if has_words(value))
            pieces.append(found.text or "")
        else:
            if event == "end":
                pieces += [raised(found, "")[1], "" if is_inline(found) else GAP]
            if found is not node:
                pieces.append(tail(found))
        for piece in pieces:
            last = piece or last
            yield piece


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
    text, last = list[str](), ""
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        edge = "" if event not in ("start", "end") or is_inline(node) else "\n"
        if event == "start":
            text += [edge, raised(node, last)[0], node.text or ""]
        else:
            text += [raised(node, "")[1] if event == "end" else "", edge, tail(node)]
        last = next(filter(None, text[:-4:-1]), last)
    return "\n".join(pieces) + "\n" + "".join(text)
