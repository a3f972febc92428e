"""Front matter: fields between two fences at the beginning of a text, as people write them."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from lake.parse.account import omission
from lake.parse.document import Omission
from lake.parse.markup.front_matter_fields import (
    NotUnderstood,
    as_meant,
    is_acl,
    names_rights,
    stated_fields,
    toml_fields,
    yaml_fields,
)
from lake.parse.rights_words import RIGHTS_KEY

LONGEST = 1 << 16
OPENING = re.compile(r"\A(---|\+\+\+)(?:yaml|toml|json)?[ \t]*\n")
CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE),
}
_JSON_RIGHTS = re.compile(rf"""["']{RIGHTS_KEY}["']\s*:""", re.IGNORECASE)
#: A line that people take for a fence; directives of YAML may stand before it.
FENCE_LIKE = re.compile(
    r"^(?:%[^\n]*\n)*[ \t]*(?:-{3,}|\+{3,}|;{3,}|[\u2013-\u2015]+-*)(?:[ \t#][^\n]*)?\n", re.MULTILINE
)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


class FrontMatter(NamedTuple):
    """Fields by key, the text after them, and what of the source is in neither."""

    fields: dict[str, Any]
    text: str
    omitted: tuple[Omission, ...] = ()


def split_front_matter(source: str) -> FrontMatter:
    """Split YAML (``---``), TOML (``+++``) or JSON (``{``) front matter from the text after it.

    A block that is no mapping is text. If it names an acl, the acl is None, which lets nobody see the document.
    """
    opening = OPENING.match(source)
    found = _split_fenced(source, opening) if opening else _split_json(source) if source[:1] == "{" else None
    if found is None:
        found = FrontMatter({}, source)
        start = first_word(source)
        strict = OPENING.match(source[start : start + 80])
        closing = strict and CLOSING[strict[1]].search(source, start + strict.end())
        if strict and names_rights(source[start : closing.start() if closing else start + LONGEST]):
            return closed(source, "it is not at the beginning of the file")
    if any(map(is_acl, found.fields)) or not _is_like_front_matter(found.text):
        return found
    return closed(source, "it is not written as front matter at the beginning of the file")


def _is_like_front_matter(text: str) -> bool:
    """Whether a text begins with a block, between other fences or in JSON, that names an acl."""
    head = as_meant(text[:LONGEST])
    start = first_word(head)
    if head.startswith("{", start):
        return bool(_JSON_RIGHTS.search(head[start:].partition("\n\n")[0]))
    opening = FENCE_LIKE.match(head, start)
    if not opening:
        return False
    closing = FENCE_LIKE.search(head, opening.end())
    return names_rights(head[opening.end() : closing.start() if closing else len(head)].partition("\n\n")[0])


def _split_fenced(source: str, opening: re.Match[str]) -> FrontMatter:
    closing = CLOSING[opening[1]].search(source, opening.end())
    body = source[opening.end() : closing.start() if closing else opening.end() + LONGEST]
    try:
        if closing is None:
            raise NotUnderstood("its closing fence is missing")
        if len(body) > LONGEST:
            raise NotUnderstood(f"it has {len(body):,} characters, more than the {LONGEST:,} that are read")
        is_toml = opening[1] == "+++" or opening[0].startswith("---toml")
        fields = toml_fields(body) if is_toml else yaml_fields(body)
    except NotUnderstood as error:
        return closed(source, str(error)) if names_rights(body) else FrontMatter({}, source)
    comments = " ".join(_COMMENT.findall(body)) if "#" in body and fields else ""
    omitted = (omission("hidden", comments, "comments in front matter"),) if comments else ()
    return FrontMatter(fields, source[closing.end() :], omitted)


def _split_json(source: str) -> FrontMatter:
    """An object at the beginning is front matter if nothing follows it on its line."""
    try:
        value, end = json.JSONDecoder(object_pairs_hook=_distinct).raw_decode(source[:LONGEST])
        rest = source[end:].lstrip(" \t")
        if isinstance(value, dict) and value and rest[:1] in ("", "\n"):
            return FrontMatter(stated_fields(value), rest)
    except (ValueError, RecursionError, NotUnderstood):
        head = source[:LONGEST].partition("\n\n")[0]
        if re.search(r"""^\s*\{\s*["']|^\s*["']""", head) and _JSON_RIGHTS.search(as_meant(head)):
            return closed(source, "it is no JSON object")
    return FrontMatter({}, source)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if sum(is_acl(key) for key, _ in pairs) > 1:
        raise ValueError("an acl comes twice")
    return dict(pairs)


def closed(source: str, why: str) -> FrontMatter:
    """Front matter that lets nobody see its document, with a remark that says why."""
    place = f"front matter: it names an acl, but {why}; nobody may see the document"
    return FrontMatter({"acl": None}, source, (Omission("unreadable", 0, place),))


def first_word(source: str) -> int:
    """Position after white space, byte order marks and comments at the beginning."""
    position = 0
    while True:
        while position < len(source) and (source[position].isspace() or source[position] == "\ufeff"):
            position += 1
        end = source.find("-->", position) if source.startswith("<!--", position) else -1
        if end < 0:
            return position
        position = end + len("-->")
