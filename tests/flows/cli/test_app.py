"""The command line: exit statuses, one JSON object on stdout, one clear sentence for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK, QUARANTINED, REFUSED, USAGE
from tests.waiting import free_port


def write_docs(source: Path) -> Path:
    (source / "tides.md").write_text("# Tides\n\nHigh water at the north quay is at six o'clock.\n")
    (source / "cranes.md").write_text(
        "# Cranes\n\nThe yellow crane lifts forty tonnes.\n\n## Brakes\n\nTest them daily.\n"
    )
    (source / "rules.txt").write_text("Nobody may swim in the basin.\n")
    return source


@pytest.fixture
def docs(source: Path) -> Path:
    return write_docs(source)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A lake and its source that tests only read."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "source").mkdir()
    docs, url = str(write_docs(folder / "source")), str(folder / "lake")
    assert _exit_status(["ingest", docs, "--lake", url, "--embedder", "hash"]) == OK
    return {"{lake}": url, "{docs}": docs, "{new}": str(folder / "new")}


@pytest.fixture
def built(docs: Path, lake_url: str) -> str:
    assert _exit_status(["ingest", str(docs), "--lake", lake_url, "--embedder", "hash"]) == OK
    return lake_url


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = OK) -> Any:
    capsys.readouterr()
    assert _exit_status([*arguments, "--json"]) == status
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    return json.loads(printed)


def test_without_its_prefect_server_a_run_says_so(docs: Path, lake_url: str) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    # A process of its own: Prefect reads its settings once.
    words = [sys.executable, "-m", "flows", "ingest", str(docs), "--lake", lake_url, "--embedder", "hash"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "PREFECT_API_URL": url}
    )
    assert done.returncode == FAILED
    assert f"raglake: no Prefect server answers at {url}, and nothing was done" in done.stderr
    assert not Path(lake_url).exists()


def test_plan_then_ingest_then_nothing(docs: Path, lake_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = (str(docs), "--lake", lake_url, "--embedder", "hash")
    plan = json_of(capsys, "plan", *words)
    assert not Path(lake_url).exists()
    wanted = {
        "added": 3,
        "changed": 0,
        "moved": 0,
        "removed": 0,
        "unchanged": 0,
        "n_texts_to_embed": 3,
        "cost_usd": 0.0,
    }
    assert wanted.items() <= plan.items()
    assert plan["n_tokens_to_embed"] > 20
    outcome = json_of(capsys, "ingest", *words)
    assert {"published": True, "added": 3, "n_texts_embedded": 3, "n_quarantined": 0}.items() <= outcome.items()
    assert {"release", "reason", "n_parents", "n_chunks", "seconds"} <= outcome.keys()
    assert json_of(capsys, "plan", *words)["unchanged"] == 3
    assert json_of(capsys, "ingest", *words)["reason"] == "nothing to do"


def test_query_answers_with_its_release(built: str, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ("hybrid", "vector", "text"):
        found = json_of(
            capsys, "query", "how much does the yellow crane lift", "--lake", built, "-k", "2", "--mode", mode
        )
        hit = found["hits"][0]
        assert hit["uri"] == "cranes.md"
        assert {"doc_id", "chunk_id", "score", "text", "chunk_text", "start", "end", "heading", "page"} <= hit.keys()
    assert found["release"] == json_of(capsys, "releases", "--lake", built)[0]["release"]


def test_a_star_without_the_boolean_syntax_is_pointed_out(built: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["query", "tid*", "--lake", built]) == 0
    assert "add --mode text --boolean" in capsys.readouterr().err


def test_where_filters_before_ranking(built: str, capsys: pytest.CaptureFixture[str]) -> None:
    question = ("query", "yellow crane lifts forty tonnes", "--lake", built)
    for where in ("media_type = 'text/plain'", "uri LIKE 'rules%'", "title IS NULL OR uri = 'rules.txt'"):
        assert {hit["uri"] for hit in json_of(capsys, *question, "--where", where)["hits"]} <= {"rules.txt"}
    assert len(json_of(capsys, *question, "--mode", "vector", "--where", "uri = 'rules.txt'")["hits"]) == 1


def test_releases_and_status(built: str, docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docs / "empty.md").touch()
    (docs / "tides.md").write_text("# Tides\n\nLow water is at noon.")
    json_of(capsys, "ingest", str(docs), "--lake", built)
    first, second = json_of(capsys, "releases", "--lake", built)
    assert (first["live"], first["status"], second["live"], second["status"]) == (False, "superseded", True, "live")
    assert {"created_at", "published_at", "n_documents", "n_chunks", "recipe"} <= second.keys()
    status = json_of(capsys, "status", "--lake", built)
    assert [row["uri"] for row in status["quarantine"]] == ["empty.md"]
    old = json_of(capsys, "query", "high water", "--lake", built, "--at", first["release"], "-k", "1")
    assert (old["release"], "six o'clock" in old["hits"][0]["text"]) == (first["release"], True)


def test_strict_tells_of_quarantine(docs: Path, lake_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    (docs / "empty.md").touch()
    (docs / "_metadata.csv").write_text("path,author\nnone.md,Ann\n")
    for _ in range(2):
        assert _exit_status(["ingest", str(docs), "--lake", lake_url, "--embedder", "hash", "--strict"]) == QUARANTINED
        told = "status 4, since the run is strict: 1 sidecar problem and 1 document in quarantine\n"
        assert capsys.readouterr().err.endswith(told)


def test_a_mass_deletion_is_refused_until_allowed(
    source: Path, lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(30):
        (source / f"{number}.md").write_text(f"# {number}\n\nText {number}.")
    words = ("ingest", str(source), "--lake", lake_url, "--embedder", "hash")
    assert _exit_status(list(words)) == OK
    for number in range(20):
        (source / f"{number}.md").unlink()
    assert _exit_status(list(words)) == REFUSED
    assert "20 of 30 documents" in capsys.readouterr().err
    assert json_of(capsys, *words, "--allow-removals", "20")["removed"] == 20


BAD = [
    (["ingest", "/no/such/folder", "--lake", "{new}"], USAGE, "no such file or folder: /no/such/folder"),
    (["plan", "/no/such/*.md", "--lake", "{new}"], USAGE, "no such folder: /no/such"),
    (["ingest", "s4://bucket/x", "--lake", "{new}"], USAGE, "can't open s4://"),
    (["query", "x", "--lake", "{new}"], USAGE, "no lake at"),
    (["releases", "--lake", "{docs}"], USAGE, "no lake at"),
    (["status", "--lake", "{docs}/tides.md"], USAGE, "tides.md is a file"),
    (["ingest", "{docs}", "--lake", "{docs}"], USAGE, "the lake can't be the source itself"),
    (["ingest", "{docs}/tides.md", "--lake", "{docs}/.."], USAGE, "is not empty and not a lake"),
    (["ingest", "{docs}", "--lake", "{docs}/tides.md/x"], USAGE, "tides.md is a file"),
    (["ingest", "a={docs}", "a={docs}/tides.md", "--lake", "{new}"], USAGE, "two sources are called 'a'"),
    (["ingest", "{docs}", "--lake", "ftp://x/y"], USAGE, "nothing can be stored at"),
    (["ingest", "{docs}", "--lake", "a\0b"], USAGE, "holds a NUL character"),
    (["query", "x", "--lake", "{lake}", "--at", "prod"], USAGE, "no release 'prod'; known releases: 20"),
    (["query", "x", "--lake", "{lake}", "--at", "1999-01-01"], USAGE, "nothing was live at '1999-01-01'"),
    (
        ["query", "x", "--lake", "{lake}", "--where", "colour = 'red'"],
        USAGE,
        "no field named colour; usual columns are uri",
    ),
    (["query", "x", "--lake", "{lake}", "--where", "uri = 'un"], USAGE, "where can't hold \"'\" outside"),
    (["query", "x", "--lake", "{lake}", "--where", "nofunction(uri)"], USAGE, "the filter can't be used"),
    (["query", "x", "--lake", "{lake}", "--where", "uri"], USAGE, "the filter can't be used"),
    (["query", "x", "--lake", "{lake}", "--where", "uri; DROP TABLE chunks"], USAGE, "where can't hold ';' outside"),
    (["query", "?!", "--lake", "{lake}"], USAGE, "holds no word"),
    (["query", "", "--lake", "{lake}"], USAGE, "holds no word"),
    (["query", "x" * 30_000, "--lake", "{lake}"], USAGE, "maximum is 20,000"),
    (["query", "x", "--lake", "{lake}", "--mode", "best"], USAGE, "'best' is not one of 'hybrid'"),
    (["query", "x", "--lake", "{lake}", "-k", "0"], USAGE, "k=0"),
    (["query", "x", "--lake", "{lake}", "-k", "ten"], USAGE, "'--k': must be a whole number. See"),
    (
        ["query", "x", "--lake", "{lake}", "--filter", "langage=de"],
        USAGE,
        "'langage' to filter on; did you mean language",
    ),
    (["config", "set", "gate.mod", "warn", "--lake", "{lake}"], USAGE, "gate has no 'mod'; did you mean mode?"),
    (
        ["config", "unset", "serch.alpha", "--lake", "{lake}"],
        USAGE,
        "configuration has no 'serch'; did you mean search?",
    ),
    (["ingest", "{docs}", "--lake", "{lake}", "--embedder", "minilm"], USAGE, "the embedder from 'hash' to 'minilm'"),
    (["ingest", "{docs}", "--lake", "{new}", "--embedder", "gpt"], USAGE, "no embedder 'gpt'; choose one of"),
    (["ingest", "{docs}", "--lake", "{new}", "--embedder", "hash", "--strategy", "magic"], USAGE, "'magic'"),
    (["ingest", "{docs}", "--lake", "{new}", "--child-tokens", "600"], USAGE, "reads only 254 tokens"),
    (["ingest", "{docs}"], USAGE, "--lake"),
    (["nonsense"], USAGE, "nonsense"),
]


@pytest.mark.parametrize(
    ("arguments", "status", "message"), BAD, ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else None
)
def test_bad_input_gets_one_clear_sentence(
    arguments: list[str], status: int, message: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name, place in places.items():
        arguments = [argument.replace(name, place) for argument in arguments]
    capsys.readouterr()
    assert _exit_status(arguments) == status
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_an_unwritable_place_is_a_plain_failure(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["ingest", str(docs), "--lake", "/proc/lake", "--embedder", "hash"]) == FAILED
    assert "Traceback" not in capsys.readouterr().err


HEAVY = "{'prefect', 'torch', 'lancedb', 'great_expectations', 'sentence_transformers', 'openai', 'unstructured'}"


@pytest.mark.parametrize(
    ("program", "heavy"),
    [
        ("import lake", HEAVY),
        ("import lake, flows.cli.app; flows.cli.app._exit_status(['--help'])", HEAVY),
        ("import lake; lake.open_lake", HEAVY),
        ("import flows.reindex, flows.steps, flows.cli.preview", "{'prefect', 'torch', 'great_expectations'}"),
    ],
)
def test_imports_stay_light(program: str, heavy: str) -> None:
    check = f"import sys; {program}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.splitlines()[-1] == "[]"
