"""The part of a source that a run looks at, if not all of it: documents by their keys, and folders."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.ids.uris import column_folded, folded, spellings
from lake.sources.loose_sidecars import about, is_loose, is_of_exact_name
from lake.sources.protocol import SIDECAR_SUFFIX, SIDECAR_TABLE, as_meant, is_misnamed, is_sidecar

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class SourceScope:
    """Keys as a source spells its uris. A folder stands for everything below it, and an empty key for the source.

    A sidecar stands for the documents that it may be about.
    """

    keys: tuple[str, ...]

    @classmethod
    def of(cls, keys: Iterable[str]) -> SourceScope:
        """Raises UsageError for a key that no document of a source can have."""
        return cls(tuple(dict.fromkeys(one for key in keys for one in _about(_checked(key)))))

    def __contains__(self, uri: str) -> bool:
        name = folded(uri)
        return name in self._names or any(name.startswith(folder) for folder in self._folders)

    def mask(self, uris: pa.ChunkedArray) -> pa.Array:
        """Which of a column of uris the scope holds."""
        import pyarrow as pa
        import pyarrow.compute as pc

        names = column_folded(uris)
        found = pc.is_in(names, pa.array(self._names, pa.string()))
        for folder in self._folders:
            found = pc.or_(found, pc.starts_with(names, folder))
        return found

    def places(self) -> Iterator[str]:
        """Where to look: at each key in all spellings, and at the sidecars beside and above it."""
        folders = dict.fromkeys(folder for key in self.keys for folder in _above(key))
        yield from (posixpath.join(folder, SIDECAR_TABLE) for folder in folders)
        for key in self.keys:
            for spelling in spellings(key):
                yield spelling
                if spelling:
                    yield spelling + SIDECAR_SUFFIX

    def folders(self) -> list[str]:
        """The folders that its keys are in, and all above them."""
        return list(dict.fromkeys(folder for key in self.keys for folder in _above(posixpath.dirname(key))))

    def may_be_meant_by(self, uri: str) -> bool:
        """Whether a sidecar, or a file that is nearly one, may be about a document of the scope.

        Names are compared without case and suffix, since that is what people mistake.
        """
        folder, meant = posixpath.dirname(uri), about(uri) if is_loose(uri) else _meant(uri)
        inside = f"{folded(folder)}/".casefold() if folder else ""
        if meant is None:
            return any(key.startswith(inside) for key in self._stems)
        stems = {_stem(meant), _stem(_stem(meant))}
        return any(
            key.startswith(inside) and (is_folder or not stems.isdisjoint((stem, _stem(stem))))
            for key, (stem, is_folder) in self._stems.items()
        )

    @cached_property
    def _stems(self) -> dict[str, tuple[str, bool]]:
        """Of each key the name without suffix, and whether it may be a folder."""
        return {folded(key).casefold(): (_stem(key), not posixpath.splitext(key)[1]) for key in self.keys}

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(map(folded, self.keys))

    @cached_property
    def _folders(self) -> tuple[str, ...]:
        return tuple(f"{name}/" if name else "" for name in sorted(self._names))


def lookable(key: str) -> str:
    """A key that a run can look at: the whole source, in place of one that no document can have.

    >>> lookable("a/b.md"), lookable("a//b.md")
    ('a/b.md', '')
    """
    try:
        key.encode()
        SourceScope.of([key])
    except (UsageError, UnicodeEncodeError):
        return ""
    return key


def _checked(key: str) -> str:
    name = key.removesuffix("/")
    if "\0" in name or name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/") if name):
        raise UsageError(
            f"{key!r} is no key of a document; write it as a hit shows its uri, relative to the source: reports/a.md"
        )
    return name


def _meant(uri: str) -> str | None:
    """The document that a sidecar is about, though it has another name than one; None for a table."""
    meant = as_meant(uri)
    return meant.removesuffix(SIDECAR_SUFFIX) if meant.endswith(SIDECAR_SUFFIX) else None


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(folded(name)))[0].casefold()


def _about(key: str) -> tuple[str, ...]:
    """What must be looked at if ``key`` changed.

    What is nearly a sidecar is a document as well, and may be about any in its folder: by name, but for case or suffix.
    """
    if is_sidecar(key):
        return (key.removesuffix(SIDECAR_SUFFIX) if key.endswith(SIDECAR_SUFFIX) else posixpath.dirname(key),)
    document = about(key) if is_loose(key) else None
    if document is not None and is_of_exact_name(key):
        return key, document
    return (posixpath.dirname(key),) if is_loose(key) or is_misnamed(key) else (key,)


def _above(key: str) -> Iterator[str]:
    """The folders that a key is in, and the key itself, which may be one.

    >>> list(_above("a/b.md"))
    ['a/b.md', 'a', '']
    """
    while key:
        yield key
        key = posixpath.dirname(key)
    yield ""
