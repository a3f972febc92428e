"""One process that has imported everything and forks a fresh one for each command, killed on demand.

The server itself never opens a lake, so that a forked process starts as if newly started. It serves
one request at a time: a command's name and words, and when to kill it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LIMIT_SECONDS = 180.0
#: What the audit hook counts: each look at or change of the lake's own files from Python.
_EVENTS = ("open", "os.link", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.listdir", "os.scandir")


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill: so many seconds after the start, or just before the nth file operation in the lake."""

    after: float | None = None
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command's process ended: killed, failed with ``error``, or done with ``answer``."""

    killed: bool
    error: str
    answer: Any
    seconds: float
    n_events: int


class ForkServer:
    """The driver's side; ``folder`` takes what the processes say."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        here = Path(__file__).parents[1]
        path = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
        self._answer, self._errors = folder / "answer.json", folder / "errors.txt"
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "kill_harness.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment, "PYTHONPATH": path},
            text=True,
        )

    def run(self, command: str, words: Mapping[str, Any], kill: Kill | None = None) -> Ended:
        """Run one command in a process of its own to its end."""
        chosen = kill or Kill()
        request = {
            "command": command,
            "words": words,
            "after": chosen.after,
            "event": chosen.event,
            "answer": str(self._answer),
            "errors": str(self._errors),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fork server died")
        return Ended(**json.loads(line))

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)


def main() -> None:
    """Serve requests until stdin closes."""
    from kill_harness import commands

    commands.import_everything()
    for line in sys.stdin:
        print(json.dumps(_served(json.loads(line))), flush=True)


def _served(request: dict[str, Any]) -> dict[str, Any]:
    for path in (request["answer"], request["errors"]):
        Path(path).unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        _be_the_command(request)
    started = time.monotonic()
    status = _wait(pid, request["after"])
    seconds = time.monotonic() - started
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and seconds < _LIMIT_SECONDS
    said = json.loads(_text(request["answer"]) or "{}") if not killed else {}
    error = "" if killed or said.get("done") else _text(request["errors"]) or f"ended with status {status}"
    return {
        "killed": killed,
        "error": error,
        "answer": said.get("answer"),
        "seconds": seconds,
        "n_events": said.get("n_events", 0),
    }


def _wait(pid: int, after: float | None) -> int:
    """Reap the process, killing it first once its time is over; never anybody else, since only we reap it."""
    descriptor = os.pidfd_open(pid)
    try:
        ready = select.select([descriptor], [], [], _LIMIT_SECONDS if after is None else after)[0]
        if not ready:
            os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]
    finally:
        os.close(descriptor)


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except FileNotFoundError:
        return ""


def _be_the_command(request: dict[str, Any]) -> None:
    """In the forked process: run, say what came of it, end without the server's own leave-taking."""
    from kill_harness import commands

    errors = os.open(request["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(errors, 2)
    os.dup2(2, 1)
    counted = _count_events(str(request["words"].get("lake")), request["event"])
    try:
        answer = getattr(commands, request["command"])(**request["words"])
        Path(request["answer"]).write_text(json.dumps({"done": True, "answer": answer, "n_events": counted[0]}))
    except BaseException:  # noqa: BLE001  whatever it was, the driver hears of it
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _count_events(lake: str, kill_before: int | None) -> list[int]:
    """Count this process's file operations in the lake, and die before the nth."""
    counted = [0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or not any(str(a).startswith(lake) for a in arguments[:2]):
            return
        if counted[0] == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        counted[0] += 1

    sys.addaudithook(hook)
    return counted


if __name__ == "__main__":
    main()
