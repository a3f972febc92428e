"""What people state of a document beside its text: in front matter, or in sidecars, which beat it key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What is stated, normalised; JSON-like. Keys, each only where it is stated: title, author, language (text), tags
#: (list), acl (sorted list; empty: nobody), metadata (all other keys), problems (what could not be understood).
Statement = dict[str, Any]

#: The key of ``documents.metadata`` under which problems stand.
PROBLEMS = "raglake:problems"
#: Keys that override columns of this name.
WORDS = ("title", "author", "language")
#: Who asks as this sees everything, so no document can be opened to it by name.
EVERYTHING = "*"


def statement(fields: Mapping[str, Any]) -> Statement:
    """Fields as somebody wrote them, as a Statement; an acl that is not understood lets nobody see the document."""
    said: Statement = {"metadata": {}, "problems": []}
    for key, value in fields.items():
        name = key.strip().lower()
        understood = _UNDERSTAND.get(name)
        if understood and name in said:
            understood = _twice
        if understood is None:
            said["metadata"][key] = value
        elif value is not None or name == "acl":
            try:
                said[name] = understood(value)
            except ValueError as error:
                said["problems"].append(f"{name} {error}")
                said |= {"acl": []} if name == "acl" else {}
    return {name: value for name, value in said.items() if value or name == "acl"}


def broken(problem: str) -> Statement:
    """What is stated where nothing can be read: nobody may see the document."""
    return {"acl": [], "problems": [problem]}


def merged(weaker: Statement, stronger: Statement) -> Statement:
    """Both, the stronger one's keys first; problems of both stay."""
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
