"""Taking loaded questions into a lake, and saying which of them live can't be measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.questions.alignment import Resolved, resolve
from lake.questions.anchoring import anchored
from lake.questions.store import add

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.questions.values import EvalQuestion


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of loaded questions; ``left_out``: those that ``checked_at`` (live, if any) can't be measured by."""

    set: str
    n_taken: int
    n_erased: int
    checked_at: str | None
    left_out: tuple[Resolved, ...]


def take(lake: Lake, name: str, loaded: Sequence[EvalQuestion]) -> Taken:
    """Tie the questions of a set to the words of live and keep them, less those about erased documents."""
    live = lake.log.read().live
    questions = anchored(lake, live, loaded)
    kept = {question.question_id for question in add(lake, questions)}
    taken = [question for question in questions if question.question_id in kept]
    left_out = tuple(one for one in resolve(lake, live, taken) if one.left_out) if live else ()
    return Taken(name, len(taken), len(questions) - len(taken), live.id if live else None, left_out)
