"""OpenDocument: paragraphs, lists and tables of a document, in the order of its text."""

from __future__ import annotations

from dataclasses import dataclass

from lake.parse.office.ooxml import plain_rows


@dataclass(slots=True)
class OdfItem:
    """A paragraph, a heading with its ``level``, a list, or a table if it has ``rows``. raglake ``made`` the text.

    ``contents``: it stands in a table of contents, whose title is none of it.
    """

    text: str
    page: int | None = None
    level: int = 0
    is_list: bool = False
    rows: list[list[str]] | None = None
    made: bool = False
    contents: bool = False


def item_text(item: OdfItem) -> str:
    return item.text if item.rows is None else plain_rows(item.rows)
