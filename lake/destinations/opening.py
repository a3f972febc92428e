"""Opens destinations by name, and the parts that the names of stores have in common."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from lake import plugins
from lake.destinations.destination import Destination, DifferenceStore
from lake.errors import UsageError
from lake.ids import derived_id
from lake.reporting import either
from lake.storage.secrets import resolved

if TYPE_CHECKING:
    from lake.destinations.destination import HeldState

#: How ours are named.
FORMS = (
    "parquet:FOLDER",
    "faiss:FOLDER",
    "qdrant:URL/COLLECTION",
    "chroma:URL/COLLECTION",
    "milvus:URL/COLLECTION",
    "elasticsearch:URL/INDEX",
    "opensearch:URL/INDEX",
    "weaviate:URL/COLLECTION",
    "pinecone:https://HOST/NAMESPACE",
    "iceberg:FOLDER/NAMESPACE.TABLE",
    "pgvector:postgresql://HOST/DATABASE?table=TABLE",
)
#: Those of ours whose place may be a folder.
_IN_FOLDERS = ("parquet", "faiss", "qdrant", "chroma", "milvus", "iceberg")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
#: Names of parameters that carry a secret.
_SECRET = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)
_secret: ContextVar[str | None] = ContextVar("secret", default=None)


def open_destination(name: str) -> Destination | DifferenceStore:
    """Open a destination by name, ours or a plugin's.

    Raises UsageError with the valid forms if the name is unknown, or if it holds a secret.
    """
    family, _, rest = name.partition(":")
    plugin = plugins.find("destinations", family) if rest else None
    if plugin is None:
        added = [f"{added}:..." for added in plugins.names("destinations")]
        raise UsageError(f"no destination {_shown(name)!r}; choose {either([*FORMS, *added])}")
    _check_open(family, rest)
    place = plugin.load()(rest)
    if not isinstance(place, Destination | DifferenceStore):
        raise plugin.broken(f"must return a Destination (held, sync) or a DifferenceStore, got {place!r:.100}")
    return place


def full_name(name: str) -> str:
    """The name to record a destination by: that of a folder is absolute and without links, so that it has only one.

    >>> full_name("qdrant:http://host:6333/manuals")
    'qdrant:http://host:6333/manuals'
    """
    family, _, rest = name.partition(":")
    is_folder = family in _IN_FOLDERS and rest and "://" not in rest
    return f"{family}:{Path(rest).resolve()}" if is_folder else name


def _shown(name: str) -> str:
    """The name without what may be a login."""
    return re.sub(r"//[^/@]*@", "//...@", name)


def _check_open(family: str, place: str) -> None:
    """Raises UsageError for a login in the name: the lake records the names of its destinations."""
    parts = urlsplit(place)
    named = [key for key, _ in parse_qsl(parts.query) if _SECRET.search(key)]
    if parts.password or named:
        raise UsageError(
            f"a {family} destination's name must not hold a password or key, since the lake records it; set the "
            "store's own environment variable (docs/destinations.md lists them)"
        )


def split_collection(place: str, *, dashes: bool = True) -> tuple[str, str]:
    """Split ``WHERE/COLLECTION``. Raises UsageError if either is missing, or if it is no simple name."""
    where, _, name = place.rpartition("/")
    is_name = _NAME.fullmatch(name) and (dashes or "-" not in name)
    if not where or where.endswith((":/", ":")) or not is_name:
        allowed = "letters, digits, _ and -" if dashes else "letters, digits and _"
        raise UsageError(f"{place!r} must be a URL or folder, a slash and a collection: {allowed}, at most 63")
    return where, name


def copy_name(name: str, target: HeldState, joint: str = "--") -> str:
    """The name of the copy that holds the target's rows and rights, beside the one that readers use."""
    return f"{name}{joint}{derived_id(target.rows, str(target.rights))[:12]}"


def is_copy(found: str, name: str, joint: str = "--") -> bool:
    """Whether ``copy_name`` may have made a name: other collections may begin like that, too.

    >>> is_copy("a--0123456789ab", "a"), is_copy("a--old", "a"), is_copy("a--eu--0123456789ab", "a")
    (True, False, False)
    """
    return re.fullmatch(f"{re.escape(name + joint)}[0-9a-f]{{12}}", found) is not None


def is_url(where: str) -> bool:
    """Whether it is the URL of a server, not a folder."""
    return where.startswith(("http://", "https://", "grpc://"))


@contextmanager
def using_secret(reference: str | None) -> Iterator[None]:
    """Inside, stores log in with what ``reference`` names, in place of their own environment variable.

    Raises UsageError if there is no such variable or block.
    """
    token = _secret.set(resolved(reference) if reference else None)
    try:
        yield
    finally:
        _secret.reset(token)


def secret(variable: str) -> str | None:
    """The password or key to log in with: that of ``using_secret``, else the environment variable's."""
    return _secret.get() or os.environ.get(variable) or None


def needs(extra: str, error: ImportError) -> UsageError:
    """The error for a client that is not installed."""
    return UsageError(f"this destination needs its client ({error.name}): pip install 'raglake[{extra}]'")


def plain(payload: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """Those of a payload's values that a store filters by."""
    return {key: payload[key] for key in keys if key in payload}
