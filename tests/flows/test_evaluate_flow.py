"""The gate in a flow run, and the flow ``evaluate``, against a real Prefect server: task runs, artifacts, states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import Artifact, State
from prefect.flow_engine import run_flow
from prefect.states import Crashed, Running

import lake
from flows.evaluate import evaluate
from flows.forms.ingest import IngestParameters, RecipeParameters
from flows.forms.operations import EvaluateParameters
from flows.ingest import ingest
from lake.directory import Lake, configuration
from lake.questions import EvalQuestion, Evidence, add
from tasks.artifacts import artifact_key
from tasks.step_tasks import measure

pytestmark = pytest.mark.prefect

N = 40


def write(source: Path, n: int, text: str = "# Hall {0}\n\nThe lantern number{0}x hangs in hall{0}y.\n") -> None:
    for number in range(n):
        (source / f"{number}.md").write_text(text.format(number))


def run(source: Path, lake_url: str, **words: Any) -> State[Any]:
    params = IngestParameters(sources=[str(source)], lake=lake_url, recipe=RecipeParameters(embedder="hash"), **words)
    return ingest(params, return_state=True)  # type: ignore[no-any-return]


def shown(client: SyncPrefectClient, state: State[Any]) -> dict[str, Artifact]:
    """The artifacts of a run, by kind."""
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
    return {(found.key or "").split("-", 1)[0]: found for found in client.read_artifacts(artifact_filter=of_run)}


def table(artifact: Artifact) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(str(artifact.data))
    return rows


@pytest.fixture
def asked(prefect_server: None, source: Path, lake_url: str) -> str:
    """A published release and a question about each of its documents; the release."""
    write(source, N)
    assert run(source, lake_url).is_completed()
    questions = [EvalQuestion("halls", f"Where is number{n}x?", evidence=(Evidence(f"{n}.md"),)) for n in range(N)]
    add(Lake(lake_url), questions)
    return lake.open_lake(lake_url).release().id


def test_a_night_passes_its_gate_and_the_next_one_is_blocked_and_both_say_why(
    client: SyncPrefectClient, asked: str, source: Path, lake_url: str
) -> None:
    write(source, N + 1)
    passed = run(source, lake_url)
    second = lake.open_lake(lake_url).release().id
    assert (passed.message or "").startswith(f"published {second}: ")
    artifacts = shown(client, passed)
    (row,) = [row for row in table(artifacts["scores"]) if row["measure"] == "document nDCG@10"]
    assert (row["set"], row["questions"], row["live"], row["candidate"]) == ("halls", N, 1.0, 1.0)
    gate = str(artifacts["gate"].data)
    assert "| ok | document nDCG@10 | halls | 1.0000 | 1.0000 | 40: 0 worse, 0 better |" in gate
    assert "- document nDCG@10 of halls: +0.0000, between +0.0000 and +0.0000, p 1.0000" in gate
    assert "questions" not in artifacts  # a progress bar, which goes with the end of its run
    names = {task_run.name for task_run in client.read_task_runs(flow_run_filter=of(passed))}
    assert f"evaluate {second}" in names

    torn_apart = "# Hall\n\nThe lantern n u m b e r hangs in a hall that is called {0:032b}y.\n"
    write(source, N, torn_apart)
    blocked = run(source, lake_url)
    assert (blocked.is_failed(), lake.open_lake(lake_url).release().id) == (True, second)
    assert "was blocked by its gate and is kept unpublished: document nDCG@10 of halls fell from" in str(
        blocked.message
    )
    markdown = str(shown(client, blocked)["gate"].data)
    assert "| BLOCKS | document nDCG@10 | halls |" in markdown
    hint = f"`raglake releases {second[:-1]}3 --lake {lake_url}`"
    assert hint in markdown
    assert hint in str(blocked.message)
    assert "number3x" not in markdown


def of(state: State[Any]) -> FlowRunFilter:
    assert state.state_details.flow_run_id is not None
    return FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))


def test_evaluate_asks_live_and_the_newest_candidate_and_fails_where_a_limit_is_passed(
    client: SyncPrefectClient, asked: str, source: Path, lake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(lake_url).parent)
    lake_url = "lake"  # as the file of lakes says it, and so as the keys of its artifacts do
    write(source, N + 1)
    assert run(source, lake_url, publish=False).is_completed()
    index = lake.open_lake(lake_url)
    candidate = index.releases()["release"].to_pylist()[-1]
    before = index.history().head
    done = evaluate(EvaluateParameters(lake=lake_url), return_state=True)
    told = f"{asked} is live: document R@10 of halls 1.0000, document nDCG@10 of halls 1.0000"
    assert (done.is_completed(), done.message) == (True, told)
    assert client.read_flow_run(done.state_details.flow_run_id).name == f"{lake_url}: evaluate: {asked} is live"
    artifacts = shown(client, done)
    rows = {row["measure"]: row for row in table(artifacts["scores"])}
    assert rows["document nDCG@10"]["candidate"] == 1.0
    assert 0 < rows["seconds of a search, p95"]["live"] < 5
    assert (
        artifacts["scores"].description
        == f"What the questions of {lake_url} score at {asked} (live), {candidate} (candidate)"
    )
    gate = artifacts["gate"]  # under the key that an ingest gives it
    assert (gate.description, gate.key) == (f"Gate of {candidate}: passed", artifact_key("gate", lake_url))
    assert index.history().head == before
    assert index.scores(asked).num_rows == index.scores(candidate).num_rows > N

    taken_at = max(index.scores(asked)["evaluated_at"].to_pylist())
    store = Lake(lake_url).store
    configuration.put(store, "alarms.p95_seconds", 1e-9)
    configuration.put(store, "alarms.scores", {"document RR": 1.0, "document P@10": 0.5})
    failed = evaluate(EvaluateParameters(lake=lake_url, candidate=False), return_state=True)
    assert failed.is_failed()
    assert "document P@10 of halls is 0.1000 over 40 questions, less than 0.5; 1 of 20 searches" in str(failed.message)
    assert "document RR" not in str(failed.message)
    assert min(index.scores(asked)["evaluated_at"].to_pylist()) > taken_at
    assert "gate" not in shown(client, failed)
    assert "- document P@10 of halls" in str(shown(client, failed)["alarms"].data)


def test_evaluate_has_a_form_and_watches_a_lake_without_questions(
    client: SyncPrefectClient, source: Path, lake_url: str
) -> None:
    form = evaluate.parameters.definitions["EvaluateParameters"]
    assert all(field["title"] and field["description"] for field in form["properties"].values())
    unknown = evaluate(EvaluateParameters(lake=lake_url), return_state=True)
    assert (unknown.is_failed(), "no lake at" in str(unknown.message)) == (True, True)
    write(source, 3)
    (source / "empty.md").touch()
    run(source, lake_url)
    quiet = evaluate(EvaluateParameters(lake=lake_url), return_state=True)
    assert str(quiet.message).endswith("is live: the lake has no questions to ask")
    assert "scores" not in shown(client, quiet)
    configuration.put(Lake(lake_url).store, "alarms.quarantine_share", 0.2)
    failed = evaluate(EvaluateParameters(lake=lake_url), return_state=True)
    assert (failed.is_failed(), failed.message) == (True, "1 of 4 documents are in quarantine, more than 20.0%")


def test_the_run_after_a_crashed_one_ends_its_task_runs(client: SyncPrefectClient, asked: str, lake_url: str) -> None:
    deployment = client.create_deployment(client.create_flow(evaluate), "nights")
    killed, again = (client.create_flow_run_from_deployment(deployment) for _ in range(2))
    client.set_flow_run_state(killed.id, Crashed(message="Process exited"), force=True)
    left = client.create_task_run(measure, killed.id, "0", state=Running())
    form = {"params": EvaluateParameters(lake=lake_url)}
    state: Any = run_flow(evaluate, flow_run=again, parameters=form, return_type="state")
    assert state.is_completed(), state.message
    found = client.read_task_run(left.id).state
    assert found is not None
    assert (found.is_crashed(), found.message) == (True, "ended with its process")
