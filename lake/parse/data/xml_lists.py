"""Lists in XML of documents, as lines with bullets or the numbers that a reader sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lake.parse.data.outline import MAX_DEPTH
from lake.parse.data.xml_words import local_name, names, stated, words
from lake.parse.numerals import letters, roman

LISTS = names("list itemizedlist orderedlist simplelist procedure ul ol sl steps")
_NUMBERED = frozenset(("orderedlist", "ol", "steps", "procedure"))
#: How attributes name kinds of numbers (DocBook, JATS, TEI, HTML).
_KINDS = {
    **dict.fromkeys(("arabic", "order", "ordered", "numbered", "1"), "1"),
    **dict.fromkeys(("loweralpha", "alpha-lower", "a"), "a"),
    **dict.fromkeys(("upperalpha", "alpha-upper", "A"), "A"),
    **dict.fromkeys(("lowerroman", "roman-lower", "i"), "i"),
    **dict.fromkeys(("upperroman", "roman-upper", "I"), "I"),
}
_KIND_ATTRIBUTES = ("numeration", "list-type", "type", "rend")
#: The attribute of DocBook for a list's first number, which is shown.
FIRST_NUMBER = "startingnumber"
_START_ATTRIBUTES = (FIRST_NUMBER, "start")


def list_lines(node: Any, depth: int = 0) -> Iterator[str]:
    """The items of a list, and of lists in them, one line each."""
    if depth > MAX_DEPTH:
        yield f"{'  ' * depth}- {words(node)}"
        return
    indent = "  " * depth
    kind, number = _kind(node), _start(node)
    for item in node:
        if not isinstance(item.tag, str):
            continue
        bullet = "-"
        if kind and _is_item(item):
            bullet, number = f"{_numeral(number, kind)}.", number + 1
        inner = [child for child in item.iter() if local_name(child) in LISTS and child is not item]
        if inner:
            yield from _item_lines(item, depth, f"{indent}{bullet}")
        elif text := " ".join([*stated(item), words(item)]).strip():
            yield f"{indent}{bullet} {text}"


def _item_lines(item: Any, depth: int, bullet: str) -> Iterator[str]:
    """Lines of an item that holds further lists; ``bullet`` stands before the first."""
    indent = "  " * depth
    if head := " ".join([*stated(item), " ".join((item.text or "").split())]).strip():
        yield f"{bullet} {head}"
        bullet = f"{indent}-"
    for child in item:
        if local_name(child) in LISTS:
            yield from (f"{indent}  {value}" for value in stated(child))
            yield from list_lines(child, depth + 1)
        elif any(local_name(inner) in LISTS for inner in child.iter()):
            yield from _item_lines(child, depth, bullet)
        elif isinstance(child.tag, str) and (text := " ".join([*stated(child), words(child)]).strip()):
            yield f"{bullet} {text}"
            bullet = f"{indent}-"
        if tail := " ".join((child.tail or "").split()):
            yield f"{indent}  {tail}"


def _kind(node: Any) -> str:
    """The kind of a list's numbers; empty for bullets."""
    found = next((_KINDS[value] for name in _KIND_ATTRIBUTES if (value := node.get(name)) in _KINDS), "")
    return found or ("1" if local_name(node) in _NUMBERED else "")


def _start(node: Any) -> int:
    value = next((value for name in _START_ATTRIBUTES if (value := node.get(name))), "1")
    return int(value) if value.isdecimal() and len(value) < 7 else 1


def _is_item(node: Any) -> bool:
    """Whether a child of a list is an item without a label of its own."""
    name = local_name(node)
    if not name.startswith(("li", "item", "step", "list")) or name.startswith("list-head"):
        return False
    return not any(local_name(child) == "label" for child in node)


def _numeral(number: int, kind: str) -> str:
    if number < 1 or kind == "1":
        return str(number)
    text = letters(number) if kind in "aA" else roman(number)
    return text.upper() if kind.isupper() else text
