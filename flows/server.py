"""The Prefect server that commands talk to: that one is named, and what it means when it doesn't answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.settings import PREFECT_API_URL

from lake.errors import TransientError, UsageError


@contextmanager
def named_server() -> Iterator[None]:
    """Around calls of a server that lasts. UsageError where none is named, TransientError where it doesn't answer."""
    address = PREFECT_API_URL.value()
    if not address:
        raise UsageError("PREFECT_API_URL names no Prefect server; export PREFECT_API_URL=http://127.0.0.1:4200/api")
    try:
        yield
    except (httpx.TransportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith("Failed to reach API"):
            raise
        raise TransientError(f"no Prefect server answers at {address}; prefect server start starts one") from error
