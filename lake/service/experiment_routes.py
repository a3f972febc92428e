"""Routes about experiments that the lake keeps, for keys that see all documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from lake.directory import Lake
from lake.errors import UsageError
from lake.records import experiments
from lake.service.evaluation_routes import look
from lake.service.experiment_bodies import ExperimentList, StoredExperiment
from lake.service.problems import Problem
from lake.service.routes import JsonRoute, described

if TYPE_CHECKING:
    from lake.service.service import Service

_TAG = "Evaluation"
_ID = Path(
    max_length=64, description="An experiment_id.", openapi_examples={"one": {"value": "20261129T160000-0f3a9b1c"}}
)
_LIMIT = Query(ge=1, le=experiments.KEPT, description="Maximum number of experiments, the newest first.")
#: What a list states of each experiment.
_LISTED = (
    "experiment_id",
    "at",
    "release",
    "sets",
    "measures",
    "varied",
    "n_documents",
    "n_all",
    "chosen",
    "confirmed",
)


def experiment_routes(service: Service) -> APIRouter:
    """``/evaluation/experiments``."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/evaluation/experiments", response_model=ExperimentList, **described(_TAG, "List the experiments of the lake")
    )
    async def list_experiments(request: Request, limit: Annotated[int, _LIMIT] = 20) -> Response:
        """What was varied, on what, and which cell was chosen and applied."""

        def work() -> dict[str, Any]:
            lake = Lake.existing(service.index.url)
            found = [experiments.read(lake, one) for one in experiments.ids(lake)[:limit]]
            return {"experiments": [_row(one) for one in found]}

        return await look(service, request, work)

    @router.get(
        "/evaluation/experiments/{experiment_id}",
        response_model=StoredExperiment,
        **described(_TAG, "Read an experiment"),
    )
    async def read_experiment(experiment_id: Annotated[str, _ID], request: Request) -> Response:
        """All cells with their scores, intervals, times, sizes and costs, as `raglake experiment --json` has them."""

        def work() -> dict[str, Any]:
            try:
                return experiments.read(Lake.existing(service.index.url), experiment_id)
            except UsageError as error:
                raise Problem(404, "no_experiment", str(error)) from error

        return await look(service, request, work)

    return router


def _row(found: dict[str, Any]) -> dict[str, Any]:
    measure, base, chosen = found["measures"][0], found["cells"][0], found["cells"][found["chosen"]]
    return {
        **{name: found[name] for name in _LISTED},
        "n_cells": len(found["cells"]),
        "applied": applied(found),
        "base_score": base[measure],
        "chosen_score": chosen[measure],
        "chosen_words": found["labels"][found["chosen"]]["words"],
    }


def applied(found: dict[str, Any]) -> int | None:
    """The cell whose search options became the lake's configuration; None if none did."""
    cell: int | None = found["confirmed"] if found["applied"] else None
    return cell
