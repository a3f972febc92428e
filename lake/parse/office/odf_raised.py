"""OpenDocument: superscripts after a number, which a caret keeps apart from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lake.parse.canonical import runs_into
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_RAISED = re.compile(r"super|[1-9]")


def part_raised(roots: Sequence[_Element]) -> None:
    """Write a caret before each superscript that would run into a number: 10^2 instead of 102.

    ``roots`` hold the styles and the text. They are changed in place, since every reading of them needs the caret.
    """
    positions = _positions(roots)
    if not any(positions.values()):
        return
    for root in roots:
        for span in root.iter("{*}span"):
            if positions.get(attribute(span, "style-name")) and runs_into(_before(span), span.text or ""):
                span.text = f"^{span.text}"


def _positions(roots: Sequence[_Element]) -> dict[str, bool]:
    """Whether each style raises its text; a style without a position has that of its parent."""
    stated: dict[str, str] = {}
    parents: dict[str, str] = {}
    for style in (style for root in roots for style in root.iter("{*}style")):
        name = attribute(style, "name")
        parents.setdefault(name, attribute(style, "parent-style-name"))
        for properties in style.iterchildren("{*}text-properties"):
            if position := attribute(properties, "text-position"):
                stated[name] = position
    return {name: _is_raised(name, stated, parents) for name in parents}


def _is_raised(name: str, stated: dict[str, str], parents: dict[str, str]) -> bool:
    seen: set[str] = set()
    while name and name not in stated and name not in seen:
        seen.add(name)
        name = parents.get(name, "")
    return _RAISED.match(stated.get(name, "")) is not None


def _before(span: _Element) -> str:
    """The text right before a span."""
    previous = span.getprevious()
    if previous is not None:
        return previous.tail or "".join(previous.itertext())
    parent = span.getparent()
    return "" if parent is None else parent.text or ""
