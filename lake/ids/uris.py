"""Names of documents: uris that differ only in their Unicode form are one name, however a file system spells it.

The bytes of a file's name are kept as its ``uri``, so that it can be read. Whoever names a document is understood in
any form: what is compared is NFC.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from unicodedata import normalize

from lake.ids import document_id

if TYPE_CHECKING:
    import pyarrow as pa


def folded(uri: str) -> str:
    r"""The form in which uris are compared, NFC.

    >>> folded("cafe\u0301.md") == folded("caf\u00e9.md")
    True
    """
    return uri if uri.isascii() else normalize("NFC", uri)


def spellings(uri: str) -> tuple[str, ...]:
    """The uri as it is, composed (NFC) and decomposed (NFD); each once."""
    return (uri,) if uri.isascii() else tuple(dict.fromkeys((uri, normalize("NFC", uri), normalize("NFD", uri))))


def places(source: str, uri: str) -> list[str]:
    """The doc_ids of every spelling of a document's uri, its own first."""
    return [document_id(source, spelling) for spelling in spellings(uri)]


def column_folded(uris: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column of uris in the form in which they are compared."""
    import pyarrow.compute as pc

    return pc.utf8_normalize(uris, form="NFC")


def alike(rows: pa.Table, uris: Iterable[str]) -> pa.Table:
    """The rows whose ``uri`` is one of these, in any spelling."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(set(map(folded, uris))), pa.string())
    return rows.filter(pc.is_in(column_folded(rows.column("uri")), wanted))


def exactly(rows: list[dict[str, object]], uri: str) -> list[dict[str, object]]:
    """Of rows that ``alike`` found, those spelled exactly like this; all of them if there is none."""
    return [row for row in rows if row["uri"] == uri] or rows
