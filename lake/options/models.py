"""Declared options as pydantic models and JSON schemas: for forms, HTTP bodies and files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Optional

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic.json_schema import SkipJsonSchema

from lake.options.declaration import Option, options

_CONSTRAINTS = ("ge", "le", "gt")
#: None, but not in the schema: a form would otherwise request the type of an empty field.
Unset = SkipJsonSchema[None]


def model_of(name: str, kind: Any, *, without: Collection[str] = (), only: Collection[str] | None = None) -> Any:
    """A model with these options of a dataclass; an optional one may be None."""
    return _model(name, kind, without, only, _field)


def form_of(name: str, kind: Any, *, without: Collection[str] = (), only: Collection[str] | None = None) -> Any:
    """Like ``model_of``, but forms may leave optional fields empty, and their descriptions explain the effect."""
    return _model(name, kind, without, only, _form_field)


def partial_form_of(name: str, kind: Any, empty: str) -> Any:
    """A form of which each field may be left empty; ``empty`` explains what then holds."""

    def field(one: Option) -> tuple[Any, Any]:
        description = f"{one.description} Empty: {empty}."
        return _bounded(one) | Unset, Field(default=None, title=one.declared.get("title"), description=description)

    return _model(name, kind, (), None, field)


def section_of(name: str, kind: Any, names: Mapping[str, str]) -> Any:
    """A model with options of a dataclass under names of its own."""
    fields: dict[str, Any] = {own: _field(options(kind)[declared]) for own, declared in names.items()}
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _model(
    name: str,
    kind: Any,
    without: Collection[str],
    only: Collection[str] | None,
    make: Callable[[Option], tuple[Any, Any]],
) -> type[BaseModel]:
    chosen = [one for one in options(kind).values() if one.name not in without and (only is None or one.name in only)]
    fields: dict[str, Any] = {one.name: make(one) for one in chosen}
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=kind.__doc__, **fields)


def _field(one: Option) -> tuple[Any, Any]:
    return (Optional[_bounded(one)] if one.is_optional else _bounded(one)), _described(one, one.description)  # noqa: UP045


def _form_field(one: Option) -> tuple[Any, Any]:
    empty = f" Empty: {one.unset}." if one.unset else ""
    return (_bounded(one) | Unset if one.is_optional else _bounded(one)), _described(one, one.description + empty)


def _bounded(one: Option) -> Any:
    bounds = {name: one.declared[name] for name in _CONSTRAINTS if name in one.declared}
    kind = Annotated[one.kind, Field(**bounds)] if bounds else one.kind
    return Annotated[kind, BeforeValidator(_no_truth)] if one.kind in (int, float) else kind


def _no_truth(value: object) -> object:
    """Refuses true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("it must be a number")
    return value


def _described(one: Option, description: str) -> Any:
    return Field(default=one.default, title=one.declared.get("title"), description=description)
