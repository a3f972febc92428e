"""``raglake evaluate --answers``, with a scripted model behind a real endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome


def model(request: dict[str, Any]) -> str:
    prompt = "\n".join(message["content"] for message in request["messages"])
    if "Split the answer into" in prompt:
        return json.dumps({"claims": [{"claim": "c", "verdict": "supported"}]})
    if "How far does the answer" in prompt:
        return json.dumps({"reason": "r", "verdict": "full"})
    return "It needs 3 litres of whale oil [1]."


def test_answers_are_measured_within_one_budget(
    source: Path,
    lake_url: str,
    ingest: Callable[..., Outcome],
    endpoint: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    endpoint.replies[0] = model
    (source / "pump.md").write_text("# Pump\n\nThe pump needs 3 litres of whale oil every 40 hours.\n")
    ingest()

    def say(*words: str, status: int = OK) -> str:
        capsys.readouterr()
        assert _exit_status([*words, "--lake", lake_url]) == status
        printed = capsys.readouterr()
        return printed.err if status else printed.out

    for name, question in (("a", "How much oil does the pump need?"), ("b", "What oil does the pump need?")):
        (path := source.parent / f"{name}.jsonl").write_text(json.dumps({"question": question, "uri": "pump.md"}))
        say("questions", "import", "jsonl", str(path))
    assert "no chat model is set" in say("evaluate", "--answers", status=USAGE)
    asking = ("evaluate", "--answers", "--model", "openai:local")
    (first,) = json.loads(say(*asking, "--judge", "openai:judge", "--set", "a", "--json"))["evaluations"]
    values = {row["measure"]: row["mean"] for row in first["measures"]}
    assert (values["answered"], values["faithfulness"], values["citation_validity"]) == (1.0, 1.0, 1.0)
    assert (first["settings"]["mode"], first["scored"], first["kept"], first["stopped"]) == ("hybrid", 1, True, "")
    shown = say(*asking, "--judge", "openai:judge", "--set", "a")
    for words in ("answered by openai:local, judged by openai:judge", "faithfulness", "0 calls, 0 tokens, 0.0000 USD"):
        assert words in shown
    kept = lake.open_lake(lake_url).scores()
    # A call costs .002 USD here, and at most a bit more than .010: the budget holds one set of the two.
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "1/10")
    words = (*asking, "--again", "--budget")
    whole, part = json.loads(say(*words, "0.012", "--json"))["evaluations"]
    paid = [one["cost_usd"] for one in (whole, part)]
    assert (whole["kept"], part["kept"], paid) == (True, False, [pytest.approx(0.002), 0.0])
    assert "raise the budget" in part["stopped"]
    now = lake.open_lake(lake_url).scores()
    assert set(now.column("set").to_pylist()) == {"a"}
    assert now.num_rows > kept.num_rows
    assert "stopped, and no score kept" in say(*words, "0.012")
    assert "--answers is missing" in say("evaluate", "--judge", "openai:judge", status=USAGE)
    assert "--trec can't be used here" in say("evaluate", "--answers", "--trec", "x", status=USAGE)
