"""Takes erased documents out of notices of changes that still wait in the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.erasure.verification import occurring
from lake.storage import inbox

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.scope import ErasureScope


def erase(lake: Lake, erased: ErasureScope) -> None:
    """Make each notice with a trace one about its whole source, so that no other change in it is lost."""
    for notice in inbox.waiting(lake.store):
        found = occurring(erased.terms, (*notice.keys, *notice.objects))
        if found.ids or found.texts or found.words:
            inbox.widen(lake.store, notice)
