"""Sends drawn requests to the service and its console, in this process, and reports statuses and what is wrong.

python -m benchmarks.service_fuzz --seed 1 --requests 100000 --visits 20000
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.lake.service.fuzzed_console import fuzz_console
from tests.lake.service.fuzzed_service import HOOK_SECRET, HOOK_VARIABLE, FuzzedService, made_lake
from tests.lake.service.in_process import started

#: Requests to one lake: acts and documents make its log and its inbox longer.
_PART = 5000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=5000, help="requests drawn from the OpenAPI text")
    parser.add_argument("--visits", type=int, default=1000, help="visits of the console")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    os.environ[HOOK_VARIABLE] = HOOK_SECRET
    statuses, n_findings, sent = Counter[int](), 0, 0
    parts = range(0, given.requests, _PART)
    for number, start in enumerate(parts):
        with tempfile.TemporaryDirectory() as folder:
            service = FuzzedService(made_lake(Path(folder)))
            n = min(_PART, given.requests - start)
            asyncio.run(_part(service, given.seed + number, n, given.visits // len(parts)))
            sent += n
        for (_, status), count in service.statuses.items():
            statuses[status] += count
        for what, (count, example) in sorted(service.findings.items()):
            n_findings += count
            print(f"{count} x {what}\n    {example[:600]}", flush=True)
        print(f"{sent:,} requests, {time.process_time():.0f} s: {dict(sorted(statuses.items()))}", flush=True)
    return bool(n_findings)


async def _part(service: FuzzedService, seed: int, n: int, n_visits: int) -> None:
    async with started(service.app):
        await service.fuzz(seed, n)
        await fuzz_console(service, seed, n_visits)


if __name__ == "__main__":
    raise SystemExit(main())
