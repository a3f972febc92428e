"""Word and PowerPoint (docx, pptx) by unstructured, behind a zip guard."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.archive import open_archive, xml_member
from lake.parse.canonical import TextWriter, one_line
from lake.parse.unstructured_light import partitioner, write_elements

if TYPE_CHECKING:
    import zipfile

    from lake.parse.document import ParsedDocument

_MAIN_PART = {".docx": "word/", ".pptx": "ppt/"}
_PROPERTIES = "docProps/core.xml"
#: Titles that Office gives to new files.
_NO_TITLES = frozenset(
    {"powerpoint presentation", "powerpoint-präsentation", "word document", "presentation", "untitled", "slide 1"}
)


def parse(data: bytes, suffix: str) -> ParsedDocument:
    with open_archive(data, suffix) as archive:
        _require_main_part(archive, suffix)
        stated = core_properties(archive)
    writer = TextWriter()
    metadata = _write_body(data, suffix, writer)
    date = stated.pop("date", None)
    return writer.finish(**stated, metadata={**metadata, **({"date": date} if date else {})})


def core_properties(archive: zipfile.ZipFile) -> dict[str, str | None]:
    """Title, author, language and date from the properties of an Office file."""
    if _PROPERTIES not in archive.namelist():
        return {}
    stated = (child for child in xml_member(archive, _PROPERTIES) if isinstance(child.tag, str))
    texts = {child.tag.rpartition("}")[2]: one_line(child.text or "") for child in stated}
    title = texts.get("title", "")
    return {
        "title": None if title.lower() in _NO_TITLES else title or None,
        "author": texts.get("creator") or None,
        "language": texts.get("language") or None,
        "date": texts.get("modified") or texts.get("created") or None,
    }


def _require_main_part(archive: zipfile.ZipFile, suffix: str) -> None:
    if not any(name.startswith(_MAIN_PART[suffix]) for name in archive.namelist()):
        raise InputError(
            f"a zip file, but not a {suffix}: it has no {_MAIN_PART[suffix]} part; check its suffix", "garbage"
        )


def _write_body(data: bytes, suffix: str, writer: TextWriter) -> dict[str, object]:
    """Append all elements, with speaker notes after each slide. Running headers become metadata."""
    try:
        elements = partitioner(suffix[1:])(file=io.BytesIO(data), languages=[""])
        notes = _speaker_notes(data) if suffix == ".pptx" else []
    except (KeyError, ValueError, AttributeError, SyntaxError, OSError, NotImplementedError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"the {suffix} file can't be read ({reason}); open and save it again", "garbage") from error
    if not notes:
        return write_elements(elements, writer)
    for page, note in enumerate(notes, start=1):
        write_elements([element for element in elements if element.metadata.page_number == page], writer)
        writer.add(note, page=page)
    return {}


def _speaker_notes(data: bytes) -> list[str]:
    """Notes of each slide; unstructured would put them before the slide's title."""
    from pptx import Presentation

    slides = Presentation(io.BytesIO(data)).slides
    frames = [slide.notes_slide.notes_text_frame if slide.has_notes_slide else None for slide in slides]
    return [frame.text if frame is not None else "" for frame in frames]
