"""Search profiles: the fields of a search except its words, checked, and as the text that names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.options import Boosts, SearchOptions
from lake.options.boosts import boosts_of

if TYPE_CHECKING:
    from lake.index import Index

#: Fields that belong to a single search or to its caller. What is measured never degrades.
_NOT_SETTINGS = ("text", "k", "at", "embedder", "degrade", "degrade_after")
#: What becomes of a passage that was found; measures of retrieval judge the chunks themselves by default.
_SHAPE = ("expand", "window")
_DEFAULTS = {one.name: one.default for one in fields(SearchOptions) if one.name != "k"}


def profile_of(index: Index, how: Mapping[str, Any], *, shaped: bool = False) -> dict[str, Any]:
    """Completes ``how`` with the lake's configured defaults.

    ``shaped``: also with those that expand a found chunk to its section or its neighbours.
    """
    own = index.defaults().given
    return {name: value for name, value in own.items() if shaped or name not in _SHAPE} | dict(how)


def full_profile(how: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of a search except its text and ``k``, so that no lake's defaults apply."""
    return {**_DEFAULTS, **how}


def profile_text(how: Mapping[str, Any], depth: int | None = None) -> str:
    """A search profile as JSON, equal for equal profiles; fields with their default value are left out.

    ``depth``: the number of chunks retrieved, if not the usual one. UsageError if no search can have this profile.

    >>> profile_text({"alpha": 0.3, "rerank": None}), profile_text({"alpha": 0.3, "mode": "text"})
    ('{"alpha": 0.3, "mode": "hybrid"}', '{"mode": "text"}')
    """
    said = {name: value for name, value in how.items() if name == "expand" or value != _DEFAULTS.get(name)}
    if wrong := [name for name in _NOT_SETTINGS if name in said]:
        raise UsageError(f"{wrong} can't be set here; a search profile has, for instance, mode, alpha and rerank")
    options = SearchOptions.of(said)
    without = {"text": ("alpha", "fusion", "weights"), "vector": ("alpha",), "hybrid": ()}[options.mode]
    said = {name: value for name, value in said.items() if name not in without}
    if "weights" in said:
        said["weights"] = options.embedder_weights
    said |= {} if depth is None else {"k": depth}
    return json.dumps({"mode": "hybrid", **said}, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, Boosts):
        return value.stated()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def parse_profile(settings: str) -> dict[str, Any]:
    """The search profile that a JSON object describes; UsageError if it is invalid.

    >>> parse_profile('{"mode": "text"}')
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
    profile_text(how)
    return how
