"""References to notes, and what style sheets raise: marks that would run into the words and numbers beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: A LexborNode or a tree; see ``html_walk``.
NotedNode = Any

_MARK = re.compile(r"\[?(?:\d{1,3}|[ivxlc]{1,6}|[a-z]|[*\u2020\u2021\u00a7\u00b6]{1,3})\]?", re.IGNORECASE)
_OF_NOTES = re.compile(r"foot|endnote|sdend|note-?(?:ref|anchor|link)|noteref|cite[_-]", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_RAISED = re.compile(r"vertical-align\s*:\s*super", re.IGNORECASE)
_CLASS = re.compile(r"(?:^|[\s>])(?:span)?\.([A-Za-z][\w-]*)\s*$")


def note_marks(tree: NotedNode) -> Iterator[NotedNode]:
    """Links to and from notes of the page itself, which are short and are called so or raised."""
    for node in tree.css("a[href^='#']"):
        text = node.text().strip()
        if len(text) < 7 and _MARK.fullmatch(text) and _is_of_note(node):
            yield node


def _is_of_note(node: NotedNode) -> bool:
    if node.css_first("sup"):
        return True
    around = node.parent
    if around is not None and around.tag == "sup":
        return False  # read as what is raised
    names = [(one.attributes.get("class") or "") for one in (node, around) if one is not None and one.is_element_node]
    return any(map(_OF_NOTES.search, names))


def raised_spans(tree: NotedNode) -> Iterator[NotedNode]:
    """Spans that their own style, a class of the page's own style sheet or their name raises, as in Google Docs."""
    names = set[str]()
    for sheet in tree.css("style"):
        rules = _RULE.findall(sheet.text()) if "super" in sheet.text() else ()
        for selectors, rule in rules:
            if _RAISED.search(rule):
                names.update(found[1] for one in selectors.split(",") if (found := _CLASS.search(one)))
    for name in sorted(names):
        yield from tree.css(f"span.{name}")
    yield from tree.css("span[class~='superscript' i], span.sup")
    for node in tree.css("span[style*='super' i]"):
        if _RAISED.search(node.attributes.get("style") or ""):
            yield node
