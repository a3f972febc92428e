"""Documents that callers gave to the lake itself: their bytes, and who may see them, as objects that wait for runs.

A document has a header for each of its last versions, whose number is the compare-and-swap, and a file of bytes that
its header names. The newest header counts; one without bytes is the mark of a deletion.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lake.errors import ContractError, UsageError
from lake.ids import document_id
from lake.ids.uris import folded
from lake.storage import clock

if TYPE_CHECKING:
    from lake.storage.denylist import Denylist
    from lake.storage.protocol import Store

FOLDER = "pushed"
#: How long earlier headers stay, so that a writer that was held up finds that it lost; bytes without a header as well.
_SETTLED = timedelta(minutes=10)
#: How often a version is looked up that a newer one replaced meanwhile.
_TRIES = 5
#: Headers that are read from a bucket at the same time.
_AT_ONCE = 16
_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def checked_source(name: str) -> str:
    """The name. Raises UsageError unless it can be the name of a pushed source."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} can't name a pushed source; use at most 64 letters, digits, '-', '_' and '.'")
    return name


@dataclass(frozen=True, slots=True)
class Pushed:
    """A version of a document. ``body`` is where its bytes are, "" if it was deleted.

    ``acl`` lists who may see it, None for everybody. ``by`` is who wrote it, ``token`` differs between all versions.
    """

    uri: str
    at: datetime
    by: str
    token: str
    body: str = ""
    digest: str = ""
    size: int = 0
    acl: tuple[str, ...] | None = None
    metadata: Mapping[str, Any] | None = None

    @property
    def is_deleted(self) -> bool:
        return not self.body

    def says(self, other: Pushed) -> bool:
        """Whether both have the same bytes, rights and metadata, whoever wrote them."""
        mine, theirs = ((one.uri, one.digest, one.acl, dict(one.metadata or {})) for one in (self, other))
        return mine == theirs and self.is_deleted == other.is_deleted

    def to_bytes(self) -> bytes:
        return json.dumps({**asdict(self), "at": self.at.isoformat()}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Pushed:
        value = json.loads(data)
        acl = None if value["acl"] is None else tuple(value["acl"])
        return cls(**{**value, "at": datetime.fromisoformat(value["at"]), "acl": acl})


#: Called with the newest version, None if there is none or it is a deletion; raises what forbids another one.
Check = Callable[[Pushed | None], None]


class PushedDocuments:
    """The documents of one pushed source of a lake. Safe between processes."""

    def __init__(self, store: Store, source: str) -> None:
        self._store, self.source = store, checked_source(source)
        self._root = f"{FOLDER}/{source}"
        self._known_folders = set[str]()

    def find(self, uri: str) -> Pushed | None:
        """The newest version of a document, a deletion included; None if there never was one."""
        return self._newest(self._id(uri))[0]

    def of_id(self, doc_id: str) -> Pushed | None:
        """As ``find``, by the id of the document."""
        return self._newest(doc_id)[0] if _ID.fullmatch(doc_id) else None

    def put(
        self,
        uri: str,
        data: bytes,
        *,
        by: str,
        acl: Sequence[str] | None,
        metadata: Mapping[str, Any] | None,
        check: Check,
    ) -> Pushed:
        """Store a version and its bytes, durably. Returns the newest version itself if it says the same."""
        uri, token, digest = folded(uri), secrets.token_hex(8), hashlib.sha256(data).hexdigest()
        doc_id = self._id(uri)
        body = f"{self._root}/bytes/{doc_id[:2]}/{doc_id}.{digest}.{token}"
        named = None if acl is None else tuple(sorted(set(acl)))
        version = Pushed(uri, clock.now(), by, token, body, digest, len(data), named, dict(metadata or {}) or None)
        newest, _ = self._newest(doc_id)
        check(_unless_deleted(newest))
        if newest is not None and newest.says(version):
            return newest
        self._store.write(body, data)
        for folder in _folders(uri):
            self._mark(folder)
        return self._append(doc_id, version, check)

    def delete(self, uri: str, by: str, check: Check) -> Pushed:
        """Mark a document as deleted."""
        return self._append(self._id(uri), Pushed(folded(uri), clock.now(), by, secrets.token_hex(8)), check)

    def every(self) -> Iterator[Pushed]:
        """The newest version of each document that is not deleted."""
        paths = [f"{part}/{name}" for part in self._parts("documents") for name in self._newest_names(part)]
        with ThreadPoolExecutor(_AT_ONCE if "://" in self._store.url else 1) as readers:
            found = readers.map(self._read_or_newer, paths)
            yield from (one for one in found if one is not None and not one.is_deleted)

    def holds_folder(self, folder: str) -> bool:
        """Whether any document ever lay below the folder."""
        return not folder or self._is_marked(folder)

    def read(self, uri: str) -> bytes:
        """The bytes of the newest version. Raises FileNotFoundError if there is none."""
        for attempt in range(_TRIES):
            found = self.find(uri)
            if found is None or found.is_deleted:
                break
            try:
                return self._store.read(found.body)
            except FileNotFoundError:  # a newer version replaced it meanwhile, or an erasure took it
                if attempt == _TRIES - 1:
                    raise
        raise FileNotFoundError(uri)

    def _append(self, doc_id: str, version: Pushed, check: Check) -> Pushed:
        while True:
            newest, number = self._newest(doc_id)
            check(_unless_deleted(newest))
            if self._store.put_if_absent(self._header(doc_id, number + 1), version.to_bytes()):
                self._tidy(doc_id, number + 1)
                return version

    def _tidy(self, doc_id: str, number: int) -> None:
        """Delete what a version replaced, unless somebody may still be comparing with it."""
        part, before = f"{self._root}/documents/{doc_id[:2]}", clock.now() - _SETTLED
        for name in self._store.names(part):
            if name.startswith(f"{doc_id}.") and _number(name) < number:
                old = self._read(f"{part}/{name}")
                if old is not None and old.at < before:
                    self._remove(f"{part}/{name}", old)

    def _remove(self, path: str, version: Pushed) -> None:
        """Delete the bytes before the header that names them."""
        if version.body:
            self._store.delete(version.body)
        self._store.delete(path)

    def _newest(self, doc_id: str) -> tuple[Pushed | None, int]:
        part = f"{self._root}/documents/{doc_id[:2]}"
        for _ in range(_TRIES):
            names = [name for name in self._store.names(part) if name.startswith(f"{doc_id}.")]
            if not names:
                return None, 0
            newest = max(names, key=_number)
            if (found := self._read(f"{part}/{newest}")) is not None:
                return found, _number(newest)
        raise ContractError(f"versions of a document in {self._root} change faster than they can be read; try again")

    def _newest_names(self, part: str) -> Iterator[str]:
        names = (name for name in self._store.names(part) if name.endswith(".json"))
        yield from (list(versions)[-1] for _, versions in groupby(names, _id_of))  # sorted: numbers have one length

    def _read_or_newer(self, path: str) -> Pushed | None:
        return self._read(path) or self._newest(_id_of(path.rsplit("/", 1)[-1]))[0]

    def _read(self, path: str) -> Pushed | None:
        try:
            return Pushed.from_bytes(self._store.read(path))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(
                f"{path} in {self._store.url} is damaged ({error}); delete it, and have its document sent again"
            ) from error

    def _parts(self, kind: str) -> list[str]:
        return [f"{self._root}/{kind}/{name}" for name in self._store.names(f"{self._root}/{kind}")]

    def _header(self, doc_id: str, number: int) -> str:
        return f"{self._root}/documents/{doc_id[:2]}/{doc_id}.{number:010}.json"

    def _id(self, uri: str) -> str:
        return document_id(self.source, folded(uri))

    def _folder_mark(self, folder: str) -> str:
        return f"{self._root}/folders/{document_id(self.source, folded(folder))}"

    def _mark(self, folder: str) -> None:
        if folder not in self._known_folders:
            self._store.put_if_absent(self._folder_mark(folder), b"{}")
            self._known_folders.add(folder)

    def _is_marked(self, folder: str) -> bool:
        try:
            self._store.read(self._folder_mark(folder))
        except FileNotFoundError:
            return False
        return True

    def erase(self, denylist: Denylist) -> int:
        """Delete all versions of documents whose place or bytes are denied. Returns the number of objects."""
        n_deleted = 0
        for part in (*self._parts("bytes"), *self._parts("documents")):
            for name in self._store.names(part):
                path, doc_id = f"{part}/{name}", _id_of(name)
                version = None if denylist.has_place(doc_id) or not name.endswith(".json") else self._read(path)
                digest = version.digest if version else name.split(".")[1]
                if denylist.has_place(doc_id) or denylist.has_content(digest):
                    self._store.delete(path)
                    n_deleted += 1
        return n_deleted

    def leftovers(self, before: datetime) -> Iterator[tuple[str, int]]:
        """Path and size of what no newest version needs: bytes of dead writers, old versions, old deletions."""
        before = min(before, clock.now() - _SETTLED)
        kept = set[str]()
        for part in self._parts("documents"):
            newest = set(self._newest_names(part))
            for name in self._store.names(part):
                version = self._read(f"{part}/{name}")
                if version is None:
                    continue
                if (name in newest and not version.is_deleted) or version.at >= before:
                    kept |= {f"{part}/{name}", version.body}
        for kind in ("documents", "bytes"):
            for stored in self._store.walk(f"{self._root}/{kind}"):
                if stored.path not in kept and stored.modified_at < before:
                    yield stored.path, stored.size


def sources(store: Store) -> list[PushedDocuments]:
    """All pushed sources that the lake has."""
    return [PushedDocuments(store, name) for name in store.names(FOLDER) if _NAME.fullmatch(name)]


def _unless_deleted(version: Pushed | None) -> Pushed | None:
    return None if version is None or version.is_deleted else version


def _folders(uri: str) -> list[str]:
    parts = uri.split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _id_of(name: str) -> str:
    return name.partition(".")[0]


def _number(name: str) -> int:
    return int(name.split(".")[1])
