"""The flows by the names that deployments run: ``raglake.deployed.ingest`` and so on.

Prefect imports them with the run's working directory first on ``sys.path``, and PYTHONSAFEPATH does not prevent it.
Imported from here they are ours, even if that directory has a ``flows/`` of its own.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from raglake.shadowing import PACKAGES, ours_first

#: Flow -> the module that defines it.
MODULES = {
    name: {"unpin": "pin", "watch": "watch_flow"}.get(name, name)
    for name in (
        *("ingest", "evaluate", "maintain", "rollback", "publish", "pin", "unpin"),
        *("forget", "rebuild", "doctor", "questions", "sync", "judge", "watch"),
    )
}

with ours_first():
    for _name in PACKAGES:
        import_module(_name)


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"no flow {name!r} is deployed; there are {', '.join(sorted(MODULES))}")
    return getattr(import_module(f"flows.{MODULES[name]}"), name)
