"""Bounds the answers of an endpoint: in size once they are unpacked, and in time however slowly they come.

httpx limits neither: its timeout is that of one read, and a small compressed answer may fill the memory. One byte of a
header a second would hold a request for days.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from lake.endpoints.deadline import at_most, in_background, left

C = TypeVar("C")

#: A request for the longest vectors of 512 texts is answered with 46 MB.
MOST_BYTES = 64 << 20
#: Seconds for an answer, if there is no deadline.
_LONGEST = 600.0
#: Bytes of a request that are sent in a second at least.
_SLOWEST = 100_000


def bounded(client: type[C]) -> type[C]:
    """A class of clients, of httpx or a copy of it, whose answers to POST requests are bounded.

    Of downloads only the time is bounded that their headers take. Reading a larger answer raises DecodingError, reading
    a later one ReadTimeout; both are the library's own.
    """
    base: Any = client

    def send(self: Any, request: Any, *, stream: bool = False, **words: Any) -> Any:
        response = _begun(lambda: base.send(self, request, stream=True, **words), request)
        response = _bounded(response) if request.method == "POST" else response
        try:
            if not stream:
                response.read()
        except BaseException:
            response.close()
            raise
        return response

    return type("BoundedClient", (base,), {"send": send})


def _begun(send: Callable[[], Any], request: Any) -> Any:
    """The response once its headers are there. Raises ReadTimeout if they take longer than the timeouts add up to."""
    sending = in_background(send)
    try:
        return sending.result(at_most(_seconds(request)))
    except TimeoutError:
        if sending.done():
            raise
        sending.add_done_callback(_closed)
        raise _library(request).ReadTimeout("the headers of the answer take too long", request=request) from None


def _seconds(request: Any) -> float:
    """Seconds until the headers must be there: those of each step, and those for sending the request."""
    steps = request.extensions.get("timeout", {}).values()
    n_bytes = int(request.headers.get("content-length", 0))
    return sum(_LONGEST if step is None else step for step in steps) + n_bytes / _SLOWEST or _LONGEST


def _closed(sending: Future[Any]) -> None:
    """Closes a response that nobody waits for any more."""
    with suppress(Exception):
        sending.result().close()


def _library(made: Any) -> Any:
    return sys.modules[type(made).__module__.partition(".")[0]]


def _bounded(response: Any) -> Any:
    """The response unpacked, without the headers that this makes wrong."""
    library: Any = _library(response)
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
