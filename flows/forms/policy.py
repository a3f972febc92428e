"""The sections of a lake's configuration that a run may set first, as a part of Prefect's forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_serializer, model_validator

from lake.directory.configuration import Configuration
from lake.options.models import partial_form_of

POLICY = "What this run sets in the lake's configuration first, for good. Empty fields leave the lake's own values."
#: The sections that people set most, first in the form.
_COMMON = ("gate", "alarms", "completeness", "search")


def without_unset(schema: dict[str, Any]) -> None:
    """Drop the defaults that stand for "not set", so that the form leaves these fields empty."""
    for field in schema["properties"].values():
        if field.get("default") is None or isinstance(field["default"], dict):
            field.pop("default", None)


class _Partial(BaseModel):
    """Values of which only those that were set are stored: null means something, as all questions in a sample."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=without_unset)

    @model_serializer(mode="wrap")
    def _as_set(self, all_of: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {name: value for name, value in all_of(self).items() if name in self.model_fields_set}


def _sections() -> dict[str, Any]:
    kinds: dict[str, Any] = {one.name: one.default_factory for one in fields(Configuration)}
    ordered = [*_COMMON, *(name for name in kinds if name not in _COMMON)]
    return {name: _section(name, kinds[name]) for name in ordered}


def _section(name: str, kind: Any) -> tuple[Any, Any]:
    title = name.replace("_", " ").capitalize()
    form = partial_form_of(f"{kind.__name__}Fields", kind, "the lake's own")
    shown = create_model(f"{kind.__name__}Policy", __base__=(_Partial, form), __doc__=kind.__doc__.splitlines()[0])
    return shown, Field(default=shown(), title=title)


class PolicyParameters(create_model("PolicyFields", __base__=_Partial, **_sections())):  # type: ignore[misc]
    """Values of the lake's configuration, by section."""

    @model_validator(mode="before")
    @classmethod
    def _of_nothing(cls, value: Any) -> Any:
        return {} if value is None else value

    def settings(self) -> dict[str, Any]:
        """The values that were set, as section, name, value."""
        found: dict[str, Any] = self.model_dump(mode="json")
        return found
