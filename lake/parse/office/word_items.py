"""Word: paragraphs and tables of a document, in the order of its text, and the elements that hold none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.parse.office.ooxml import plain_rows

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

#: Elements without text of their own; every other element is searched for text.
NO_TEXT = frozenset(
    (
        *("w:pPr", "w:rPr", "w:sdtPr", "w:sdtEndPr", "w:tblPr", "w:tblPrEx", "w:trPr", "w:tcPr", "w:tblGrid"),
        *("w:sectPr", "w:delInstrText", "w:footnoteRef", "w:endnoteRef", "w:annotationRef", "w:separator"),
        *("w:continuationSeparator", "w:customXmlPr", "w:smartTagPr", "w:rubyPr", "w:softHyphen", "w:proofErr"),
        *("w:bookmarkStart", "w:bookmarkEnd"),
    )
)


@dataclass(slots=True)
class Item:
    """A paragraph, or a table if it has ``rows``. An ``aside`` (note, comment, text box) does not end a list."""

    text: str
    page: int | None = None
    level: int = 0
    style: str = ""
    number: tuple[str, str] | None = None
    rows: list[list[str]] | None = None
    aside: bool = False
    contents: bool = False
    is_list: bool = False
    document: ParsedDocument | None = None

    @property
    def is_plain(self) -> bool:
        return self.rows is None and self.document is None and not self.is_list


def all_text(item: Item) -> str:
    if item.document is not None:
        return item.document.text
    return item.text if item.rows is None else plain_rows(item.rows)
