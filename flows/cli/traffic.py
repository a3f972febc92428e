"""The commands that show what services were asked, how that went, and what a judge finds of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import JsonOption, LakeOption, parsed_time, show
from flows.cli.show import terminal
from flows.cli.show import traffic as show_traffic
from lake.directory import Lake, configuration
from lake.options.judging import JudgingOptions
from lake.records.judged_traffic import JUDGED_TRAFFIC
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
    from expectations import judged_traffic, live_traffic

    place = Lake.existing(lake)
    rows, judged = live_traffic.read(place, parsed_time("--since", since))
    kept = KeptQuestion(configuration.read(place.store).query_log)
    found = live_traffic.traffic(rows, judged, kept.digest, key=key, top=top)
    samples = judged_traffic.series(JUDGED_TRAFFIC.read(place))
    show(found | {"judged": samples}, as_json, show_traffic.shown)


@with_options
def judge(lake: LakeOption, judging: Annotated[dict[str, Any], JudgingOptions], as_json: JsonOption = False) -> None:
    """Let a model judge a sample of what services were asked.

    Another model answers each question from the passages that its caller got, at the release that found them.
    """
    from expectations import judged_traffic

    place, index = Lake.existing(lake), library.open_lake(lake)
    with terminal.progress(quiet=as_json) as progress:
        found = judged_traffic.judge_traffic(place, index, JudgingOptions(**judging), progress=progress)
    show(found.to_json(), as_json, show_traffic.judged)


COMMANDS = (traffic, judge)
