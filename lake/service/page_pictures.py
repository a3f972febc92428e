"""Pictures of the pages of PDFs, drawn in a process of their own, because pdfium may fail on a bad file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lake.errors import InputError, LakeError, UsageError
from lake.ingest.isolation import IsolatedFunction
from lake.inspect.pages import PDF, source_bytes
from lake.service.problems import Problem, found_document
from lake.service.workers import Workers

if TYPE_CHECKING:
    from lake.service.keys import Key
    from lake.service.service import Service

#: Seconds to draw a page, to wait for it, and requests in line; bytes of the largest PDF.
_SECONDS, _WAIT, _IN_LINE, _MOST_BYTES = 10.0, 20.0, 16, 64 << 20
_ELSEWHERE = "`raglake serve --source '{}=FOLDER'` tells the service where it lies"
#: Pictures that are kept, each for this many seconds: a page first asks whether there is one.
_KEPT, _KEPT_SECONDS = 8, 20.0


class PagePictures:
    """Draws one page at a time; requests for pages delay no search."""

    def __init__(self, service: Service, sources: Mapping[str, str] | None = None) -> None:
        self._documents, self._sources = service.index.documents, sources or {}
        self._workers = Workers(1, _IN_LINE, _WAIT)
        self._draw = IsolatedFunction("lake.inspect.page_picture:picture", seconds=_SECONDS)
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int, bool], bytes] = {}

    async def png(self, key: Key, doc_id: str, number: int, at: str, *, is_framed: bool) -> tuple[str, bytes]:
        """The release, and the picture of a page; raises Problem 404 ``no_picture`` if there is none."""

        def work() -> tuple[str, bytes]:
            place = found_document(lambda: self._documents.place(doc_id, at, key.principals))
            wanted = (str(place["digest"]), number, is_framed)
            found = self._kept.get(wanted)
            if found is None:
                found = self._drawn(_bytes(place, self._sources, tells_all=key.sees_everything), number, is_framed)
                self._keep(wanted, found, loop)
            return place["release"], found

        loop = asyncio.get_running_loop()
        return await self._workers.run(work, _WAIT)

    def _keep(self, wanted: tuple[str, int, bool], png: bytes, loop: asyncio.AbstractEventLoop) -> None:
        while len(self._kept) >= _KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[wanted] = png
        loop.call_soon_threadsafe(lambda: loop.call_later(_KEPT_SECONDS, lambda: self._kept.pop(wanted, None)))

    def _drawn(self, data: bytes, number: int, is_framed: bool) -> bytes:
        with self._lock:
            found = self._draw.run([(data, number, is_framed)])[0]
        if isinstance(found, InputError):
            raise _no_picture(str(found))
        assert isinstance(found, bytes)
        return found

    def close(self) -> None:
        self._workers.close()
        self._draw.close()


def _bytes(place: Mapping[str, Any], sources: Mapping[str, str], *, tells_all: bool) -> bytes:
    if place["media_type"] != PDF:
        raise _no_picture(f"{place['uri']} is {place['media_type']}; only the pages of a PDF can be shown")
    if (place["size"] or 0) > _MOST_BYTES:
        raise _no_picture(f"{place['uri']} has more than {_MOST_BYTES >> 20} MB; open it from its source")
    try:
        return source_bytes(place, sources.get(place["source"]), _ELSEWHERE.format(place["source"]))
    except (LakeError, OSError, ValueError) as error:
        cause = "its source can't be read from this service, or holds another version of it now"
        raise _no_picture(str(error) if tells_all and isinstance(error, UsageError) else cause) from error


def _no_picture(message: str) -> Problem:
    return Problem(404, "no_picture", message)
