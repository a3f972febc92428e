"""A run whose Prefect server is killed ends with its true outcome, within bounds, and says once that it was lost.

What is killed is a process that passes connections on to the server. Each run loses its own, and the server, which
takes seconds to start, stays for the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK
from tests.flows.runtime.server import Server, is_up
from tests.house import ROOT

pytestmark = pytest.mark.prefect

#: Kills the server as a step begins, or as it ends; the step may then fail.
DRIVER = """
import os, signal, sys
server, step, when, fails, *words = sys.argv[1:]
from lake.errors import TransientError
from tasks import server_watch, steps
server_watch.LOST_AFTER = 4
real = getattr(steps, step)
def hooked(*args, **named):
    if when == "begin":
        os.kill(int(server), signal.SIGKILL)
    done = real(*args, **named)
    if when == "end":
        os.kill(int(server), signal.SIGKILL)
    if fails == "fails":
        raise RuntimeError("the disk is on fire")
    return done
setattr(steps, step, hooked)
from flows.cli.app import main
main(words)
"""


#: Passes on to the server at a port, and prints its own.
PASSING_ON = """
import sys, threading
from tests.faulty_proxy import FaultyProxy
print(FaultyProxy(int(sys.argv[1])).port, flush=True)
threading.Event().wait()
"""


def test_a_server_that_is_killed_costs_only_what_it_shows(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three runs at the same time, since each spends its minutes waiting for the server that it lost."""
    cases = [("scan", "begin", ""), ("publish", "end", ""), ("commit", "begin", "fails")]
    with ThreadPoolExecutor(len(cases)) as pool:
        ran = [pool.submit(_loses_its_server, tmp_path / case[0], server, *case) for case in cases]
        words = [done.result() for done in ran]
    for (_, _, fails), again in zip(cases, words, strict=True):
        assert _exit_status(again) == OK
        outcome = json.loads(capsys.readouterr().out)
        assert (outcome["published"], outcome["n_documents"]) == (bool(fails), 1)


def _loses_its_server(folder: Path, server: Server, step: str, when: str, fails: str) -> list[str]:
    """Returns the words of the command that lost its server."""
    source = folder / "source"
    source.mkdir(parents=True)
    (source / "lamp.md").write_text("# Lamp\n\nThe lamp burns with seven candles.\n")
    words = ["ingest", str(source), "--lake", str(folder / "lake"), "--embedder", "hash", "--json"]
    before = [sys.executable, "-c", PASSING_ON, str(server.port)]
    with subprocess.Popen(before, cwd=ROOT, stdout=subprocess.PIPE, text=True) as passing_on:
        assert passing_on.stdout
        url = f"http://127.0.0.1:{int(passing_on.stdout.readline())}/api"
        try:
            assert is_up(url)
            command = [sys.executable, "-c", DRIVER, str(passing_on.pid), step, when, fails, *words]
            given = server.environment | {"PREFECT_API_URL": url, "PREFECT_HOME": str(folder)}
            run = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
            passing_on.wait(60)
        finally:
            passing_on.kill()
    assert not is_up(url)
    assert run.stderr.count("is lost") == 1, run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) < 25, run.stderr
    if fails:
        assert (run.returncode, run.stdout) == (1, "")
        assert "the disk is on fire" in run.stderr
    else:
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["published"] is True
    return words
