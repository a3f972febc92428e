"""How long searches of several cells take, side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from expectations.retrieval import words_of
from lake.errors import LakeError

if TYPE_CHECKING:
    from expectations.experiment.grid import Cell
    from lake.index import Index
    from lake.reporting import Progress

#: Questions that each cell is asked, and how often before that, so that nothing is still to be loaded.
_N_TIMED, _N_WARM = 100, 3


def timed(places: Sequence[tuple[Cell, Index]], texts: Sequence[str], progress: Progress) -> Mapping[int, np.ndarray]:
    """Seconds of searches of each cell, by its number.

    Each question is searched in all cells before the next one, starting with another cell each time: whatever else the
    machine does slows them alike, which it would not if they were timed one after another.
    """
    chosen = [texts[n] for n in np.unique(np.linspace(0, len(texts) - 1, min(_N_TIMED, len(texts))).astype(int))]
    found: dict[int, list[float]] = {cell.number: [] for cell, _ in places}
    progress("timed", 0, len(chosen))
    for text in chosen[:_N_WARM]:
        for cell, index in places:
            _seconds(cell, index, text)
    for turn, text in enumerate(chosen):
        for number in range(len(places)):
            cell, index = places[(turn + number) % len(places)]
            found[cell.number] += _seconds(cell, index, text)
        progress("timed", 1, None)
    return {number: np.array(seconds) for number, seconds in found.items()}


def _seconds(cell: Cell, index: Index, text: str) -> list[float]:
    """Of one search; none if it fails, which the scores show."""
    words, started = words_of(cell.profile), time.perf_counter()
    with suppress(LakeError):
        index.search(text, cell.depth, **words)
        return [time.perf_counter() - started]
    return []
