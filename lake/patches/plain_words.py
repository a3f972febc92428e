"""Takes text on a command line as it is, without pydantic, which takes a tenth of a second to load.

Remove when typer validates a given text, and an option that was not given, without pydantic.
"""

from __future__ import annotations

from typing import Any

from typer import _coercion, core


class _AsGiven(_coercion.RuntimeParam):
    """Text as it was given; everything else is validated as typer does."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__(descriptor.parameter_info, descriptor.annotation)
        object.__setattr__(self, "_descriptor", descriptor)

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        if self.parameter_info.parser is None:
            if self.annotation is str and _is_text(value):
                return value
            if self.annotation == list[str] and isinstance(value, list | tuple) and all(map(_is_text, value)):
                return list(value)
        whole = _coercion.build_runtime_param(self._descriptor)  # type: ignore[attr-defined]
        return whole._coerce_value(value, param=param, ctx=ctx)


def _is_text(value: object) -> bool:
    """Whether pydantic, too, would accept a value: without lone surrogates."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= one <= "\udfff" for one in value))


def words_as_given() -> None:
    """Let every parameter of this process take text as it is."""
    core.build_runtime_param = _AsGiven  # type: ignore[attr-defined]  # which it imports from _coercion
