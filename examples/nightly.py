"""Index a folder every night under Prefect.

Set PREFECT_API_URL to your server. The program registers the deployment ingest/nightly and runs it when it is due,
until you interrupt it. With --now it runs once and ends.
"""

import sys
from pathlib import Path

from flows.forms.ingest import IngestParameters
from raglake.deployed import ingest


def main(folder: str, lake: str, *options: str) -> None:
    # A deployment starts in a folder of its own, so paths are absolute.
    params = IngestParameters(sources=[str(Path(folder).resolve())], lake=str(Path(lake).resolve()))
    if "--now" in options:
        ingest(params)
    else:
        ingest.serve("nightly", cron="0 2 * * *", parameters={"params": params.model_dump(exclude_unset=True)})


if __name__ == "__main__":
    main(*sys.argv[1:])
