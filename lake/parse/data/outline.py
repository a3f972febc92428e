"""Writes nested data as readable lines, ``key: value`` indented by depth, with one block per top-level entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line
from lake.parse.graphemes import shortened

MAX_DEPTH = 200
_LONGEST_LABEL = 120

Entry = tuple[str, object]


def write_outline(value: object, writer: TextWriter) -> None:
    """Append a value; each top-level entry becomes one block.

    Dicts, lists and scalars are those of JSON; a tuple of (key, value) pairs may repeat its keys.
    """
    for key, item in _entries(value):
        writer.add("\n".join(entry_lines(key, item)), "list", label=shortened(one_line(clean(key)), _LONGEST_LABEL))


def entry_lines(key: str, value: object, depth: int = 0) -> Iterator[str]:
    """Lines of one entry; a list's items have the key "".

    >>> list(entry_lines("dome", {"motors": [4.2, None]}))
    ['dome:', '  motors:', '    - 4.2', '    - null']
    """
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep; flatten the data", "too_deep")
    indent = "  " * depth
    name = f"{one_line(key)}: " if key else "- "
    if not isinstance(value, (dict, list, tuple)) or not value:
        yield f"{indent}{name}{_scalar(value, indent)}".rstrip()
        return
    inner = chain.from_iterable(entry_lines(*entry, depth + 1) for entry in _entries(value))
    # An item without a key begins on the line of its first entry.
    yield f"{indent}- {next(inner).lstrip()}" if not key else f"{indent}{name.rstrip()}"
    yield from inner


def _entries(value: object) -> Iterable[Entry]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, dict):
        return [(str(key), item) for key, item in value.items()]
    if isinstance(value, list):
        return [("", item) for item in value]
    return [("", value)]


def _scalar(value: object, indent: str) -> str:
    if value is None:
        return "null"
    if value == ():
        return "{}"
    if isinstance(value, bool):
        return "true" if value else "false"
    lines = str(value).strip().splitlines()
    return f"\n{indent}  ".join(line.strip() for line in lines)
