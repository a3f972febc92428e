"""Files of memberships: JSON, an object of members by group, or CSV with the columns group and member."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lake.endpoints.http_get import MOST_BYTES, fetched
from lake.errors import TransientError, UsageError
from lake.options.groups import GROUP
from lake.sources.local import LocalReader, readable_name

if TYPE_CHECKING:
    from lake.options.groups import GroupOptions

#: The groups that each member is in directly.
Graph = Mapping[str, frozenset[str]]

_COLUMNS = ("group", "member")


def graph_of(members: Mapping[str, Iterable[str]]) -> Graph:
    """
    >>> graph_of({"eng": ["anna", "group:backend"], "group:all": ["anna"]})["group:backend"]
    frozenset({'group:eng'})
    """
    return _graph((group, member) for group, every in members.items() for member in every)


def read_graph(options: GroupOptions) -> Graph:
    """The graph of the file. Raises TransientError if it can't be read, UsageError if it is not understood."""
    url = options.url or ""
    data = fetched(url, options.token, options.timeout) if url.startswith("http") else _bytes(url)
    try:
        text = data.decode("utf-8-sig")
        is_json = text.lstrip().startswith("{")
        return graph_of(_members(json.loads(text, object_pairs_hook=_distinct))) if is_json else _graph(_rows(text))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{url} holds no memberships: {error}") from error


def _bytes(path: str) -> bytes:
    """The bytes of a regular file; nothing else is waited for."""
    folder, name = os.path.split(path)
    try:
        with LocalReader(folder).open(readable_name(name)) as file:
            data: bytes = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise TransientError(f"{path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path} has more than the {MOST_BYTES >> 20} MiB that are read")
    return data


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({_name(group) for group, _ in pairs}) < len(pairs):
        raise ValueError("a group comes twice")
    return dict(pairs)


def _members(found: Any) -> Mapping[str, list[str]]:
    for group, listed in found.items():
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise ValueError(f"members of {group!r} must be a list of names")
    members: Mapping[str, list[str]] = found
    return members


def _rows(text: str) -> Iterable[tuple[str, str]]:
    if not text.endswith(("\n", "\r")):  # it may be cut, and its last name be another one's beginning
        raise ValueError("its last line has no end, so the file may be half written")
    rows = csv.reader(io.StringIO(text), strict=True)
    if tuple(name.strip().lower() for name in next(rows, [])) != _COLUMNS:
        raise ValueError("a CSV file must begin with the line group,member")
    try:
        for row in filter(None, rows):
            if len(row) != len(_COLUMNS):
                raise ValueError(f"line {rows.line_num} must have two cells")
            yield row[0], row[1]
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from error


def _graph(pairs: Iterable[tuple[str, str]]) -> Graph:
    found: dict[str, set[str]] = {}
    for group, member in pairs:
        name = _name(group)
        if not name or not member.strip():
            raise ValueError("a group and a member must not be blank")
        name.encode()  # a UnicodeEncodeError is a ValueError
        found.setdefault(member.strip(), set()).add(f"{GROUP}{name}")
    return {member: frozenset(groups) for member, groups in found.items()}


def _name(group: str) -> str:
    return group.strip().removeprefix(GROUP)
