"""What an operator does, as flow runs against a real Prefect server: states, messages, artifacts, forms, and what
Prefect still knows of a document that was erased.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from prefect import Flow, State, flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun
from prefect.logging.handlers import APILogHandler
from prefect.states import Scheduled

import lake
from flows.doctor import doctor
from flows.forget import forget
from flows.forms.operations import (
    DoctorParameters,
    ForgetParameters,
    LakeParameters,
    MaintainParameters,
    PinParameters,
    PublishParameters,
    QuestionsParameters,
    RebuildParameters,
    RollbackParameters,
    UnpinParameters,
)
from flows.ingest import run_as_flow
from flows.maintain import maintain
from flows.pin import pin, unpin
from flows.publish import publish
from flows.questions import questions
from flows.rebuild import rebuild
from flows.reindex import Job, reindex
from flows.rollback import rollback
from flows.runtime.run import in_prefect
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.options import RecipeOptions, Retention
from lake.releases.publishing import pin as hold
from lake.storage.lease import WriterLease
from tests.flows.runtime.server import Server

pytestmark = pytest.mark.prefect

NOTHING_KEPT = {"keep_last": 0, "keep_daily": 0, "keep_monthly": 0, "grace_hours": 0}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A lake with three releases, each of one document more; the first knows ``hr/zoé.md`` and a copy of it."""
    source, built_in = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built") / "lake"
    (source / "hr").mkdir()
    for place in ("hr/zoé.md", "copy.md"):
        (source / place).write_text("# Zoé\n\nZoé Quellmalz was hired in May.\n")
    found = []
    with PlainSteps(n_workers=1) as steps:
        for night in range(3):
            (source / f"lamp-{night}.md").write_text(f"# Lamp {night}\n\nLamp {night} burns with {night} candles.\n")
            outcome = reindex(Job((str(source),), str(built_in), settings=RecipeOptions(embedder="hash")), steps)
            found.append(outcome.release or "")
    return built_in, found


@pytest.fixture
def nights(built: tuple[Path, list[str]], lake_url: str) -> list[str]:
    """The releases of a lake of the test's own."""
    shutil.copytree(built[0], lake_url)
    return built[1]


def run(flow: Flow[..., Any], params: object) -> State[Any]:
    return flow(params, return_state=True)


def run_of(client: SyncPrefectClient, state: State[Any]) -> FlowRun:
    assert state.state_details.flow_run_id is not None
    return client.read_flow_run(state.state_details.flow_run_id)


def artifact(client: SyncPrefectClient, state: State[Any], kind: str) -> Artifact:
    """The one artifact of that kind that the run made."""
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_of(client, state).id]))
    [found] = [a for a in client.read_artifacts(artifact_filter=of_run) if (a.key or "").startswith(f"{kind}-")]
    return found


def table(client: SyncPrefectClient, state: State[Any], kind: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(artifact(client, state, kind).data)  # type: ignore[arg-type]
    return rows


def live(lake_url: str) -> str:
    return lake.open_lake(lake_url).release().id


def test_maintain_drops_what_no_rule_keeps_and_says_so(
    client: SyncPrefectClient, nights: list[str], lake_url: str
) -> None:
    tried = run(maintain, MaintainParameters(lake=lake_url, **NOTHING_KEPT, dry_run=True))
    assert tried.is_completed()
    assert (tried.message or "").startswith("dry run: would drop 2 releases and give back at least ")
    assert table(client, tried, "maintain")[1]["is"] == "would be dropped"
    assert len(lake.open_lake(lake_url).releases()) == 3

    done = run(maintain, MaintainParameters(lake=lake_url, **NOTHING_KEPT))
    assert done.is_completed()
    assert (done.message or "").startswith("dropped 2 releases, gave back ")
    assert (done.message or "").endswith("B, 1 kept")
    rows = [(row["release"], row["is"], row["because"]) for row in table(client, done, "maintain")]
    assert rows == [(nights[2], "kept", "live"), *((name, "dropped", "no rule keeps it") for name in nights[1::-1])]
    assert lake.open_lake(lake_url).releases()["release"].to_pylist() == [nights[2]]
    assert run_of(client, done).name.startswith(f"{lake_url}: maintain: dropped 2 releases, gave back ")
    assert "- Nothing." in str(artifact(client, done, "summary").data)


def test_rollback_says_what_is_live_what_was_and_how_they_differ(
    client: SyncPrefectClient, nights: list[str], lake_url: str
) -> None:
    hold(Lake(lake_url).log, why="runs are held, people are not")
    with WriterLease(Lake(lake_url).store, "a run that writes"):  # which a rollback need not wait for
        state = run(rollback, RollbackParameters(lake=lake_url, release=nights[0], why="broken tables"))
    assert (state.is_completed(), state.message) == (True, f"live is {nights[0]}, was {nights[2]}; broken tables")
    assert live(lake_url) == nights[0]
    documents, chunks, *_ = table(client, state, "rollback")
    assert documents == {"of": "documents", "was": "5", "is now": "3", "changes": "2 removed"}
    assert (chunks["of"], chunks["changes"]) == ("chunks", "2 removed")

    again = run(rollback, RollbackParameters(lake=lake_url, release=nights[0], why="broken tables"))
    assert (again.is_completed(), again.message) == (True, f"{nights[0]} was live already; nothing to do")
    unknown = run(rollback, RollbackParameters(lake=lake_url, release="tuesday", why="broken tables"))
    assert unknown.is_failed()
    assert (unknown.message or "").startswith("no release 'tuesday'; known releases: ")


def test_the_doctor_fails_if_the_lake_is_damaged(
    client: SyncPrefectClient, nights: list[str], source: Path, lake_url: str
) -> None:
    sound = run(doctor, DoctorParameters(lake=lake_url))
    assert (sound.is_completed(), "found nothing wrong" in (sound.message or "")) == (True, True)
    parts = [run(doctor, DoctorParameters(lake=lake_url, parts=2)).message for _ in range(2)]
    assert parts == [f"{(sound.message or '')} (a part of 2, chosen by the day)"] * 2
    damaged = next(Path(lake_url, "contents").glob("*.parquet"))
    data = bytearray(damaged.read_bytes())
    group = pq.ParquetFile(damaged).metadata.row_group(0)
    texts = next(group.column(n) for n in range(group.num_columns) if group.column(n).path_in_schema == "text")
    # A page begins with a header, whose statistics nobody reads; it ends with the texts.
    start = min(offset for offset in (texts.dictionary_page_offset, texts.data_page_offset) if offset)
    data[start + texts.total_compressed_size - 1] ^= 1
    damaged.write_bytes(data)
    state = run(doctor, DoctorParameters(lake=lake_url))
    assert state.is_failed()
    assert f"contents/{damaged.name}" in (state.message or "")
    assert f"contents/{damaged.name}" in [row["where"] for row in table(client, state, "doctor")]


def test_publish_pin_rebuild_and_questions_say_what_they_did(
    client: SyncPrefectClient, nights: list[str], source: Path, lake_url: str, tmp_path: Path
) -> None:
    told = run(pin, PinParameters(lake=lake_url, why="audit week")).message
    assert told == f"{nights[2]} is pinned; audit week"
    with PlainSteps(n_workers=1) as steps:
        (source / "lamp.md").write_text("# Lamp\n\nIt burns with nine candles.\n")
        job = Job((str(source),), lake_url, allow_removals=9, settings=RecipeOptions(embedder="hash"))
        candidate = reindex(job, steps).release or ""
    held = run(publish, PublishParameters(lake=lake_url, candidate=candidate))
    assert (held.is_failed(), "audit week" in (held.message or ""), live(lake_url)) == (True, True, nights[2])
    assert run(unpin, UnpinParameters(lake=lake_url)).message == f"{nights[2]} is live, and the next run may replace it"
    done = run(publish, PublishParameters(lake=lake_url, candidate=candidate))
    assert (done.message, live(lake_url)) == (f"live is {candidate}, was {nights[2]}", candidate)
    again = run(publish, PublishParameters(lake=lake_url, candidate=candidate))
    assert again.message == f"{candidate} was live already; nothing to do"

    rebuilt = run(rebuild, RebuildParameters(lake=lake_url))
    assert (rebuilt.message or "").startswith("made 4 releases again from Parquet, in generation ")
    assert [row["release"] for row in table(client, rebuilt, "rebuild")] == [candidate, *reversed(nights)]

    lines = [{"question": f"What of the {uri}?", "uri": uri} for uri in ("lamp.md", "ship.md")]
    (tmp_path / "lamps.jsonl").write_text("\n".join(map(json.dumps, lines)))
    taken = run(questions, QuestionsParameters(lake=lake_url, format="jsonl", path=str(tmp_path / "lamps.jsonl")))
    assert taken.message == f"imported 2 questions as lamps; 1 question can't be measured at {candidate}"
    assert len(table(client, taken, "unmeasured")) == 1


def test_what_writes_is_refused_while_another_run_writes_and_a_retry_does_it(
    client: SyncPrefectClient, nights: list[str], lake_url: str
) -> None:
    zoe = {"uri": "hr/zoé.md", "why": "case 17", "dry_run": False}
    asked = {
        maintain: MaintainParameters(lake=lake_url, **NOTHING_KEPT, wait_minutes=0.02),
        forget: ForgetParameters(lake=lake_url, **zoe, wait_minutes=0),
    }
    with WriterLease(Lake(lake_url).store, "a run that writes"):
        states = {flow: run(flow, params) for flow, params in asked.items()}
    for state in states.values():
        assert state.is_failed()
        assert (state.message or "").startswith(f"{lake_url} is being written by a run that writes")
        assert "Traceback" not in logged(client, run_of(client, state))
    assert (states[maintain].message or "").endswith("; this run waited 0.02 minutes for it")
    waited, at_once = (
        [state.name for state in client.read_flow_run_states(run_of(client, state).id)] for state in states.values()
    )
    assert waited == ["Pending", "Running", "Waiting", "Failed"]
    assert at_once == ["Pending", "Running", "Failed"]
    assert len(lake.open_lake(lake_url).releases()) == 3
    for again in states:
        refused = run_of(client, states[again])
        assert refused.parameters["params"]["lake"] == lake_url
        retried = retry(client, again, refused)
        assert retried.is_completed(), retried.message
    assert lake.open_lake(lake_url).releases()["release"].to_pylist() == [nights[2]]
    assert documents(lake_url) == [f"lamp-{night}.md" for night in range(3)]


def retry(client: SyncPrefectClient, flow: Flow[..., Any], of: FlowRun) -> State[Any]:
    """Run a flow run again with what Prefect kept of it, as its Retry does."""
    from prefect.flow_engine import run_flow

    client.set_flow_run_state(of.id, Scheduled(), force=True)
    again = client.read_flow_run(of.id)
    state: State[Any] = run_flow(flow, flow_run=again, parameters=again.parameters, return_type="state")  # type: ignore[assignment]
    return state


def logged(client: SyncPrefectClient, of: FlowRun) -> str:
    APILogHandler().flush()
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[of.id]))
    return "\n".join(line.message for line in client.read_logs(wanted))


def documents(lake_url: str) -> list[str]:
    return sorted(lake.open_lake(lake_url).dataset("documents").to_table(["uri"])["uri"].to_pylist())


def test_forget_first_says_what_would_go_and_erases_only_when_told(
    client: SyncPrefectClient, nights: list[str], lake_url: str
) -> None:
    tried = run(forget, ForgetParameters(lake=lake_url, uri="hr/zoé.md", why="case 17"))
    told = "dry run: would erase 2 documents from 3 releases; the artifact lists them"
    assert (tried.is_completed(), tried.message) == (True, told)
    listed = {row["document"]: row["because"] for row in table(client, tried, "forget")}
    assert listed == {"hr/zoé.md": "named", "copy.md": "same bytes as a named one"}
    assert len(documents(lake_url)) == 5

    done = run(forget, ForgetParameters(lake=lake_url, uri="hr/zoé.md", why="case 17", dry_run=False))
    told = "erased 2 documents from 3 releases, and no trace of them is left in the lake"
    assert (done.is_completed(), done.message) == (True, told)
    assert len(documents(lake_url)) == 3
    assert "The proof decoded " in str(artifact(client, done, "forget").data)
    assert {row["document"] for row in table(client, tried, "forget")} == {"(erased)"}
    assert [run_of(client, state).parameters["params"]["uri"] for state in (tried, done)] == ["(erased)", "(erased)"]
    copied = run(forget, ForgetParameters.model_validate(run_of(client, done).parameters["params"]))
    assert copied.is_failed()


def test_prefects_database_forgets_the_name_but_for_events_and_logs(
    client: SyncPrefectClient, prefect_server: Server, source: Path, lake_url: str
) -> None:
    """Every row of every table is read. Both lines of a log and events are told of in docs/prefect.md."""
    (source / "Quellmalz.md").touch()
    (source / "lamp.md").write_text("# Lamp\n\nIt burns.\n")
    run_as_flow(Job((str(source),), lake_url, settings=RecipeOptions(embedder="hash")))
    asked = {"lake": lake_url, "where": "uri LIKE 'Quell%'", "why": "case 17"}
    run(forget, ForgetParameters(**asked))
    typo = run(forget, ForgetParameters(lake=lake_url, uri="Quellmalz.txt", why="case 17"))
    assert (typo.is_failed(), "Quell" in (typo.message or "")) == (True, False)
    assert naming("Quell", prefect_server) >= {"artifact", "artifact_collection", "flow_run"}
    done = run(forget, ForgetParameters(**asked, dry_run=False))
    assert (done.message or "").startswith("erased 1 document from 1 release")
    time.sleep(0.5)
    # The typo's run named nobody who was erased, and may be retried; deleting it takes its parameters along.
    client.delete_flow_run(run_of(client, typo).id)
    assert naming("Quell", prefect_server) <= {"events"}


@flow(name="tell", persist_result=False)
def tell(params: LakeParameters) -> None:
    """A run that logs what an ingest logs of a file that changes under its hands."""
    with in_prefect():
        logging.getLogger("lake.ingest.build").info("hr/zoé.md of documents changed while the run was under way")


def test_forget_names_the_runs_whose_logs_still_name_the_document(
    client: SyncPrefectClient, nights: list[str], lake_url: str
) -> None:
    run_that_told = run_of(client, run(tell, LakeParameters(lake=lake_url)))
    assert "hr/zoé.md of documents changed" in logged(client, run_that_told)
    done = run(forget, ForgetParameters(lake=lake_url, uri="hr/zoé.md", why="case 17", dry_run=False))
    assert (done.message or "").endswith("; 1 log of Prefect still names them")
    assert f"prefect flow-run delete {run_that_told.id}" in str(artifact(client, done, "forget").data)
    client.delete_flow_run(run_that_told.id)
    assert not client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_that_told.id])))


def naming(word: str, server: Server) -> set[str]:
    """Tables of Prefect's database that hold the word anywhere."""
    database = sqlite3.connect(server.database)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name for name in tables for row in database.execute(f'SELECT * FROM "{name}"') if word in str(row)}
    database.close()
    return found


FORMS = {
    maintain: MaintainParameters,
    rollback: RollbackParameters,
    forget: ForgetParameters,
    publish: PublishParameters,
    pin: PinParameters,
    unpin: UnpinParameters,
    rebuild: RebuildParameters,
    doctor: DoctorParameters,
    questions: QuestionsParameters,
}


@pytest.mark.parametrize("flow", FORMS, ids=lambda flow: flow.name)
def test_the_form_explains_every_field(flow: Flow[..., Any]) -> None:
    form = flow.parameters.definitions[FORMS[flow].__name__]
    assert all(field["title"] and field["description"] for field in form["properties"].values())
    assert flow.description


def test_the_defaults_are_the_cautious_ones() -> None:
    assert MaintainParameters(lake="index").retention() == Retention()
    form = forget.parameters.definitions["ForgetParameters"]
    assert form["properties"]["dry_run"]["default"] is True
    assert "default" not in form["properties"]["uri"]
    assert (form["required"], form["properties"]["uri"]["type"]) == (["lake", "why"], "string")
    assert rollback.parameters.definitions["RollbackParameters"]["required"] == ["lake", "release", "why"]


@pytest.mark.parametrize(
    ("flow", "params", "told"),
    [
        (forget, {"uri": "Quellmalz.md", "where": "true", "why": "case 17"}, "say which documents: URI or Where"),
        (forget, {"why": "case 17"}, "say which documents: URI or Where"),
        (forget, {"uri": "Quellmalz.md", "why": "Quellmalz.md again"}, "Why must not name the document"),
        (forget, {"uri": "Quellmalz.md"}, "params.why: Field required"),
        (rollback, {"release": "2026-11-20", "why": " "}, "params.why: String should have at least 1 character"),
        (publish, {"candidate": "x", "force": True}, "Force needs Why"),
        (questions, {"format": "pdf", "path": "x"}, "params.format: Input should be 'beir', 'squad', 'jsonl' or 'csv'"),
        (maintain, {"keep_last": -1}, "params.keep_last: Input should be greater than or equal to 0"),
    ],
)
def test_wrong_parameters_fail_the_run_with_what_is_wrong(
    prefect_server: None, flow: Flow[..., Any], params: dict[str, Any], told: str
) -> None:
    state = run(flow, {"lake": "index", **params})
    assert state.is_failed()
    assert told in (state.message or "")
    assert "Quellmalz" not in (state.message or "")
