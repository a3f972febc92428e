"""``raglake config``: what changed, which keys there are, and floors that live itself does not meet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK, REFUSED, USAGE
from flows.reindex import Outcome
from lake.directory import Lake, configuration


@pytest.fixture
def measured(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> str:
    """A lake with a question whose document is not the first that is found."""
    (source / "crane.md").write_text("The yellow crane lifts forty tonnes.")
    (source / "quay.md").write_text("Ships moor at the quay.")
    ingest()
    asked = source.parent / "faq.jsonl"
    asked.write_text(json.dumps({"question": "How much does the yellow crane lift?", "uri": "quay.md"}))
    assert _exit_status(["questions", "import", "jsonl", str(asked), "--lake", lake_url]) == OK
    return lake_url


def test_a_change_is_shown_as_it_was_and_is(measured: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for words in (["set", "search.k", "5"], ["set", "search.k", "5"], ["unset", "search.k"]):
        assert _exit_status(["config", *words, "--lake", measured]) == OK
    assert capsys.readouterr().out.splitlines() == [
        "search.k: 10 -> 5",
        "nothing changed: the value was the same",
        "search.k: 5 -> 10",
    ]


def test_help_lists_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["config", "set", "--help"]) == OK
    shown = capsys.readouterr().out
    assert all(f"\n  {key} " in shown for key in ("gate.mode", "alarms.quarantine_share", "search.alpha"))


def test_a_floor_that_live_misses_is_refused(measured: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["config", "set", "gate.floors.document RR", "0.9", "--lake", measured]
    capsys.readouterr()
    assert _exit_status(words) == REFUSED
    assert "document RR of faq is 0.5000 at live, less than 0.9" in capsys.readouterr().err
    assert configuration.said(Lake(measured).store) == {}
    assert _exit_status([*words, "--force"]) == OK
    assert _exit_status(["config", "set", "gate.floors.document RR", "0.4", "--lake", measured]) == OK


def test_a_block_says_whether_live_meets_the_floor_and_shows_the_questions(
    measured: str, source: Path, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    for key, value in (("gate.floors.document RR", "0.9"), ("gate.least", "1")):
        assert _exit_status(["config", "set", key, value, "--force", "--lake", measured]) == OK
    (source / "mast.md").write_text("The mast is of pine.")
    outcome = ingest()
    assert outcome.refused
    assert "live has 0.5000, which is less as well: lower the floor" in outcome.reason
    assert f"`raglake releases {outcome.release}` shows the questions." in outcome.reason
    capsys.readouterr()
    assert _exit_status(["releases", outcome.release or "", "--lake", measured]) == OK
    assert "  How much does the yellow crane lift?\n" in capsys.readouterr().out


def test_questions_about_unknown_documents_are_refused(
    measured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.jsonl").write_text(json.dumps({"question": "What is a wreck?", "uri": "wreck.md"}))
    words = ["questions", "import", "jsonl", str(tmp_path / "odd.jsonl"), "--lake", measured]
    capsys.readouterr()
    assert _exit_status(words) == USAGE
    assert "does not hold: wreck.md. Nothing was imported" in capsys.readouterr().err
    assert _exit_status([*words, "--allow-unknown"]) == OK
    assert "1 question in the set odd" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["colour = 'red'", "nofunction(uri)", "uri"])
def test_a_bad_filter_leaks_nothing_of_the_engine(
    where: str, measured: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _exit_status(["query", "crane", "--lake", measured, "--where", where]) == USAGE
    shown = capsys.readouterr().err
    assert len(shown) < 250
    assert not [word for word in (".rs", "['", "Schema error", "_rowid", "text_digest") if word in shown]
