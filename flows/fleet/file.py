"""The lakes of one file: what each is made of, when its flows run, how they are watched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from flows.forms.ingest import LOCATION, RecipeParameters
from lake.directory.configuration import Configuration
from lake.errors import UsageError
from lake.options import Retention
from lake.options.judging import JudgingOptions
from lake.options.models import model_of, section_of
from lake.options.run import DeployedRunOptions
from lake.options.watch import WatchOptions
from lake.reporting import did_you_mean

#: Where the file is, unless --config says it.
VARIABLE, USUAL = "RAGLAKE_CONFIG", "raglake.yaml"

#: Part of the names of deployments and tags.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Overlap = Literal["skip", "queue"]
Scheduled = Literal["ingest", "evaluate", "maintain", "doctor", "judge", "watch"]
_SECTIONS = tuple(section.name for section in fields(Configuration))
_NEXT = {
    "extra_forbidden": "unknown key{known}",
    "missing": "required, but missing",
    "string_pattern_mismatch": "a name has letters a-z, digits and single dashes, such as pump-manuals",
}


def _cron(text: str) -> str:
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=text)
    except ValidationError as error:
        raise ValueError(
            'not a cron expression; write minute, hour, day, month and weekday, such as "0 2 * * *"'
        ) from error
    return text


def _time_zone(text: str) -> str:
    from zoneinfo import available_timezones

    if text not in available_timezones():
        raise ValueError("not a time zone; write a name such as Europe/Berlin or UTC")
    return text


def _block(text: str) -> str:
    if text.count("/") != 1 or not all(text.split("/")):
        raise ValueError("not a block; write TYPE/NAME, such as slack-webhook/operators; `prefect block ls` lists them")
    return text


Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Block = Annotated[str, AfterValidator(_block)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Schedules(_Section):
    """When the flows run by themselves; one that isn't given runs on demand only."""

    ingest: Cron | None = None
    evaluate: Cron | None = None
    maintain: Cron | None = None
    doctor: Cron | None = None
    judge: Cron | None = None
    watch: Cron | None = None


_OF_RUNNER = {"kind": "runner", "workers": "workers", "address": "runner_address"}


class RunnerSection(section_of("RunnerFields", DeployedRunOptions, _OF_RUNNER)):  # type: ignore[misc]
    """Where the shards of an ingest are parsed, and how many at a time."""


class RetentionSection(model_of("RetentionFields", Retention)):  # type: ignore[misc]
    """What ``maintain`` keeps, by the names and defaults of its form."""


class JudgingSection(model_of("JudgingFields", JudgingOptions)):  # type: ignore[misc]
    """Which requests of the query log ``judge`` judges, by the names and defaults of its form."""


class WatchSection(model_of("WatchFields", WatchOptions)):  # type: ignore[misc]
    """How soon ``watch`` publishes a change, and which events it follows, by the names and defaults of its form."""


_OF_RUN = ("include", "exclude", "strict", "shard_documents", "batch_hours", "budget_usd", "wait_minutes")


class FleetSettings(model_of("RunSection", DeployedRunOptions, only=_OF_RUN)):  # type: ignore[misc]
    """Settings that ``defaults`` may give for all lakes, and each lake for itself."""

    recipe: RecipeParameters = RecipeParameters()
    timezone: TimeZone = "UTC"
    schedules: Schedules = Schedules()
    retention: RetentionSection = RetentionSection()
    judging: JudgingSection = JudgingSection()
    watch: WatchSection = WatchSection()
    overlap: Overlap = "skip"
    paused: bool | None = None
    rerun_crashed: bool = True
    doctor_parts: Annotated[int, Field(ge=1, le=1000)] = 7
    late_minutes: Annotated[float, Field(gt=0)] = 15
    silent_hours: Annotated[float, Field(gt=0)] = 48
    notify: list[Block] = Field(default=[])
    runner: RunnerSection = RunnerSection()
    gate: dict[str, Any] | None = None
    alarms: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    completeness: dict[str, Any] | None = None
    endpoints: dict[str, Any] | None = None
    query_log: dict[str, Any] | None = None
    groups: dict[str, Any] | None = None
    hooks: dict[str, Any] | None = None
    tuning: dict[str, Any] | None = None
    sync: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _can_be(self) -> FleetSettings:
        try:
            Configuration.of(self.policy)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def policy(self) -> dict[str, Any]:
        """The sections of a lake's own configuration that the file decides."""
        return {name: said for name in _SECTIONS if (said := getattr(self, name)) is not None}


class FleetLake(FleetSettings):
    """One lake: where it lies, what goes into it, and its ``FleetSettings``."""

    lake: Annotated[Words, *LOCATION]
    sources: Annotated[list[Annotated[Words, *LOCATION]], Field(min_length=1)]

    def cron(self, action: Scheduled) -> str | None:
        found: str | None = getattr(self.schedules, action)
        return found


class _Defaults(_Section):
    defaults: FleetSettings


class Fleet(_Section):
    """All lakes by name."""

    lakes: dict[Name, FleetLake] = Field(min_length=1)

    @model_validator(mode="after")
    def _lie_apart(self) -> Fleet:
        seen: dict[str, str] = {}
        for name, one in self.lakes.items():
            place = one.lake if "://" in one.lake else os.path.normpath(one.lake)
            if place in seen:
                raise ValueError(f"{seen[place]} and {name} are both at {place}; two schedules would write to one lake")
            seen[place] = name
        return self


class FleetFile(Fleet, _Defaults):
    """The file as it is written: ``defaults`` apply to each lake that does not override them."""


def place(said: str | None) -> Path:
    """The given file, else RAGLAKE_CONFIG, else raglake.yaml in this folder."""
    return Path(said or os.environ.get(VARIABLE) or USUAL).expanduser()


def read(path: Path) -> Fleet:
    """The lakes of a file; UsageError names each key that is wrong, why, and what it may be."""
    try:
        said = yaml.load(path.read_text(), _Loader)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; pass --config FILE or set {VARIABLE}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(said, dict) or not isinstance(said.get("lakes"), dict):
        raise UsageError(f"{path} names no lakes; it needs a key lakes, with a name, lake and sources for each")
    try:
        # By themselves, lest each lake repeat what is wrong with them.
        _Defaults.model_validate({"defaults": said.get("defaults") or {}})
        return Fleet.model_validate(_with_defaults(said))
    except ValidationError as error:
        raise UsageError("\n".join(f"{path}: {line}" for line in _told(error))) from error


def _with_defaults(said: Mapping[str, Any]) -> dict[str, Any]:
    """Each lake's own words over those of ``defaults``, key by key, also within a section."""
    defaults = said.get("defaults") or {}
    lakes = {name: _over(defaults, own) if isinstance(own, dict) else own for name, own in said["lakes"].items()}
    return {**{key: value for key, value in said.items() if key != "defaults"}, "lakes": lakes}


def _over(under: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: {**under[key], **own[key]} for key in under.keys() & own.keys() if _are_sections(under[key], own[key])}
    return {**under, **own, **both}


def _are_sections(*values: object) -> bool:
    return all(isinstance(value, dict) for value in values)


def _told(error: ValidationError) -> Iterator[str]:
    """One line for each wrong key: its path, what it holds, why that can't be."""
    for found in error.errors():
        path = ".".join(str(part) for part in found["loc"] if part != "[key]") or "lakes"
        why = _NEXT.get(found["type"], found["msg"].removeprefix("Value error, "))
        why = why.format(known=_known(found["loc"])) if found["type"] == "extra_forbidden" else why
        held = "" if isinstance(found["input"], dict | BaseModel) else f"={found['input']!r}"
        yield f"{path}{held}: {why}"


def _known(loc: tuple[int | str, ...]) -> str:
    """The key that was probably meant by an unknown one, else all that may stand there."""
    if len(loc) < 2:
        return "; there are defaults and lakes"
    top: Any = FleetSettings if loc[0] == "defaults" else FleetLake
    section = top.model_fields.get(loc[-2])
    model = section.annotation if section else top
    return did_you_mean(str(loc[-1]), model.model_fields, f"there are {', '.join(model.model_fields)}")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML would take the last of two equal keys; two lakes of one name are a mistake."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found
