"""A document that hangs, crashes or eats memory costs one document."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lake.errors import ContractError, InputError, TransientError
from lake.ingest.isolation import IsolatedFunction
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

MODULE = '''
"""Functions that the tests run in a child process."""
import ctypes, os, sys, time
from lake.parse.alive import still_working
from lake.errors import InputError, TransientError


def misbehave(item):
    kind, value = item
    if kind == "hang":
        time.sleep(60)
    if kind == "steps":
        for _ in range(value):
            time.sleep(0.4)
            still_working()
    if kind == "eat":
        return bytearray(4 << 30)
    if kind == "exit":
        os._exit(value)
    if kind == "segfault":
        ctypes.string_at(0)
    if kind == "refuse":
        raise InputError("a scan without text", "no_text")
    if kind == "fail":
        raise KeyError(value)
    if kind == "stop":
        raise SystemExit(value)
    if kind == "retry":
        raise TransientError("the disk is busy")
    if kind == "lambda":
        return lambda: value
    if kind == "noise":
        print("noise on stdout", flush=True)
        os.write(1, b"more noise")
        return sys.stdin.read()
    if kind == "pid":
        return os.getpid()
    return value
'''


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsolatedFunction]:
    (tmp_path / "misbehaviour.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    with IsolatedFunction("misbehaviour:misbehave", seconds=1.0, memory_bytes=1 << 30) as function:
        yield function


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "error_class", "words"),
    [
        ("hang", "timeout", "more than 1 s"),
        ("eat", "memory", "more memory"),
        ("exit", "crash", "status 7"),
        ("segfault", "crash", "SIGSEGV"),
        ("refuse", "no_text", "a scan without text"),
        ("fail", "crash", "KeyError: 7"),
        ("stop", "crash", "SystemExit: 7"),
        ("lambda", "crash", "pickle"),
    ],
)
def test_only_the_item_at_work_is_blamed(isolated: IsolatedFunction, kind: str, error_class: str, words: str) -> None:
    before, bad, *after = isolated.run([("value", 1), (kind, 7), ("value", 2), ("value", 3)])
    assert (before, after) == (1, [2, 3])
    assert isinstance(bad, InputError)
    assert bad.error_class == error_class
    assert words.lower() in str(bad).lower()


def test_steps_that_a_function_reports_extend_its_time(isolated: IsolatedFunction) -> None:
    assert isolated.run([("steps", 4), ("other", 7)]) == [4, 7]


def test_many_items_keep_their_order_at_little_cost(isolated: IsolatedFunction) -> None:
    isolated.run([("value", 0)])
    began = time.perf_counter()
    assert isolated.run([("value", i) for i in range(1500)]) == list(range(1500))
    assert time.perf_counter() - began < 5


def test_large_items_and_answers_pass(isolated: IsolatedFunction) -> None:
    large = [bytes([i]) * (5 << 20) for i in range(4)]
    assert isolated.run([("value", item) for item in large]) == large


def test_noise_on_stdout_and_reading_stdin_harm_nothing(isolated: IsolatedFunction) -> None:
    assert isolated.run([("noise", 0), ("value", 5)]) == ["", 5]


def test_transient_errors_propagate_and_the_next_run_starts_clean(isolated: IsolatedFunction) -> None:
    with pytest.raises(TransientError, match="disk is busy"):
        isolated.run([("value", 1), ("retry", 0), ("value", 2)])
    assert isolated.run([("value", 3)]) == [3]


def test_one_child_serves_many_runs_until_it_is_recycled(isolated: IsolatedFunction) -> None:
    isolated.recycle_after = 3
    pids = [isolated.run([("pid", 0)])[0] for _ in range(4)]
    assert pids[0] == pids[1] == pids[2] != pids[3]
    assert not is_running(int(str(pids[0])))


def test_closing_ends_the_child_and_its_descriptors(isolated: IsolatedFunction) -> None:
    isolated.run([("hang", 0), ("value", 0)])
    isolated.close()
    descriptors = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    (pid,) = isolated.run([("pid", 0)])
    isolated.close()
    assert not is_running(int(str(pid)))
    assert sys.platform != "linux" or len(os.listdir("/proc/self/fd")) == descriptors


def test_a_dropped_object_takes_its_child_along() -> None:
    function = IsolatedFunction("os:getenv")
    assert function.run(["TZ"]) == ["UTC"]
    child = function._child
    assert child is not None
    pid = child._process.pid
    del function
    assert not is_running(pid)


def test_a_child_killed_while_idle_is_replaced(isolated: IsolatedFunction) -> None:
    (pid,) = isolated.run([("pid", 0)])
    os.kill(int(str(pid)), signal.SIGKILL)
    time.sleep(0.05)
    assert isolated.run([("value", 1)]) == [1]


def test_an_object_may_outlive_the_thread_that_used_it_first(isolated: IsolatedFunction) -> None:
    thread = threading.Thread(target=isolated.run, args=([("value", 0)],))
    thread.start()
    thread.join()
    assert isolated.run([("value", 1), ("value", 2)]) == [1, 2]


def test_threads_work_side_by_side(isolated: IsolatedFunction) -> None:
    answers: dict[int, list[object]] = {}

    def work(number: int) -> None:
        with IsolatedFunction("misbehaviour:misbehave") as own:
            answers[number] = own.run([("value", (number, i)) for i in range(200)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [(number, i) for i in range(200)] for number in range(3)}


@pytest.mark.parametrize("target", ["no_such_module:function", "os:no_such_function"])
def test_a_wrong_target_is_the_callers_error(target: str) -> None:
    with IsolatedFunction(target) as function, pytest.raises(ContractError, match="no_such"):
        function.run([1])


PARENT = """
import sys, time
from lake.ingest.isolation import IsolatedFunction
function = IsolatedFunction("misbehaviour:misbehave")
print(function.run([("pid", 0)])[0], flush=True)
function.run([("hang", 0)])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_killed_parent_leaves_no_child_behind(isolated: IsolatedFunction) -> None:
    path = os.pathsep.join(sys.path)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    until(lambda: not is_running(pid))
