"""The words of docutils' nodes: of paragraphs and phrases, and of blocks that stand in one line."""

from __future__ import annotations

import re
from typing import Any

from lake.parse.canonical import one_line, runs_into
from lake.parse.markup.rst_source import LABELS

_TAGS = re.compile(r"<[^<>]*>")

#: A node of docutils; typed loosely because the library is imported inside functions only.
RstNode = Any


def flat_text(node: RstNode, first: int = 0) -> str:
    """All text of a node's blocks, from the child ``first``, on one line."""
    from docutils import nodes

    if isinstance(node, (nodes.TextElement, nodes.Text)) and not first:
        return one_line(inline_text(node))
    if node.tagname == "system_message":
        return " ".join(one_line(child.astext()) for child in node.children if child.tagname == "literal_block")
    if node.tagname in ("comment", "substitution_definition", "image", "pending"):
        return str(node.get("alt", "")) if node.tagname == "image" else ""
    label = f"{LABELS[node.tagname]}:" if node.tagname in LABELS else ""
    return " ".join(filter(None, [label, *map(flat_text, node.children[first:])]))


def inline_text(node: RstNode) -> str:
    """The words of a paragraph or a phrase, without docutils' messages."""
    if node.tagname == "#text":
        return str(node.astext())
    if node.tagname == "image":
        return str(node.get("alt", ""))
    if node.tagname == "raw":
        return _TAGS.sub("", node.astext()) if "html" in node.get("format", "") else ""
    if node.tagname == "system_message":
        return ""
    if node.tagname == "option_argument":
        return str(node.astext())
    if node.tagname == "option_group":
        return ", ".join(map(inline_text, node.children))
    text = ""
    for child in node.children:
        inner = inline_text(child)
        text += f"^{inner}" if child.tagname == "superscript" and runs_into(text, inner) else inner
    return f"[{text}]" if node.tagname in ("footnote_reference", "citation_reference") else text
