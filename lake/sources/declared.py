"""Declared metadata of a document: from front matter, and from sidecars, which override it key by key."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from unicodedata import category, normalize

from lake.parse.rights_words import means_rights

#: Declared metadata, normalised; JSON-like. Keys, each only if declared: title, author, language (text), tags (list),
#: acl (sorted list; empty: nobody), metadata (all other keys), problems (what could not be understood).
Statement = dict[str, Any]

#: The key of ``documents.metadata`` that holds problems.
PROBLEMS = "raglake:problems"
#: Keys that override the columns of the same name.
WORDS = ("title", "author", "language")
#: Deeper metadata could be written and not read again: how deep JSON may be depends on who reads it.
MOST_LEVELS = 64
#: A search as this principal sees everything, so no acl may name it.
EVERYTHING = "*"


def statement(fields: Mapping[str, Any], *, are_chosen: bool = False) -> Statement:
    """Convert fields as written to a Statement; an acl that is not understood hides the document from everybody.

    So does another key that means rights, if no acl is stated, unless somebody chose by their names which fields are
    metadata (``are_chosen``).
    """
    found: Statement = {"metadata": {}, "problems": []}
    for key, value in fields.items():
        name = key_as_meant(key).lower()
        understood = _UNDERSTAND.get(name)
        if understood and name in found:
            understood = _twice
        if understood is None and is_too_deep(value):
            found["problems"].append(f"{key} is left out: it is nested more than {MOST_LEVELS} levels deep")
        elif understood is None:
            found["metadata"][key] = value
        elif value is not None or name == "acl":
            try:
                found[name] = understood(value)
            except ValueError as error:
                found["problems"].append(f"{name} {error}")
                found |= {"acl": []} if name == "acl" else {}
    if not are_chosen and "acl" not in found and (odd := other_rights(fields)):
        found["acl"] = []
        found["problems"].append(not_read(odd))
    return {name: value for name, value in found.items() if value or name == "acl"}


def other_rights(fields: Iterable[str]) -> str | None:
    """A key that means rights, though it is not ``acl``; None if there is none."""
    return next((key for key in fields if means_rights(key) and key_as_meant(key).lower() != "acl"), None)


def not_read(key: str) -> str:
    """The problem of a key that means rights, though it is not ``acl``."""
    return f"{key} restricts nothing: call it acl, a list of users and groups; until then nobody may see the document"


def is_too_deep(value: object) -> bool:
    """Whether there are values at more than ``MOST_LEVELS`` levels of lists and objects."""
    level: Collection[object] = [value]
    for _ in range(MOST_LEVELS + 1):  # each once: the same list may be in many, or in itself
        level = {id(inner): inner for one in level for inner in _inside(one)}.values()
    return bool(level)


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple | set | frozenset) else ()


def key_as_meant(key: str) -> str:
    """A key without what nobody sees in it: spaces around it, marks of byte order and direction, other widths.

    >>> key_as_meant("\ufeffacl\u200b "), key_as_meant("\uff41\uff43\uff4c")
    ('acl', 'acl')
    """
    return "".join(letter for letter in normalize("NFKC", key) if category(letter) != "Cf").strip()


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


def declared_json(uri: str, metadata: Mapping[str, Any] | None, acl: object) -> str | None:
    """What a source itself declares of a document, as JSON of a Statement; None if it declares nothing."""
    if metadata is None and acl is None:
        return None
    fields = {str(name): value if is_too_deep(value) else _plain(value) for name, value in (metadata or {}).items()}
    if acl is not None:
        # An acl among the metadata as well is one too many, which hides the document.
        fields["acl" if "acl" not in fields else " acl"] = _as_acl(acl)
    stated = statement(fields, are_chosen=True)
    if "problems" in stated:
        stated["problems"] = [f"{uri}: {problem}" for problem in stated["problems"]]
    return statement_json(stated)


def statement_json(stated: Mapping[str, Any]) -> str:
    """The one form in which Statements are stored and compared."""
    return json.dumps(stated, ensure_ascii=False, sort_keys=True)


def joined(stated: Iterable[Statement]) -> Statement:
    """Statements of the same rank as one: the last overrides, and only who is in every acl may see the document."""
    both: Statement = {}
    for one in stated:
        together = merged(both, one)
        if "acl" in both and "acl" in one:
            together["acl"] = sorted(set(both["acl"]) & set(one["acl"]))
        both = together
    return both


def _as_acl(acl: object) -> object:
    """The acl as a list; None, which hides the document, if a name in it could not be stored as it is."""
    names = list(acl) if isinstance(acl, tuple | set | frozenset) else acl
    return names if _plain(names) == names else None


def _plain(value: Any) -> Any:
    """The value as JSON has it: times in ISO form, numbers that JSON lacks and identifiers as text."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):  # which each process orders otherwise
        return sorted(map(_plain, value), key=json.dumps)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return _plain(text_or_digits(bytes(value)))
    if all(getattr(type(value), name) is getattr(object, name) for name in ("__str__", "__repr__")):
        return type(value).__name__  # its text would be an address in memory, another one each time
    return value.isoformat() if hasattr(value, "isoformat") else _plain(str(value))


def text_or_digits(data: bytes) -> str:
    """Bytes as a text: what is no UTF-8, such as a UUID, by its hexadecimal digits, so that no two become one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.hex()
