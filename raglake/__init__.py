"""raglake: documents as a versioned search index, kept right night after night.

``open_lake(url)`` reads a lake: ``index.search("how do I reset the pump?", k=5)``. ``ingest(sources, lake)`` indexes
what changed and publishes it. The other operations take the lake's folder or URL first, as their commands do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from raglake.shadowing import check

if TYPE_CHECKING:
    from flows.reindex import Outcome
    from lake.answer.values import Answer
    from lake.errors import (
        BusyError,
        ConflictError,
        ContractError,
        GoneError,
        InputError,
        LakeError,
        PendingError,
        RefusedError,
        TransientError,
        UsageError,
    )
    from lake.index import Index, open_lake
    from lake.maintenance.operate import (
        forget,
        lift,
        name,
        notify,
        pin,
        prune,
        publish,
        rebuild,
        rollback,
        unname,
        unpin,
    )
    from lake.options import AnswerOptions, Boosts, CacheOptions, RecipeOptions, Retention, RunOptions, SearchOptions
    from lake.options.arguments import CONFIGURED
    from lake.questions import EvalQuestion, Evidence
    from lake.releases.values import Release
    from lake.schemas.result import SearchResult
    from raglake.running import ingest, plan

    __version__: str

#: Module -> what it gives to this one, on first use, so that ``import raglake`` costs nothing.
_HOMES = {
    "lake.index": ("Index", "open_lake"),
    "lake.schemas.result": ("SearchResult",),
    "lake.releases.values": ("Release",),
    "lake.answer.values": ("Answer",),
    "lake.questions": ("EvalQuestion", "Evidence"),
    "lake.options": (
        *("AnswerOptions", "Boosts", "CacheOptions", "RecipeOptions", "Retention", "RunOptions", "SearchOptions"),
    ),
    "lake.options.arguments": ("CONFIGURED",),
    "lake.errors": (
        *("LakeError", "UsageError", "InputError", "TransientError", "PendingError"),
        *("ContractError", "RefusedError", "BusyError", "ConflictError", "GoneError"),
    ),
    "lake.maintenance.operate": (
        *("forget", "lift", "name", "notify", "pin", "prune", "publish", "rebuild", "rollback", "unname", "unpin"),
    ),
    "flows.reindex": ("Outcome",),
    "raglake.running": ("ingest", "plan"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "CONFIGURED",
    "Answer",
    "AnswerOptions",
    "Boosts",
    "BusyError",
    "CacheOptions",
    "ConflictError",
    "ContractError",
    "EvalQuestion",
    "Evidence",
    "GoneError",
    "Index",
    "InputError",
    "LakeError",
    "Outcome",
    "PendingError",
    "RecipeOptions",
    "RefusedError",
    "Release",
    "Retention",
    "RunOptions",
    "SearchOptions",
    "SearchResult",
    "TransientError",
    "UsageError",
    "__version__",
    "forget",
    "ingest",
    "lift",
    "name",
    "notify",
    "open_lake",
    "pin",
    "plan",
    "prune",
    "publish",
    "rebuild",
    "rollback",
    "unname",
    "unpin",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("raglake")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'raglake' has no attribute {name!r}")
    check()
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
