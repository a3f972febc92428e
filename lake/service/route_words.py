"""What several routes about the lake say of their parameters, and how they answer."""

from __future__ import annotations

from fastapi import Query, Response

from lake.service.routes import JSON

LAKE = "Lake"
AT = "live, an id, a name, or a date (its end) or time in UTC for what was live then."
CHOSEN = Query(max_length=200, description=AT)
START = Query(ge=0, le=2**31, description="Number of the first row.")
LIMIT = Query(ge=1, le=200, description="Maximum number of rows.")


def as_json(body: bytes) -> Response:
    return Response(body, media_type=JSON)
