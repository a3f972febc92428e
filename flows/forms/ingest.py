"""The form that Prefect's UI shows for an ingest, and the job it stands for."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from flows.forms.policy import POLICY, PolicyParameters, without_unset
from lake.errors import UsageError
from lake.options.models import form_of
from lake.options.recipe import RecipeOptions
from lake.options.run import DeployedRunOptions
from lake.storage.urls import PATTERN, without_credentials
from tasks.blocks import lake_of_block
from tasks.job import Job

LAKE = "Where the index lives: a local folder, an s3:// URL, or block:NAME of a Raglake Lake."

#: The pattern goes into the form alone: Prefect's server checks it before it stores the parameters.
LOCATION = (AfterValidator(without_credentials), Field(json_schema_extra={"pattern": PATTERN}))
Location = Annotated[str, *LOCATION]
#: A lake's place, or the block that names it, which is loaded in the run.
Place = Annotated[str, *LOCATION, AfterValidator(lake_of_block)]


class RecipeParameters(form_of("RecipeFields", RecipeOptions)):  # type: ignore[misc]
    """What the index is made with. An empty field keeps the lake's own value, or the default in a new lake."""

    model_config = ConfigDict(title="Recipe", json_schema_extra=without_unset)


class Indexed(BaseModel):
    """What goes where; first in each form that has it."""

    sources: list[Location] = Field(
        min_length=1,
        title="Sources",
        description="Folders, globs, files or fsspec URLs such as s3://bucket/docs; NAME=... names one.",
    )
    lake: Place = Field(min_length=1, title="Lake", description=LAKE)


class IngestParameters(form_of("RunFields", DeployedRunOptions), Indexed):  # type: ignore[misc]
    """Which documents go into which lake, and how this run goes about it."""

    model_config = ConfigDict(title="Ingest", json_schema_extra=without_unset)

    recipe: RecipeParameters = Field(default=RecipeParameters(), title="Recipe")
    policy: PolicyParameters = Field(default=PolicyParameters(), title="Policy", description=POLICY)

    def job(self) -> Job:
        """The job that these parameters describe."""
        values = self.model_dump(include={field.name for field in fields(Job)} - {"settings", "sources"})
        return Job(tuple(self.sources), settings=RecipeOptions(**self.recipe.model_dump()), **values)

    @classmethod
    def of(cls, job: Job) -> IngestParameters:
        """The parameters that describe a job, and wait for nobody; raises UsageError if one is out of bounds."""
        values: dict[str, Any] = {name: value for name, value in asdict(job).items() if name in cls.model_fields}
        try:
            return cls(**values, recipe=RecipeParameters(**asdict(job.settings)), wait_minutes=0)
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}") from error
