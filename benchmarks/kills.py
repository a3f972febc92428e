"""Kill every command of a lake at random while readers search it, and check what is left each time.

python benchmarks/kills.py [--kills 300] [--seed 1] [--lake FOLDER_OR_S3_URL] [--minutes N]

``--lake s3://bucket/name`` runs against a local S3 server that is started for it. ``--minutes`` runs the commands for
so long without killing any. Exit status 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from kill_harness.campaign import Campaign
from kill_harness.figures import Figures
from kill_harness.object_store import serving


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill commands at random and check the lake.")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lake", help="a folder that is not there yet, or an s3:// URL")
    parser.add_argument("--minutes", type=float, help="run without kills for so long")
    options = parser.parse_args()
    started = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lake = options.lake or str(folder / "lake")
        environment = stack.enter_context(serving(lake)) if lake.startswith("s3://") else {}
        campaign = stack.enter_context(Campaign(lake, folder, seed=options.seed, environment=environment, told=tell))
        try:
            campaign.begin()
            if options.minutes:
                campaign.loop(options.minutes * 60)
            else:
                campaign.kill(options.kills)
        finally:
            print(f"{campaign.figures.table()}\n{time.monotonic() - started:.0f} s", flush=True)
    return 1 if campaign.figures.problems else 0


def tell(figures: Figures) -> None:
    """Where the campaign stands, on stderr."""
    line = f"{figures.n_kills} kills, {figures.watch.n_answers} answers, {len(figures.problems)} problems"
    print(f"\r{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
