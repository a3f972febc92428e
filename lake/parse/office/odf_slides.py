"""OpenDocument: the slides of a presentation or drawing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.odf_items import OdfItem, item_text
from lake.parse.office.odf_reader import LONGEST_HEADING, OdfReader
from lake.parse.office.odf_text import SHAPES, odf_name, plain
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_LENGTH = re.compile(r"(-?[\d.]+)(mm|cm|in|pt|pc)?")
_UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, None: 1.0}


class OdfSlideReader(OdfReader):
    def slides(self, body: _Element) -> list[OdfItem]:
        items: list[OdfItem] = []
        declared = {
            attribute(one, "name"): plain(one) for one in body if odf_name(one) in ("footer-decl", "header-decl")
        }
        shown: set[str] = set()
        for number, page in enumerate((one for one in body if odf_name(one) == "page"), start=1):
            self._page = number
            self._slide(page, items)
            for kind in ("use-footer-name", "use-header-name"):
                text = declared.get(attribute(page, kind), "")
                if text.strip() and text not in shown:
                    shown.add(text)
                    items.append(OdfItem(text, number))
        for text in declared.values():
            if text not in shown:
                self._omit("running_line", text, "footers of slides")
        return [*items, *self._unplaced_controls()]

    def hidden_slides(self, body: _Element) -> list[int]:
        pages = (one for one in body if odf_name(one) == "page")
        return [number for number, one in enumerate(pages, start=1) if self._styles.hides_page(one)]

    def _slide(self, page: _Element, items: list[OdfItem]) -> None:
        """Titles first, then shapes from top to bottom and left to right, then notes."""
        titles: list[str] = []
        inner: list[OdfItem] = []
        notes: list[OdfItem] = []
        placed = []
        for order, node in enumerate(page):
            name = odf_name(node)
            if name == "notes":
                for one in node:
                    if attribute(one, "class") in ("header", "footer", "date-time", "page-number"):
                        self._leave_out("running_line", one, "notes")
                    elif odf_name(one) in SHAPES - {"page-thumbnail"}:
                        self._shape(one, notes)
            elif name in SHAPES or name == "annotation":
                placed.append(((int(_place(node)[1] // 8), _place(node)[0], order), node))
        for _, node in sorted(placed, key=lambda one: one[0]):
            if attribute(node, "class") == "title" and attribute(node, "placeholder") != "true":
                found: list[OdfItem] = []
                self._shape(node, found)
                titles += (item_text(item).lstrip("- ") for item in found)
            elif odf_name(node) == "annotation":
                self._comment(node, notes)
            else:
                self._shape(node, inner)
        title = one_line(" ".join(titles))
        if title and len(title) <= LONGEST_HEADING:
            items.append(OdfItem(title, self._page, 1))
        elif title or inner or notes:
            items.append(OdfItem(f"Slide {self._page}", self._page, 1, made=True))
            items.append(OdfItem(title, self._page))
        items += inner
        items += notes


def _place(node: _Element) -> tuple[float, float]:
    """Left and top in mm; those of a group are its first shape's."""
    values = [_LENGTH.match(attribute(node, name)) for name in ("x", "y")]
    if odf_name(node) == "g" and not any(values):
        return next((_place(one) for one in node if odf_name(one) in SHAPES), (0.0, 0.0))
    left, top = (float(one[1]) * _UNITS.get(one[2], 1.0) if one else 0.0 for one in values)
    return left, top
