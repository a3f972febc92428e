"""Declared metadata of a document: from front matter, and from sidecars, which override it key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Declared metadata, normalised; JSON-like. Keys, each only if declared: title, author, language (text), tags (list),
#: acl (sorted list; empty: nobody), metadata (all other keys), problems (what could not be understood).
Statement = dict[str, Any]

#: The key of ``documents.metadata`` that holds problems.
PROBLEMS = "raglake:problems"
#: Keys that override the columns of the same name.
WORDS = ("title", "author", "language")
#: A search as this principal sees everything, so no acl may name it.
EVERYTHING = "*"


def statement(fields: Mapping[str, Any]) -> Statement:
    """Convert fields as written to a Statement; an acl that is not understood hides the document from everybody."""
    found: Statement = {"metadata": {}, "problems": []}
    for key, value in fields.items():
        name = key.strip().lower()
        understood = _UNDERSTAND.get(name)
        if understood and name in found:
            understood = _twice
        if understood is None:
            found["metadata"][key] = value
        elif value is not None or name == "acl":
            try:
                found[name] = understood(value)
            except ValueError as error:
                found["problems"].append(f"{name} {error}")
                found |= {"acl": []} if name == "acl" else {}
    return {name: value for name, value in found.items() if value or name == "acl"}


def broken(problem: str) -> Statement:
    """The Statement if nothing can be read: nobody may see the document."""
    return {"acl": [], "problems": [problem]}


def merged(weaker: Statement, stronger: Statement) -> Statement:
    """Merge both; the stronger one's keys override, and the problems of both stay."""
    metadata = {**weaker.get("metadata", {}), **stronger.get("metadata", {})}
    problems = [*weaker.get("problems", ()), *stronger.get("problems", ())]
    both = {**weaker, **stronger, "metadata": metadata, "problems": problems}
    return {name: value for name, value in both.items() if value or name == "acl"}


def _twice(value: object) -> list[str]:
    raise ValueError("is there twice")


def _words(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("must be a text")
    return " ".join(str(value).split())


def _tags(value: object) -> list[str]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or any(isinstance(item, (list, dict)) for item in items):
        raise ValueError("must be a list of texts, or a text with commas")
    return list(dict.fromkeys(tag for item in items if item is not None and (tag := str(item).strip())))


def _acl(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ValueError("must be a list of texts; until it is, nobody may see the document")
    names = {item.strip() for item in value}
    if EVERYTHING in names:
        raise ValueError(f"can't name {EVERYTHING!r}; without any acl everybody may see the document, now nobody may")
    return sorted(names)


_UNDERSTAND = {**dict.fromkeys(WORDS, _words), "tags": _tags, "acl": _acl}
