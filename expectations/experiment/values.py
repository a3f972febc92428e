"""What an experiment found, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.experiment.grid import OF_RECIPE, worded
from expectations.profiles import profile_text

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.experiment.grid import Cell


@dataclass(frozen=True, slots=True)
class Built:
    """The release that a recipe makes of the sample.

    ``n_texts``, ``n_tokens`` and ``cost_usd`` (None: price not known) are those of a build in which nothing was
    embedded before; ``n_texts_embedded`` had to be embedded here. ``n_bytes``: of its tables; ``seconds`` that building
    it took here; both None for the lake's own release.
    """

    n_documents: int
    n_chunks: int
    n_texts: int
    n_tokens: int
    cost_usd: float | None
    n_texts_embedded: int = 0
    n_bytes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A measure of one cell: its mean and 95 % interval; the mean difference from the base, and how likely one so far
    from 0 is by chance, as it is and corrected for the number of cells."""

    mean: float
    low: float
    high: float
    difference: float = 0.0
    p: float = 1.0
    p_corrected: float = 1.0


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """What one cell came to; ``p50`` and ``p95`` are seconds of a search. ``scores`` by measure."""

    cell: Cell
    built: Built
    n_questions: int
    scores: Mapping[str, Score]
    p50: float
    p95: float

    @property
    def cost(self) -> float:
        """USD to embed all texts; 0 if no price is known."""
        return self.built.cost_usd or 0.0


@dataclass(frozen=True)
class Experiment:
    """``outcomes``: the base first. ``measures``: the one that decides first. ``n_left_out`` questions were left out.

    ``n_documents`` of ``n_all`` were the sample, drawn with ``seed``; ``release`` is the lake's that was taken for the
    base. ``fronts``: numbers of the cells that no other beats in score and in latency, and in score and in cost.
    """

    lake: str
    release: str
    sets: tuple[str, ...]
    measures: tuple[str, ...]
    outcomes: Sequence[CellOutcome]
    choice: Choice
    fronts: Mapping[str, frozenset[int]]
    n_documents: int
    n_all: int
    seed: int
    n_left_out: int

    @cached_property
    def table(self) -> pa.Table:
        """One row for each cell: values, scores, latency, size and cost."""
        return pl.DataFrame([self._row(one) for one in self.outcomes], infer_schema_length=None).to_arrow()

    def _row(self, one: CellOutcome) -> dict[str, Any]:
        number = one.cell.number
        return {
            "cell": number,
            "is_base": number == 0,
            "is_chosen": number == self.choice.chosen,
            "is_as_good_as_best": number in self.choice.as_good,
            "on_front": [name for name, cells in self.fronts.items() if number in cells],
            **{name: _told(value) for name, value in one.cell.varied.items()},
            "recipe": one.cell.recipe.digest,
            "settings": profile_text(one.cell.profile),
            "k": one.cell.depth,
            "n_questions": one.n_questions,
            **{f"{name} {part}".removesuffix(" mean"): value
               for name, score in one.scores.items() for part, value in asdict(score).items()},
            "p50_seconds": one.p50,
            "p95_seconds": one.p95,
            **asdict(one.built),
        }  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        names = ("lake", "release", "n_documents", "n_all", "seed", "n_left_out")
        told = {name: getattr(self, name) for name in names}
        rows = self.table.to_pylist()
        cells = [one.cell for one in self.outcomes]
        labels = [{"words": worded(cell.varied), "recipe": _recipe_words(cell)} for cell in cells]
        return {**told, "varied": list(cells[0].varied), "labels": labels, "sets": list(self.sets),
                "measures": list(self.measures), "rule": self.choice.rule,
                "best": self.choice.best, "chosen": self.choice.chosen, "confirmed": self.choice.confirmed,
                "confirmation": self.choice.confirmation, "cells": rows}  # fmt: skip


def _recipe_words(cell: Cell) -> str:
    """The part of a cell that its colour in a plot shows."""
    return worded({name: value for name, value in cell.varied.items() if name in OF_RECIPE}) or "the lake's recipe"


def _told(value: Any) -> str | None:
    """A value as text, since one column holds values of all kinds."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """``best`` has the highest score; ``chosen`` is the cheapest of those ``as_good``, by ``rule``.

    ``confirmed``: a cell that was chosen by one half of the questions and is better than the base by the other half;
    None if there is none, for the reason in ``confirmation``.
    """

    best: int
    chosen: int
    as_good: frozenset[int]
    rule: str
    confirmed: int | None = None
    confirmation: str = ""
