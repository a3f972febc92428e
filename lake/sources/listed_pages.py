"""Pages of a web site that a listing named or transferred, in memory, so that a run requests each of them once."""

from __future__ import annotations

import time
from collections.abc import Iterable
from threading import Lock

#: Bytes of pages that are held of all sites together, and for how many seconds: as long as a run may take to read them.
_MOST_BYTES, _KEPT = 64 << 20, 3600.0


class ListedPages:
    """The addresses of one listing's pages by uri, and their bytes as far as there is room. Safe between threads."""

    def __init__(self) -> None:
        self._listed_at = time.monotonic()
        self._urls, self._bodies = dict[str, str](), dict[str, bytes]()
        self._failures = dict[str, str]()
        self.n_bytes = 0

    def add(self, uri: str, url: str) -> bool:
        """Name an address; False if another one has this name: the first counts."""
        with _LOCK:
            return self._urls.setdefault(uri, url) == url

    def url(self, uri: str) -> str | None:
        return self._urls.get(uri)

    def refuse(self, url: str, why: str) -> None:
        """Note that the server failed to give a page, so that it is not asked again."""
        self._failures[url] = why

    def failure(self, url: str) -> str | None:
        return self._failures.get(url)

    def keep(self, url: str, body: bytes) -> None:
        """Hold a page, unless the room is used up: then it is requested again."""
        with _LOCK:
            for pages in _LATEST.values():
                pages.drop_if_old()
            if url not in self._bodies and sum(pages.n_bytes for pages in _LATEST.values()) + len(body) <= _MOST_BYTES:
                self._bodies[url] = body
                self.n_bytes += len(body)

    def body(self, url: str) -> bytes | None:
        """The page, if it is held and young enough."""
        with _LOCK:
            self.drop_if_old()
            return self._bodies.get(url)

    def drop_if_old(self) -> None:
        """Hold no bytes any more once a run can't need them; whoever calls holds the lock."""
        if time.monotonic() - self._listed_at >= _KEPT:
            self._bodies.clear()
            self.n_bytes = 0


_LOCK = Lock()
#: The latest listing of each site in this process: sources are opened anew for each step of a run.
_LATEST: dict[str, ListedPages] = {}


def begin(site: str) -> ListedPages:
    """Start a listing, which takes the place of an earlier one."""
    pages = ListedPages()
    with _LOCK:
        _LATEST[site] = pages
    return pages


def latest(site: str) -> ListedPages:
    """The latest listing; an empty one if there is none."""
    return _LATEST.get(site) or begin(site)


def drop(sites: Iterable[object] | None = None) -> None:
    """Hold nothing more of these sites, or of all."""
    with _LOCK:
        for site in list(_LATEST) if sites is None else map(str, sites):
            _LATEST.pop(site, None)
