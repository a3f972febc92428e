"""Requests made from the OpenAPI text of the service, and some that a person would try: never a status of 500.

The values at each limit of the text, and next to it. ``RAGLAKE_EXAMPLES=20`` adds as many drawn requests of each route;
test_drawn_requests.py has some of ours, and test_openapi.py sends the examples of the text.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest

from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import Start

KEY = "k" * 20
EXAMPLES = int(os.environ.get("RAGLAKE_EXAMPLES", "0"))
RING = KeyRing([Key("fuzz", digest_of(KEY), principals=("hr",))])


def test_no_request_that_openapi_describes_breaks_it(start: Start) -> None:
    """``benchmarks/service_fuzz.py`` makes as many requests as you like."""
    pytest.importorskip("schemathesis", reason="the extra dev installs schemathesis")
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{start(RING).url}/openapi.json"),
        *("--checks", "not_a_server_error", "--phases", f"coverage{',fuzzing' * bool(EXAMPLES)}", "--seed", "7"),
        *("--max-examples", str(EXAMPLES or 1), "--header", f"Authorization: Bearer {KEY}"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout


PATTERN = "**/*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*Z"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"filters": {"uri": {"glob": PATTERN}}}, 200, ""),
        ({"filters": {"metadata.project": {"glob": PATTERN}}}, 200, ""),
        ({"filters": {"uri": {"glob": "[z-a]*"}}}, 400, "is no glob"),
        ({"filters": {"uri": {"glob": "a*" * 600}}}, 400, "1,200 characters"),
        ({"filters": {"modified_at": {">": "0001-01-01T00:00:00+14:00"}}}, 400, "years 1 to 9999"),
        ({"filters": {"modified_at": {"<": "9999-12-31T23:59:59-14:00"}}}, 400, "years 1 to 9999"),
        ({"at": "0001-01-01T00:00:00+14:00"}, 404, "nothing was live"),
        ({"text": "a" * 19_000, "mode": "text", "fuzziness": 2}, 400, "too long for a search with fuzziness"),
        ({"text": "ab" * 100, "mode": "text", "fuzziness": 2}, 400, "too long for a search with fuzziness"),
        ({"text": "lamp " * 3_999, "mode": "text", "fuzziness": 2}, 200, ""),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_a_caller_can_send_is_answered_soon(start: Start, body: dict[str, Any], status: int, reason: str) -> None:
    started = time.monotonic()
    answer = start(RING).post(key=KEY, **{"text": "lamp", **body})
    assert (answer.status_code, reason in answer.text) == (status, True)
    assert time.monotonic() - started < 15
