"""Where the questions of a lake are kept: numbered snapshots of all of them, the newest of which counts.

Whoever changes them reads the newest, and creates the next number; of two at once one gets it, and the other reads
again. A snapshot is never changed; sweeping removes those that are not the newest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lake.errors import ConflictError, UsageError
from lake.questions.denied import undenied
from lake.questions.values import EvalQuestion, from_table, merged, to_table
from lake.reporting import either
from lake.schemas import QUESTIONS
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory import Lake
    from lake.storage.protocol import Store

FOLDER = "questions"
_NAME = re.compile(r"(\d{10})\.parquet")
_TRIES = 50


def newest(store: Store) -> str | None:
    """Path of the snapshot that counts; None where there are no questions."""
    names = [name for name in store.names(FOLDER) if _NAME.fullmatch(name)]
    return f"{FOLDER}/{names[-1]}" if names else None


def read(lake: Lake) -> tuple[int, pa.Table]:
    """The newest snapshot: its number (0 for none) and QUESTIONS rows."""
    for attempt in range(_TRIES):
        path = newest(lake.store)
        if path is None:
            return 0, QUESTIONS.empty_table()
        try:
            return int(path[-18:-8]), open_parquet(lake.store, path).read()
        except FileNotFoundError:  # another one took its place and it was vacuumed
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def questions(lake: Lake, name: str | None = None) -> list[EvalQuestion]:
    """The questions of a set, or all; UsageError where there is no such set."""
    found = list(from_table(read(lake)[1]))
    if name is None:
        return found
    sets = sorted({question.set for question in found})
    if name not in sets:
        raise UsageError(
            f"no set of questions {name!r}; there are {either(sets)}; `raglake questions import FORMAT PATH` adds one"
        )
    return [question for question in found if question.set == name]


def reviewed(lake: Lake, name: str | None = None) -> list[EvalQuestion]:
    """Those of them that a person stands by, imported ones included: what a decision may rest on."""
    return [question for question in questions(lake, name) if question.reviewed]


def change(lake: Lake, step: Callable[[list[EvalQuestion]], list[EvalQuestion]]) -> list[EvalQuestion]:
    """Put what ``step`` makes of all questions in their place, and try again where somebody was quicker."""
    for _ in range(_TRIES):
        number, rows = read(lake)
        left = to_table(step(list(from_table(rows))))
        if left.equals(rows):
            return list(from_table(rows))
        if lake.store.put_if_absent(f"{FOLDER}/{number + 1:010}.parquet", parquet_bytes(left, 1 << 12)):
            return list(from_table(left))
    raise ConflictError(f"others kept changing the questions of {lake.url}; try again")


def add(lake: Lake, new: Iterable[EvalQuestion]) -> list[EvalQuestion]:
    """Keep these questions, in place of those of the same set that ask the same; all that are kept now.

    Evidence of documents that were erased for good is not kept, nor are the answers that stood on it.
    """
    wanted = {question.question_id: question for question in merged(new)}

    def step(kept: list[EvalQuestion]) -> list[EvalQuestion]:
        return undenied(lake, {**{question.question_id: question for question in kept}, **wanted}.values())

    found = change(lake, step)
    # An erasure may have read the questions just before these were there; its denial came first.
    return change(lake, lambda kept: undenied(lake, kept)) if len(lake.denylist()) else found


def drop(lake: Lake, name: str) -> int:
    """Take a set away; how many questions it had."""
    n_dropped = len(questions(lake, name))
    change(lake, lambda kept: [question for question in kept if question.set != name])
    return n_dropped
