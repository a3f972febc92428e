"""PowerPoint: what each slide holds, from its shapes in reading order to its notes and comments."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.drawings import drawn_text
from lake.parse.office.ooxml import alt_texts, alternatives, attribute, child, found, key, reading
from lake.parse.office.ooxml_package import Omit, Package
from lake.parse.office.related_drawings import related_drawing
from lake.parse.office.slide_lists import Bullets

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind

#: Placeholders that PowerPoint repeats from slide to slide.
_RUNNING = frozenset(("dt", "ftr", "hdr", "sldNum"))
_TITLES = frozenset(("title", "ctrTitle"))
#: Shapes within this many EMU of height (8 mm) stand in one row.
_ROW = 300_000
_SHAPES = frozenset(["p:sp", "p:grpSp", "p:graphicFrame", "p:pic", "p:cxnSp", "p:contentPart", "mc:AlternateContent"])


@dataclass(slots=True)
class Slide:
    name: str
    number: int
    titles: list[str] = field(default_factory=list)
    #: Kind of block and its text, or the rows of a table.
    blocks: list[tuple[str, str | list[list[str]]]] = field(default_factory=list)
    #: Part, and text that recurs on other slides.
    footers: list[tuple[str, str]] = field(default_factory=list)


class SlideReader:
    def __init__(self, package: Package, omit: Omit) -> None:
        self._package = package
        self._omit = omit
        #: Parts that were read, in their order.
        self.read: dict[str, None] = {}
        #: Text of layouts and masters.
        self.drawn: list[str] = []
        self._positions: dict[str, dict[tuple[str, str], tuple[int, int]]] = {}
        self._authors: dict[str, str] | None = None
        self._layouts: set[str] = set()

    def slide(self, name: str, number: int, root: _Element) -> Slide:
        slide = Slide(name, number)
        self.read[name] = None
        tree = child(root, "p:cSld", "p:spTree")
        layout = next(iter(self._package.related(name, "slideLayout")), "")
        self._leave_out_decoration(layout)
        if tree is not None:
            self._shapes(tree, slide, layout)
        for part in self._package.related(name, "notesSlide"):
            self._notes(part, slide)
        for part in self._package.related(name, "comments"):
            self._comments(part, slide)
        return slide

    def _shapes(self, parent: _Element, slide: Slide, layout: str) -> None:
        """Shapes from top to bottom and left to right, with the titles first."""
        placed = []
        nodes = [node for node in parent if key(node.tag) in _SHAPES]
        for order, node in enumerate(nodes):
            x, y = self._position(node, layout)
            placed.append(((_placeholder(node)[0] not in _TITLES, y // _ROW, x, order), node))
        for _, node in sorted(placed, key=lambda one: one[0]):
            self._shape(node, slide, layout)

    def _shape(self, node: _Element, slide: Slide, layout: str) -> None:
        name = key(node.tag)
        if name == "mc:AlternateContent":
            for one, is_chosen in alternatives(node):
                if is_chosen:
                    self._shapes(one, slide, layout)
                else:
                    self._leave_out("repeated", one, slide)
            return
        properties = _own_properties(node)
        if attribute(properties, "hidden") in ("1", "true") if properties is not None else False:
            self._leave_out("hidden", node, slide)
            return
        kind, _ = _placeholder(node)
        body = child(node, "p:txBody")
        if kind in _RUNNING:
            text = "" if body is None else "\n".join(drawn_text(one) for one in found(body, "a:p")).strip()
            if kind == "ftr" and text:
                slide.footers.append((slide.name, text))
            elif text:
                self._omit("running_line", text, slide.name)
        elif kind in _TITLES and body is not None:
            slide.titles += filter(str.strip, (drawn_text(one) for one in found(body, "a:p")))
        elif body is not None:
            self._paragraphs(body, slide)
        elif name == "p:grpSp":
            self._shapes(node, slide, layout)
        elif name == "p:graphicFrame":
            self._frame(node, slide)
        if properties is not None:
            slide.blocks += (("paragraph", f"Picture: {text}") for text in alt_texts(properties))
        if name in ("p:pic", "p:sp"):
            texts = self._package.picture_texts(slide.name, node, f"slide {slide.number}")
            slide.blocks += (("paragraph", text) for text in texts)

    def _paragraphs(self, body: _Element, slide: Slide) -> None:
        bullets = Bullets(body)
        for paragraph in found(body, "a:p"):
            text = drawn_text(paragraph)
            if not text.strip():
                continue
            bullet = bullets.next(paragraph)
            if bullet is None:
                slide.blocks.append(("paragraph", text))
            else:
                slide.blocks.append(("list", f"{bullet}{one_line(text)}"))

    def _frame(self, node: _Element, slide: Slide) -> None:
        data = child(node, "a:graphic", "a:graphicData")
        for one in () if data is None else data:
            name = key(one.tag)
            if name == "a:tbl":
                self._table(one, slide)
            elif name in ("c:chart", "cx:chart", "dgm:relIds"):
                self._related(one, slide)
            else:  # an embedded file: its picture may have a text
                for paragraph in found(one, "a:p"):
                    slide.blocks.append(("paragraph", drawn_text(paragraph)))
                slide.blocks += (("paragraph", f"Picture: {text}") for text in alt_texts(one))

    def _table(self, table: _Element, slide: Slide) -> None:
        rows = [
            [
                one_line(" ".join(drawn_text(paragraph) for paragraph in found(cell, "a:p")))
                for cell in row
                if key(cell.tag) == "a:tc"
            ]
            for row in found(table, "a:tr")
        ]
        slide.blocks.append(("table", rows))

    def _related(self, node: _Element, slide: Slide) -> None:
        drawing = related_drawing(self._package, slide.name, node, self._omit)
        if drawing is None:
            return
        self.read[drawing.part] = None
        slide.blocks += (("list" if drawing.is_diagram else "paragraph", line) for line in drawing.lines)
        slide.blocks += (("table", rows) for rows in drawing.tables)
        for shapes in [] if drawing.is_diagram else self._package.related(drawing.part, "chartUserShapes"):
            drawn = self._package.root(shapes)
            if drawn is not None:
                self.read[shapes] = None
                slide.blocks += (("paragraph", drawn_text(one)) for one in found(drawn, "a:p"))

    def _notes(self, part: str, slide: Slide) -> None:
        root = self._package.root(part) if self._package.has(part) else None
        tree = child(root, "p:cSld", "p:spTree")
        if tree is None:
            return
        self.read[part] = None
        notes = Slide(part, slide.number)
        self._shapes(tree, notes, "")
        slide.blocks += (("paragraph", text) for text in notes.titles)
        slide.blocks += notes.blocks
        for _, text in notes.footers:
            self._omit("running_line", text, part)

    def _comments(self, part: str, slide: Slide) -> None:
        root = self._package.root(part) if self._package.has(part) else None
        if root is None:
            return
        self.read[part] = None
        for one in found(root, "p:cm", "p188:cm", "p188:reply"):
            # Replies stand inside of the comment that they answer.
            texts = [node.text or "" for node in one if key(node.tag) == "p:text"]
            bodies = (node for node in one if key(node.tag) == "p188:txBody")
            texts += (drawn_text(paragraph) for body in bodies for paragraph in found(body, "a:p"))
            text = "\n".join(filter(str.strip, texts))
            author = self._author(attribute(one, "authorId"))
            if text:
                slide.blocks.append(("paragraph", f"Comment ({author}): {text}" if author else f"Comment: {text}"))

    def _author(self, identifier: str) -> str:
        if self._authors is None:
            self._authors = {}
            for name in self._package.names:
                if posixpath.basename(name).lower() in ("commentauthors.xml", "authors.xml"):
                    root = self._package.root(name)
                    for one in () if root is None else root:
                        if isinstance(one.tag, str):
                            self._authors[attribute(one, "id")] = one_line(attribute(one, "name"))
        return self._authors.get(identifier, "")

    def _position(self, node: _Element, layout: str) -> tuple[int, int]:
        """Left and top in EMU; a placeholder has those of its layout or master."""
        own = _offset(node)
        kind, index = _placeholder(node)
        if own is not None or not (kind or index):
            return own or (0, 0)
        while layout:
            known = self._layout_positions(layout)
            place = known.get(("", index)) if index else None
            place = place or known.get((kind or "body", ""))
            if place:
                return place
            layout = next(iter(self._package.related(layout, "slideMaster")), "")
        return 0, 0

    def _layout_positions(self, name: str) -> dict[tuple[str, str], tuple[int, int]]:
        if name not in self._positions:
            places: dict[tuple[str, str], tuple[int, int]] = {}
            root = self._package.root(name) if self._package.has(name) else None
            for shape in () if root is None else found(root, "p:sp"):
                kind, index = _placeholder(shape)
                offset = _offset(shape)
                if offset and (kind or index):
                    places.setdefault(("", index), offset)
                    places.setdefault((kind, ""), offset)
            self._positions[name] = places
        return self._positions[name]

    def _leave_out_decoration(self, layout: str) -> None:
        """Text that a layout and its master draw on every slide; prompts of placeholders are no text."""
        for name in (layout, *self._package.related(layout, "slideMaster")) if layout else ():
            if name in self._layouts:
                continue
            self._layouts.add(name)
            root = self._package.root(name) if self._package.has(name) else None
            for shape in () if root is None else found(root, "p:sp"):
                if _placeholder(shape) == ("", "") and (text := reading(shape)).strip():
                    self.drawn.append(text)
                    self._omit("decoration", text, name)

    def _leave_out(self, kind: OmissionKind, node: _Element, slide: Slide) -> None:
        if (text := reading(node)).strip():
            self._omit(kind, text, slide.name)


def _own_properties(node: _Element) -> _Element | None:
    holder = next((one for one in node if key(one.tag).startswith(("p:nv", "p14:nv"))), None)
    properties = child(holder, "p:cNvPr")
    return child(holder, "p14:cNvPr") if properties is None else properties


def _placeholder(node: _Element) -> tuple[str, str]:
    """Type and index of a placeholder, both empty if the shape is none."""
    holder = next((one for one in node if key(one.tag).startswith("p:nv")), None)
    mark = child(holder, "p:nvPr", "p:ph")
    return ("", "") if mark is None else (attribute(mark, "type") or "body", attribute(mark, "idx"))


def _offset(node: _Element) -> tuple[int, int] | None:
    frame = child(node, "p:xfrm")
    for holder in ("p:spPr", "p:grpSpPr"):
        frame = child(node, holder, "a:xfrm") if frame is None else frame
    offset = child(frame, "a:off")
    if offset is None and key(node.tag) == "mc:AlternateContent":
        return next((place for way in node for one in way if (place := _offset(one))), None)
    if offset is None:
        return None
    try:
        return int(attribute(offset, "x")), int(attribute(offset, "y"))
    except ValueError:
        return None
