"""`raglake sources`: kinds, a trial of an address, and the sources of a lake."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.cli.app import _exit_status
from flows.cli.show.sources import held
from lake import plugins
from lake.inspect import sources


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = _exit_status(["sources", *words])
    return status, *capsys.readouterr()


@pytest.fixture
def table(tmp_path: Path) -> str:
    rows = [{"key": f"d{n}", "body": "One text.", "who": None if n else ["anna"]} for n in range(7)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"table:{tmp_path}/t.jsonl?id=key&text=body&acl=who"


def test_a_trial_shows_rights_cost_and_the_first_documents(capsys: pytest.CaptureFixture[str], table: str) -> None:
    status, out, _ = command(capsys, "test", f"docs={table}", "--json")
    shown = json.loads(out)
    assert (status, shown["n_documents"], shown["n_restricted"], shown["n_hidden"]) == (0, 7, 7, 6)
    assert shown["cursor"]["n_listed"] == 0
    assert (shown["read"]["uri"], shown["read"]["parser"], shown["read"]["n_bytes"]) == ("d0.txt", "text", 9)
    status, out, _ = command(capsys, "test", f"docs={table}", "--include", "d0.*")
    assert "docs: 1 document" in out
    assert "seen by anna" in out


def test_a_trial_of_a_folder_lists_everything_each_time(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_bytes(b"\0")
    _, out, _ = command(capsys, "test", str(tmp_path))
    assert "no cursor: each run lists everything" in out
    assert "1 byte, fetched" in out
    assert "no parser reads it: it goes to quarantine" in out


def test_a_source_of_a_lake_shows_when_it_was_last_listed_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "source": "docs",
        "n_documents": 7,
        "version": "",
        "listed_at": datetime(2026, 11, 21, 2, 0, 3, tzinfo=UTC),
        "has_cursor": True,
        "full_at": "2026-11-20T02:14:09+00:00",
    }
    held([row, {**row, "source": "files", "has_cursor": False, "full_at": None}])
    docs, files = capsys.readouterr().out.splitlines()[-2:]
    last = ["2026-11-21", "02:00"]
    assert docs.split() == ["docs", "7", *last, "from", "its", "cursor", "2026-11-20"]
    assert files.split() == ["files", "7", *last, "in", "full"]


def test_what_is_wrong_has_its_exit_status(capsys: pytest.CaptureFixture[str], table: str) -> None:
    status, _, errors = command(capsys, "test", f"{table}&nobody=1")
    assert (status, "no option 'nobody'" in errors) == (2, True)
    status, _, errors = command(capsys, "test", "imaps://me@host/?password=s3cr3t")
    assert (status, "s3cr3t" in errors) == (2, False)


def test_every_kind_of_ours_is_there_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = command(capsys, "kinds")
    shown = {scheme: row for row in sources.kinds() for scheme in row["schemes"]}
    assert set(plugins.OURS["sources"]) <= set(shown)
    for scheme in plugins.OURS["sources"]:
        assert scheme in out
    assert {option["name"] for option in shown["table"]["options"]} >= {"id", "text", "acl"}


def test_the_options_of_each_kind_are_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text()
    options = {(row["schemes"][0], option["name"]) for row in sources.kinds() for option in row["options"]}
    assert {(scheme, name) for scheme, name in options if f"`{name}=" not in page} == set()
