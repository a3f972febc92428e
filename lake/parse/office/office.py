"""Word and PowerPoint (docx, pptx and their kin), behind a zip guard."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse import ocr
from lake.parse.archive import open_archive
from lake.parse.canonical import TextWriter, one_line
from lake.parse.mail.mail import parse as parse_mail
from lake.parse.office.disguised import as_archive, format_of, parse_as
from lake.parse.office.ooxml_package import Omit, Package, PicturePart, pictures_of
from lake.parse.office.rtf import parse as parse_rtf
from lake.parse.office.slides import slide_parts, write_slides
from lake.parse.office.word import write_word
from lake.parse.pictures import MAX_READ, may_be_page
from lake.parse.text import parse as parse_text
from lake.parse.web.html import parse as parse_html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

#: Suffix -> folder of the main part and its usual name.
_WORD = ("word/", "document")
_SLIDES = ("ppt/", "presentation")
_MAIN_PART = {
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), _WORD),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx"), _SLIDES),
}
_PROPERTIES = "docProps/core.xml"
#: Titles that Office gives to new files.
_NO_TITLES = frozenset(
    {"powerpoint presentation", "powerpoint-präsentation", "word document", "presentation", "untitled", "slide 1"}
)

#: Formats that may stand in the body of a Word file.
_PARTS = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), parse_html),
    **dict.fromkeys((".mht", ".mhtml"), parse_mail),
    ".rtf": parse_rtf,
    ".txt": parse_text,
}
#: Headings that slides without a title get.
_NUMBERED = re.compile(r"Slide \d+")

#: A document with fewer words for each large picture may consist of scanned pages.
_WORDS_BESIDE_SCANS = 40


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if disguised := _disguised(data):
        return disguised
    writer, omit = TextWriter(), Omit()
    with open_archive(data, suffix, verify=False) as archive:
        package = Package(archive, omit)
        main = _main_part(package, suffix)
        if not main.lower().endswith(".xml") and (part := _disguised(package.data(main) or b"")):
            return part
        stated = core_properties(package)
        if _MAIN_PART[suffix] is _WORD:
            metadata = write_word(package, main, writer, omit, _parsed_part)
        else:
            title, metadata = write_slides(package, main, writer, omit)
            stated["title"] = stated.get("title") or title
        if not ocr.installed():
            _note_scans(package, writer)
    for kind, text, place in omit.noted:
        writer.omit(kind, text, place)
    for text in package.pictures.texts:
        writer.read(text)
    writer.note(package.pictures.problems)
    metadata |= package.pictures.metadata()
    date = stated.pop("date", None)
    parsed = writer.finish(**stated, metadata={**metadata, **({"date": date} if date else {})})
    return replace(parsed, title=None) if _NUMBERED.fullmatch(parsed.title or "") else parsed


def _disguised(data: bytes) -> ParsedDocument | None:
    """A document whose bytes are RTF, a page or Word in one XML file; None if they are an archive or nothing known."""
    found = format_of(data)
    if found == ".xml":
        archive = as_archive(data)
        return None if archive is None else parse(archive, ".docx")
    return parse_as(data, found)


def _note_scans(package: Package, writer: TextWriter) -> None:
    """Name pictures that may be scanned pages, in a document that has few other words."""
    if writer.n_words >= _WORDS_BESIDE_SCANS:
        return
    names = [name for name in package.names if "/media/" in name.lower()]
    scans = [name for name in names[:MAX_READ] if may_be_page(package.data(name) or b"")]
    if scans and not writer.n_blocks:
        raise InputError(f"no text but {len(scans)} pictures, which may be scans; {ocr.INSTALL}", "no_text")
    if writer.n_words < _WORDS_BESIDE_SCANS * len(scans):
        for name in scans:
            writer.omit("picture_without_text", "", name)


def _parsed_part(data: bytes, suffix: str) -> ParsedDocument | None:
    """A part of a Word file in another format, by its suffix or its bytes; None if it can't stand in the body."""
    if suffix in _MAIN_PART:
        return parse(data, suffix)
    function = _PARTS.get(suffix)
    if function is not None:
        return function(data, suffix)
    return parse(data, ".docx") if format_of(data) == ".zip" and _is_word(data) else _disguised(data)


def _is_word(data: bytes) -> bool:
    with open_archive(data, ".docx", verify=False) as archive:
        return any(name.lower().startswith(_WORD[0]) for name in archive.namelist())


def pictures(data: bytes, suffix: str) -> tuple[PicturePart, ...]:
    """The pictures of a document in its order, each with the part, page or slide it stands on."""
    with open_archive(data, suffix, verify=False) as archive:
        package = Package(archive, Omit())
        main = _main_part(package, suffix)
        if _MAIN_PART[suffix] is _SLIDES:
            places: list[tuple[int | None, str]] = list(slide_parts(package, main))
        else:
            places = [(None, name) for name in (main, *package.related(main, "header"))]
        parts = ((page, name, package.root(name)) for page, name in places)
        return tuple(
            picture
            for page, name, root in parts
            if root is not None
            for picture in pictures_of(package, name, root, page)
        )


def core_properties(package: Package) -> dict[str, str | None]:
    """Title, author, language and date from the properties of an Office file."""
    root = package.root(_PROPERTIES) if package.has(_PROPERTIES) else None
    if root is None:
        return {}
    stated = (child for child in root if isinstance(child.tag, str))
    texts = {child.tag.rpartition("}")[2]: one_line(child.text or "") for child in stated}
    title = texts.get("title", "")
    return {
        "title": None if title.lower() in _NO_TITLES else title or None,
        "author": texts.get("creator") or None,
        "language": texts.get("language") or None,
        "date": texts.get("modified") or texts.get("created") or None,
    }


def _main_part(package: Package, suffix: str) -> str:
    folder, usual = _MAIN_PART[suffix]
    if not any(name.lower().startswith(folder) for name in package.names):
        raise InputError(f"a zip file, but not a {suffix}: it has no {folder} part; check its suffix", "garbage")
    stated = [name for name in package.related("", "officeDocument") if package.has(name)]
    main = stated[0] if stated else f"{folder}{usual}.xml"
    if not package.has(main):
        raise InputError(f"the {suffix} file has no part {main!r}; fetch or export the file again", "garbage")
    return main
