"""Pictures of a PDF's pages, from its source as it is now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import InputError, UsageError
from lake.ids import bytes_digest
from lake.parse.registry import plain
from lake.sources.source import parse_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Dots per inch, and those of a PDF's own unit.
_DPI, _UNIT = 110, 72
PDF = "application/pdf"
_ELSEWHERE = "`raglake inspect --pages FOLDER --from SOURCE` reads it from where its source lies"


def write_pages(document: Mapping[str, Any], folder: Path, source: str | None = None) -> list[Path]:
    """Write a PNG for each page of an inspected PDF to ``folder``. Returns their paths in order.

    ``source`` tells where the document's source lies now, if its name does not. Raises UsageError if the document is
    no PDF, or its source can't be read, or holds other bytes than the release was made from.
    """
    uri = document["uri"]
    if document["media_type"] != PDF:
        raise UsageError(f"{uri!r} is {document['media_type']}; --pages needs a PDF")
    data = source_bytes(document, source)
    folder.mkdir(parents=True, exist_ok=True)
    return list(_pictures(data, folder, uri))


def source_bytes(document: Mapping[str, Any], source: str | None = None, elsewhere: str = _ELSEWHERE) -> bytes:
    """The bytes that a document was indexed from, unpacked.

    ``elsewhere``: how to read it from another place. Raises UsageError if its source has others now, or can't be
    read, and InputError if they can't be unpacked.
    """
    name, uri = source or document["source"], document["uri"]
    try:
        data = parse_source(name).read(uri)
    except (UsageError, InputError, OSError) as error:
        raise UsageError(f"can't read {uri!r} from {name} ({error}); {elsewhere}") from error
    if bytes_digest(data) != document["digest"]:
        raise UsageError(
            f"{uri!r} in {name} has changed since {document['release']} was made; `raglake ingest` it first"
        )
    return plain(data, uri)


def _pictures(data: bytes, folder: Path, uri: str) -> Iterator[Path]:
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as pdf:
            for number in range(len(pdf)):
                path = folder / f"page-{number + 1:04}.png"
                pdf[number].render(scale=_DPI / _UNIT).to_pil().save(path)
                yield path
    except pypdfium2.PdfiumError as error:
        raise UsageError(f"the pages of {uri!r} can't be shown: {error}") from error
