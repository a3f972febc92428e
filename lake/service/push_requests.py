"""What a request that stores or deletes a document must have: a name, a type that is read, and stated rights."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.ids.uris import folded
from lake.parse.registry import media_type_of, parser_of, parsers_by_suffix, suffix_of
from lake.service.problems import Problem, forbidden
from lake.service.routes import with_distinct_keys
from lake.sources.declared import key_as_meant, statement
from lake.sources.protocol import is_misnamed, is_sidecar

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.storage.pushed import Pushed

_MOST_CHARACTERS = 1024
#: Control characters, backslashes, halves of characters, and what stands for bytes that are no UTF-8.
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff\u2028\u2029\ufffd]")
#: Types that clients state if they know none.
_NO_TYPES = ("", "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded")
_TAG = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Conditions:
    """The headers ``If-Match`` and ``If-None-Match`` of a request."""

    if_match: str | None = None
    if_none_match: str | None = None

    def __post_init__(self) -> None:
        if self.if_none_match not in (None, "*"):
            raise Problem(400, "usage", "If-None-Match must be *, which means: only if there is no such document yet")

    def check(self, newest: Pushed | None) -> None:
        """Raises Problem 412 if the newest version is not the one that the caller knows."""
        if newest is not None and self.if_none_match:
            raise _changed("the document exists already", newest)
        if self.if_match is None or (newest is not None and self.if_match.strip() == "*"):
            return
        if newest is None or etag_of(newest) not in _TAG.findall(re.sub(r'W/"[^"]*"', "", self.if_match)):
            raise _changed("the document is not the version that If-Match names", newest)


def _changed(what: str, newest: Pushed | None) -> Problem:
    current = {"ETag": etag_of(newest)} if newest else {}
    return Problem(412, "changed", f"{what}; nothing was stored", current)


def etag_of(version: Pushed) -> str:
    return f'"{version.token}"'


def source_of(key: Key, name: str | None) -> str:
    """The source that a request is about. Raises Problem if the key may not write it."""
    if not key.writes:
        raise forbidden('this API key may not write documents; one that may has "writes": ["SOURCE"]')
    if name is None and len(key.writes) > 1:
        raise Problem(400, "usage", f"this API key writes several sources; choose one: {_listed(key.writes)}")
    if name is not None and name not in key.writes:
        raise Problem(404, "no_source", f"this API key writes no source of that name; it writes {_listed(key.writes)}")
    return name or key.writes[0]


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"source={name}" for name in names)


def checked_uri(uri: str) -> str:
    """The uri in its composed form (NFC). Raises Problem 422 if a document can't have it."""
    name = folded(uri)
    parts = name.split("/")
    if not 0 < len(name) <= _MOST_CHARACTERS or _ODD.search(name):
        raise _no_name(
            f"a uri has 1 to {_MOST_CHARACTERS:,} characters, none of them a control character or a backslash"
        )
    if any(part in ("", ".", "..") for part in parts) or any(part != part.strip() for part in parts):
        raise _no_name(
            "a uri is relative, without empty parts, '.', '..', and spaces around a part, as in reports/a.md"
        )
    if any(part.startswith(".") for part in parts):
        raise _no_name("no part of a uri may begin with a dot: sources leave out what is hidden")
    if is_sidecar(name) or is_misnamed(name):
        raise _no_name("this is the name of a sidecar; state metadata and acl with the document that they are about")
    return name


def _no_name(message: str) -> Problem:
    return Problem(422, "no_uri", message)


def check_type(uri: str, content_type: str) -> None:
    """Raises Problem 415 if nothing reads documents of this name, or if the header states another type."""
    if parser_of(uri) is None:
        unread = suffix_of(uri) or "a name without a suffix"
        raise Problem(
            415, "no_parser", f"nothing reads {unread}; convert the document, or end its uri in .txt if it is text"
        )
    stated = content_type.partition(";")[0].strip().lower()
    if stated.startswith("multipart/"):
        raise Problem(415, "multipart", "send the document's bytes as the body, as in curl -T FILE, and no form")
    if stated in _NO_TYPES or stated == media_type_of(uri):
        return
    others = {suffix: media_type_of(f"a{suffix}") for suffix in parsers_by_suffix()}
    wanted = sorted(suffix for suffix, kind in others.items() if kind == stated)
    # Plain text is in any of many formats; a type that nobody reads says nothing against the suffix.
    if wanted and not stated.startswith("text/") and not media_type_of(uri).startswith("text/"):
        message = f"the body is {stated}, but {uri} ends in {suffix_of(uri)}; end it in {' or '.join(wanted)}"
        raise Problem(415, "other_type", message)


def checked_acl(names: Sequence[str] | None, *, is_open: bool) -> list[str] | None:
    """Who may see the document, None for everybody. Raises Problem 422 unless the request states it, once."""
    if (names is None) != is_open:
        message = "state who may see the document: acl=NAME, once for each, acl= for nobody, or open=true for everybody"
        raise Problem(422, "no_rights", message)
    if names is None:
        return None
    if any("\0" in name for name in names):
        raise _no_metadata("acl has a name with a NUL character, which would let nobody see the document")
    return _understood({"acl": [] if names == [""] else list(names)}).get("acl")


def checked_metadata(text: str | None) -> dict[str, Any] | None:
    """The metadata, a JSON object with fields as in a sidecar. Raises Problem 422 if it is none, or has an acl."""
    if text is None:
        return None
    try:
        value = json.loads(text, object_pairs_hook=with_distinct_keys)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise _no_metadata(f"it is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise _no_metadata("it is no JSON object")
    if any(key_as_meant(name).lower() == "acl" for name in value):
        raise _no_metadata("an acl has a parameter of its own")
    _understood(value)
    return value


def _understood(fields: dict[str, Any]) -> dict[str, Any]:
    try:
        stated = statement(fields, are_chosen=True)
    except UsageError as error:
        raise _no_metadata(str(error)) from error
    if problems := stated.get("problems"):
        raise _no_metadata("; ".join(problems))
    return stated


def _no_metadata(message: str) -> Problem:
    return Problem(422, "no_metadata", f"metadata={{...}} or acl: {message}")
