"""The examination of a stored lake as a Prefect flow: damage is found before a reader meets it."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed, Failed

from flows.forms.operations import DoctorParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from lake.reporting import counted
from tasks import step_tasks


@flow(name="doctor", flow_run_name=named("doctor"), persist_result=False)
def doctor(params: DoctorParameters) -> State[Any]:
    """Check the stored lake against its own digests; write nothing.

    Completed: nothing is wrong with what was checked. Failed: the message states the first issue and what repairs it.
    """
    return ended(params, lambda: _examined(params))


def _examined(params: DoctorParameters) -> State[Any]:
    diagnosis = step_tasks.examine(params.lake, every=params.every, parts=params.parts)
    if diagnosis.healthy:
        part = "" if params.parts == 1 else f" (a part of {params.parts}, chosen by the day)"
        return Completed(message=f"{counted(len(diagnosis.checks), 'check')} found nothing wrong{part}", data=diagnosis)
    first, n = diagnosis.issues[0], counted(len(diagnosis.issues), "issue")
    return Failed(message=f"{n}; first: {first.where}: {first.what}; remedy: {first.remedy}", data=diagnosis)
