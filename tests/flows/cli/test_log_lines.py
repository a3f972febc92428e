"""Lines of JSON on stderr: each is an object, whatever is logged, so that an outage is read by machines too."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from flows.cli import app, log_lines
from flows.cli.options import FAILED


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(log_lines.FORMAT, "json")


def formatted(name: str, message: str, *arguments: object, error: BaseException | None = None) -> Any:
    raised = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.WARNING, "x.py", 1, message, arguments, raised)
    formatter = log_lines.handler().formatter
    assert formatter
    text = formatter.format(record)
    assert len(text.splitlines()) == 1
    return json.loads(text)


def test_each_message_is_an_object(as_json: None) -> None:
    told = formatted("lake.cache.redis_store", "the cache at %s is left out\n\u2028{forged}", "redis://x")
    assert (told["level"], told["logger"]) == ("WARNING", "lake.cache.redis_store")
    assert told["message"].startswith("the cache at redis://x is left out\\n")


def test_a_traceback_is_part_of_it(as_json: None) -> None:
    try:
        raise ValueError("no\nway")
    except ValueError as error:
        told = formatted("asyncio", "Task exception", error=error)
    assert "ValueError: no" in told["traceback"]


def test_requests_and_outages_are_objects_already(as_json: None) -> None:
    event = {"event": "degraded", "part": "vector", "cause": "a \u202e b"}
    assert formatted("raglake.parts", "%s", json.dumps(event, ensure_ascii=False)) == event
    assert formatted("other", "%s", json.dumps(event))["logger"] == "other"


def test_an_error_that_ends_a_command_is_one_too(
    as_json: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app._exit_status(["releases", "--lake", "/nowhere/at/all"]) != 0
    told = json.loads(capsys.readouterr().err)
    assert (told["level"], told["logger"]) == ("ERROR", "raglake")
    assert "/nowhere/at/all" in told["message"]
    monkeypatch.setenv(log_lines.FORMAT, "text")
    assert app._say("no", FAILED) == FAILED
    assert capsys.readouterr().err == "raglake: no\n"
