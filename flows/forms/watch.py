"""The form that Prefect's UI shows for a watch."""

from __future__ import annotations

from dataclasses import fields

from pydantic import ConfigDict, Field

from flows.forms.ingest import Indexed, RecipeParameters
from flows.forms.policy import without_unset
from lake.options import Retention
from lake.options.models import form_of
from lake.options.recipe import RecipeOptions
from lake.options.run import DeployedRunOptions
from lake.options.watch import WatchOptions
from tasks.job import Job

#: Options of runs that make sense for one after another, and of the retention of their releases.
OF_RUN = ("include", "exclude", "allow_opening", "budget_usd", "workers")
OF_RETENTION = ("keep_live_hours", "keep_hourly")


class WatchParameters(
    form_of("WatchRetentionFields", Retention, only=OF_RETENTION),  # type: ignore[misc]
    form_of("WatchRunFields", DeployedRunOptions, only=OF_RUN),  # type: ignore[misc]
    form_of("WatchFields", WatchOptions),  # type: ignore[misc]
    Indexed,
):
    """Which sources are watched, and how soon their changes are live."""

    model_config = ConfigDict(title="Watch", extra="forbid", json_schema_extra=without_unset)

    recipe: RecipeParameters = Field(default=RecipeParameters(), title="Recipe")

    def job(self) -> Job:
        """The job whose runs the watch makes."""
        return Job(
            tuple(self.sources),
            self.lake,
            RecipeOptions(**self.recipe.model_dump()),
            **self.model_dump(include=set(OF_RUN)),
        )

    def promise(self) -> WatchOptions:
        return WatchOptions(**self.model_dump(include={one.name for one in fields(WatchOptions)}))

    def retention(self) -> Retention:
        return Retention(**self.model_dump(include=set(OF_RETENTION)))
