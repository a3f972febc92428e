"""The flow that lets a model judge a sample of live traffic, against a real Prefect server."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient

import lake
from flows.forms.operations import JudgeParameters
from flows.judge import judge
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.directory import Lake, configuration
from lake.options import QueryLogOptions, RecipeOptions
from lake.records.query_log import QUERIES, KeptQuestion
from tests.flows.test_operator_flows import run, table
from tests.lake.answer.conftest import endpoint  # noqa: F401 - a fixture

pytestmark = pytest.mark.prefect

OIL = "How much oil does the pump need?"


def model(request: dict[str, Any]) -> str:
    prompt = "\n".join(message["content"] for message in request["messages"])
    if "Split the answer into" in prompt:
        return json.dumps({"claims": [{"claim": "c", "verdict": v} for v in ("supported", "contradicted")]})
    if "How far does the answer" in prompt:
        return json.dumps({"reason": "r", "verdict": "full"})
    return "3 litres of oil [1]."


def test_means_are_told_shown_and_held_against_the_alarms(
    client: SyncPrefectClient,
    source: Path,
    lake_url: str,
    endpoint: Any,  # noqa: F811
) -> None:
    shutil.rmtree(source)
    source.mkdir()
    (source / "pump.md").write_text("# Pump\n\nThe pump needs 3 litres of whale oil.\n")
    with PlainSteps(n_workers=1) as steps:
        reindex(Job((str(source),), lake_url, settings=RecipeOptions(embedder="hash")), steps)
    params = JudgeParameters(lake=lake_url, judge="openai:gpt-4.1", model="openai:gpt-4o-mini")
    assert run(judge, params).message == "nothing to judge: 0 requests in the query log"

    index, place = lake.open_lake(lake_url), Lake.existing(lake_url)
    hits = [{name: hit[name] for name in ("chunk_id", "doc_id", "score")} for hit in index.search(OIL, 1).to_pylist()]
    row = {"log_id": "1", "asked_at": datetime.now(UTC), "kind": "search", "outcome": "ok", "hits": hits}
    row = {**dict.fromkeys(QUERIES.schema.names), **row, "release": index.release().id, "question": OIL, "degraded": []}
    QUERIES.write(place, [KeptQuestion(QueryLogOptions()).row(row)])
    endpoint.replies[0] = model
    state = run(judge, params)
    assert state.message == "1 request judged: answered 1.000, faithfulness 0.500, relevance 1.000"
    rows = {row["measure"]: row["mean"] for row in table(client, state, "judged")}
    assert rows == {"answered": 1.0, "faithfulness": 0.5, "relevance": 1.0}

    configuration.put(place.store, "alarms.judged.faithfulness", 0.9)
    state = run(judge, params)
    assert state.is_failed()
    assert state.message == "faithfulness of judged requests is 0.500, below 0.9"
