"""Word: references to bookmarks, which show the text of the bookmark if the file does not store it with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

#: A reference without a switch that shows a number or a place instead of the text.
_REFERENCE = re.compile(r'\s*REF\s+"?([^\s"\\]+)"?(?!.*\\[nprw]\b)', re.IGNORECASE | re.DOTALL)
_LONGEST = 300


class Bookmarks:
    """The texts of a document's bookmarks, found when the first is asked for."""

    def __init__(self) -> None:
        self.root: _Element | None = None
        self._texts: dict[str, str] | None = None

    def shown(self, instruction: str) -> str:
        """What a field shows that refers to a bookmark; empty for other fields."""
        match = _REFERENCE.match(instruction)
        if match is None:
            return ""
        if self._texts is None:
            self._texts = _texts(self.root) if self.root is not None else {}
        return self._texts.get(match[1].lower(), "")


def _texts(root: _Element) -> dict[str, str]:
    begun: dict[str, tuple[str, list[str]]] = {}
    found: dict[str, str] = {}
    for node in root.iter("{*}bookmarkStart", "{*}bookmarkEnd", "{*}t", "{*}tab", "{*}br", "{*}p"):
        name = node.tag.rpartition("}")[2]
        if name == "bookmarkStart":
            begun[attribute(node, "id")] = attribute(node, "name").lower(), []
        elif name == "bookmarkEnd":
            called, pieces = begun.pop(attribute(node, "id"), ("", []))
            text = one_line("".join(pieces))
            if called and len(text) <= _LONGEST:
                found.setdefault(called, text)
        else:
            for _, pieces in begun.values():
                pieces.append((node.text or "") if name == "t" else " ")
    return found
