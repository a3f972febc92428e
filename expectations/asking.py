"""Ways of asking: fields of a search question, as a checked value and as the text that names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from lake.errors import UsageError
from lake.search.boosts import Boosts
from lake.search.question import Question

#: What a question brings along itself, or whoever asks it.
_NOT_SETTINGS = ("text", "k", "at", "embedder")


def settings_of(how: Mapping[str, Any]) -> str:
    """A way of asking as one text, equal for equal ones; what is None is not said. UsageError where a search can't
    be asked so.

    >>> settings_of({"alpha": 0.3, "rerank": None})
    '{"alpha": 0.3, "mode": "hybrid"}'
    """
    said = {name: value for name, value in how.items() if value is not None}
    if wrong := [name for name in _NOT_SETTINGS if name in said]:
        raise UsageError(f"{wrong} can't be set here; a way of asking has, for instance, mode, alpha and rerank")
    Question.of("any", **said)
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
        how["boosts"] = _boosts(how["boosts"])
    settings_of(how)
    return how


def _boosts(fields: dict[str, Any]) -> Boosts:
    if unknown := sorted(fields.keys() - set(Boosts.__dataclass_fields__)):
        raise UsageError(f"boosts know no {unknown}; they have {list(Boosts.__dataclass_fields__)}")
    return Boosts(**fields)
