"""A sample of live traffic, judged by a model on a schedule."""

from __future__ import annotations

from typing import Any

from prefect import State, flow
from prefect.states import Completed, Failed

from flows.forms.operations import JudgeParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from lake.directory import Lake, configuration
from lake.reporting import counted
from tasks.artifacts import show_judged
from tasks.step_tasks import judge_requests


@flow(name="judge", flow_run_name=named("judge"), persist_result=False)
def judge(params: JudgeParameters) -> State[Any]:
    """Judge requests that services were sent since yesterday, which needs their query log.

    Completed: the message states the means. Failed: a mean is below a limit of the lake's ``alarms``, or what broke.
    """
    return ended(params, lambda: _judged(params))


def _judged(params: JudgeParameters) -> State[Any]:
    floors = configuration.read(Lake.existing(params.lake).store).alarms.judged
    found = judge_requests(params.lake, params.options())
    show_judged(params.lake, found)
    if not found["judged"]:
        return Completed(message=f"nothing to judge: {counted(found['logged'], 'request')} in the query log")
    means = {name: one["mean"] for name, one in found["measures"].items()}
    below = [
        f"{name} of judged requests is {means[name]:.3f}, below {least:g}"
        for name, least in floors.items()
        if name in means and means[name] < least
    ]
    if below:
        return Failed(message="; ".join(below))
    told = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
    return Completed(message=f"{counted(found['judged'], 'request')} judged: {told}")
