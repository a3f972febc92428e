"""A run whose Prefect server is killed ends with its true outcome, within bounds, and says once that it was lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.runtime.server import Server, eventually
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
        os.killpg(int(server), signal.SIGKILL)
    done = real(*args, **named)
    if when == "end":
        os.killpg(int(server), signal.SIGKILL)
    if fails == "fails":
        raise RuntimeError("the disk is on fire")
    return done
setattr(steps, step, hooked)
from flows.cli.app import main
main(words)
"""


@pytest.mark.parametrize(
    ("step", "when", "fails"), [("scan", "begin", ""), ("publish", "end", ""), ("commit", "begin", "fails")]
)
def test_a_server_that_is_killed_costs_only_what_it_shows(
    tmp_path: Path, prefect_database: Path, source: Path, lake_url: str, step: str, when: str, fails: str
) -> None:
    (source / "lamp.md").write_text("# Lamp\n\nThe lamp burns with seven candles.\n")
    server = Server(tmp_path, prefect_database)
    process = server.start()
    assert eventually(server.is_up, 90)
    words = ["ingest", str(source), "--lake", lake_url, "--embedder", "hash", "--json"]
    command = [sys.executable, "-c", DRIVER, str(process.pid), step, when, fails, *words]
    run = subprocess.run(
        command, env=server.environment, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )
    process.wait(5)
    assert not server.is_up()
    assert run.stderr.count("is lost") == 1, run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) < 25, run.stderr
    plain = [sys.executable, "-m", "flows", *words]
    if fails:
        assert (run.returncode, run.stdout) == (1, "")
        assert "the disk is on fire" in run.stderr
    else:
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["published"] is True
    again = json.loads(subprocess.run(plain, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout)
    assert (again["published"], again["n_documents"]) == (bool(fails), 1)
