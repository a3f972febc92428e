"""``raglake watch``."""

from __future__ import annotations

import json
import logging
import signal
import sys
from typing import Annotated, Any

from flows.cli.declared import with_options
from flows.cli.ingest import Recipe, Sources
from flows.cli.options import JsonOption, LakeOption
from flows.steps import PlainSteps
from flows.watch import SourceWatch
from lake.options import RecipeOptions, Retention, RunOptions
from lake.options.watch import WatchOptions
from lake.reporting import visible
from lake.storage import clock
from tasks.job import Job

#: Options of runs that make sense for one after another.
_OF_RUN = ("include", "exclude", "allow_opening", "budget_usd", "workers")
_OF_RETENTION = ("keep_live_hours", "keep_hourly")


@with_options
def watch(
    sources: Sources,
    lake: LakeOption,
    recipe: Recipe,
    run: Annotated[dict[str, Any], RunOptions, _OF_RUN],
    promise: Annotated[dict[str, Any], WatchOptions],
    retention: Annotated[dict[str, Any], Retention, _OF_RETENTION],
    as_json: JsonOption = False,
) -> None:
    """Publish changes of the sources within seconds, until stopped.

    Lists everything once, then looks only at what changed. Keep the nightly run: it finds what nobody reported.
    """
    job = Job(tuple(sources), lake, RecipeOptions(**recipe), **run)

    def report(text: str) -> None:
        moment = f"{clock.now():%Y-%m-%d %H:%M:%S}"
        line = json.dumps({"at": moment, "text": text}, ensure_ascii=False) if as_json else f"{moment} {text}"
        print(visible(line), file=sys.stdout if as_json else sys.stderr, flush=True)

    logging.getLogger("flows").setLevel(logging.WARNING)
    with PlainSteps(n_workers=job.workers) as steps:
        watch = SourceWatch(job, WatchOptions(**promise), steps, report, retention=Retention(**retention))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watch.stop.set())
        watch.run()


COMMANDS = (watch,)
