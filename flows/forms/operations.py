"""The forms that Prefect's UI shows for what an operator does: one for each of its flows."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from flows.forms.ingest import LAKE, LOCATION
from flows.forms.policy import POLICY, PolicyParameters, without_unset
from lake.options import Retention
from lake.options.judging import JudgingOptions
from lake.options.models import Unset, form_of
from lake.options.run import DeployedRunOptions
from lake.options.sync import SyncOptions
from tasks.blocks import lake_of_block
from tasks.job import Erasure

#: Words that say something: blanks alone would be kept in the log for good.
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class LakeParameters(BaseModel):
    """What every operation wants to know."""

    # An error that repeats its input would carry an erased document's name into Prefect's log.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    lake: Annotated[Words, *LOCATION, AfterValidator(lake_of_block)] = Field(title="Lake", description=LAKE)


class WaitingParameters(LakeParameters, form_of("WaitFields", DeployedRunOptions, only=("wait_minutes",))):  # type: ignore[misc]
    """What an operation that writes wants to know, too."""


class MaintainParameters(WaitingParameters, form_of("RetentionFields", Retention)):  # type: ignore[misc]
    """Which releases are kept. Live, named and just rolled back ones are kept in any case."""

    model_config = ConfigDict(title="Maintain")

    dry_run: bool = Field(default=False, title="Dry run", description="Only show what would go; change nothing.")

    def retention(self) -> Retention:
        return Retention(**self.model_dump(include={one.name for one in fields(Retention)}))


class EvaluateParameters(LakeParameters):
    """Whose answers are measured."""

    model_config = ConfigDict(title="Evaluate", json_schema_extra=without_unset)

    candidate: bool = Field(
        default=True,
        title="Candidate too",
        description="Also ask the newest release that was built since live and waits, or was refused.",
    )
    policy: PolicyParameters = Field(default=PolicyParameters(), title="Policy", description=POLICY)


class RollbackParameters(LakeParameters):
    """Which release readers go back to."""

    model_config = ConfigDict(title="Rollback")

    release: Words = Field(
        title="Release",
        description="A release (2026-11-20.1), its name, or a date or time (2026-11-20, UTC): what was live then.",
    )
    why: Words = Field(title="Why", description="What was wrong with the live one; the lake's log keeps it.")


class SyncParameters(WaitingParameters, form_of("SyncFields", SyncOptions)):  # type: ignore[misc]
    """Which destination is brought to which release."""

    model_config = ConfigDict(title="Sync", json_schema_extra=without_unset)

    destination: Words | Unset = Field(
        default=None,
        title="Destination",
        description="As qdrant:URL/COLLECTION. Empty: every one that the lake knows.",
    )
    at: Words = Field(default="live", title="Release", description="live, a release, its name, or a date or time.")

    def options(self) -> SyncOptions:
        return SyncOptions(**self.model_dump(include={one.name for one in fields(SyncOptions)}))


class JudgeParameters(LakeParameters, form_of("JudgeFields", JudgingOptions)):  # type: ignore[misc]
    """Which requests of the query log are judged, and by which models."""

    model_config = ConfigDict(title="Judge", json_schema_extra=without_unset)

    def options(self) -> JudgingOptions:
        return JudgingOptions(**self.model_dump(include={one.name for one in fields(JudgingOptions)}))


class PublishParameters(LakeParameters):
    """Which candidate readers get."""

    model_config = ConfigDict(title="Publish", json_schema_extra=without_unset)

    candidate: Words = Field(title="Candidate", description="The release to make live, as 2026-11-20.1, or its name.")
    why: Words | Unset = Field(default=None, title="Why", description="The lake's log keeps it; Force wants one.")
    force: bool = Field(
        default=False,
        title="Force",
        description="Over a failed audit or gate, a pin, or a newer live. On, the questions are not asked.",
    )

    @model_validator(mode="after")
    def _says_why(self) -> PublishParameters:
        if self.force and self.why is None:
            raise ValueError("Force needs Why, which the lake's log keeps")
        return self


class PinParameters(LakeParameters):
    """For how long nobody knows, but why."""

    model_config = ConfigDict(title="Pin")

    why: Words = Field(title="Why", description="Runs that may not publish say it; the lake's log keeps it.")


class UnpinParameters(LakeParameters):
    """Which lake's live is let go."""

    model_config = ConfigDict(title="Unpin")


class RebuildParameters(WaitingParameters):
    """Which lake's tables are made again."""

    model_config = ConfigDict(title="Rebuild")


class DoctorParameters(LakeParameters):
    """How much of the stored lake is checked."""

    model_config = ConfigDict(title="Doctor")

    every: bool = Field(default=False, title="Every release", description="Compare the rows of every kept release.")
    parts: int = Field(
        default=1,
        ge=1,
        le=1000,
        title="Parts",
        description="Check one of N parts of the files and documents each day, so that N days check all.",
    )


class QuestionsParameters(LakeParameters):
    """Which file holds the questions, and what its documents are called in the lake."""

    model_config = ConfigDict(title="Questions", json_schema_extra=without_unset)

    format: Literal["beir", "squad", "jsonl", "csv"] = Field(
        title="Format", description="beir is a folder with corpus and judgements, the others are one file."
    )
    path: Words = Field(title="Path", description="The folder or file, as the worker sees it.")
    set: Words | Unset = Field(
        default=None, title="Set", description="What to call these questions. Empty: the file's name."
    )
    source: Words | Unset = Field(
        default=None, title="Source", description="The source of their documents. Empty: any that has the URI."
    )
    uri: Words | Unset = Field(
        default=None,
        title="URI",
        description="How documents are called: {id} in beir; {title}, {article}, {paragraph}, {n} in squad; {uri} in"
        " jsonl and csv. Empty: {id}.md, {title}/{paragraph}.txt, {uri}.",
    )


class ForgetParameters(WaitingParameters):
    """Which documents are erased for good: set either URI or Where."""

    model_config = ConfigDict(title="Forget", json_schema_extra=without_unset)

    uri: Words | Unset = Field(
        default=None, title="URI", description="The document, as a hit shows it. Leave empty to say Where."
    )
    where: Words | Unset = Field(
        default=None,
        title="Where",
        description="SQL over the manifest that chooses documents: uri LIKE 'hr/%'. Leave empty to say URI.",
    )
    source: Words | Unset = Field(
        default=None, title="Source", description="Only documents of this source. Empty: of all."
    )
    why: Words = Field(
        title="Why",
        description="Kept in the lake's log for good, so name neither the document nor a person: a case number.",
    )
    dry_run: bool = Field(
        default=True,
        title="Dry run",
        description="On: only list what would be erased. Off: erase it, which nothing brings back.",
    )

    @model_validator(mode="after")
    def _says_which(self) -> ForgetParameters:
        if (self.uri is None) == (self.where is None):
            raise ValueError("say which documents: URI or Where, one of them")
        if self.uri is not None and self.uri in self.why:
            raise ValueError("Why must not name the document: the lake's log keeps it for good")
        return self

    def erasure(self) -> Erasure:
        return Erasure(self.lake, self.uri, self.where, self.source, self.why)
