"""Addresses of sources: a place and options, ``scheme:PLACE?name=value``."""

from __future__ import annotations

import os
import re
from dataclasses import MISSING, Field, field, fields
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote

from lake.errors import UsageError
from lake.reporting import did_you_mean
from lake.storage.secrets import resolved

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Kind = TypeVar("Kind", bound=DataclassInstance)

_OF_PATHS = re.compile(r"(pushed|table|sqlite|duckdb|git|mbox|maildir):(?!//)(.+)", re.DOTALL)


def setting(default: Any, description: str, *, secret: bool = False) -> Any:
    """A field of a kind's options, as `raglake sources` describes it; a secret takes $VARIABLE or block:NAME."""
    return field(default=default, metadata={"description": description, "secret": secret})


def absolute(location: str) -> str:
    """The address with an absolute path, so that it means the same in every folder.

    >>> absolute("table:/srv/a.parquet?id=key")
    'table:/srv/a.parquet?id=key'
    """
    found = _OF_PATHS.fullmatch(location)
    if found is None:
        return location
    path, mark, options = found[2].partition("?")
    if "://" in path:
        return location
    return f"{found[1]}:{os.path.abspath(os.path.expanduser(path))}{mark}{options}"


def place_of(url: str) -> str:
    """What an address names, without scheme and options; ``%XX`` stays as it is in URLs with ``//``."""
    return url.partition(":")[2].partition("?")[0]


def options_of(url: str, kind: type[Kind]) -> Kind:
    """The options of an address. Raises UsageError for unknown, doubled or wrong ones, with those there are."""
    known = {one.name: one for one in fields(kind)}
    given: dict[str, Any] = {}
    for name, text in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if name not in known:
            each = ", ".join(known)
            raise UsageError(
                f"{_scheme(url)} sources have no option {name!r}{did_you_mean(name, known, f'there are {each}')}"
            )
        if name in given:
            raise UsageError(f"the option {name!r} of a {_scheme(url)} source is given twice")
        given[name] = _value(known[name], text)
    missing = [one.name for one in known.values() if one.default is MISSING and one.name not in given]
    if missing:
        raise UsageError(f"a {_scheme(url)} source needs {', '.join(f'{name}=...' for name in missing)} after the ?")
    return kind(**given)


def _value(one: Field[Any], text: str) -> Any:
    if one.metadata.get("secret"):
        return resolved(text)
    try:
        return _CONVERT[str(one.type)](text)
    except ValueError:
        raise UsageError(f"the option {one.name!r} must be a number of kind {one.type}, got {text!r}") from None


def _flag(text: str) -> bool:
    if text.lower() not in ("", "0", "1", "true", "false", "yes", "no"):
        raise ValueError(text)
    return text.lower() in ("", "1", "true", "yes")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


_CONVERT: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": _flag, "tuple[str, ...]": _names}


def text_or_file(value: str) -> str:
    """The value itself, or the text of the file that ``@PATH`` names."""
    if not value.startswith("@"):
        return value
    try:
        with open(value[1:], encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read {value[1:]}: {error}") from error


def _scheme(url: str) -> str:
    return url.partition(":")[0]


#: Characters that would end a name, hide it or be taken for something else.
_ODD = re.compile(r"[%\x00-\x1f\x7f\\]|(?<![^/])\.|^/|/(?=/)|/$|(?<=/)/")


def name_of(key: str, suffix: str) -> str:
    """A key as a uri: odd characters are written as ``%XX``; ``suffix`` decides the parser.

    >>> name_of("a/b", ".md"), name_of("../x", ".txt"), name_of("50%", ".txt")
    ('a/b.md', '%2E./x.txt', '50%25.txt')
    """
    plain = _ODD.sub(lambda found: f"%{ord(found[0]):02X}", key)
    if suffix == ".json" and plain.endswith(".meta"):  # it would be a sidecar
        plain = f"{plain[:-5]}%2Emeta"
    return (plain or "%") + suffix


def key_of(uri: str, suffix: str) -> str:
    """The key that ``name_of`` made a uri of."""
    plain = uri.removesuffix(suffix) if suffix else uri
    return "" if plain == "%" else unquote(plain)
