"""Charts and diagrams of Word and PowerPoint files, which are parts of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lake.parse.office.charts import chart_text
from lake.parse.office.drawings import diagram_lines
from lake.parse.office.ooxml import attribute, key
from lake.parse.office.ooxml_package import Omit, Package

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


class RelatedDrawing(NamedTuple):
    """A chart's ``lines`` are paragraphs, those of a diagram a list. ``part`` is the name of its part."""

    part: str
    is_diagram: bool
    lines: list[str]
    tables: list[list[list[str]]]


def related_drawing(package: Package, part: str, node: _Element, omit: Omit) -> RelatedDrawing | None:
    """The chart or diagram that ``node``, an element of ``part``, stands for; None if it can't be read."""
    is_diagram = key(node.tag) == "dgm:relIds"
    name = package.target(part, attribute(node, "dm" if is_diagram else "id"))
    root = package.root(name) if name else None
    if root is None:
        return None
    if is_diagram:
        lines, repeated = diagram_lines(root)
        omit("repeated", repeated, f"{name}: shapes of the diagram")
        return RelatedDrawing(name, True, lines, [])
    chart = chart_text(root)
    omit("repeated", chart.repeated, f"{name}: categories of further series")
    return RelatedDrawing(name, False, chart.lines, chart.tables)
