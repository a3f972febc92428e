"""The ingest as a flow run against a real Prefect server: states, messages, task runs, artifacts, retries."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, TaskRun
from prefect.logging.handlers import APILogHandler
from pydantic import ValidationError

import lake
from flows.forms.ingest import IngestParameters, RecipeParameters
from flows.ingest import ingest, run_as_flow
from flows.reindex import Job, Outcome
from lake.directory import configuration
from lake.errors import RefusedError, UsageError
from lake.options import RecipeOptions
from lake.reporting import with_lake
from tests.waiting import SECONDS

pytestmark = pytest.mark.prefect


def write(source: Path, n: int) -> None:
    for i in range(n):
        (source / f"doc-{i:03}.md").write_text(f"# Lamp {i}\n\nLamp {i} burns with {i} candles.\n")


def job(source: Path | str, lake_url: str, **words: Any) -> Job:
    return Job((str(source),), lake_url, settings=RecipeOptions(embedder="hash"), **words)


def params(source: Path | str, lake_url: str, **words: Any) -> IngestParameters:
    return IngestParameters(sources=[str(source)], lake=lake_url, recipe=RecipeParameters(embedder="hash"), **words)


def last_run(client: SyncPrefectClient, lake_url: str) -> FlowRun:
    runs = [run for run in client.read_flow_runs() if run.name.startswith(f"{lake_url}: ")]
    return max(runs, key=lambda run: run.created or run.expected_start_time)


def task_runs(client: SyncPrefectClient, run: FlowRun, n: int) -> dict[str, TaskRun]:
    """The task runs of a run, by name; the server learns of them a moment after they end."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    deadline = time.monotonic() + SECONDS
    while True:
        found = client.read_task_runs(flow_run_filter=wanted)
        ended = [task_run for task_run in found if task_run.state and task_run.state.is_final()]
        if len(ended) >= n or time.monotonic() > deadline:
            return {task_run.name: task_run for task_run in ended}
        time.sleep(0.1)


def shown(client: SyncPrefectClient, run: FlowRun) -> dict[str, Artifact]:
    """What a run shows, by kind."""
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
    return {(found.key or "").split("-", 1)[0]: found for found in client.read_artifacts(artifact_filter=of_run)}


def logged(client: SyncPrefectClient, run: FlowRun) -> str:
    APILogHandler().flush()
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
    return "\n".join(f"{log.name}: {log.message}" for log in client.read_logs(wanted))


def test_a_folder_is_published_and_a_second_run_has_nothing_to_do(
    client: SyncPrefectClient, source: Path, lake_url: str
) -> None:
    write(source, 7)
    (source / "empty.md").touch()
    first = run_as_flow(job(source, lake_url, shard_documents=3, workers=2))
    assert isinstance(first, Outcome)
    assert (first.published, first.n_documents, first.n_quarantined) == (True, 7, 1)
    assert lake.open_lake(lake_url).release().id == first.release
    run = last_run(client, lake_url)
    assert run.state is not None
    assert run.state.is_completed()
    assert run.state.message == f"published {first.release}: 7 documents, 7 chunks; 1 in quarantine"
    assert run.name == f"{lake_url}: published {first.release} (+8)"

    second = run_as_flow(job(source, lake_url))
    assert (second.published, second.release) == (False, first.release)
    run = last_run(client, lake_url)
    state = run.state
    assert state is not None
    assert (state.is_completed(), state.message) == (True, "nothing to do; 1 in quarantine")
    assert run.name == f"{lake_url}: nothing to do"
    assert set(shown(client, run)) == {"summary", "plan", "quarantine"}


def test_the_run_shows_its_task_runs_artifacts_and_log(client: SyncPrefectClient, source: Path, lake_url: str) -> None:
    write(source, 5)
    (source / "empty.md").touch()
    run_as_flow(job(source, lake_url, shard_documents=3, workers=2))
    run = last_run(client, lake_url)
    release = lake.open_lake(lake_url).release().id
    shards = {f"index shard {number} of 2: 3 documents" for number in (1, 2)}
    requests = {f"embed texts, request {number}" for number in (1, 2)}
    wanted = {"scan", *shards, *requests, "commit", f"audit {release}", f"publish {release}"}
    assert set(task_runs(client, run, len(wanted))) == wanted

    artifacts = shown(client, run)
    assert set(artifacts) == {"summary", "plan", "audit", "quarantine"}
    assert [kind for kind, one in artifacts.items() if one.task_run_id is None] == ["summary"]  # the first on the page
    plan, summary = str(artifacts["plan"].data), str(artifacts["summary"].data)
    assert "| added | 6 |" in plan
    assert re.search(r"Embedded 5 texts with \d+ tokens by hash: free\.", plan)
    assert "**Added**\n\n- doc-000.md" in plan
    assert [row["uri"] for row in json.loads(str(artifacts["quarantine"].data))] == ["empty.md"]
    assert "1 document can't be searched; [quarantine](" in summary
    assert all(f"/artifacts/artifact/{artifacts[kind].id})" in summary for kind in ("plan", "audit", "quarantine"))

    log = logged(client, run)
    assert f"lake.ingest.commit: built {release}" in log
    assert "tasks.step_tasks: embedded" in log


def test_a_publication_materializes_the_lake_out_of_its_sources(
    client: SyncPrefectClient, source: Path, lake_url: str
) -> None:
    write(source, 2)
    release = run_as_flow(job(f"docs={source}", lake_url)).release
    key, wanted = f"file://{lake_url}", {"event": {"prefix": ["prefect.asset."]}, "occurred": {}}
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        events = client._client.post("/events/filter", json={"filter": wanted}).json()["events"]
        made = [event for event in events if event["resource"]["prefect.resource.id"] == key]
        if made:
            break
        time.sleep(0.2)
    [event] = made
    assert event["event"] == "prefect.asset.materialization.succeeded"
    told = event["payload"]
    assert (told["release"], told["documents"], told["embedder"], told["base"]) == (release, 2, "hash", None)
    related = {one["prefect.resource.id"]: one["prefect.resource.role"] for one in event["related"]}
    assert related[f"file://{source}"] == "asset"
    assert related["raglake"] == "asset-materialized-by"


def test_a_refusal_by_the_guard_fails_the_run_with_its_reason(
    client: SyncPrefectClient, source: Path, lake_url: str
) -> None:
    write(source, 30)
    run_as_flow(job(source, lake_url))
    for path in sorted(source.iterdir())[:20]:
        path.unlink()
    with pytest.raises(RefusedError, match=r"20 of 30 documents of .* would be removed"):
        run_as_flow(job(source, lake_url))
    state = last_run(client, lake_url).state
    assert state is not None
    assert state.is_failed()
    assert state.message is not None
    assert state.message.startswith("20 of 30 documents of ")
    assert state.message.endswith('allow it with --allow-removals 20 (in the parameters "allow_removals": 20)')
    assert run_as_flow(job(source, lake_url, allow_removals=20)).published


def test_a_pin_fails_the_run_and_an_unpublished_candidate_does_not(
    client: SyncPrefectClient, source: Path, lake_url: str
) -> None:
    write(source, 2)
    first = run_as_flow(job(source, lake_url))
    log = lake.directory.Lake(lake_url).log
    log.append(log.read(), "pin", first.release or "", pinned="a demonstration is under way")
    write(source, 3)
    state: Any = ingest(params(source, lake_url, publish=False), return_state=True)
    assert state.is_completed()
    assert "waits for `raglake publish" in state.message
    outcome = run_as_flow(job(source, lake_url))
    assert (outcome.published, outcome.release) == (False, f"{(first.release or '').split('.')[0]}.2")
    last = last_run(client, lake_url).state
    assert last is not None
    assert last.is_failed()
    assert last.message == with_lake(outcome.reason, lake_url)
    assert "a demonstration is under way" in outcome.reason


@pytest.mark.parametrize("publish", [True, False])
def test_a_candidate_that_fails_its_audit_fails_the_run(
    client: SyncPrefectClient, source: Path, lake_url: str, publish: bool
) -> None:
    write(source, 40)
    first = run_as_flow(job(source, lake_url))
    for path in sorted(source.iterdir())[:30]:
        path.write_bytes(b"")
    outcome = run_as_flow(job(source, lake_url, publish=publish))
    state = last_run(client, lake_url).state
    assert state is not None
    assert (outcome.published, state.is_failed(), state.message) == (False, True, outcome.reason)
    assert (outcome.blocked, state.name) == (True, "Blocked")
    assert lake.open_lake(lake_url).release().id == first.release
    assert lake.open_lake(lake_url).releases()["status"].to_pylist() == ["live", "refused"]


def test_a_run_writes_down_once_what_policy_it_was_told(prefect_server: None, source: Path, lake_url: str) -> None:
    write(source, 2)
    policy = {"gate": {"mode": "warn"}, "alarms": {"quarantine_share": 0.01}}
    for _ in range(2):
        assert ingest(params(source, lake_url, policy=policy), return_state=True).is_completed()
        kept = Path(lake_url, configuration.FILE)
        assert json.loads(kept.read_text()) == policy
        os.utime(kept, (0, 0))
    assert kept.stat().st_mtime == 0  # the second run wrote nothing
    store = lake.directory.Lake(lake_url).store
    configuration.put(store, "gate.mode", "off")
    told = ingest(params(source, lake_url, policy={"alarms": {"age_hours": 9}}), return_state=True)
    assert told.is_completed()
    assert configuration.said(store) == {"gate": {"mode": "off"}, "alarms": {"age_hours": 9}}
    wrong: Any = ingest(params(source, lake_url, policy={"gate": {"no_regression": ["nDCG"]}}), return_state=True)
    assert (wrong.is_failed(), "no_regression" in wrong.message) == (True, True)


def test_the_policy_of_a_form_has_fields_with_kinds_of_which_only_set_ones_are_kept(source: Path) -> None:
    schema = IngestParameters.model_json_schema()
    gate = schema["$defs"]["GatePolicy"]["properties"]
    assert list(schema["$defs"]["PolicyParameters"]["properties"])[:2] == ["gate", "alarms"]
    assert gate["mode"]["enum"] == ["off", "warn", "block"]
    assert all(one["description"].endswith("Empty: the lake's own.") and "default" not in one for one in gate.values())
    policy = {"gate": {"mode": "warn", "sample": None}, "alarms": {"scores": {"document nDCG@10": 0.6}}}
    form = params(source, "lake", policy=policy)
    assert form.policy.settings() == policy
    assert IngestParameters.model_validate(form.model_dump(mode="json")) == form  # as a run is started once more
    assert params(source, "lake", policy=None).policy.settings() == params(source, "lake").policy.settings() == {}
    for wrong in ({"gate": {"mode": "of"}}, {"gate": {"mod": "off"}}, {"gates": {}}, {"alarms": {"age_hours": -1}}):
        with pytest.raises(ValidationError, match="policy"):
            params(source, "lake", policy=wrong)


def test_wrong_words_raise_what_the_command_line_knows(prefect_server: None, source: Path, lake_url: str) -> None:
    write(source, 1)
    with pytest.raises(UsageError, match=r"no such .*nowhere"):
        run_as_flow(job(source / "nowhere", lake_url))
    with pytest.raises(UsageError, match=r"recipe\.child_tokens|child_tokens"):
        run_as_flow(Job((str(source),), lake_url, settings=RecipeOptions(embedder="hash", child_tokens=1)))


class ShakyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """A remote store whose listing fails once, as networks do."""

    protocol = "shaky"
    store: dict[str, Any] = {}  # noqa: RUF012 - a memory file system of its own
    pseudo_dirs = [""]  # noqa: RUF012
    n_failures_left = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("shaky://", "memory://")))

    def find(self, *args: Any, **kwargs: Any) -> Any:
        if type(self).n_failures_left:
            type(self).n_failures_left -= 1
            raise ConnectionResetError("connection reset by peer")
        return super().find(*args, **kwargs)


def test_a_transient_failure_is_tried_again(client: SyncPrefectClient, lake_url: str) -> None:
    fsspec.register_implementation("shaky", ShakyFileSystem, clobber=True)
    fsspec.filesystem("shaky").pipe_file("/docs/lamp.md", b"# Lamp\n\nIt burns.\n")
    ShakyFileSystem.n_failures_left = 1
    outcome = run_as_flow(job("shaky://docs", lake_url))
    assert (outcome.published, outcome.n_documents) == (True, 1)
    run = last_run(client, lake_url)
    assert task_runs(client, run, 6)["scan"].run_count == 2


def test_a_killed_process_of_the_pool_is_replaced(client: SyncPrefectClient, source: Path, lake_url: str) -> None:
    write(source, 4)
    in_processes = params(source, lake_url, runner="processes", workers=1, shard_documents=2)
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_a_parser)
        state: Any = ingest(in_processes, return_state=True)
    assert killed.result()
    assert (state.is_completed(), lake.open_lake(lake_url).release().counts["n_documents"]) == (True, 4)
    log = logged(client, client.read_flow_run(state.state_details.flow_run_id))
    assert "a process that parsed shards was killed; others do the 2 shards left" in log


def kill_a_parser() -> int:
    """Kill the first process of a pool that is started from here; its id."""
    while True:
        for listed in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
            for child in listed.read_text().split():
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
                    return int(child)
        time.sleep(0.05)


def test_a_server_of_ones_own_ends_with_a_killed_process(tmp_path: Path) -> None:
    words = "from flows.runtime.server import some_server\nwith some_server(): pass"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    started = subprocess.Popen([sys.executable, "-c", words], env=bare | {"PREFECT_HOME": str(tmp_path)})
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
    while not (server := children.read_text().strip()):
        time.sleep(0.05)
    started.kill()
    started.wait()
    deadline = time.monotonic() + SECONDS
    while Path(f"/proc/{server}/fd").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{server}/fd").exists()


def test_the_form_is_in_the_flows_schema() -> None:
    form = ingest.parameters.definitions["IngestParameters"]
    assert form["properties"]["lake"]["title"] == "Lake"
    assert form["required"] == ["sources", "lake"]


def test_the_form_covers_the_job(tmp_path: Path) -> None:
    described = Job(
        ("a=/x", "s3://b/c"),
        "lake",
        RecipeOptions("hash", child_tokens=64),
        include=("*.md",),
        exclude=("old/**",),
        verify=True,
        change_recipe=True,
        allow_removals=5,
        publish=False,
        shard_documents=7,
        workers=3,
    )
    given = IngestParameters.of(described)
    assert given.job() == described
    assert given.workers == 3
    assert IngestParameters.model_validate(given.model_dump()) == given
    assert all(
        field.title for field in (*IngestParameters.model_fields.values(), *RecipeParameters.model_fields.values())
    )
