"""Documents that were erased for good, recorded only as salted digests, so that no run brings them back."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from lake.errors import ContractError
from lake.ids import value_digest
from lake.ids.uris import places
from lake.storage.protocol import Store

_FOLDER = "denylist"
_SALT = f"{_FOLDER}/salt"


@dataclass(frozen=True, slots=True)
class Denied:
    """One erased document: salted digests of its place and of all bytes that it was known to hold."""

    place: str
    contents: tuple[str, ...]


class Denylist:
    """Knows whether a place or some bytes were erased. It cannot be listed, only queried."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._load()

    def _load(self) -> None:
        names = self.names()
        self._salt = self._store.read(_SALT) if names else b""
        self._denied = [denied for name in names for denied in self._read(name)]
        self._places = {denied.place for denied in self._denied}
        self._contents = {token for denied in self._denied for token in denied.contents}

    def names(self) -> list[str]:
        """Names of the objects that hold the denylist; they change whenever it does."""
        return [name for name in self._store.names(_FOLDER) if name.endswith(".json")]

    def _read(self, name: str) -> list[Denied]:
        try:
            value = json.loads(self._store.read(f"{_FOLDER}/{name}"))
            return [Denied(entry["place"], tuple(entry["contents"])) for entry in value["denied"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(
                f"{_FOLDER}/{name} in {self._store.url} is damaged ({error}); restore it from a copy of the lake, or "
                "what was erased would come back"
            ) from error

    def __len__(self) -> int:
        return len(self._places)

    def has_place(self, doc_id: str) -> bool:
        """Whether the document at this place was erased; ``has_document`` knows its other spellings too."""
        return bool(self._places) and self._token("place", doc_id) in self._places

    def has_document(self, source: str, uri: str) -> bool:
        """Whether the document of this name was erased, in whatever Unicode form either name is spelled."""
        return bool(self._places) and any(map(self.has_place, places(source, uri)))

    def has_content(self, digest: str | None) -> bool:
        """Whether a document of these bytes was erased; False for None, bytes that are still to be read."""
        return digest is not None and bool(self._contents) and self._token("content", digest) in self._contents

    def add(self, documents: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Deny each document's place (doc_id) and all its bytes (digests), from now on and in every process."""
        if not self._salt:
            self._store.put_if_absent(_SALT, secrets.token_hex(32).encode())
            self._salt = self._store.read(_SALT)
        denied = [
            Denied(self._token("place", doc_id), tuple(self._token("content", digest) for digest in sorted(digests)))
            for doc_id, digests in sorted(documents)
        ]
        self._write([entry for entry in denied if entry not in self._denied])
        self._load()

    def lift(self, doc_id: str) -> bool:
        """Let the document at this place come back. Returns whether it was denied."""
        token, found = self._token("place", doc_id), False
        for name in self.names():
            entries = self._read(name)
            left = [entry for entry in entries if entry.place != token]
            if len(left) < len(entries):
                found = True
                self._write(left)
                self._store.delete(f"{_FOLDER}/{name}")
        self._load()
        return found

    def _write(self, denied: list[Denied]) -> None:
        if not denied:
            return
        rows = [{"place": entry.place, "contents": list(entry.contents)} for entry in denied]
        data = json.dumps({"denied": rows}, indent=1).encode()
        self._store.write(f"{_FOLDER}/{value_digest(rows)}.json", data)

    def _token(self, kind: str, value: str) -> str:
        return hashlib.sha256(self._salt + kind.encode() + value.encode()).hexdigest()[:32]


#: Exists until the log has the proof of an erasure: what it leaves if it is killed must not wait for a grace period.
ERASING = f"{_FOLDER}/erasing"


def erasure_is_unfinished(store: Store) -> bool:
    """Whether an erasure runs, or was cut short before its proof."""
    return ERASING.removeprefix(f"{_FOLDER}/") in store.names(_FOLDER)
