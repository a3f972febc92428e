"""One GET request with a bearer token: bounded in time and size, and never redirected, since the token would follow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from lake.endpoints.bounded import bounded
from lake.endpoints.deadline import deadline
from lake.endpoints.pacing import stated_wait
from lake.endpoints.secrets import secret
from lake.errors import TransientError

if TYPE_CHECKING:
    import httpx

#: Larger answers are refused.
MOST_BYTES = 64 << 20


class StatusError(TransientError):
    """The endpoint answers with another ``status`` than 200, and may say in how many seconds to ask again."""

    def __init__(self, url: str, status: int, wait: float | None = None) -> None:
        super().__init__(f"{url} answers with status {status}")
        self.status, self.wait = status, wait


def fetched(url: str, token: str | None, seconds: float, params: Mapping[str, str | int] | None = None) -> bytes:
    """The body of a successful answer; ``token`` names where the token is.

    Raises TransientError for any other answer (StatusError for its status), and UsageError if there is no such token.
    """
    import httpx

    headers = {"accept": "application/scim+json, application/json, text/csv"}
    if token is not None:
        headers["authorization"] = f"Bearer {secret(token, 'token')}"
    started, data = time.monotonic(), bytearray()
    try:
        with (
            deadline(seconds),
            _client().stream("GET", url, params=params, headers=headers, timeout=seconds) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise StatusError(url, answer.status_code, stated_wait(answer.headers))
            for block in answer.iter_bytes():
                data += block
                if len(data) > MOST_BYTES or time.monotonic() - started > seconds:
                    raise TransientError(f"{url} gives too much, or takes too long")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransientError(f"{url} can't be reached ({type(error).__name__})") from error
    return bytes(data)


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    """One for all, since connections are kept, and making a client costs more than a request."""
    import httpx

    return bounded(httpx.Client)(follow_redirects=False)
