"""Stores the questions of a lake as numbered snapshots of all of them; the newest is current.

A writer reads the newest and creates the next number; if two do so at once, one wins and the other reads again. A
snapshot never changes; vacuuming removes all but the newest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lake.errors import ConflictError, UsageError
from lake.questions.denied import undenied
from lake.questions.values import EvalQuestion, from_table, merged, to_table
from lake.records.schemas import QUESTIONS
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory import Lake
    from lake.storage.protocol import Store

FOLDER = "questions"
_NAME = re.compile(r"(\d{10})\.parquet")
_TRIES = 50


def newest(store: Store) -> str | None:
    """Path of the current snapshot; None if there are no questions."""
    names = [name for name in store.names(FOLDER) if _NAME.fullmatch(name)]
    return f"{FOLDER}/{names[-1]}" if names else None


def read(lake: Lake) -> tuple[int, pa.Table]:
    """The current snapshot: its number (0 for none) and QUESTIONS rows."""
    for attempt in range(_TRIES):
        path = newest(lake.store)
        if path is None:
            return 0, QUESTIONS.empty_table()
        try:
            return int(path[-18:-8]), open_parquet(lake.store, path).read()
        except FileNotFoundError:  # a newer one replaced it and it was vacuumed
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def questions(lake: Lake, name: str | None = None) -> list[EvalQuestion]:
    """The questions of a set, or all; raises UsageError if there is no such set."""
    found = list(from_table(read(lake)[1]))
    if name is None:
        return found
    sets = sorted({question.set for question in found})
    if name not in sets:
        raise UsageError(
            f"no set of questions {name!r}; existing sets: {', '.join(sets) or 'none'}; "
            "`raglake questions import FORMAT PATH` adds one"
        )
    return [question for question in found if question.set == name]


def reviewed(lake: Lake, name: str | None = None) -> list[EvalQuestion]:
    """The questions that a person has accepted or imported; decisions may rest on them."""
    return [question for question in questions(lake, name) if question.reviewed]


def change(lake: Lake, step: Callable[[list[EvalQuestion]], list[EvalQuestion]]) -> list[EvalQuestion]:
    """Replaces all questions by the result of ``step``, and tries again if another writer was faster."""
    for _ in range(_TRIES):
        number, rows = read(lake)
        left = to_table(step(list(from_table(rows))))
        if left.equals(rows):
            return list(from_table(rows))
        if lake.store.put_if_absent(f"{FOLDER}/{number + 1:010}.parquet", parquet_bytes(left, 1 << 12)):
            return list(from_table(left))
    raise ConflictError(f"others kept changing the questions of {lake.url}; try again")


def add(lake: Lake, new: Iterable[EvalQuestion]) -> list[EvalQuestion]:
    """Adds these questions, replacing equal ones of the same set; returns all questions.

    Omits evidence of erased documents, and answers based on it.
    """
    wanted = {question.question_id: question for question in merged(new)}

    def step(kept: list[EvalQuestion]) -> list[EvalQuestion]:
        return undenied(lake, {**{question.question_id: question for question in kept}, **wanted}.values())

    found = change(lake, step)
    # An erasure may have read the questions just before this write; its denylist entry came first.
    return change(lake, lambda kept: undenied(lake, kept)) if len(lake.denylist()) else found


def drop(lake: Lake, name: str) -> int:
    """Removes a set; returns its number of questions."""
    n_dropped = len(questions(lake, name))
    change(lake, lambda kept: [question for question in kept if question.set != name])
    return n_dropped
