"""Examples of requests about the lake as a whole; tests/lake/service/test_openapi.py sends them."""

from __future__ import annotations

from typing import Any

RELEASE: dict[str, Any] = {"live": {"summary": "What readers see", "value": "live"}}
#: No lake has it, which is a 404.
ANOTHER: dict[str, Any] = {"a release": {"summary": "The id of a release", "value": "2020-11-21.2"}}
ACT: dict[str, Any] = {
    "a reason": {"summary": "With its reason", "value": {"why": "the new prices are wrong; see ticket 4711"}}
}
PUBLICATION: dict[str, Any] = {
    "passed": {"summary": "A candidate that passed", "value": {"why": "reviewed by the editors"}},
    "forced": {
        "summary": "Despite a blocked gate",
        "value": {"why": "the index moves tonight; the questions follow tomorrow", "force": True},
    },
}
NAMING: dict[str, Any] = {
    "a name": {"summary": "A name", "value": {"name": "before-migration", "why": "kept until the move is done"}}
}
