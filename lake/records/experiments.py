"""What experiments found, kept with the lake as JSON: cells with scores, times and sizes; never a question's words."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.storage import clock

if TYPE_CHECKING:
    from lake.directory import Lake

FOLDER = "experiments"
#: Experiments that are kept; each one more removes the oldest.
KEPT = 100
_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


def keep(lake: Lake, found: Mapping[str, Any]) -> str:
    """Stores what an experiment found; returns its id, which sorts by time."""
    now = clock.now()
    experiment_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    record = {"experiment_id": experiment_id, "at": now.isoformat(), **found}
    lake.store.write(_path(experiment_id), json.dumps(record, ensure_ascii=False).encode())
    for old in ids(lake)[KEPT:]:
        drop(lake, old)
    return experiment_id


def ids(lake: Lake) -> list[str]:
    """Those of all experiments that are kept, newest first."""
    names = (name.removesuffix(".json") for name in lake.store.names(FOLDER))
    return sorted((name for name in names if _ID.fullmatch(name)), reverse=True)


def read(lake: Lake, experiment_id: str) -> dict[str, Any]:
    """What was stored; raises UsageError if there is no such experiment."""
    if _ID.fullmatch(experiment_id):
        try:
            found: dict[str, Any] = json.loads(lake.store.read(_path(experiment_id)))
            return found
        except FileNotFoundError:
            pass
    raise UsageError(f"no experiment {experiment_id!r}; the lake keeps the last {KEPT}")


def drop(lake: Lake, experiment_id: str) -> None:
    """Removes an experiment, if it is there."""
    lake.store.delete(_path(experiment_id))


def _path(experiment_id: str) -> str:
    return f"{FOLDER}/{experiment_id}.json"
