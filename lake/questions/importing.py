"""Imports loaded questions into a lake, and reports which of them live can't be measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.questions.alignment import Resolved, resolve
from lake.questions.anchoring import anchored
from lake.questions.store import add
from lake.reporting import counted

#: Maximum number of unknown URIs in a message.
_SHOWN = 5

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.questions.values import EvalQuestion


@dataclass(frozen=True, slots=True)
class Taken:
    """Result of an import; ``left_out``: questions that ``checked_at`` (live, if any) can't be measured by."""

    set: str
    n_taken: int
    n_erased: int
    checked_at: str | None
    left_out: tuple[Resolved, ...]


def take(lake: Lake, name: str, loaded: Sequence[EvalQuestion], *, allow_unknown: bool = True) -> Taken:
    """Ties the questions of a set to the text of live and adds them, except those about erased documents.

    Unless ``allow_unknown``, raises UsageError if a document that answers a question is not in live, and adds nothing.
    """
    live = lake.log.read().live
    questions = anchored(lake, live, loaded)
    resolved = resolve(lake, live, questions) if live else []
    if live and not allow_unknown:
        _refuse_unknown(live.id, resolved)
    kept = {question.question_id for question in add(lake, questions)}
    left_out = tuple(one for one in resolved if one.left_out and one.question.question_id in kept)
    n_kept = sum(question.question_id in kept for question in questions)
    return Taken(name, n_kept, len(questions) - n_kept, live.id if live else None, left_out)


def _refuse_unknown(release: str, resolved: Sequence[Resolved]) -> None:
    unknown = [one for one in resolved if any(lost.reason == "absent" and lost.evidence.grade for lost in one.lost)]
    if not unknown:
        return
    uris = sorted({lost.evidence.uri for one in unknown for lost in one.lost if lost.reason == "absent"})
    more = ", ..." if len(uris) > _SHOWN else ""
    name = "names" if len(unknown) == 1 else "name"
    raise UsageError(
        f"{len(unknown):,} of {counted(len(resolved), 'question')} {name} documents that {release} does not hold: "
        f"{', '.join(uris[:_SHOWN])}{more}. Nothing was imported. "
        "Correct the URIs (see --uri and --source), or import them all the same with --allow-unknown"
    )
