"""Readers of sources: a local folder, a file system behind a URL, or a plugin."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

from lake import plugins
from lake.errors import InputError, LakeError, TransientError, UsageError
from lake.parse.registry import MAX_BYTES

#: Files that declare metadata: NAME.EXT.meta.json for the document beside it, _metadata.csv for those at or below its
#: folder. They are never documents.
SIDECAR_SUFFIX, SIDECAR_TABLE = ".meta.json", "_metadata.csv"


def is_sidecar(uri: str) -> bool:
    """Whether a file declares metadata of documents instead of being one."""
    if not uri.endswith((SIDECAR_SUFFIX, SIDECAR_TABLE)):
        return False
    name = uri.rsplit("/", 1)[-1]
    return name == SIDECAR_TABLE or (name.endswith(SIDECAR_SUFFIX) and name != SIDECAR_SUFFIX)


_BLOCK = 1 << 20
#: What the mark of a local file begins with; its inode and its time of status change in microseconds follow.
INODE_MARK = "inode "


class SourceFile(NamedTuple):
    """One document or sidecar of a listing.

    ``uri`` names it inside its source, with ``/`` between folders, and ends in the suffix that decides its parser.
    ``modified_us`` counts microseconds since 1970 UTC. ``etag`` is any mark that changes with the bytes. A document is
    read again unless size, time and mark are unchanged; one with neither time nor mark is always read again.
    """

    uri: str
    size: int | None = None
    modified_us: int | None = None
    etag: str | None = None


@runtime_checkable
class SourceReader(Protocol):
    """The object that a source plugin's factory returns for a URL. Methods may be called from several threads.

    They raise FileNotFoundError and PermissionError as ``open`` does. Any other error counts as temporary, and the run
    may be retried.
    """

    def list(self) -> Iterable[SourceFile]:
        """Everything that exists now, each uri once. Missing documents count as removed."""
        ...

    def read(self, uri: str) -> bytes:
        """All bytes of one file."""
        ...


class LocalReader:
    """A local folder. ``hidden`` includes files and folders whose names begin with a dot."""

    def __init__(self, root: str, hidden: bool = False) -> None:
        self._root, self._hidden = root, hidden

    def list(self) -> Iterator[SourceFile]:
        """Files below the folder; links to files count, links to folders don't (they may form cycles)."""
        folders = [("", self._root)]
        while folders:
            prefix, folder = folders.pop()
            entries = _entries(folder, is_root=not prefix)
            if entries is None:
                yield SourceFile(readable_name(prefix.rstrip("/")))  # reading it will reveal why
            for entry in entries or ():
                if entry.name.startswith(".") and not self._hidden:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append((f"{prefix}{entry.name}/", entry.path))
                if found := _found_entry(prefix, entry):
                    yield found

    def find(self, uri: str) -> SourceFile:
        """One file, as ``list`` would yield it. Raises OSError if its status can't be read."""
        try:
            found = os.stat(self._path(uri))
        except FileNotFoundError:
            if os.path.islink(self._path(uri)):
                return SourceFile(uri)  # a link to nothing; reading it will reveal that
            raise
        return _local_file(uri, found)

    def read(self, uri: str) -> bytes:
        with self.open(uri) as file:
            return _whole(file)

    def open(self, uri: str) -> Any:
        """Open a binary file, which may be larger than memory. Raises IsADirectoryError for what is no regular file.

        Files of the kernel are none: a link to one could show what only this process knows, such as its environment.
        """
        place = self._path(uri)
        # A pipe without a writer would be waited for.
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(handle).st_mode) or _is_of_kernel(handle):
            os.close(handle)
            raise IsADirectoryError(errno.EISDIR, "not a regular file", place)
        return os.fdopen(handle, "rb")

    def _path(self, uri: str) -> bytes:
        return os.path.join(os.fsencode(self._root), _name_bytes(uri))


class FsspecReader:
    """A folder of any file system that fsspec reaches."""

    def __init__(self, root: str, hidden: bool = False) -> None:
        self._root, self._hidden = root, hidden

    def list(self) -> Iterator[SourceFile]:
        details = self._filesystem.find(self._path, detail=True)
        if not details and not self._filesystem.exists(self._path):
            raise FileNotFoundError(self._root)
        for name, info in details.items():
            uri = name.removeprefix(self._path).lstrip("/")
            if self._hidden or "/." not in f"/{uri}":
                yield _remote_found(uri, info)

    def find(self, uri: str) -> SourceFile:
        """One file, as ``list`` would yield it."""
        return _remote_found(uri, self._filesystem.info(f"{self._path}/{uri}"))

    def read(self, uri: str) -> bytes:
        with self.open(uri) as file:
            # A file of known size is one request; in blocks it would be many.
            is_small = isinstance(size := getattr(file, "size", None), int) and size <= MAX_BYTES
            return bytes(file.read()) if is_small else _whole(file)

    def open(self, uri: str) -> Any:
        """Open a binary file, which may be larger than memory."""
        return self._filesystem.open(f"{self._path}/{uri}", "rb")

    @cached_property
    def _filesystem(self) -> Any:
        return filesystem_of(self._root)[0]

    @cached_property
    def _path(self) -> str:
        return filesystem_of(self._root)[1].rstrip("/")


def blocks(file: Any) -> Iterator[bytes]:
    """A file in blocks. Raises InputError once it is larger than any document may be, however it grows meanwhile."""
    size = 0
    while block := file.read(_BLOCK):
        size += len(block)
        if size > MAX_BYTES:
            raise InputError(f"more than {MAX_BYTES:,} bytes, the limit of a document; split the file", "too_large")
        yield block


def _whole(file: Any) -> bytes:
    whole = io.BytesIO()
    for block in blocks(file):
        whole.write(block)
    return whole.getvalue()


def _is_of_kernel(handle: int) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{handle}").startswith(("/proc/", "/sys/"))
    except OSError:  # no such file system on this machine, hence no such files
        return False


class PluginReader:
    """A plugin's reader, checked against the contract of SourceReader."""

    def __init__(self, plugin: plugins.Plugin, root: str, hidden: bool) -> None:
        self._plugin, self._hidden = plugin, hidden
        self._reader = plugin.load()(root)
        if not isinstance(self._reader, SourceReader):
            raise plugin.broken(f"must return a SourceReader (list, read), got {self._reader!r:.100}")

    def list(self) -> Iterator[SourceFile]:
        seen: set[str] = set()
        for found in self._reader.list():
            if not isinstance(found, SourceFile) or found.uri.startswith("/") or found.uri in {"", *seen}:
                raise self._plugin.broken(
                    f"listed {found!r:.100}, which is not a SourceFile with a unique relative uri"
                )
            seen.add(found.uri)
            if self._hidden or "/." not in f"/{found.uri}":
                yield found

    def read(self, uri: str) -> bytes:
        try:
            return bytes(self._reader.read(uri))
        except (LakeError, OSError):
            raise
        except Exception as error:
            raise TransientError(f"{self._plugin} could not read {uri}: {type(error).__name__}: {error}") from error

    def open(self, uri: str) -> Any:
        return io.BytesIO(self.read(uri))


Reader = LocalReader | FsspecReader | PluginReader


def reader_of(root: str, hidden: bool) -> Reader:
    """The reader of a local folder or a URL."""
    if plugin := plugin_of(root):
        return PluginReader(plugin, root, hidden)
    ours = plugins.load("sources", _scheme(root)) if _scheme(root) in plugins.OURS["sources"] else FsspecReader
    reader: LocalReader | FsspecReader = ours(root, hidden)
    return reader


def plugin_of(root: str) -> plugins.Plugin | None:
    """The plugin for URLs of this scheme; None if it is ours. Raises UsageError if several packages register it."""
    scheme = _scheme(root)
    return plugins.find("sources", scheme) if plugins.is_added("sources", scheme) else None


def _scheme(root: str) -> str:
    return root.partition("://")[0] if "://" in root else "file"


def filesystem_of(url: str) -> tuple[Any, str]:
    """The file system behind a URL and the path in it. Raises UsageError if its scheme has none."""
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"can't open {_scheme(url)}:// sources: {error}") from error
    filesystem.invalidate_cache()
    return filesystem, str(path)


@contextmanager
def listing_errors(name: str) -> Iterator[None]:
    """Translate errors: UsageError if the source is missing or access is denied, TransientError for temporary ones."""
    try:
        yield
    except LakeError:
        raise
    except FileNotFoundError as error:
        raise UsageError(f"no such source: {name}") from error
    except PermissionError as error:
        raise UsageError(f"may not list {name}: {error}; check its credentials") from error
    except Exception as error:
        raise TransientError(f"could not list {name}: {type(error).__name__}: {error}") from error


@contextmanager
def reading_errors(uri: str) -> Iterator[None]:
    """Translate errors: InputError if they concern one document, TransientError if they are temporary."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError("listed, but gone when it was read; the next run will see", "vanished") from error
    except PermissionError as error:
        raise InputError("no permission to read it; grant it or exclude the file", "unreadable") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise InputError("not a regular file; exclude it", "unreadable") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO):  # ENXIO: a socket
            raise InputError(f"can't be opened ({error.strerror}); exclude it", "unreadable") from error
        raise TransientError(f"reading {uri} failed: {error}") from error


def readable_name(name: str) -> str:
    r"""A file name with invalid UTF-8 bytes written as ``\xNN``, and a literal ``\x`` as ``\x5cx``."""
    plain = name.replace("\\x", "\\x5cx")
    return plain if plain.isascii() else os.fsencode(plain).decode("utf-8", "backslashreplace")


def _found_entry(prefix: str, entry: os.DirEntry[str]) -> SourceFile | None:
    """The file; None if it isn't one or just vanished. One whose status can't be read is listed anyway.

    Whatever has the name of a sidecar is listed, since it may be meant to restrict a document.
    """
    name = readable_name(prefix + entry.name)
    unclear = SourceFile(name)  # reading it will reveal why
    try:
        if not entry.is_file():
            return unclear if is_sidecar(name) else None
        status = entry.stat()
    except FileNotFoundError:
        return unclear if is_sidecar(name) else None
    except OSError:  # such as a link to itself
        return unclear
    return _local_file(name, status)


def _local_file(uri: str, status: os.stat_result) -> SourceFile:
    """A file whose mark tells other bytes of the same size and time by their inode and time of status change."""
    mark = f"{INODE_MARK}{status.st_ino} {status.st_ctime_ns // 1000}"
    return SourceFile(uri, status.st_size, status.st_mtime_ns // 1000, mark)


def _entries(folder: str, *, is_root: bool) -> list[os.DirEntry[str]] | None:
    """What is in a folder; None if its path is longer than the system opens, so that it never had documents."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError as error:
        if is_root:
            raise UsageError(f"no such folder: {folder}") from error
        raise TransientError(f"{folder} vanished while its source was listed; run again") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise TransientError(f"could not list {folder} ({error}); all documents below it would seem removed") from error


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
