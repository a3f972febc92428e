"""What the ``style`` of an element says about whether it is seen, as the cascade of browsers reads it."""

from __future__ import annotations

import re

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
}


def is_unseen(style: str) -> bool:
    """Whether ``style`` itself hides its element.

    >>> is_unseen("color: red; DISPLAY: none !important"), is_unseen("display: none-ish"), is_unseen("x-display: none")
    (True, False, False)
    """
    return _value(style, "display") == "none" or _value(style, "visibility") == "hidden"


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
