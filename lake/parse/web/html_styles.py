"""What the ``style`` of an element says about whether and how it is seen, as the cascade of browsers reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: A LexborNode or a tree; see ``html_walk``.
StyledNode = Any

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_IMPORTANT = re.compile(r"!\s*important$")
_ANY = r"|inherit|initial|unset|revert(?:-layer)?"
#: Values that browsers know; any other leaves what was declared before it in force.
_KNOWN = {
    "display": re.compile(
        r"none|contents|block|inline|flow|flow-root|list-item|run-in|flex|grid|table|ruby|math"
        r"|(?:inline|table|ruby|block|-webkit|-ms)-[a-z-]+|[a-z-]+ [a-z -]+" + _ANY
    ),
    "visibility": re.compile(r"visible|hidden|collapse" + _ANY),
    "list-style-type": re.compile(r"[a-z-]+"),
    "list-style": re.compile(r"[^;]+"),
}
#: Values of ``display`` that part an element from what stands beside it, and those that part its children.
_APART = re.compile(r"block|flow-root|list-item|flex|grid|table(?:-[a-z-]+)?")
_PARTING = re.compile(r"(?:inline-)?(?:flex|grid)")
#: What style sheets take out of the line, for readers that hear the page.
_SPOKEN = (
    *("sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screen-reader-only", "screenreader"),
    *("sr-text", "ms-hidden", "a-offscreen", "offscreen", "off-screen", "assistive-text", "u-visually-hidden"),
)
_OUT_OF_LINE = ", ".join(f".{name}" for name in _SPOKEN)


def is_unseen(style: str) -> bool:
    """Whether ``style`` itself hides its element.

    >>> is_unseen("color: red; DISPLAY: none !important"), is_unseen("display: none-ish"), is_unseen("x-display: none")
    (True, False, False)
    """
    return _value(style, "display") == "none" or _value(style, "visibility") == "hidden"


def apart(tree: StyledNode) -> Iterator[StyledNode]:
    """Elements whose styles part them from their neighbours, whatever they are, and slots with what fills them.

    So do the classes of words that are only spoken.
    """
    for node in tree.css("[style*=display i]"):
        display = _value(node.attributes.get("style") or "", "display")
        if _APART.fullmatch(display):
            yield node
        if _PARTING.fullmatch(display):
            yield from (child for child in node.iter() if child.tag != "br")
    yield from tree.css(f"[slot], x-template slot, {_OUT_OF_LINE}")


def list_style(style: str) -> str:
    """The kind of numbers that ``style`` gives to a list, such as ``lower-alpha``; "" if it states none.

    >>> list_style("list-style: inside upper-roman")
    'upper-roman'
    """
    stated = _value(style, "list-style-type")
    words = (stated or _value(style, "list-style")).split()
    return next((word for word in words if word in LIST_STYLES), "none" if "none" in words else "")


#: Kinds of numbers by their names in styles, and as an attribute ``type`` states them.
LIST_STYLES = {
    "decimal": "1",
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
}


def _value(style: str, wanted: str) -> str:
    """The last value of a property that a browser takes, or the last ``!important`` one; "" without any."""
    value, is_important = "", False
    for declaration in _COMMENT.sub(" ", style).lower().split(";"):
        name, _, stated = declaration.partition(":")
        if name.strip() != wanted:
            continue
        stated = stated.strip()
        plain = _IMPORTANT.sub("", stated).strip()
        if _KNOWN[wanted].fullmatch(plain) and (plain != stated or not is_important):
            value, is_important = plain, plain != stated
    return value
