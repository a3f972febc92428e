"""A local folder as a source."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from typing import Any

from lake.errors import TransientError, UsageError
from lake.sources.blocks import whole
from lake.sources.protocol import INODE_MARK, SourceFile, is_misnamed, is_sidecar

#: Bytes of a file's buffer; without a number, each open asks whether the file is a terminal.
_BUFFER = 1 << 13


class LocalReader:
    """A local folder. ``hidden`` includes files and folders whose names begin with a dot."""

    def __init__(self, root: str, hidden: bool = False) -> None:
        self._root, self._hidden = root, hidden

    def list(self) -> Iterator[SourceFile]:
        """Files below the folder; links to files count, links to folders don't (they may form cycles)."""
        yield from self._below("", self._root)

    def names(self, folder: str = "") -> Iterator[str]:
        """The names in the folder itself, or in one below it that may not exist, whatever has them."""
        place = os.path.join(self._root, os.fsdecode(name_bytes(folder))) if folder else self._root
        if folder and not os.path.isdir(place):
            return
        for entry in _entries(place, is_root=not folder) or ():
            if self._hidden or not entry.name.startswith("."):
                yield readable_name(entry.name)

    def named(self, uri: str) -> Iterator[SourceFile]:
        """What ``list`` yields of one file, or of everything below one folder; nothing if there is neither.

        Raises UsageError if the source's folder is gone, TransientError if it can't be told.
        """
        if not os.path.isdir(self._root):
            raise UsageError(f"no such folder: {self._root}")
        if not uri:
            yield from self.list()
            return
        entry = self._entry(uri)
        if entry is None:
            return
        if entry.is_dir(follow_symlinks=False):
            yield from self._below(f"{uri}/", entry.path)
        if found := _found_entry(uri[: len(uri) - len(readable_name(entry.name))], entry):
            yield found

    def holds_anything(self) -> bool:
        """Whether the folder has any entry; one that was not mounted has none."""
        with os.scandir(self._root) as entries:
            return next(entries, None) is not None

    def _entry(self, uri: str) -> NamedEntry | None:
        """What has this name, unless ``list`` would never come to it."""
        path = self._root
        parts = uri.split("/")
        for number, part in enumerate(parts, 1):
            path = os.path.join(path, os.fsdecode(name_bytes(part)))
            if part.startswith(".") and not self._hidden:
                return None
            try:
                status = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    return None
                raise TransientError(f"could not look at {path} ({error}); it would seem removed") from error
            if number < len(parts) and not stat.S_ISDIR(status.st_mode):
                return None
        return NamedEntry(path)

    def _below(self, prefix: str, folder: str) -> Iterator[SourceFile]:
        """Files below a folder, whose uris begin with the prefix."""
        folders = [(prefix, folder)]
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
            return whole(file)

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
        return os.fdopen(handle, "rb", _BUFFER)

    def _path(self, uri: str) -> bytes:
        return os.path.join(os.fsencode(self._root), name_bytes(uri))


class NamedEntry:
    """An entry of a folder, as ``os.DirEntry`` is, that was looked up by its name."""

    def __init__(self, path: str) -> None:
        self.path, self.name = path, os.path.basename(path)

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        return stat.S_ISDIR(os.stat(self.path, follow_symlinks=follow_symlinks).st_mode)

    def is_file(self) -> bool:
        try:
            return stat.S_ISREG(self.stat().st_mode)
        except FileNotFoundError:
            return False

    def stat(self) -> os.stat_result:
        return os.stat(self.path)


def _is_of_kernel(handle: int) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{handle}").startswith(("/proc/", "/sys/"))
    except OSError:  # no such file system on this machine, hence no such files
        return False


def readable_name(name: str) -> str:
    r"""A file name with invalid UTF-8 bytes written as ``\xNN``, and a literal ``\x`` as ``\x5cx``."""
    plain = name.replace("\\x", "\\x5cx")
    return plain if plain.isascii() else os.fsencode(plain).decode("utf-8", "backslashreplace")


def _found_entry(prefix: str, entry: os.DirEntry[str] | NamedEntry) -> SourceFile | None:
    """The file; None if it isn't one or just vanished. One whose status can't be read is listed anyway.

    Whatever has the name of a sidecar, or nearly, is listed, since it may be meant to restrict a document.
    """
    name = readable_name(prefix + entry.name)
    is_meant = is_sidecar(name) or is_misnamed(name)
    unclear = SourceFile(name)  # reading it will reveal why
    try:
        if not entry.is_file():
            return unclear if is_meant else None
        status = entry.stat()
    except FileNotFoundError:
        return unclear if is_meant else None
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


def name_bytes(uri: str) -> bytes:
    """The bytes of the file name that ``readable_name`` made readable."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), os.fsencode(uri))
