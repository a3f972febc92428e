"""Attached tables of delimited text, read as tables, so that each row is found by the names of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.tables import delimited

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_TYPES = ("text/csv", "text/comma-separated-values", "text/tab-separated-values", "application/csv")
_SUFFIXES = (".csv", ".tsv", ".tab", ".psv")


def table_of(text: str, kind: str, name: str) -> ParsedDocument | None:
    """The table that a part holds; None if it is no table, or one that is too large to be read as such."""
    suffix = name.lower()[name.rfind(".") :]
    if kind not in _TYPES and suffix not in _SUFFIXES:
        return None
    try:
        return delimited.parse(text.encode(), suffix if suffix in _SUFFIXES else ".csv")
    except InputError:
        return None
