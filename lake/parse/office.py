"""Word and PowerPoint (docx, pptx) through unstructured, behind a zip guard."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.archive import open_archive, xml_member
from lake.parse.canonical import TextWriter, one_line
from lake.parse.document import ParsedDocument
from lake.parse.unstructured_light import partitioner, write_elements

if TYPE_CHECKING:
    import zipfile

_MAIN_PART = {".docx": "word/", ".pptx": "ppt/"}
_PROPERTIES = "docProps/core.xml"
#: What Office writes into the title of a new file.
_NO_TITLES = frozenset({"powerpoint presentation", "powerpoint-präsentation", "word document", "presentation", "untitled", "slide 1"})


def parse(data: bytes, suffix: str) -> ParsedDocument:
    with open_archive(data, suffix) as archive:
        _require_main_part(archive, suffix)
        stated = core_properties(archive)
    writer = TextWriter()
    metadata = write_elements(_elements(data, suffix), writer)
    date = stated.pop("date", None)
    return writer.finish(**stated, metadata={**metadata, **({"date": date} if date else {})})


def core_properties(archive: zipfile.ZipFile) -> dict[str, str | None]:
    """Title, author, language and date that an Office file states of itself."""
    if _PROPERTIES not in archive.namelist():
        return {}
    texts = {child.tag.rpartition("}")[2]: one_line(child.text or "") for child in xml_member(archive, _PROPERTIES)
             if isinstance(child.tag, str)}
    title = texts.get("title", "")
    return {
        "title": None if title.lower() in _NO_TITLES else title or None,
        "author": texts.get("creator") or None,
        "language": texts.get("language") or None,
        "date": texts.get("modified") or texts.get("created") or None,
    }


def _require_main_part(archive: zipfile.ZipFile, suffix: str) -> None:
    if not any(name.startswith(_MAIN_PART[suffix]) for name in archive.namelist()):
        raise InputError(f"a zip file, but not a {suffix}: it has no {_MAIN_PART[suffix]} part; check its suffix", "garbage")


def _elements(data: bytes, suffix: str) -> list[object]:
    partition = partitioner(suffix[1:])
    options = {"include_slide_notes": True} if suffix == ".pptx" else {}
    try:
        return list(partition(file=io.BytesIO(data), languages=[""], **options))
    except (KeyError, ValueError, AttributeError, SyntaxError, OSError, NotImplementedError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"the {suffix} file can't be read ({reason}); open and save it again", "garbage") from error
