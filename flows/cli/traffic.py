"""The command that shows what services were asked and how that went."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import JsonOption, LakeOption, parsed_time, show
from flows.cli.show import traffic as show_traffic
from lake import configuration
from lake.directory import Lake
from lake.records.query_log import KeptQuestion

_SINCE = "Only traffic since this date or time (UTC)."


def traffic(
    lake: LakeOption,
    since: Annotated[str | None, typer.Option(help=_SINCE)] = None,
    key: Annotated[str | None, typer.Option(help="Only traffic of this API key, by name.")] = None,
    top: Annotated[int, typer.Option(help="Maximum number of questions in each list.", min=0)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what services were asked, how that went and what it cost.

    Reads the query log of `raglake serve --query-log`, and feedback.
    """
    from expectations.traffic import read
    from expectations.traffic import traffic as summed

    place = Lake.existing(lake)
    rows, judged = read(place, parsed_time("--since", since))
    kept = KeptQuestion(configuration.read(place.store).query_log)
    show(summed(rows, judged, kept.digest, key=key, top=top), as_json, show_traffic.shown)


COMMANDS = (traffic,)
