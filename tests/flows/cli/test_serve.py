"""``raglake serve``: what its options make of the service; the service itself has tests of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from lake.directory import Lake
from lake.service import server


def test_its_options_reach_the_answers(lake_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Lake(lake_url).create()
    served: list[Any] = []

    def serve(app: Any, bounds: Any, listened: Any, **_: Any) -> None:
        listened.close()
        served.extend((app, bounds))

    monkeypatch.setattr(server, "serve", serve)
    words = ["serve", "--lake", lake_url, "--min-evidence", "0.2", "--max-tokens", "90", "--prompts", str(tmp_path)]
    assert _exit_status([*words, "--answering", "3", "--port", "0"]) == OK
    guard, bounds = served
    answers = guard.app.state.service.answers
    assert (answers.min_evidence, answers.max_tokens, answers.prompts) == (0.2, 90, str(tmp_path))
    assert (bounds.n_answering, bounds.n_threads) == (3, 4)
    assert _exit_status(["serve", "--lake", lake_url, "--min-evidence", "2"]) == USAGE
    assert _exit_status(["serve", "--lake", lake_url, "--port", "0", "--source", "manuals"]) == USAGE


def test_a_profile_that_no_session_could_be_answered_by_is_refused_at_the_start(
    ingest: Callable[..., Any],
    source: Path,
    lake_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (source / "lamp.md").write_text("# Lamp\n\nThe lamp burns paraffin.\n")
    ingest()
    served: list[Any] = []

    def serve(app: Any, bounds: Any, listened: Any, **_: Any) -> None:
        listened.close()
        served.append(app)

    monkeypatch.setattr(server, "serve", serve)
    (tmp_path / "own.json").write_text('{"search": {"rerank": "own"}}')  # a lake of hashes has no token vectors
    (tmp_path / "words.json").write_text('{"search": {"mode": "text"}}')
    words = ["serve", "--lake", lake_url, "--port", "0", "--ab"]
    assert _exit_status([*words, f"{tmp_path}/own.json=0.5"]) == USAGE
    assert "the profile own can't be tried: 'hash' has no token vectors" in " ".join(capsys.readouterr().err.split())
    assert _exit_status([*words, f"{tmp_path}/words.json=0.5"]) == OK
    assert served[0].app.state.service.split.names == ["words"]
    assert _exit_status(["console", "--lake", lake_url]) == OK  # it would offer to rerank
    assert _exit_status(["console", "--lake", lake_url, "--profile", f"{tmp_path}/words.json"]) == OK
    assert [list(one.app.state.service.profiles) for one in served[1:]] == [[], ["words"]]
