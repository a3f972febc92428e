"""PowerPoint (pptx): slides with their shapes, tables, charts, diagrams, notes and comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.ooxml import attribute, found, key, reading
from lake.parse.office.ooxml_package import Omit, Package, embedded_files
from lake.parse.office.slide_reader import Slide, SlideReader
from lake.parse.office.unstructured_light import LONGEST_HEADING

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


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


def _write(slide: Slide, writer: TextWriter) -> None:
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


def _write_footers(slides: Iterable[Slide], writer: TextWriter, omit: Omit) -> None:
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


def _slide_text(slide: Slide) -> str:
    texts = (text if isinstance(text, str) else "\n".join(map(" ".join, text)) for _, text in slide.blocks)
    return "\n".join((*slide.titles, *texts))


def slide_parts(package: Package, main: str) -> Iterator[tuple[int, str]]:
    """Number and part of each slide, in the order of the presentation."""
    root = package.root(main)
    for number, mark in enumerate(found(root, "p:sldId") if root is not None else (), start=1):
        name = package.target(main, _relation_id(mark))
        if name and package.has(name):
            yield number, name
