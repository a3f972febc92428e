"""Documents of office programs that are one XML file, whatever the file is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.parse.data.word_xml import as_docx
from lake.parse.office import office, opendocument
from lake.parse.tables import sheets

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_WORKBOOK_2003 = "{urn:schemas-microsoft-com:office:spreadsheet}Workbook"
_FLAT = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}document"
_KIND = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}mimetype"
_FLAT_KINDS = {"presentation": ".fodp", "graphics": ".fodg"}


def read_as_office(root: Any, data: bytes) -> ParsedDocument | None:
    """Read a document of Word, a workbook of Excel 2003, or a flat OpenDocument file; None if it is none of these."""
    if (word := as_docx(root)) is not None:
        return office.parse(word, ".docx")
    if root.tag == _WORKBOOK_2003:
        return sheets.parse(data, ".xls")
    if root.tag != _FLAT:
        return None
    kind = str(root.get(_KIND) or "").rpartition(".")[2].removesuffix("-template")
    if kind == "spreadsheet":
        return sheets.parse(data, ".fods")
    return opendocument.parse(data, _FLAT_KINDS.get(kind, ".fodt"))
