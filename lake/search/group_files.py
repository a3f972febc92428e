"""Files of memberships: JSON, an object of members by group, or CSV with the columns group and member."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.endpoints.http_get import fetched
from lake.errors import TransientError, UsageError
from lake.options.groups import GROUP

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
        return graph_of(_members(json.loads(text))) if text.lstrip().startswith("{") else _graph(_rows(text))
    except ValueError as error:
        raise UsageError(f"{url} holds no memberships: {error}") from error


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TransientError(f"{path}: {error.strerror}") from error


def _members(found: Any) -> Mapping[str, list[str]]:
    for group, listed in found.items():
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise ValueError(f"members of {group!r} must be a list of names")
    members: Mapping[str, list[str]] = found
    return members


def _rows(text: str) -> Iterable[tuple[str, str]]:
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
        name = group.strip().removeprefix(GROUP)
        if not name or not member.strip():
            raise ValueError("a group and a member must not be blank")
        found.setdefault(member.strip(), set()).add(f"{GROUP}{name}")
    return {member: frozenset(groups) for member, groups in found.items()}
