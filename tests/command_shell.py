"""Runs commands one after another in one process: this one, or that of ``python -m tests.command_shell``."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from flows.cli.app import _exit_status
from tasks import steps
from tests.shared_children import SharedChildren

#: Runs ``raglake`` with these arguments; its exit status, standard output and error.
Run = Callable[..., tuple[int, str, str]]


def here(*arguments: object) -> tuple[int, str, str]:
    """Runs a command in this process, which has no plugins."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = _exit_status([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def shell(*path: Path) -> Iterator[Run]:
    """A process that runs commands with these folders on its path; the first takes seconds to import what it needs."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "RAGLAKE_CHAT_MODEL": "echo:any"}
    command = [sys.executable, "-m", "tests.command_shell"]
    with subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        questions, answers = process.stdin, process.stdout
        assert questions is not None
        assert answers is not None

        def run(*arguments: object) -> tuple[int, str, str]:
            print(json.dumps([str(argument) for argument in arguments]), file=questions, flush=True)
            status, out, err = json.loads(answers.readline())
            return status, out, err

        yield run
        questions.close()


def main() -> None:
    """Read the arguments of one command after another, and answer each with its status and output."""
    steps._child = SharedChildren()
    for line in sys.stdin:
        print(json.dumps(here(*json.loads(line))), flush=True)
    steps._child.close()


if __name__ == "__main__":
    main()
