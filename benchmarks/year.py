"""A year of nightly runs over one lake under a simulated clock: what a night costs, and what the disk holds.

python benchmarks/year.py [--nights 365] [--documents 2000] [--prune-every 1] [--measure-every 1] [--quick]
                          [--seed 1] [--csv FILE] [--folder DIR]
--quick: one child parses for the whole year, and nights that are not measured take over the last audit's verdict.

Ends with checks: every kept release holds what it held, each kept day answers as it did, live equals a lake
made from scratch, and all of that again after a rebuild.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from year_checks import check, check_from_scratch, check_rebuild
from year_figures import MONTH, show, write_csv
from year_nights import Year

import lake.tables.writer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("nights", 365), ("documents", 2000), ("prune-every", 1), ("measure-every", 1), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--csv")
    parser.add_argument("--folder")
    args = parser.parse_args()
    lake.tables.table_indices.VECTOR_INDEX_ROWS = 1000  # so that this small lake has every index that a large one has
    with tempfile.TemporaryDirectory(dir=args.folder) as place:
        year = Year(Path(place), args)
        rows = []
        for night in range(args.nights):
            rows.append(year.night(night))
            if args.csv:
                write_csv(Path(args.csv), rows)
            if night % MONTH == MONTH - 1:
                print(f"night {night + 1}: {len(year.held)} releases built", file=sys.stderr)
        show(rows)
        check(year)
        check_rebuild(year)
        check_from_scratch(year)


if __name__ == "__main__":
    main()
