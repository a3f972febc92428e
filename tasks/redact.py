"""The tasks that take the names of erased documents out of what Prefect keeps of a lake's runs.

Prefect's API lets us delete artifacts and rewrite parameters. Lines of a log go with their run only, so those
runs are found and named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowFilter,
    FlowFilterName,
    LogFilter,
    LogFilterTextSearch,
)
from prefect.runtime import flow_run

from lake.errors import TransientError
from lake.store import open_store
from tasks._artifacts import KINDS, artifact_key
from tasks._policy import step

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

ERASED = "(erased)"
#: Names that are looked for in the logs, one question each; beyond that nobody would read the answer.
MOST_SEARCHED = 1000
#: What the server gives at most for one question, and how long a question it takes.
_PAGE, _LONGEST_QUERY = 200, 90


@step("delete artifacts that name them")
def redact_artifacts(lake: str, names: Collection[str]) -> int:
    """Delete every artifact of the lake, of any run, that holds one of the names; how many."""
    keys = [artifact_key(kind, url) for kind in KINDS for url in _spellings(lake)]
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=keys))
    with _prefect() as client:
        found = _all(client.read_artifacts, artifact_filter=wanted)
        naming = [artifact.id for artifact in found if _says(artifact.data, names)]
        for artifact_id in naming:
            client.delete_artifact(artifact_id)
    return len(naming)


@step("redact parameters that name them")
def redact_parameters(lake: str, names: Collection[str]) -> int:
    """Take what was to be erased out of the parameters of this run and of the lake's others like it; how many.

    A run that failed for other documents keeps its own, so that it can be tried again.
    """
    wanted = FlowFilter(name=FlowFilterName(any_=["forget"]))
    with _prefect() as client:
        runs = [run for run in _all(client.read_flow_runs, flow_filter=wanted) if _is_done_with(run, lake, names)]
        for run in runs:
            params = {name: value for name, value in run.parameters["params"].items() if name != "where"}
            client.update_flow_run(run.id, parameters={"params": params | {"uri": ERASED}})
    return len(runs)


@step("find logs that name them")
def find_logs(names: Collection[str]) -> list[str]:
    """Ids of the flow runs, of any lake, whose logs hold one of the names."""
    found: dict[str, None] = {}
    with _prefect() as client:
        for name in sorted(names)[:MOST_SEARCHED]:
            quoted = name[-_LONGEST_QUERY:].replace("\\", "\\\\").replace('"', '\\"')
            wanted = LogFilter(text=LogFilterTextSearch(query=f'"{quoted}"'))
            lines = _all(client.read_logs, log_filter=wanted)
            found |= {str(line.flow_run_id): None for line in lines if name in line.message and line.flow_run_id}
    return list(found)


@contextmanager
def _prefect() -> Iterator[SyncPrefectClient]:
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.HTTPError as error:
        raise TransientError(f"Prefect's API did not do as asked ({type(error).__name__}); retry this run") from error


def _all(read: Callable[..., list[Any]], **wanted: Any) -> Iterator[Any]:
    offset = 0
    while page := read(**wanted, limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)


def _says(value: Any, names: Collection[str]) -> bool:
    """Whether a name is anywhere in a text or in a JSON-like value."""
    text = value if isinstance(value, str) else json.dumps(value)
    return any(form in text for name in names for form in (name, json.dumps(name)[1:-1]))


def _is_done_with(run: FlowRun, lake: str, names: Collection[str]) -> bool:
    params = run.parameters.get("params", {})
    if params.get("lake") not in _spellings(lake) or params.get("uri") == ERASED:
        return False
    if str(run.id) == flow_run.id:
        return True
    return run.state is not None and run.state.is_final() and (run.state.is_completed() or _says(params, names))


def _spellings(lake: str) -> set[str]:
    """What the lake may be called in the parameters of runs that start in this run's folder."""
    url = open_store(lake).url
    return {lake, url} if "://" in url else {lake, url, os.path.relpath(url)}
