"""HTML and SVG as values: whatever is no Markup is text, and is escaped where it becomes part of one."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_EMPTY = frozenset({"meta", "path", "circle", "line", "rect", "br"})


class Markup(str):
    """HTML already."""

    __slots__ = ()


def element(name: str, /, *children: str | Iterable[str] | None, **attributes: object) -> Markup:
    """An element. ``class_`` is class, ``stroke_width`` stroke-width; attributes that are None or False are left out.

    >>> element("p", "a < b", element("b", "!"), class_='"x"')
    '<p class="&quot;x&quot;">a &lt; b<b>!</b></p>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY and not children:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(*children)}</{name}>")


def joined(*children: str | Iterable[str] | None) -> Markup:
    """Several pieces one after another, text escaped."""
    return Markup("".join(_escaped(child) for child in children))


def _escaped(child: str | Iterable[str] | None) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return str(child)
    return escape(child) if isinstance(child, str) else "".join(_escaped(one) for one in child)


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
