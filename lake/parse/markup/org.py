"""Org mode: the canonical text is the source itself, without its leading keywords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from lake.parse.account import omission
from lake.parse.canonical import first_heading, one_line, source_document, span
from lake.parse.document import Block, Kind, ParsedDocument
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.text import decode_without_data

#: Keywords about the document; others, such as CAPTION, belong to the text.
_STATED = (
    "title|subtitle|author|email|date|language|description|keywords|filetags|category|options|startup|property|setupfile"
    r"|archive|bibliography|columns|constants|link|macro|priorities|tags|todo|seq_todo|typ_todo|(?:export|latex|html|beamer)_\w+"
)
#: Those that readers of the document see, or that describe it; the others switch settings.
_SHOWN = frozenset(
    ("title", "subtitle", "author", "email", "date", "language", "description", "keywords", "filetags", "category")
)
_KEYWORDS = re.compile(rf"(?:[ \t]*\n|#[ \t].*\n|#\+(?:{_STATED}):.*(?:\n|\Z))+", re.IGNORECASE)
#: Properties of the whole file, which programs for notes write before its title.
_DRAWER = re.compile(r"\s*:PROPERTIES:[ \t]*\n(?:[ \t]*:[^\n]*\n)*?[ \t]*:END:[ \t]*\n", re.IGNORECASE)
_COMMENT = re.compile(r"^#[ \t].*$", re.MULTILINE)
_KEYWORD = re.compile(r"^#\+(\w+):[ \t]*(.*)$", re.MULTILINE)
_HEADING = re.compile(r"(\*+)[ \t]+(?:(?:TODO|DONE)[ \t]+)?(?:\[#\w\][ \t]+)?(.*?)(?:[ \t]+:[\w@:]+:)?[ \t]*$")
_BEGIN = re.compile(r"[ \t]*#\+begin_(\w+)", re.IGNORECASE)
_ITEM = re.compile(r"[ \t]*(?:[-+]|\d+[.)])[ \t]+\S")
_CODE_BLOCKS = ("src", "example", "export", "verbatim")

Line = tuple[int, str]


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode_without_data(data)
    drawer = _DRAWER.match(text)
    match = _KEYWORDS.match(text, drawer.end() if drawer else 0)
    head, body = (match[0], (drawer[0] if drawer else "") + text[match.end() :]) if match else ("", text)
    stated: dict[str, str] = {}
    for key, value in _KEYWORD.findall(head):
        if value.strip():
            stated[key.lower()] = f"{stated.get(key.lower(), '')} {one_line(value)}".lstrip()
    comments = " ".join(_COMMENT.findall(head))
    settings = " ".join(f"{key} {value}" for key, value in _KEYWORD.findall(head) if key.lower() not in _SHOWN)
    rights = misplaced_rights(text)
    left_out = [
        omission("hidden", text, place) for text, place in ((comments, "comments"), (settings, "settings")) if text
    ]
    blocks = list(blocks_of(body))
    return source_document(
        body,
        blocks,
        title=stated.pop("title", None) or first_heading(blocks),
        author=stated.pop("author", None),
        language=stated.pop("language", None),
        metadata={**metadata, **stated, **rights.fields},
        omitted=(*omitted, *left_out, *rights.omitted),
    )


def blocks_of(text: str) -> Iterator[Block]:
    """Headings, fenced blocks, and runs of lines of one kind, in order."""
    for key, run in groupby(_classified(text), key=lambda entry: entry[0]):
        lines = [line for _, line in run]
        start, end = lines[0][0], lines[-1][0] + len(lines[-1][1])
        found = span(text, start, end)
        kind = key[0]
        if found and kind == "heading":
            match = _HEADING.match(lines[0][1])
            yield Block(*found, "heading", len(match[1]), match[2]) if match else Block(*found, "paragraph")
        elif found:
            yield Block(*found, kind)


def _classified(text: str) -> Iterator[tuple[tuple[Kind, int], Line]]:
    """Each line with its kind and the number of the run that it belongs to."""
    run, before, fence = 0, "", ""
    kind: Kind = "paragraph"
    offset = 0
    for line in text.split("\n"):
        begins = None if fence else _BEGIN.match(line)
        if begins:
            fence = begins[1].lower()
            kind, run = ("code" if fence in _CODE_BLOCKS else "quote"), run + 1
        elif not fence:
            new_kind = _kind_of(line, kind)
            run += new_kind != kind or new_kind == "heading" or before == "end"
            kind = new_kind
        before = "end" if fence and re.match(rf"[ \t]*#\+end_{fence}", line, re.IGNORECASE) else ""
        fence = "" if before == "end" else fence
        yield (kind, run), (offset, line)
        offset += len(line) + 1


def _kind_of(line: str, before: Kind) -> Kind:
    if _HEADING.match(line):
        return "heading"
    if line.lstrip().startswith("|"):
        return "table"
    if _ITEM.match(line) or (before == "list" and line.startswith("  ")):
        return "list"
    return "paragraph"
