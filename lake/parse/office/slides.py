"""PowerPoint (pptx): slides with their shapes, tables, charts, diagrams, notes and comments."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.drawings import drawn_text
from lake.parse.office.ooxml import (
    Omit,
    Package,
    alt_texts,
    alternatives,
    attribute,
    child,
    embedded_files,
    found,
    key,
    reading,
)
from lake.parse.office.related_drawings import related_drawing
from lake.parse.office.slide_lists import Bullets
from lake.parse.office.unstructured_light import LONGEST_HEADING

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
class _Slide:
    name: str
    number: int
    titles: list[str] = field(default_factory=list)
    #: Kind of block and its text, or the rows of a table.
    blocks: list[tuple[str, str | list[list[str]]]] = field(default_factory=list)
    #: Part, and text that recurs on other slides.
    footers: list[tuple[str, str]] = field(default_factory=list)


def write_slides(package: Package, main: str, writer: TextWriter, omit: Omit) -> tuple[str | None, dict[str, object]]:
    """Append all slides. Returns the first title, and metadata.

    Raises InputError if the main part can't be read.
    """
    root = package.root(main)
    if root is None:
        raise InputError(f"the part {main!r} can't be read; open the file and save it again", "garbage")
    reader = SlideReader(package, omit)
    slides = []
    for number, mark in enumerate(found(root, "p:sldId"), start=1):
        name = package.target(main, _relation_id(mark))
        part = package.root(name) if name and package.has(name) else None
        if part is None:
            if not package.has(name):
                omit("unreadable", "", f"slide {number}: its part {name!r} is not in the file")
            continue
        slides.append(reader.slide(name, number, part))
    _leave_out_others(package, {slide.name for slide in slides}, reader, omit)
    hidden = [one.number for one in slides if attribute(package.root(one.name), "show") in ("0", "false")]
    for slide in slides:
        _write(slide, writer)
    _write_footers(slides, writer, omit)
    for name in reader.read:
        part = package.root(name)
        if part is not None:
            writer.read(reading(part))
    writer.read("\n".join(reader.drawn))
    title = next((one_line(slide.titles[0]) for slide in slides if slide.titles), None)
    return title, {"hidden_slides": hidden} if hidden else {}


def _relation_id(node: _Element) -> str:
    return next((str(value) for name, value in node.attrib.items() if key(name) == "r:id"), "")


def _leave_out_others(package: Package, shown: set[str], reader: SlideReader, omit: Omit) -> None:
    """Slides that the presentation does not show, files inside it, and what its masters say on every slide."""
    for name in package.names:
        folder, _, base = name.lower().rpartition("/")
        if folder.endswith("/slides") and base.endswith(".xml") and name not in shown:
            root = package.root(name)
            if root is not None:
                reader.read[name] = None
                omit("hidden", reading(root), f"{name}: not among the slides of the presentation")
    for name in embedded_files(package):
        omit("attachment", "", name)


def _write(slide: _Slide, writer: TextWriter) -> None:
    """A slide without a title is called by its number, so that it does not stand below the title before it."""
    title = one_line(" ".join(slide.titles))
    if title and len(title) <= LONGEST_HEADING:
        writer.heading(title, 1, page=slide.number)
    elif slide.blocks or title:
        writer.heading(f"Slide {slide.number}", 1, page=slide.number)
        writer.add(title, page=slide.number)
    items: list[str] = []
    for kind, text in (*slide.blocks, ("", "")):
        if kind != "list":
            writer.add("\n".join(items), "list", page=slide.number)
            items = []
        if isinstance(text, list):
            writer.table(text, page=slide.number)
        elif kind == "list":
            items.append(text)
        else:
            writer.add(text, page=slide.number)


def _write_footers(slides: Iterable[_Slide], writer: TextWriter, omit: Omit) -> None:
    """Footers with words that stand nowhere else, once each, with the first slide that has them."""
    slides = list(slides)
    known = {word for slide in slides for word in word_counts(_slide_text(slide))}
    for slide in slides:
        for part, text in slide.footers:
            new = set(word_counts(text)) - known
            if new:
                known |= new
                writer.add(text, page=slide.number)
            else:
                omit("running_line", text, part)


def _slide_text(slide: _Slide) -> str:
    texts = (text if isinstance(text, str) else "\n".join(map(" ".join, text)) for _, text in slide.blocks)
    return "\n".join((*slide.titles, *texts))


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

    def slide(self, name: str, number: int, root: _Element) -> _Slide:
        slide = _Slide(name, number)
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

    def _shapes(self, parent: _Element, slide: _Slide, layout: str) -> None:
        """Shapes from top to bottom and left to right, with the titles first."""
        placed = []
        nodes = [node for node in parent if key(node.tag) in _SHAPES]
        for order, node in enumerate(nodes):
            x, y = self._position(node, layout)
            placed.append(((_placeholder(node)[0] not in _TITLES, y // _ROW, x, order), node))
        for _, node in sorted(placed, key=lambda one: one[0]):
            self._shape(node, slide, layout)

    def _shape(self, node: _Element, slide: _Slide, layout: str) -> None:
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

    def _paragraphs(self, body: _Element, slide: _Slide) -> None:
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

    def _frame(self, node: _Element, slide: _Slide) -> None:
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

    def _table(self, table: _Element, slide: _Slide) -> None:
        rows = [
            [
                one_line(" ".join(drawn_text(paragraph) for paragraph in found(cell, "a:p")))
                for cell in row
                if key(cell.tag) == "a:tc"
            ]
            for row in found(table, "a:tr")
        ]
        slide.blocks.append(("table", rows))

    def _related(self, node: _Element, slide: _Slide) -> None:
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

    def _notes(self, part: str, slide: _Slide) -> None:
        root = self._package.root(part) if self._package.has(part) else None
        tree = child(root, "p:cSld", "p:spTree")
        if tree is None:
            return
        self.read[part] = None
        notes = _Slide(part, slide.number)
        self._shapes(tree, notes, "")
        slide.blocks += (("paragraph", text) for text in notes.titles)
        slide.blocks += notes.blocks
        for _, text in notes.footers:
            self._omit("running_line", text, part)

    def _comments(self, part: str, slide: _Slide) -> None:
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

    def _leave_out(self, kind: OmissionKind, node: _Element, slide: _Slide) -> None:
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


def slide_parts(package: Package, main: str) -> Iterator[tuple[int, str]]:
    """Number and part of each slide, in the order of the presentation."""
    root = package.root(main)
    for number, mark in enumerate(found(root, "p:sldId") if root is not None else (), start=1):
        name = package.target(main, _relation_id(mark))
        if name and package.has(name):
            yield number, name
