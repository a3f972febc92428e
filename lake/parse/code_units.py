"""Finds the units of a syntax tree: functions, types, and the methods inside types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_FUNCTIONS = _kinds(
    "function_definition function_declaration generator_function_declaration method_definition method_declaration"
    " constructor_declaration function_item macro_definition function_signature abstract_method_signature"
)
_TYPES = _kinds(
    "class_definition class_declaration abstract_class_declaration interface_declaration enum_declaration"
    " record_declaration impl_item trait_item struct_item enum_item mod_item type_item union_item internal_module"
    " module type_alias_declaration type_declaration struct_specifier enum_specifier union_specifier type_definition"
)
#: Nodes around a unit that add to it: decorators, "export".
_WRAPPERS = _kinds("decorated_definition export_statement ambient_declaration expression_statement")
#: Declarations that are units if they hold a function: const open = () => ...
_VARIABLES = _kinds("lexical_declaration variable_declaration")
_FUNCTION_VALUES = _kinds("arrow_function function_expression function class")
_COMMENTS = _kinds("comment line_comment block_comment attribute_item")
_NAMES = _kinds(
    "identifier type_identifier field_identifier property_identifier private_property_identifier word"
    " namespace_identifier"
)
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """The text from ``start`` up to the next mark belongs to the symbol at this path."""

    start: int
    symbols: tuple[str, ...]


def marks_of(root: Node, source: bytes) -> Iterator[Mark]:
    """Marks in order of their byte offsets; code between units has the path of the enclosing unit.

    ``source``: the bytes that names are taken from, of the same length as those that were parsed.
    """
    before: Mark | None = None
    for mark in _marks_in(root, source, (), 0):
        if before is None or (mark.start > before.start and (mark.symbols or before.symbols)):
            yield mark
            before = mark


def _marks_in(parent: Node, source: bytes, path: tuple[str, ...], depth: int) -> Iterator[Mark]:
    comments_from: Node | None = None
    last: Node | None = None
    inside_unit = False
    for node in parent.named_children:
        joined = last is not None and node.start_point.row - last.end_point.row <= 1
        if node.type in _COMMENTS:
            comments_from = comments_from if comments_from and joined else node
            last = node
            continue
        start = comments_from if comments_from and joined else node
        unit = unit_of(node)
        if unit is not None:
            yield from _unit_marks(unit, source, start.start_byte, path, depth)
        elif inside_unit:
            yield Mark(start.start_byte, path)
        inside_unit, comments_from, last = unit is not None, None, node


def _unit_marks(unit: Node, source: bytes, start: int, path: tuple[str, ...], depth: int) -> Iterator[Mark]:
    here = (*path, *([_text(name, source) for name in _names(unit)] or [""]))
    yield Mark(start, here)
    body = unit.child_by_field_name("body")
    if unit.type in _TYPES and body is not None and depth < _MAX_DEPTH:
        yield from (
            mark for mark in _marks_in(body, source, here, depth + 1) if mark.symbols != here or mark.start > start
        )


def unit_of(node: Node) -> Node | None:
    """The function or type that a statement defines, also inside wrappers."""
    if node.type in _FUNCTIONS or node.type in _TYPES:
        return node if _name(node) else None
    if node.type in _VARIABLES:
        return node if any(_holds_function(child) for child in node.named_children) else None
    if node.type in _WRAPPERS:
        return next((unit for child in node.named_children if (unit := unit_of(child))), None)
    return None


def _holds_function(declarator: Node) -> bool:
    value = declarator.child_by_field_name("value")
    return value is not None and value.type in _FUNCTION_VALUES


def _names(unit: Node) -> Iterator[Node]:
    """Name of a unit; that of a Go method is preceded by its receiver's type."""
    receiver = unit.child_by_field_name("receiver")
    owner = _first_name(receiver, "type_identifier") if receiver is not None else None
    yield from (name for name in (owner, _name(unit)) if name is not None)


def _name(unit: Node) -> Node | None:
    for field in ("name", "declarator", "type"):
        named = unit.child_by_field_name(field)
        if named is not None:
            return named if field == "name" or named.type in _NAMES else _first_name(named)
    return next((_first_name(child) for child in unit.named_children if _first_name(child)), None)


def _first_name(node: Node, kind: str | None = None) -> Node | None:
    """The first identifier at or below ``node``, in the order of the source."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found.type == kind or (kind is None and found.type in _NAMES):
            return found
        waiting += reversed(found.named_children)
    return None


def _text(node: Node, source: bytes) -> str:
    return " ".join(source[node.start_byte : node.end_byte].decode("utf-8", "replace").split())
