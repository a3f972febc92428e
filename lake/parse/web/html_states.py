"""Which hidden parts of a page its reader opens by a click: tabs, folded answers, slides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

#: Attributes of a control that name, by its id, what the control opens.
_OPENING = ("aria-controls", "data-bs-target", "data-target", "href")
_CONTROLS = "[aria-controls], [data-bs-target], [data-target], a[href^='#']"
#: Names that people give to one of several states of a page.
_STATE = re.compile(
    r"(?:^|[\s_-])(?:tab-?(?:pane|panel|content)|accordion|collaps(?:e|ed|ible)|expand(?:ed|able)?|spoiler|answer"
    r"|slide|carousel-item)(?:$|[\s_-])|tab-?content",
    re.IGNORECASE,
)
#: Names of what lies over the page, and of copies that let slides go round.
_OVER = re.compile(
    r"modal|popup|popover|lightbox|overlay|drawer|offcanvas|dropdown|tooltip|cookie|clone|duplicate|(?:^|[\s_-])nav",
    re.IGNORECASE,
)
_ROLES_OVER = frozenset(("dialog", "alertdialog", "menu", "menubar", "listbox", "tooltip", "alert", "status"))
#: Hidden words inside a line are for programs that read aloud, or icons.
_BLOCKS = frozenset(
    "article blockquote dd div dl fieldset figure li ol p pre section table tbody tr ul".split()  # noqa: SIM905
)


def opened_ids(tree: LexborHTMLParser) -> frozenset[str]:
    """The ids of elements that controls of the page open, or that its links lead to."""
    found: set[str] = set()
    for control in tree.css(_CONTROLS):
        attributes = control.attributes
        for name in _OPENING:
            value = attributes.get(name) or ""
            if name == "aria-controls":
                found.update(value.split())
            elif value[:1] == "#":
                found.add(value[1:])
    return frozenset(found)


def is_opened(node: LexborNode, ids: frozenset[str]) -> bool:
    """Whether a click shows a hidden ``node`` in its place on the page; ``ids`` are those of ``opened_ids``."""
    attributes = node.attributes
    if attributes.get("role") == "tabpanel":
        return True
    if node.tag not in _BLOCKS or attributes.get("role") in _ROLES_OVER or "aria-modal" in attributes:
        return False
    name, classes = attributes.get("id") or "", attributes.get("class") or ""
    if _OVER.search(f"{name} {classes}"):
        return False
    return name in ids or _STATE.search(classes) is not None


def is_slide(node: LexborNode) -> bool:
    """Whether ``node`` is a slide of reveal.js, which hides all but the one that was shown when the page was saved."""
    around = node
    while around.tag == "section" and around.parent is not None:
        around = around.parent
    if around is node or "slides" not in _classes(around):
        return False
    while around.parent is not None:
        around = around.parent
        if "reveal" in _classes(around):
            return True
    return False


def _classes(node: LexborNode) -> list[str]:
    return (node.attributes.get("class") or "").split()
