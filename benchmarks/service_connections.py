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
    """Opens ``n`` connections, sends a search on each at once, waits idle, sends another, then a stream on each."""
    begun, errors = time.monotonic(), Counter[str]()
    lines = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port, limit=1 << 20) for _ in range(n)))
    found: dict[str, Any] = {"connections": n, "open_seconds": round(time.monotonic() - begun, 2)}
    search = {"text": _QUESTION, "k": 3}
    for name, path, body, idle in (
        ("first", "/query", search, 0.0),
        ("after_30_s_idle", "/query", search, 30.0),
        ("streams", "/answer", {"question": _QUESTION, "stream": True}, 0.0),
    ):
        await asyncio.sleep(idle)
        begun = time.monotonic()
        statuses = await asyncio.gather(*(_asked(*line, path, body, errors) for line in lines))
        found[name] = {"seconds": round(time.monotonic() - begun, 2), "statuses": dict(Counter(statuses))}
    for _, writer in lines:
        writer.close()
    return found | {"errors": dict(errors)}


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: dict[str, Any], errors: Counter[str]
) -> int:
    """The status of the response, which is read to its end; 0 after an error."""
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
