"""Bounds the answers of an endpoint: in size once they are unpacked, and in time however slowly they come.

httpx limits neither: its timeout is that of one read, and a small compressed answer may fill the memory.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any, TypeVar

from lake.endpoints.deadline import left

C = TypeVar("C")

#: A request for the longest vectors of 512 texts is answered with 46 MB.
MOST_BYTES = 64 << 20
#: Seconds for an answer, if there is no deadline.
_LONGEST = 600.0


def bounded(client: type[C]) -> type[C]:
    """A class of clients, of httpx or a copy of it, whose answers to POST requests are bounded; downloads are not.

    Reading a larger answer raises DecodingError, reading a later one ReadTimeout; both are the library's own.
    """
    base: Any = client

    def send(self: Any, request: Any, *, stream: bool = False, **words: Any) -> Any:
        if request.method != "POST":
            return base.send(self, request, stream=stream, **words)
        response = _bounded(base.send(self, request, stream=True, **words))
        try:
            if not stream:
                response.read()
        except BaseException:
            response.close()
            raise
        return response

    return type("BoundedClient", (base,), {"send": send})


def _bounded(response: Any) -> Any:
    """The response unpacked, without the headers that this makes wrong."""
    library: Any = sys.modules[type(response).__module__.partition(".")[0]]
    started = time.monotonic()

    class Body(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            n_bytes = 0
            for block in response.iter_bytes():
                n_bytes += len(block)
                if n_bytes > MOST_BYTES:
                    raise library.DecodingError(f"the answer has more than {MOST_BYTES >> 20} MB", request=request)
                if left() == 0 or time.monotonic() - started > _LONGEST:
                    raise library.ReadTimeout("the answer takes too long", request=request)
                yield block

        def close(self) -> None:
            response.close()

    request, wrong = response.request, (b"content-encoding", b"content-length")
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in wrong]
    return library.Response(
        response.status_code, headers=headers, stream=Body(), request=request, extensions=response.extensions
    )
