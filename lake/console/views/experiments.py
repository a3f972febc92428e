"""Experiments that the lake keeps: which were run, and one with its plots and cells."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from lake.console.visit import Visit
from lake.records.experiment_plots import experiment_plots


async def experiments(visit: Visit) -> Response:
    """All of them, newest first."""
    found = await visit.api.get("/evaluation/experiments", limit=100)
    return visit.page("evaluation_experiments.html", experiments=found["experiments"], tab="experiments")


async def experiment(visit: Visit) -> Response:
    """One of them, drawn by the measure that the address chooses."""
    named = quote(visit.request.path_params["experiment_id"], safe="")
    found = await visit.api.get(f"/evaluation/experiments/{named}")
    measure = visit.word("measure") if visit.word("measure") in found["measures"] else found["measures"][0]
    plots = experiment_plots(found, measure)
    return visit.page("evaluation_experiment.html", found=found, measure=measure, plots=plots, tab="experiments")
