"""Options of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lake.errors import UsageError
from lake.options.declaration import check, option

Runner = Literal["threads", "processes", "dask", "ray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Files of a run, its permitted changes, and its maximum cost."""

    include: tuple[str, ...] = option((), "Index only files that match one of these globs.", title="Include")
    exclude: tuple[str, ...] = option((), "Skip files that match one of these globs.", title="Exclude")
    only: tuple[str, ...] = option(
        (),
        "Look only at the document or folder of this uri, as hits show it; carry over everything else.",
        title="Only these",
    )
    verify: bool = option(
        False, "Read every document again, whatever its size and time; restore what the lake lost.", title="Verify"
    )
    full: bool = option(
        False, "List every source in full, also one that knows what changed since the last run.", title="Full listing"
    )
    rights_only: bool = option(
        False,
        "Only bring access rights up to date, which takes effect at once; parse, embed and publish nothing.",
        title="Rights only",
    )
    change_recipe: bool = option(
        False, "Allow a rebuild of everything that another recipe affects.", title="Change the recipe"
    )
    allow_removals: int = option(0, "Let this run remove up to N documents.", title="Allow removals", least=0)
    allow_opening: int = option(
        0,
        "Let this run open up to N restricted documents whose sidecars are gone.",
        title="Allow opening",
        least=0,
    )
    strict: bool = option(
        False,
        "Publish nothing while sidecars need a correction; on the command line, exit with 4 then, and if documents are "
        "in quarantine.",
        title="Strict",
    )
    batch_hours: float | None = option(
        None,
        "Embed through the provider's Batch API, at half the price, and wait up to N hours for it.",
        title="Batch API, hours",
        least=0,
        unset="embed at once",
    )
    budget_usd: float | None = option(
        None, "Stop before embedding costs more than this, in USD.", title="Budget", least=0, unset="no limit"
    )
    publish: bool = option(
        True, "Publish the release if it passes its audit; otherwise leave a candidate.", title="Publish"
    )
    workers: int | None = option(
        None, "Number of shards to parse at a time.", title="Workers", least=1, unset="one per core"
    )
    shard_documents: int = option(
        2000, "Maximum number of documents in a shard, the unit of a task run.", title="Shard size", least=1
    )

    def __post_init__(self) -> None:
        check(self)
        if self.only and (self.verify or self.full or self.change_recipe):
            raise UsageError("a run over some keys can't verify, list in full or change the recipe; leave the keys out")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRunOptions(RunOptions):
    """Options of a run under Prefect."""

    runner: Runner = option(
        "threads",
        "Where shards are parsed; dask and ray need the extra of that name and can use other machines.",
        title="Task runner",
    )
    runner_address: str | None = option(
        None,
        "Address of a Dask scheduler or a Ray cluster.",
        title="Cluster",
        unset="a cluster of the run's own",
    )
    wait_minutes: float = option(
        60.0,
        "Wait up to N minutes for another run that is writing to the lake; 0 fails at once.",
        title="Wait, minutes",
        least=0,
    )
