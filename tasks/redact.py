"""The tasks that take the names of erased documents out of what Prefect keeps of a lake's runs.

Prefect's API rewrites artifacts and parameters. Lines of a log go with their run only, so those runs are found
and named; and events, which hold copies of artifacts, go only when their time is over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowFilter,
    FlowFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.runtime import flow_run

from lake.errors import TransientError
from lake.storage.store import open_store
from tasks.artifacts import KINDS, artifact_key
from tasks.policy import step

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

ERASED = "(erased)"
#: What the server gives at most for one question.
_PAGE = 200
_RUNS_AT_A_TIME = 50


@step("redact artifacts")
def redact_artifacts(lake: str, names: Collection[str]) -> int:
    """Rewrite every artifact of the lake, of any run, that holds one of the names; how many.

    Not deleted: Prefect would announce that with an event that holds the artifact once more.
    """
    forms = _forms(names)
    keys = [artifact_key(kind, url) for kind in KINDS for url in _spellings(lake)]
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=keys))
    with _prefect() as client:
        naming = [found for found in _all(client.read_artifacts, artifact_filter=wanted) if _says(found.data, forms)]
        for artifact in naming:
            client.update_artifact(artifact.id, ArtifactUpdate(data=_without(artifact.data, forms)))
    return len(naming)


@step("redact parameters")
def redact_parameters(lake: str, names: Collection[str]) -> int:
    """Take what was to be erased out of the parameters of this run and of the lake's others like it; how many.

    A run that failed for other documents keeps its own, so that it can be tried again.
    """
    forms = _forms(names)
    wanted = FlowFilter(name=FlowFilterName(any_=["forget"]))
    with _prefect() as client:
        runs = [run for run in _all(client.read_flow_runs, flow_filter=wanted) if _is_done_with(run, lake, forms)]
        for run in runs:
            params = {name: value for name, value in run.parameters["params"].items() if name != "where"}
            client.update_flow_run(run.id, parameters={"params": params | {"uri": ERASED}})
    return len(runs)


@step("find logs that name them")
def find_logs(lake: str, names: Collection[str]) -> list[str]:
    """Ids of the lake's flow runs whose logs hold one of the names.

    Prefect's own search for text fails on the SQLite of many machines, so every line is read.
    """
    found: dict[str, None] = {}
    forms = _forms(names)
    with _prefect() as client:
        runs = [run.id for run in _all(client.read_flow_runs) if _params(run).get("lake") in _spellings(lake)]
        for start in range(0, len(runs), _RUNS_AT_A_TIME):
            wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=runs[start : start + _RUNS_AT_A_TIME]))
            lines = _all(client.read_logs, log_filter=wanted)
            found |= {str(line.flow_run_id): None for line in lines if _says(line.message, forms)}
    return list(found)


@contextmanager
def _prefect() -> Iterator[SyncPrefectClient]:
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.HTTPError as error:
        raise TransientError(
            f"Prefect's API failed ({type(error).__name__}: {error}); what it keeps may still name documents, "
            "retry this run, or delete it"
        ) from error


def _all(read: Callable[..., list[Any]], **wanted: Any) -> Iterator[Any]:
    offset = 0
    while page := read(**wanted, limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)


def _forms(names: Collection[str]) -> frozenset[str]:
    """The names as they stand in a text and in JSON."""
    return frozenset(form for name in names for form in (name, json.dumps(name)[1:-1]))


def _says(value: Any, forms: Collection[str]) -> bool:
    """Whether one of the forms is anywhere in a text or in a JSON-like value."""
    text = value if isinstance(value, str) else json.dumps(value)
    return any(form in text for form in forms)


def _without(data: Any, forms: Collection[str]) -> str:
    """The rows of a table, or the lines of a text, that hold none of the forms, and for each other one a word."""
    try:
        rows = json.loads(data)
    except ValueError:
        return "\n".join(ERASED if _says(line, forms) else line for line in data.split("\n"))
    return json.dumps([dict.fromkeys(row, ERASED) if _says(row, forms) else row for row in rows])


def _params(run: FlowRun) -> dict[str, Any]:
    params = run.parameters.get("params")
    return params if isinstance(params, dict) else {}


def _is_done_with(run: FlowRun, lake: str, forms: Collection[str]) -> bool:
    params = _params(run)
    if params.get("lake") not in _spellings(lake) or params.get("uri") == ERASED:
        return False
    if str(run.id) == flow_run.id:
        return True
    return run.state is not None and run.state.is_final() and (run.state.is_completed() or _says(params, forms))


def _spellings(lake: str) -> set[str]:
    """What the lake may be called in the parameters of runs that start in this run's folder."""
    url = open_store(lake).url
    return {lake, url} if "://" in url else {lake, url, os.path.relpath(url)}
