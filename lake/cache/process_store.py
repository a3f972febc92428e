"""A cache in this process: bounded by bytes, the least recently used entries go first; safe in several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock

#: Bytes of an entry besides its data: the key, the objects, and the places in both dictionaries.
_OVERHEAD = 400
#: Largest share of the budget for a single entry, so that one answer can't empty the cache.
_LARGEST_SHARE = 8


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """``tag``: of the scope that the entry holds for."""

    data: bytes
    tag: str

    @property
    def n_bytes(self) -> int:
        return len(self.data) + _OVERHEAD


class ProcessStore:
    """Keeps entries of the current scopes only; what belongs to another is refused, and dropped once it leaves."""

    name = "process"

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, CacheEntry] = OrderedDict()
        self._tags: frozenset[str] = frozenset()
        self._n_bytes = self._n_evicted = 0
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry.data

    def put(self, key: str, data: bytes, tag: str) -> bool:
        """Stores the entry and returns whether it was kept; a search that began before an erasure is too late."""
        entry = CacheEntry(data, tag)
        with self._lock:
            if tag not in self._tags or entry.n_bytes * _LARGEST_SHARE > self._most_bytes:
                return False
            self._remove(key)
            self._entries[key] = entry
            self._n_bytes += entry.n_bytes
            while self._n_bytes > self._most_bytes:
                self._n_evicted += 1
                self._remove(next(iter(self._entries)))
            return True

    def keep(self, tags: Collection[str]) -> None:
        """Drops everything that belongs to none of these scopes, and stores only entries of them from now on."""
        with self._lock:
            self._tags = frozenset(tags)
            for key in [key for key, entry in self._entries.items() if entry.tag not in self._tags]:
                self._remove(key)

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._n_bytes -= entry.n_bytes

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def n_bytes(self) -> int:
        return self._n_bytes

    @property
    def n_evicted(self) -> int:
        """Entries that made room for others."""
        return self._n_evicted
