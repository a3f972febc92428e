"""Many connections to the HTTP service at the same time: kept open and used again, then each with a stream."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import Any

_QUESTION = "which lamp burns oil in a storm?"
_PATIENCE = 120.0


async def connected(port: int, n: int) -> dict[str, Any]:
    """Opens ``n`` connections and keeps them: a search on each at once, within a minute, then a stream on each."""
    begun, errors = time.monotonic(), Counter[str]()
    lines = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port, limit=1 << 20) for _ in range(n)))
    found: dict[str, Any] = {"connections": n, "open_seconds": round(time.monotonic() - begun, 2)}
    search, phases = {"text": _QUESTION, "k": 3}, {}
    for name, path, body, spread in (
        ("searches_at_once", "/query", search, 0.0),
        ("searches_of_a_minute", "/query", search, 60.0),
        ("streams_at_once", "/answer", {"question": _QUESTION, "stream": True}, 0.0),
    ):
        begun = time.monotonic()
        asked = [_asked(*line, path, body, errors, after=spread * i / n) for i, line in enumerate(lines)]
        statuses = await asyncio.gather(*asked)
        phases[name] = {"seconds": round(time.monotonic() - begun, 2), "statuses": dict(Counter(statuses))}
    for _, writer in lines:
        writer.close()
    return found | {"phases": phases, "errors": dict(errors)}


async def _asked(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    path: str,
    body: dict[str, Any],
    errors: Counter[str],
    after: float,
) -> int:
    """The status of the response, which is read to its end; 0 after an error."""
    await asyncio.sleep(after)
    data = json.dumps(body).encode()
    stated = f"Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    try:
        async with asyncio.timeout(_PATIENCE):
            writer.write(f"POST {path} HTTP/1.1\r\n{stated}\r\n\r\n".encode() + data)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            if "transfer-encoding: chunked" in answer:
                await reader.readuntil(b"0\r\n\r\n")
            else:
                await reader.readexactly(int(answer.partition("content-length: ")[2].split()[0]))
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
        errors[type(error).__name__] += 1
        return 0
    return int(answer.split()[1])
