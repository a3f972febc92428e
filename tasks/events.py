"""Events of a run for Prefect's event feed, to which automations react."""

from __future__ import annotations

import logging
from typing import Any, Literal

from prefect.events import emit_event
from prefect.runtime import flow_run

_log = logging.getLogger(__name__)

#: ``current``: readers have what the sources hold. ``late``: a change waits longer than was promised. The others say
#: what they are called.
Happening = Literal["published", "current", "blocked", "quarantine", "late"]


def event(happening: Happening) -> str:
    """The event's name in Prefect.

    >>> event("blocked")
    'raglake.lake.blocked'
    """
    return f"raglake.lake.{happening}"


def tell(lake: str, happening: Happening, **payload: Any) -> None:
    """Emit an event about a lake, inside a flow run only. It names no document, and its failure fails nothing.

    Prefect adds the run, its flow, its deployment and its tags, by which an automation chooses.
    """
    if flow_run.id is None:
        return
    try:
        resource = {"prefect.resource.id": f"raglake.lake.{lake}", "prefect.resource.name": lake}
        emit_event(event(happening), resource, payload={"lake": lake, **payload})
    except Exception as error:  # noqa: BLE001 - what is told must not decide what is published
        _log.warning("could not tell of %s: %s: %s", happening, type(error).__name__, error)
