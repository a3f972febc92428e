"""`raglake ask`: what it prints where, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK, USAGE

TIDES = "# Tides\n\nHigh water at the north quay is at six o'clock. [red]Low water[/red] is at noon.\n"


@pytest.fixture(scope="module")
def lake_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("ask")
    (folder / "source").mkdir()
    (folder / "source" / "tides.md").write_text(TIDES)
    (folder / "source" / "rules.txt").write_text("Nobody may swim in the basin.\n")
    url = str(folder / "lake")
    assert _exit_status(["ingest", str(folder / "source"), "--lake", url, "--embedder", "hash"]) == OK
    return url


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = _exit_status(["ask", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


WATER = "When is high water at the north quay?"


def reply(request: dict[str, Any]) -> str:
    prompt = request["messages"][1]["content"]
    n = prompt[: prompt.index("High water")].rindex("<source ") + len("<source ")
    return f"High water at the north quay is at six o'clock [{prompt[n]}]. Whales sing at midnight [{prompt[n]}]."


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_an_answer_is_shown_with_its_sources(
    capsys: pytest.CaptureFixture[str], lake_url: str, endpoint: Any, stream: str
) -> None:
    endpoint.replies[0] = reply
    status, out, err = ask(capsys, WATER, "--lake", lake_url, "--model", "openai:local", stream)
    assert (status, err) == (OK, "")
    assert out.count("High water at the north quay is at six o'clock [") == 1
    assert "! its sources do not support this: Whales sing" in out
    assert "tides.md  Tides" in out
    assert " confidence (0." in out
    assert "price unknown" in out
    assert endpoint.requests[0].get("stream", False) is (stream == "--stream")


def test_json_is_one_value_on_stdout(capsys: pytest.CaptureFixture[str], lake_url: str, endpoint: Any) -> None:
    endpoint.replies[0] = reply
    words = ("--lake", lake_url, "--model", "openai:local", "-k", "2", "--max-tokens", "77", "--json")
    status, out, _ = ask(capsys, WATER, *words)
    told = json.loads(out)
    assert (status, out.count("\n")) == (OK, 1)
    assert [sentence["supported"] for sentence in told["sentences"]] == [True, False]
    assert told["sources"][0]["text"]
    assert len(told["passages"]) == 2
    assert endpoint.requests[0]["max_tokens"] == 77


def test_without_a_model_the_passages_are_shown_and_what_to_set(
    capsys: pytest.CaptureFixture[str], lake_url: str, endpoint: Any
) -> None:
    status, out, err = ask(capsys, WATER, "--lake", lake_url)
    assert status == OK
    assert err.startswith("raglake: no chat model is set")
    assert "RAGLAKE_CHAT_MODEL" in err
    assert "1. tides.md" in out


def test_a_filter_keeps_passages_from_the_model(
    capsys: pytest.CaptureFixture[str], lake_url: str, endpoint: Any
) -> None:
    words = ("--lake", lake_url, "--model", "openai:local", "--filter", "uri=rules.txt")
    assert ask(capsys, "May one swim in the basin?", *words)[0] == OK
    assert "Nobody may swim" in endpoint.prompt()
    assert "High water" not in endpoint.prompt()


def test_what_goes_wrong_has_its_exit_status(capsys: pytest.CaptureFixture[str], lake_url: str, endpoint: Any) -> None:
    words = ("--lake", lake_url, "--model", "openai:local")
    endpoint.faults.append({"status": 401})
    assert ask(capsys, WATER, *words)[0] == USAGE
    endpoint.faults.append({"trick": "cut"})
    assert ask(capsys, WATER, *words)[0] == FAILED
    assert ask(capsys, WATER, *words, "--understand", "guess")[0] == USAGE
    assert ask(capsys, WATER, *words, "--budget", "300")[0] == USAGE
    assert ask(capsys, WATER, "--lake", lake_url, "--model", "gpt")[0] == USAGE
