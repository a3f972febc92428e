"""Every task follows the one policy: no cache, and a retry only where it can help."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed

import tasks
from lake.errors import ContractError, InputError, RefusedError, TransientError, UsageError
from tasks.policy import RETRIES, is_transient


def all_tasks() -> dict[str, Task[..., Any]]:
    modules = (importlib.import_module(f"tasks.{module.name}") for module in pkgutil.iter_modules(tasks.__path__))
    found = (value for module in modules for value in vars(module).values() if isinstance(value, Task))
    return {task.name: task for task in found}


def test_the_steps_of_a_run_and_what_an_operator_does_are_tasks() -> None:
    steps = {"scan", "index shard", "embed texts", "commit", "audit", "evaluate", "publish"}
    redactions = {"redact artifacts", "redact parameters", "find logs that name them"}
    batches = {"hand texts over", "fetch vectors"}
    by_hand = {
        "measure",
        "examine",
        "publish by hand",
        "prune",
        "roll back",
        "forget",
        "rebuild",
        "pin",
        "unpin",
        "import questions",
        "sync",
        "judge requests",
    }
    assert set(all_tasks()) == steps | batches | by_hand | redactions


@pytest.mark.parametrize("task", all_tasks().values(), ids=all_tasks().keys())
def test_a_task_is_never_cached_and_retried_by_the_policy(task: Task[..., Any]) -> None:
    assert task.cache_policy is NO_CACHE
    assert task.persist_result is False
    assert task.retries == RETRIES > 0
    assert task.retry_condition_fn is is_transient
    delays = task.retry_delay_seconds
    assert isinstance(delays, list)
    assert all(later == 2 * sooner for sooner, later in pairwise(delays))
    assert task.retry_jitter_factor


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (TransientError("the disk is busy"), True),
        (InputError("torn"), False),
        (ContractError("lost"), False),
        (RefusedError("pinned"), False),
        (UsageError("no such folder"), False),
        (ValueError("a defect"), False),
        (ConnectionError("not ours"), False),
    ],
)
def test_only_a_transient_error_is_tried_again(error: Exception, retried: bool) -> None:
    task = all_tasks()["scan"]
    assert is_transient(task, None, Failed(data=error)) is retried  # type: ignore[arg-type]
    assert is_transient(task, None, Failed(data=pickle.loads(pickle.dumps(error)))) is retried  # type: ignore[arg-type]


def test_the_plain_steps_do_without_prefect() -> None:
    code = "import flows.steps, flows.reindex, tasks.steps, tasks.job, sys; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
