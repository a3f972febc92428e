"""Health: how fresh the lake is, what is not indexed and why, what it costs, and what it occupies."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from lake.console.visit import ConsoleSection, Visit

_ROWS = 50


async def page(visit: Visit) -> Response:
    """The state of the lake; space and costs, which take longer, follow by script or by a link."""
    return visit.page("health.html", found=await visit.api.get("/lake"), disk=None, costs=None)


async def space(visit: Visit) -> Response:
    """Space and costs, as a part of the page or with all of it."""
    disk, costs = await asyncio.gather(visit.api.get("/lake/disk"), visit.api.get("/lake/costs", days=30))
    if visit.is_part:
        return visit.part("health_space.html", disk=disk, costs=costs)
    return visit.page("health.html", found=await visit.api.get("/lake"), disk=disk, costs=costs)


async def quarantine(visit: Visit) -> Response:
    """The documents that are not indexed, of one kind of failure or of all."""
    kind, start = visit.word("kind") or None, visit.number("start") or 0
    found = await visit.api.get("/quarantine", at=visit.at, limit=_ROWS, kind=kind, start=start)
    return visit.page("quarantine.html", found=found, kind=kind, start=start)


SECTION = ConsoleSection("Health", views={"/health": page, "/health/space": space, "/health/quarantine": quarantine})
