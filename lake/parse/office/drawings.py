"""Texts of shapes, diagrams and formulas in Office files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line, runs_into
from lake.parse.office.ooxml import attribute, child, found, is_raised, key, tags, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


def drawn_paragraphs(body: _Element) -> Iterator[tuple[_Element, str]]:
    """Paragraphs of DrawingML below ``body``, with their text."""
    for paragraph in found(body, "a:p"):
        yield paragraph, drawn_text(paragraph)


def drawn_text(paragraph: _Element) -> str:
    """Text of one paragraph of DrawingML."""
    pieces = []
    for one in paragraph.iter(*tags("a:t", "a:br", "m:oMath", "m:t")):
        name = key(one.tag)
        if name == "a:br":
            pieces.append("\n")
        elif name == "m:oMath":
            pieces.append(f"{formula(one)} ")
        elif name == "a:t":
            text = text_of(one)
            apart = pieces and runs_into(pieces[-1], text) and is_raised(one)
            pieces.append(f"^{text}" if apart else text)
    return "".join(pieces)


_OF_ROOT = ("m:deg", "m:e")
_OPERATORS = {"m:num": "({})", "m:den": "/({})", "m:sup": "^({})", "m:sub": "_({})", "m:deg": "({})"}


def formula(node: _Element) -> str:
    """A formula in one line: ``(a)/(b)``, ``x^(2)``, ``√(y)``."""
    if key(node.tag) == "m:d":
        return _bracketed(node)
    if key(node.tag) == "m:rad":
        degree, inner = (("" if one is None else formula(one).strip()) for one in map(partial(child, node), _OF_ROOT))
        return f"{degree}√({inner})" if len(inner) > 1 else f"{degree}√{inner}"
    pieces: list[str] = []
    for one in node:
        name = key(one.tag)
        if name in ("m:t", "w:t", "a:t"):
            pieces.append(one.text or "")
        elif name in _OPERATORS:
            inner = formula(one).strip()
            pieces.append(
                (_OPERATORS[name] if len(inner) > 1 else _OPERATORS[name].replace("({})", "{}")).format(inner)
            )
        elif name in ("w:del", "w:moveFrom"):
            continue
        elif name == "m:chr" or not name.endswith("Pr"):
            inner = attribute(one, "val") if name == "m:chr" else formula(one)
            # What stands beside each other is parted, unless it is a run of letters.
            is_parted = name != "m:r" and pieces and pieces[-1][-1:].isalnum() and inner[:1].isalnum()
            pieces.append(f" {inner}" if is_parted else inner)
        elif name in ("m:naryPr", "m:groupChrPr"):
            pieces.append(formula(one))
        is_apart = name in ("m:mr", "m:e") and key(node.tag) in ("m:m", "m:mr", "m:eqArr")
        if is_apart or name in ("m:fName", "m:deg"):
            pieces.append(" ")
    return "".join(pieces)


def _bracketed(node: _Element) -> str:
    """Formulas between brackets, which Word states only if they are others than round ones."""
    opening, separator, closing = "(", "|", ")"
    properties = child(node, "m:dPr")
    for one in () if properties is None else properties:
        name, value = key(one.tag), attribute(one, "val")
        opening = value if name == "m:begChr" else opening
        separator = value if name == "m:sepChr" else separator
        closing = value if name == "m:endChr" else closing
    inner = separator.join(formula(one).strip() for one in node if key(one.tag) == "m:e")
    return f"{opening}{inner}{closing}"


def diagram_lines(root: _Element) -> tuple[list[str], str]:
    """Texts of a SmartArt diagram as lines of a list, indented by depth; and what its shapes repeat of them."""
    points = {attribute(one, "modelId"): one for one in found(root, "dgm:pt")}
    texts = {name: one_line(" ".join(text for _, text in drawn_paragraphs(one))) for name, one in points.items()}
    shapes = {name for name, one in points.items() if attribute(one, "type") == "pres"}
    said = {text for name, text in texts.items() if name not in shapes}
    repeated = [texts.pop(name) for name in sorted(shapes) if texts[name] in said]
    below: dict[str, list[tuple[int, str]]] = {}
    for link in found(root, "dgm:cxn"):
        if attribute(link, "type") in ("", "parOf"):
            order = attribute(link, "srcOrd")
            below.setdefault(attribute(link, "srcId"), []).append(
                (int(order) if order.isdecimal() else 0, attribute(link, "destId"))
            )
    tops = [name for name, one in points.items() if attribute(one, "type") == "doc"]
    lines: list[str] = []
    seen: set[str] = set()
    stack = [(name, -1) for name in reversed(tops)]
    while stack:
        name, depth = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        if texts.get(name):
            lines.append(f"{'  ' * max(0, depth)}- {texts[name]}")
        stack += [(inner, depth + 1) for _, inner in sorted(below.get(name, ()), reverse=True)]
    return lines + [f"- {text}" for name, text in texts.items() if text and name not in seen], "\n".join(
        filter(None, repeated)
    )
