"""Sources: listing of documents and reading of their bytes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lake.errors import InputError, UsageError
from lake.ids.uris import folded, spellings
from lake.sources.address import absolute
from lake.sources.blocks import blocks
from lake.sources.checked import CheckedReader
from lake.sources.failures import listing_errors, reading_errors
from lake.sources.globs import expression, matches
from lake.sources.local import LocalReader, readable_name
from lake.sources.loose_sidecars import about, is_loose
from lake.sources.mistyped import check_kind, similar
from lake.sources.protocol import (
    SIDECAR_SUFFIX,
    SIDECAR_TABLE,
    Cursor,
    Gap,
    Removal,
    SourceFile,
    as_meant,
    is_misnamed,
    is_sidecar,
)
from lake.sources.readers import PUSHED, Reader, plugin_of, reader_of, scheme_of
from lake.sources.remote import FsspecReader, filesystem_of
from lake.sources.scope import SourceScope
from lake.storage.pushed import checked_source
from lake.storage.urls import without_credentials

_NAMED = re.compile(r"^([A-Za-z][\w.-]*)=(.+)$")
#: Documents of one request, from sources that read many at once.
READ_AT_ONCE = 64
_MAGIC = re.compile(r"[*?\[]")
#: What the folder of a lake holds.
_LAKE = ("raglake.json", "log")


@dataclass(frozen=True)
class Source:
    """A folder, a glob or a file; ``name`` and a document's ``uri`` together make its identity.

    ``root`` is a local path or an fsspec URL; the source is one ``file`` below it or all that the glob ``pattern``
    selects. ``include`` and ``exclude`` are globs, too; one without a slash matches the last part of a uri. Hidden
    files and folders are left out unless a pattern names them. Patterns choose documents; sidecars below ``root`` are
    always read, since they may restrict access. ``only`` lists the uris to use, if not all are wanted.
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
        return scheme_of(self.root) == "file"

    @property
    def states_removals(self) -> bool:
        """Whether a document is gone only if somebody deleted it, so that an empty source is no doubtful one."""
        return scheme_of(self.root) == PUSHED

    @property
    def states_rights(self) -> bool:
        """Whether somebody stated the rights of each document as it was stored, so that no file is about another."""
        return scheme_of(self.root) == PUSHED

    @cached_property
    def has_cursor(self) -> bool:
        """Whether the source can list what changed since a cursor."""
        return self.only is None and isinstance(self._reader, CheckedReader) and self._reader.has_cursor

    @property
    def tells_cheaply(self) -> bool:
        """Whether changes since a cursor cost little enough to be asked for all the time."""
        return self.has_cursor and isinstance(self._reader, CheckedReader) and not self._reader.asks_each

    @property
    def reads_many(self) -> bool:
        """Whether ``read_each`` reads several documents with one request."""
        return isinstance(self._reader, CheckedReader) and self._reader.reads_many

    @property
    def selection(self) -> str:
        """What decides which documents the source has; a cursor is of no use once it differs."""
        return json.dumps([self.root, self.pattern, self.file, self.include, self.exclude])

    def list(self) -> Iterator[SourceFile]:
        """Every document of the source and every sidecar, in no particular order.

        So is what was meant as a sidecar; ``selects`` tells whether it is a document as well.

        Raises UsageError if the source does not exist and TransientError if it can't be listed.
        """
        if self.file is None:
            with listing_errors(self.name):
                yield from (found for found in self._reader.list() if self._lists(found.uri))
        elif self.only is None or folded(self.file) in self._only_named:
            yield self._found_file(self.file)
            yield from self._beside(self.file)

    @property
    def finds_names(self) -> bool:
        """Whether ``named`` looks only at the names that it is given."""
        of_web = self.root.startswith(("http://", "https://"))  # a server may answer any name
        return self.file is None and not of_web and not isinstance(self._reader, CheckedReader)

    def named(self, scope: SourceScope) -> Iterator[SourceFile]:
        """What ``list`` yields of a scope, and the sidecars that may be about it. Raises the errors of ``list``."""
        assert not isinstance(self._reader, CheckedReader)
        seen = set[str]()
        with listing_errors(self.name):
            for place in (*scope.places(), *self._odd_places(scope)):
                for found in self._reader.named(place):
                    if found.uri not in seen and self._lists(found.uri):
                        seen.add(found.uri)
                        yield found

    def _odd_places(self, scope: SourceScope) -> Iterator[str]:
        """What may be meant as a sidecar of a scope by another name than a sidecar has, where names cost little."""
        if not isinstance(self._reader, LocalReader):
            return
        for folder in scope.folders():
            for name in self._reader.names(folder):
                uri = f"{folder}/{name}" if folder else name
                if (is_sidecar(uri) or is_misnamed(uri) or is_loose(uri)) and scope.may_be_meant_by(uri):
                    yield uri

    def holds_anything(self) -> bool:
        """Whether anything is there; False for a folder that is not mounted."""
        if not self.finds_names:
            return next(self.list(), None) is not None
        assert not isinstance(self._reader, CheckedReader)
        with listing_errors(self.name):
            return self._reader.holds_anything()

    def changes(self, since: str | None) -> Iterator[SourceFile | Removal | Gap | Cursor]:
        """What changed since a cursor, or everything if ``since`` is None; the last item is a Cursor.

        Raises CursorLost, and the errors of ``list``.
        """
        assert isinstance(self._reader, CheckedReader)
        with listing_errors(self.name):
            for item in self._reader.changes(since):
                if not isinstance(item, SourceFile) or self._lists(item.uri):
                    yield item

    def _found_file(self, uri: str) -> SourceFile:
        assert not isinstance(self._reader, CheckedReader)  # no plugin's URL names a single file
        if self.is_local:
            return self._reader.find(uri)
        with listing_errors(self.name):
            return self._reader.find(uri)

    def _beside(self, uri: str) -> Iterator[SourceFile]:
        """The sidecars of a single file; none on a web server, which may answer any name."""
        if self.root.startswith(("http://", "https://")):
            return
        exact = (*(spelling + SIDECAR_SUFFIX for spelling in spellings(uri)), SIDECAR_TABLE)
        for name in dict.fromkeys((*exact, *self._loosely_beside(uri))):
            try:
                yield self._found_file(name)
            except OSError as error:
                if name not in exact or error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
                    yield SourceFile(name, None, None)  # reading it will reveal why
            except UsageError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise

    def _loosely_beside(self, uri: str) -> Iterator[str]:
        """Names of what may be meant as a sidecar of a single file, though it has not the name of one."""
        assert isinstance(self._reader, LocalReader | FsspecReader)
        with listing_errors(self.name):
            names = list(self._reader.names())
        others = set(map(folded, names)) - {folded(uri)}
        for name in names:
            if is_loose(name):
                if name != uri and folded(about(name) or "") not in others:
                    yield name
                continue
            meant = as_meant(name)
            is_of_another = folded(meant.removesuffix(SIDECAR_SUFFIX)) in others
            if is_sidecar(meant) and name != uri and (meant.endswith(SIDECAR_TABLE) or not is_of_another):
                yield name

    @cached_property
    def _only_named(self) -> frozenset[str]:
        return frozenset(map(folded, self.only or ()))

    @cached_property
    def _names_hidden(self) -> bool:
        return any(part.startswith(".") for p in (self.pattern, *self.include) for part in p.split("/"))

    def _lists(self, uri: str) -> bool:
        return is_sidecar(uri) or self.selects(uri) or is_misnamed(uri) or is_loose(uri)

    def selects(self, uri: str) -> bool:
        """Whether the patterns choose this document."""
        if self.only is not None and folded(uri) not in self._only_named:
            return False
        if self.file is not None and folded(uri) != folded(self.file):
            return False
        if self.pattern != "**" and not expression(folded(self.pattern)).fullmatch(folded(uri)):
            return False
        if self.include and not any(matches(uri, pattern) for pattern in self.include):
            return False
        if self.exclude and any(matches(uri, pattern) for pattern in self.exclude):
            return False
        return self._names_hidden or not uri.rsplit("/", 1)[-1].startswith(".")

    def may_hold(self, uri: str) -> bool:
        """Whether a document, a sidecar or a folder of this uri may be of the source."""
        if not self._names_hidden and any(part.startswith(".") for part in uri.split("/")):
            return False
        if self.file is not None:
            return uri == self.file or is_sidecar(uri) or is_misnamed(uri) or is_loose(uri)
        is_about_others = is_sidecar(uri) or is_misnamed(uri) or is_loose(uri)
        return is_about_others or not any(matches(uri, pattern) for pattern in self.exclude)

    def read(self, uri: str) -> bytes:
        """All bytes of a document. Raises InputError if it can't be read, TransientError if a retry may help."""
        with reading_errors(uri):
            return self._reader.read(uri)

    def read_each(self, uris: Sequence[str]) -> Iterator[bytes | InputError]:
        """The bytes of each document, or why it can't be read; all at once from a source whose requests cost time."""
        if not (isinstance(self._reader, CheckedReader) and self._reader.reads_many):
            yield from map(self._alone, uris)
            return
        for start in range(0, len(uris), READ_AT_ONCE):
            part = uris[start : start + READ_AT_ONCE]
            with reading_errors(part[0]):
                found = self._reader.read_many(part)
            for uri in part:
                yield found[uri] if uri in found else self._alone(uri)

    def _alone(self, uri: str) -> bytes | InputError:
        """A document read by itself."""
        try:
            return self.read(uri)
        except InputError as error:
            return error

    def digest(self, uri: str) -> str:
        """SHA-256 of a document's bytes, read in blocks; raises the errors of ``read``."""
        digest = hashlib.sha256()
        with reading_errors(uri), self._reader.open(uri) as file:
            for block in blocks(file):
                digest.update(block)
        return digest.hexdigest()

    @cached_property
    def _reader(self) -> Reader:
        with listing_errors(self.name):
            return reader_of(self.root, self._names_hidden)


def parse_source(text: str, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Source:
    """Parse ``[NAME=]`` and a folder, glob, file or fsspec URL.

    >>> parse_source("handbook=s3://bucket/docs/**/*.md").pattern
    '**/*.md'
    """
    if not text.isprintable() and text != text.encode("utf-8", "replace").decode():
        raise UsageError(f"{text!a} is not valid UTF-8; name the folder above it")
    named = _NAMED.match(without_credentials(text))
    name, location = (named[1], named[2]) if named else (None, text)
    if not location.strip():
        raise UsageError("a source has no name; give a folder, a glob, a file or a URL ('.' is the current folder)")
    location = absolute(location)
    if scheme_of(location) == PUSHED:
        location = _with_name(location, name)
    if scheme_of(location) == "file":
        check_kind(location)
        location = os.path.abspath(os.path.expanduser(location.removeprefix("file://")))
        root, pattern, file = _split_local(location)
    else:
        root, pattern, file = _split_remote(location)
    return Source(name or location.rstrip("/"), root, pattern, file, tuple(include), tuple(exclude))


def _with_name(location: str, name: str | None) -> str:
    """The address of a pushed source with its name, by which the lake keeps its documents."""
    if name is None:
        raise UsageError(f"{location} needs the name that API keys write to, as in uploads={location}")
    return location if "?" in location else f"{location}?name={checked_source(name)}"


def _split_local(location: str) -> tuple[str, str, str | None]:
    if os.path.isdir(location):
        if all(os.path.exists(os.path.join(location, name)) for name in _LAKE):
            raise UsageError(f"{location} is a lake, not a folder of documents")
        return location, "**", None
    if os.path.lexists(location):
        if os.path.exists(location) and not os.path.isfile(location):
            raise UsageError(f"{location} is neither a folder nor a regular file")
        return os.path.dirname(location), "**", readable_name(os.path.basename(location))
    if not _MAGIC.search(location):
        raise UsageError(f"no such file or folder: {location}{similar(location)}")
    root, pattern = _split_glob(location)
    if not os.path.isdir(root):
        raise UsageError(f"no such folder: {root} (of {location}){similar(root)}")
    return root, pattern, None


def _split_remote(location: str) -> tuple[str, str, str | None]:
    if scheme_of(location) == PUSHED or plugin_of(location):
        return location, "**", None
    if _MAGIC.search(location.split("://", 1)[1]):
        return *_split_glob(location), None
    if not location.endswith("/"):
        filesystem, path = filesystem_of(location)
        try:
            if filesystem.isfile(path):
                root, _, file = location.rpartition("/")
                return root, "**", file
        except OSError:
            return location, "**", None  # the listing fails in the same way and reports it
    return location.rstrip("/"), "**", None


def _split_glob(location: str) -> tuple[str, str]:
    parts = location.split("/")
    magic = next(i for i, part in enumerate(parts) if _MAGIC.search(part))
    return "/".join(parts[:magic]) or "/", "/".join(parts[magic:])
