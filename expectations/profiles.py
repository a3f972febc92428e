"""Ways of asking: fields of a search question, as a checked value and as the text that names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.options import SearchOptions
from lake.options.search import boosts_of

if TYPE_CHECKING:
    from lake.index import Index

#: What a question brings along itself, or whoever asks it.
_NOT_SETTINGS = ("text", "k", "at", "embedder")
#: What becomes of a passage that was found; measures of retrieval look at the chunks themselves unless told otherwise.
_SHAPE = ("expand", "window")
_DEFAULTS = {one.name: one.default for one in fields(SearchOptions) if one.name != "k"}


def way_of(index: Index, how: Mapping[str, Any], *, shaped: bool = False) -> dict[str, Any]:
    """A way of asking with the lake's own defaults for what ``how`` does not say.

    ``shaped``: also for what becomes of a chunk that was found, its section or its neighbours.
    """
    own = index.defaults().given
    return {name: value for name, value in own.items() if shaped or name not in _SHAPE} | dict(how)


def whole(how: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of a question but its text and ``k``, so that no lake's defaults can come in between."""
    return {**_DEFAULTS, **how}


def settings_of(how: Mapping[str, Any], depth: int | None = None) -> str:
    """A way of asking as one text, equal for equal ones; a question's own defaults are not said. UsageError where a
    search can't be asked so. ``depth``: chunks that are asked for, where not as many as usual.

    >>> settings_of({"alpha": 0.3, "rerank": None}), settings_of({"alpha": 0.3, "mode": "text"})
    ('{"alpha": 0.3, "mode": "hybrid"}', '{"mode": "text"}')
    """
    said = {name: value for name, value in how.items() if name == "expand" or value != _DEFAULTS.get(name)}
    if wrong := [name for name in _NOT_SETTINGS if name in said]:
        raise UsageError(f"{wrong} can't be set here; a way of asking has, for instance, mode, alpha and rerank")
    if SearchOptions.of(said).mode != "hybrid":
        said = {name: value for name, value in said.items() if name not in ("alpha", "fusion")}
    said |= {} if depth is None else {"k": depth}
    return json.dumps({"mode": "hybrid", **said}, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def how_of(settings: str) -> dict[str, Any]:
    """The way of asking that a JSON object describes; UsageError where it is none.

    >>> how_of('{"mode": "text"}')
    {'mode': 'text'}
    """
    try:
        how = json.loads(settings)
    except ValueError as error:
        raise UsageError(f"{settings!r} is no JSON ({error}); settings look like " + '{"mode": "vector"}') from error
    if not isinstance(how, dict):
        raise UsageError(f"{settings!r} is no JSON object; settings look like " + '{"mode": "vector"}')
    if isinstance(how.get("boosts"), dict):
        how["boosts"] = boosts_of(how["boosts"])
    settings_of(how)
    return how
