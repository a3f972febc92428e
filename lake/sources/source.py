"""Sources: what documents there are, and their bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from lake.errors import InputError, TransientError, UsageError
from lake.ids import document_id
from lake.schemas import LISTING
from lake.sources.globs import expression, matches

_NAMED = re.compile(r"^([A-Za-z][\w.-]*)=(.+)$")
_MAGIC = re.compile(r"[*?\[]")
_BLOCK = 1 << 20

#: Files that state something of documents: NAME.EXT.meta.json of the one it lies beside, _metadata.csv of those at or
#: below its folder. They are never documents.
SIDECAR_SUFFIX, SIDECAR_TABLE = ".meta.json", "_metadata.csv"


def is_sidecar(uri: str) -> bool:
    """Whether a file states something of documents instead of being one."""
    if not uri.endswith((SIDECAR_SUFFIX, SIDECAR_TABLE)):
        return False
    name = uri.rsplit("/", 1)[-1]
    return name == SIDECAR_TABLE or (name.endswith(SIDECAR_SUFFIX) and name != SIDECAR_SUFFIX)


class SourceFile(NamedTuple):
    """One object of a listing, before it has an id; ``modified_us`` counts microseconds since 1970 UTC."""

    uri: str
    size: int | None
    modified_us: int | None
    etag: str | None = None


@dataclass(frozen=True)
class Source:
    """A folder, a glob or a file; ``name`` and a document's ``uri`` together make its identity.

    ``root`` is a local path or an fsspec URL; below it either the one ``file`` or all that the glob
    ``pattern`` selects. ``include`` and ``exclude`` are globs too; one without a slash matches the
    last part of a uri. Hidden files and folders are left out unless a pattern names them. Patterns choose
    documents; sidecars below ``root`` are always seen, since they may say who may see what. ``only``: the uris of
    the documents that are wanted, where not all are.
    """

    name: str
    root: str
    pattern: str = "**"
    file: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: frozenset[str] | None = None

    @property
    def is_local(self) -> bool:
        return "://" not in self.root

    def found(self) -> Iterator[SourceFile]:
        """Every document of the source and every sidecar, in no particular order.

        Raises UsageError where the source does not exist and TransientError where it can't be listed.
        """
        if self.file is not None:
            if self.only is None or self.file in self.only:
                yield self._found_file(self.file)
                yield from self._beside(self.file)
            return
        walk = _walk_local(self.root, self._names_hidden) if self.is_local else self._walk_remote()
        yield from (found for found in walk if is_sidecar(found.uri) or self._wants(found.uri))

    def _found_file(self, uri: str) -> SourceFile:
        if self.is_local:
            stat = os.stat(os.path.join(os.fsencode(self.root), _name_bytes(uri)))
            return SourceFile(uri, stat.st_size, stat.st_mtime_ns // 1000)
        with self._listing_errors():
            info = self._filesystem.info(f"{self._path}/{uri}")
        return _remote_found(uri, info)

    def _beside(self, uri: str) -> Iterator[SourceFile]:
        """The sidecars of a single file; a web server has none, since it may answer to any name."""
        if self.root.startswith(("http://", "https://")):
            return
        for name in (uri + SIDECAR_SUFFIX, SIDECAR_TABLE):
            try:
                yield self._found_file(name)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
                    yield SourceFile(name, None, None)  # reading it will tell why
            except UsageError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise

    @cached_property
    def _names_hidden(self) -> bool:
        return any(part.startswith(".") for p in (self.pattern, *self.include) for part in p.split("/"))

    def _wants(self, uri: str) -> bool:
        if self.only is not None and uri not in self.only:
            return False
        if self.pattern != "**" and not expression(self.pattern).fullmatch(uri):
            return False
        if self.include and not any(matches(uri, pattern) for pattern in self.include):
            return False
        if self.exclude and any(matches(uri, pattern) for pattern in self.exclude):
            return False
        return self._names_hidden or not uri.rsplit("/", 1)[-1].startswith(".")

    def _walk_remote(self) -> Iterator[SourceFile]:
        with self._listing_errors():
            details = self._filesystem.find(self._path, detail=True)
            if not details and not self._filesystem.exists(self._path):
                raise FileNotFoundError(self.root)
        for name, info in details.items():
            uri = name.removeprefix(self._path).lstrip("/")
            if self._names_hidden or "/." not in f"/{uri}":
                yield _remote_found(uri, info)

    @contextmanager
    def _listing_errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise UsageError(f"no such source: {self.name}") from error
        except PermissionError as error:
            raise UsageError(f"may not list {self.name}: {error}; check its credentials") from error
        except Exception as error:
            raise TransientError(f"could not list {self.name}: {type(error).__name__}: {error}") from error

    def read(self, uri: str) -> bytes:
        """All bytes of a document. InputError: it is gone or unreadable. TransientError: try again."""
        with _reading(uri), self._open(uri) as file:
            return bytes(file.read())

    def digest(self, uri: str) -> str:
        """SHA-256 of a document's bytes, read in blocks; errors as for ``read``."""
        digest = hashlib.sha256()
        with _reading(uri), self._open(uri) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def _open(self, uri: str) -> Any:
        if self.is_local:
            return open(os.path.join(os.fsencode(self.root), _name_bytes(uri)), "rb")
        return self._filesystem.open(f"{self._path}/{uri}", "rb")

    @cached_property
    def _filesystem(self) -> Any:
        return _filesystem(self.root)[0]

    @cached_property
    def _path(self) -> str:
        return str(_filesystem(self.root)[1]).rstrip("/")


@contextmanager
def _reading(uri: str) -> Iterator[None]:
    """Tells apart what one document suffers (InputError) and what may pass (TransientError)."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError("listed, but gone when it was read; the next run will see", "vanished") from error
    except PermissionError as error:
        raise InputError("no permission to read it; grant it or exclude the file", "unreadable") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise InputError("not a regular file; exclude it", "unreadable") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            raise InputError(f"can't be opened ({error.strerror}); exclude it", "unreadable") from error
        raise TransientError(f"reading {uri} failed: {error}") from error


def parse_source(text: str, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Source:
    """A source from the caller's words: ``[NAME=]`` folder, glob, file or fsspec URL.

    >>> parse_source("handbook=s3://bucket/docs/**/*.md").pattern
    '**/*.md'
    """
    if not text.isprintable() and text != text.encode("utf-8", "replace").decode():
        raise UsageError(f"{text!a} is no valid UTF-8; name the folder above it")
    named = _NAMED.match(text)
    name, location = (named[1], named[2]) if named else (None, text)
    if "://" not in location or location.startswith("file://"):
        location = os.path.abspath(os.path.expanduser(location.removeprefix("file://")))
        root, pattern, file = _split_local(location)
    else:
        root, pattern, file = _split_remote(location)
    return Source(name or location.rstrip("/"), root, pattern, file, tuple(include), tuple(exclude))


def _split_local(location: str) -> tuple[str, str, str | None]:
    if os.path.isdir(location):
        return location, "**", None
    if os.path.lexists(location):
        if os.path.exists(location) and not os.path.isfile(location):
            raise UsageError(f"{location} is neither a folder nor a regular file")
        return os.path.dirname(location), "**", _readable_name(os.path.basename(location))
    if not _MAGIC.search(location):
        raise UsageError(f"no such file or folder: {location}")
    root, pattern = _split_glob(location)
    if not os.path.isdir(root):
        raise UsageError(f"no such folder: {root} (of {location})")
    return root, pattern, None


def _split_remote(location: str) -> tuple[str, str, str | None]:
    if _MAGIC.search(location.split("://", 1)[1]):
        return *_split_glob(location), None
    if not location.endswith("/"):
        filesystem, path = _filesystem(location)
        try:
            if filesystem.isfile(path):
                root, _, file = location.rpartition("/")
                return root, "**", file
        except OSError:
            return location, "**", None  # the listing fails in the same way and says so
    return location.rstrip("/"), "**", None


def _split_glob(location: str) -> tuple[str, str]:
    parts = location.split("/")
    magic = next(i for i, part in enumerate(parts) if _MAGIC.search(part))
    return "/".join(parts[:magic]) or "/", "/".join(parts[magic:])


def _filesystem(url: str) -> tuple[Any, str]:
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"can't open {url.split('://', 1)[0]}:// sources: {error}") from error
    filesystem.invalidate_cache()
    return filesystem, path


def _walk_local(root: str, hidden: bool) -> Iterator[SourceFile]:
    """Files below ``root``; links to files count, links to folders don't (they can go in circles)."""
    folders = [("", root)]
    while folders:
        prefix, folder = folders.pop()
        for entry in _entries(folder):
            if entry.name.startswith(".") and not hidden:
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((f"{prefix}{entry.name}/", entry.path))
            elif found := _found_entry(prefix, entry):
                yield found


def _found_entry(prefix: str, entry: os.DirEntry[str]) -> SourceFile | None:
    """The file, None where it is none or just went; one that can't be looked at is listed all the same."""
    name = _readable_name(prefix + entry.name)
    try:
        if not entry.is_file():
            return None
        stat = entry.stat()
    except FileNotFoundError:
        return None
    except OSError:  # a link that leads to itself, say; reading it will tell why
        return SourceFile(name, None, None)
    return SourceFile(name, stat.st_size, stat.st_mtime_ns // 1000)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError as error:
        raise UsageError(f"no such folder: {folder}") from error
    except OSError as error:
        raise TransientError(f"could not list {folder} ({error}); all documents below it would seem removed") from error


def _readable_name(name: str) -> str:
    r"""A file name with bytes that are no valid UTF-8 written as ``\xNN``, and a literal ``\x`` as ``\x5cx``."""
    plain = name.replace("\\x", "\\x5cx")
    return plain if plain.isascii() else os.fsencode(plain).decode("utf-8", "backslashreplace")


def _name_bytes(uri: str) -> bytes:
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), os.fsencode(uri))


def _remote_found(uri: str, info: dict[str, Any]) -> SourceFile:
    modified = next((info[k] for k in ("LastModified", "mtime", "created", "updated") if info.get(k)), None)
    if isinstance(modified, datetime):
        moment = modified if modified.tzinfo else modified.replace(tzinfo=UTC)
        modified = moment.timestamp()
    revision = info.get("ETag") or info.get("etag") or info.get("md5Hash")
    microseconds = int(modified * 1_000_000) if isinstance(modified, int | float) else None
    return SourceFile(uri, info.get("size"), microseconds, str(revision) if revision else None)


def listing(sources: Iterable[Source]) -> pa.Table:
    """All documents and sidecars of the sources as LISTING rows, sorted by source and uri."""
    parts = [_listing(source) for source in sorted(sources, key=lambda source: source.name)]
    return pa.concat_tables(parts) if parts else LISTING.empty_table()


def _listing(source: Source) -> pa.Table:
    found = sorted(source.found())
    return pa.table(
        {
            "doc_id": [document_id(source.name, f.uri) for f in found],
            "source": [source.name] * len(found),
            "uri": [f.uri for f in found],
            "size": [f.size for f in found],
            "modified_at": pa.array([f.modified_us for f in found], pa.int64()).cast(LISTING.field("modified_at").type),
            "etag": [f.etag for f in found],
        },
        schema=LISTING,
    )
