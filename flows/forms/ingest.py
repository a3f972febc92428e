"""The form that Prefect's UI shows for an ingest, and the job it stands for."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema

from lake.errors import UsageError
from lake.ingest.scan import RecipeOptions
from tasks.job import Job

#: None, but not in the form, which would ask for the type of an empty field before it takes a value.
Unset = SkipJsonSchema[None]
_KEPT = " Empty: the lake's own."
POLICY = 'Sections of the lake\'s configuration that this run sets first, for good: {"gate": {"mode": "warn"}}.' + _KEPT

#: How long a run waits for another one that is writing to its lake.
WaitMinutes = Annotated[
    float,
    Field(
        ge=0,
        title="Wait, minutes",
        description="Where another run is writing to the lake: wait so long for it. 0: fail at once.",
    ),
]
#: An hour: more than most nights take.
USUAL_WAIT = 60.0
#: Where shards are parsed: threads and processes of this machine, a Dask or a Ray cluster.
Runner = Literal["threads", "processes", "dask", "ray"]


def without_unset(schema: dict[str, Any]) -> None:
    """Drop the defaults that stand for "not set", so that the form leaves these fields empty."""
    for field in schema["properties"].values():
        if field.get("default") is None or isinstance(field["default"], dict):
            field.pop("default", None)


class RecipeParameters(BaseModel):
    """What the index is made with. An empty field keeps the lake's own value, or the default in a new lake."""

    model_config = ConfigDict(title="Recipe", extra="forbid", json_schema_extra=without_unset)

    embedder: str | Unset = Field(
        default=None,
        title="Embedder",
        description="minilm, st:MODEL_OR_PATH, openai:MODEL[@DIMENSIONS] or hash." + _KEPT,
    )
    backend: str | Unset = Field(
        default=None,
        title="Backend",
        description="What computes a local model, such as openvino/bfloat16 or torch-cpu/float32." + _KEPT,
    )
    strategy: Literal["hierarchical", "paragraph", "window"] | Unset = Field(
        default=None,
        title="Chunking strategy",
        description="hierarchical follows headings, sentences and code." + _KEPT,
    )
    parent_tokens: Annotated[int, Field(ge=2)] | Unset = Field(
        default=None,
        title="Parent size",
        description="Most cl100k tokens of a parent, what a hit shows." + _KEPT,
    )
    child_tokens: Annotated[int, Field(ge=8)] | Unset = Field(
        default=None,
        title="Child size",
        description="Most tokens of a child, as the embedder counts." + _KEPT,
    )
    overlap_tokens: Annotated[int, Field(ge=0)] | Unset = Field(
        default=None,
        title="Overlap",
        description="Tokens that neighbouring children share at most." + _KEPT,
    )
    heading_tokens: Annotated[int, Field(ge=0)] | Unset = Field(
        default=None,
        title="Heading room",
        description="Tokens for the headings embedded before a child." + _KEPT,
    )
    vector_dtype: Literal["float32", "float16"] | Unset = Field(
        default=None,
        title="Vector type",
        description="float16 halves the size of stored vectors." + _KEPT,
    )
    text_tokenizer: str | Unset = Field(
        default=None,
        title="Full-text tokenizer",
        description="icu/split, icu, simple, whitespace or ngram." + _KEPT,
    )
    text_language: str | Unset = Field(
        default=None,
        title="Full-text language",
        description="The language that full-text search stems, as English." + _KEPT,
    )


class IngestParameters(BaseModel):
    """Which documents go into which lake, and how this run goes about it."""

    model_config = ConfigDict(title="Ingest", extra="forbid", json_schema_extra=without_unset)

    sources: list[str] = Field(
        min_length=1,
        title="Sources",
        description="Folders, globs, files or fsspec URLs such as s3://bucket/docs; NAME=... names one.",
    )
    lake: str = Field(min_length=1, title="Lake", description="Where the index lives: a local folder or an s3:// URL.")
    include: list[str] = Field(
        default=[], title="Include", description="Only files that match one of these globs. Empty: all."
    )
    exclude: list[str] = Field(default=[], title="Exclude", description="No files that match one of these globs.")
    recipe: RecipeParameters = Field(default=RecipeParameters(), title="Recipe")
    verify: bool = Field(
        default=False, title="Verify every byte", description="Read every document again; trust no size or time."
    )
    change_recipe: bool = Field(
        default=False,
        title="Change the recipe",
        description="Allow a rebuild of everything that another recipe touches.",
    )
    allow_removals: int = Field(
        default=0, ge=0, title="Allow removals", description="Let this run remove up to so many documents."
    )
    batch_hours: Annotated[float, Field(ge=0)] | Unset = Field(
        default=None,
        title="Batch API, hours",
        description="Embed by the provider's Batch API, at half the price, and wait up to so long. Empty: at once.",
    )
    budget_usd: Annotated[float, Field(ge=0)] | Unset = Field(
        default=None, title="Budget", description="Stop before embedding costs more than so many USD. Empty: no limit."
    )
    publish: bool = Field(
        default=True, title="Publish", description="Publish the release if it passes its audit; else leave a candidate."
    )
    workers: Annotated[int, Field(ge=1)] | Unset = Field(
        default=None,
        title="Workers",
        description="Shards parsed at a time. Empty: one per core.",
    )
    shard_documents: int = Field(
        default=2000, ge=1, title="Shard size", description="Most documents of one shard, which is one task run."
    )
    runner: Runner = Field(
        default="threads",
        title="Task runner",
        description="Where shards are parsed. dask and ray need the extra of that name, and may use other machines.",
    )
    runner_address: str | Unset = Field(
        default=None,
        title="Cluster",
        description="Address of a Dask scheduler or a Ray cluster. Empty: one of the run's own.",
    )
    wait_minutes: WaitMinutes = USUAL_WAIT
    policy: dict[str, Any] | Unset = Field(default=None, title="Policy", description=POLICY)

    def job(self) -> Job:
        """The job that these parameters describe."""
        values = self.model_dump(include={field.name for field in fields(Job)} - {"settings"})
        values |= {name: tuple(values[name]) for name in ("sources", "include", "exclude")}
        return Job(**values, settings=RecipeOptions(**self.recipe.model_dump()))

    @classmethod
    def of(cls, job: Job, n_workers: int | None) -> IngestParameters:
        """The parameters that describe a job, and wait for nobody; UsageError where one is out of bounds."""
        values: dict[str, Any] = {name: value for name, value in asdict(job).items() if name in cls.model_fields}
        try:
            recipe = RecipeParameters(**asdict(job.settings))
            return cls(**values, recipe=recipe, workers=n_workers, wait_minutes=0)
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}") from error
