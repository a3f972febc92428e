"""The file that names several lakes: what holds of each, and what is told of a wrong one."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.cli.app import main
from flows.fleet.file import FleetLake, place, read
from flows.forms.ingest import IngestParameters
from flows.runtime.runners import task_runner
from flows.runtime.server import named_server
from lake.directory.configuration import Configuration
from lake.errors import TransientError, UsageError
from tests.waiting import free_port

TWO = """
defaults:
  timezone: Europe/Berlin
  schedules: {ingest: "0 2 * * *", maintain: "0 4 * * SUN"}
  recipe: {child_tokens: 64}
lakes:
  manuals: {lake: manuals, sources: ["docs=manuals/docs"], recipe: {embedder: hash}, gate: {mode: warn}}
  tickets: {lake: "s3://lakes/tickets", sources: ["s3://tickets"], timezone: UTC, schedules: {maintain: null}}
"""


def test_a_lake_has_its_own_words_over_those_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "raglake.yaml"
    file.write_text(TWO)
    monkeypatch.setenv("RAGLAKE_CONFIG", str(file))
    manuals, tickets = read(place(None)).lakes.values()
    assert (manuals.timezone, manuals.cron("ingest"), manuals.cron("maintain")) == (
        *("Europe/Berlin", "0 2 * * *"),
        "0 4 * * SUN",
    )
    assert (manuals.recipe.embedder, manuals.recipe.child_tokens) == ("hash", 64)
    assert manuals.policy == {"gate": {"mode": "warn"}}
    assert (tickets.timezone, tickets.cron("ingest"), tickets.cron("maintain")) == ("UTC", "0 2 * * *", None)
    assert (tickets.overlap, tickets.policy, tickets.recipe.child_tokens) == ("skip", {}, 64)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("timezone: Mars", "lakes.manuals.timezone='Mars': not a time zone; write a name such as Europe/Berlin or UTC"),
        (
            "schedules: {ingest: '0 25 * * *'}",
            "lakes.manuals.schedules.ingest='0 25 * * *': not a cron expression; write",
        ),
        (
            "schedules: {ingets: '0 2 * * *'}",
            "lakes.manuals.schedules.ingets='0 2 * * *': unknown key; did you mean ingest?",
        ),
        ("gate: {mode: of}", "lakes.manuals: gate.mode='of' must be one of off, warn, block"),
        ("notify: [operators]", "lakes.manuals.notify.0='operators': not a block; write TYPE/NAME"),
        ("timezone: UTC\n    timezone: UTC", "no YAML: the key 'timezone' stands twice"),
        ("sources: []", "lakes.manuals.sources=[]: List should have at least 1 item"),
        ("overlap: maybe\n  other: {lake: b, sources: [b], retention: {keep_last: -1}}", "lakes.other.retention.keep"),
        ("overlap: skip\n  other: {lake: a/, sources: [b]}", "manuals and other are both at a; two schedules would"),
        ("overlap: skip\n  Other: {lake: b, sources: [b]}", "lakes.Other='Other': a name has letters a-z, digits and"),
        (
            "overlap: skip\ndefaults: {recipe: {embeder: hash}}",
            "defaults.recipe.embeder='hash': unknown key; did you mean embed",
        ),
        (
            "overlap: skip\ndefaults: {source: []}",
            "defaults.source=[]: unknown key; there are include, exclude, strict, batch_hours",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_file_key_and_remedy(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "raglake.yaml"
    sources = "" if line.startswith("sources") else "sources: [a]\n    "
    file.write_text(f"lakes:\n  manuals:\n    lake: a\n    {sources}{line}\n")
    with pytest.raises(UsageError) as refused:
        read(file)
    assert str(file) in str(refused.value)
    assert told in str(refused.value)


def test_a_file_that_is_missing_or_names_no_lakes_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"raglake\.yaml: No such file or directory; pass --config FILE"):
        read(tmp_path / "raglake.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(UsageError, match="names no lakes; it needs a key lakes"):
        read(tmp_path / "empty.yaml")


def test_the_file_can_say_all_that_the_configuration_and_a_job_can() -> None:
    """A section or an option that is new must get a key here as well."""
    assert {section.name for section in fields(Configuration)} <= FleetLake.model_fields.keys()
    by_hand = {"only", "verify", "full", "rights_only", "change_recipe", "allow_removals", "allow_opening", "publish"}
    of_runs = {"policy", "runner_address", "workers"}
    assert IngestParameters.model_fields.keys() - by_hand - of_runs <= FleetLake.model_fields.keys()


def test_the_command_shows_what_each_flow_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "raglake.yaml"
    file.write_text(TWO)
    with pytest.raises(SystemExit) as left:
        main(["deployments", "show", "--config", str(file), "--json"])
    lakes = json.loads(capsys.readouterr().out)["lakes"]
    assert (left.value.code, list(lakes)) == (0, ["manuals", "tickets"])
    told = lakes["manuals"]["parameters"]["ingest"]
    assert IngestParameters.model_validate(told).job().settings.child_tokens == 64
    assert (told["policy"], told["sources"]) == ({"gate": {"mode": "warn"}}, ["docs=manuals/docs"])
    assert "policy" not in lakes["tickets"]["parameters"]["ingest"]
    with pytest.raises(SystemExit) as left:
        main(["deployments", "show", "--config", str(file)])
    heads = capsys.readouterr().out.splitlines()[0].split()
    assert (left.value.code, heads[:5]) == (0, ["lake", "ingest", "evaluate", "maintain", "doctor"])


def test_a_server_that_is_not_named_or_not_there_is_told() -> None:
    told = pytest.raises(UsageError, match="PREFECT_API_URL names no")
    with temporary_settings({PREFECT_API_URL: None}), told, named_server():
        pass
    nowhere = f"http://127.0.0.1:{free_port()}/api"
    told = pytest.raises(TransientError, match=f"answers at {nowhere}")
    with temporary_settings({PREFECT_API_URL: nowhere}), told, named_server():
        httpx.get(nowhere)


def test_a_runner_that_can_not_be_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = IngestParameters(sources=["a"], lake="b", runner="ray")
    monkeypatch.setitem(sys.modules, "prefect_ray", None)
    with pytest.raises(UsageError, match=r"pip install 'raglake\[ray\]'"):
        task_runner(asked)
    with pytest.raises(UsageError, match="runner=threads has no cluster"):
        task_runner(asked.model_copy(update={"runner": "threads", "runner_address": "tcp://a:1"}))
