"""The bodies of responses about experiments, as OpenAPI describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Experiment(BaseModel):
    experiment_id: str
    at: datetime
    release: str
    sets: list[str]
    measures: list[str]
    varied: list[str]


class ListedExperiment(_Experiment):
    """An experiment. ``chosen``, ``confirmed`` and ``applied`` are numbers of cells; cell 0 is the lake as it was.

    Scores are means of the first of ``measures``.
    """

    n_documents: int
    n_all: int
    n_cells: int
    chosen: int
    confirmed: int | None
    applied: int | None
    base_score: float
    chosen_score: float
    chosen_words: str


class ExperimentList(BaseModel):
    """Experiments, newest first."""

    experiments: list[ListedExperiment]


class StoredExperiment(_Experiment):
    """An experiment with its ``cells``. A cell's columns are those of `raglake experiment`; times are in seconds.

    ``labels`` has for each cell its values in words, and those of its recipe. ``search`` and ``ingest`` are what the
    chosen cell wants; ``applied`` states whether ``confirmed_search`` was written into the lake's configuration.
    """

    model_config = ConfigDict(extra="allow")

    labels: list[dict[str, str]]
    cells: list[dict[str, Any]]
    chosen: int
    confirmed: int | None
    applied: bool
    search: dict[str, Any]
    confirmed_search: dict[str, Any]
    ingest: str | None
