"""Taking in questions whose answers are known, as a Prefect flow."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import QuestionsParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from lake.reporting import counted
from tasks.step_tasks import import_questions


@flow(name="questions", flow_run_name=named("questions"), persist_result=False)
def questions(params: QuestionsParameters) -> State[Any]:
    """Take questions into the lake, tied to the words of live that answer them; the gate uses them from then on.

    Completed: the message states how many, and how many can't be measured at live; the artifact states why, by their
    ids. Failed: the file can't be read as that format; the message names the line.
    """
    return ended(params, lambda: _imported(params))


def _imported(params: QuestionsParameters) -> State[Any]:
    taken = import_questions(params.lake, params.format, params.path, params.set, params.source, params.uri)
    told = f"imported {counted(taken.n_taken, 'question')} as {taken.set}"
    if taken.n_erased:
        told += f"; {counted(taken.n_erased, 'question')} about erased documents left out"
    if taken.left_out:
        told += f"; {counted(len(taken.left_out), 'question')} can't be measured at {taken.checked_at}"
    return Completed(message=told)
