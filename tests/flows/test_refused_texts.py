"""A text that the model refuses costs its document, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import lake
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.ingest.rebuild import rebuild
from lake.maintenance.doctor import examine
from lake.options import RecipeOptions
from tests.lake.embed.conftest import FakeEndpoint, handler_of


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    endpoint = FakeEndpoint()
    endpoint.lasting = [{"status": 400, "error": {"message": "not for me"}, "when": "BAD"}]
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(endpoint))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    yield endpoint
    server.shutdown()
    server.server_close()


def ingest(folder: Path, **words: bool) -> Outcome:
    settings = RecipeOptions(embedder="openai:local@8", child_tokens=64, overlap_tokens=8)
    with PlainSteps(n_workers=1) as steps:
        return reindex(
            Job(sources=(str(folder / "docs"),), lake=str(folder / "lake"), settings=settings, **words), steps
        )


def quarantine(folder: Path) -> dict[str, tuple[str, str, str | None]]:
    rows = lake.open_lake(str(folder / "lake")).dataset("quarantine").to_table().to_pylist()
    return {row["uri"]: (row["error_class"], row["reason"], row["content_id"]) for row in rows}


@pytest.mark.parametrize("word", ["BAD", "NAN", "ZERO", "NULL"])
def test_a_refused_text_costs_its_document(endpoint: FakeEndpoint, tmp_path: Path, word: str) -> None:
    (tmp_path / "docs").mkdir()
    for n in range(6):
        (tmp_path / "docs" / f"{n}.md").write_text(f"# Pump {n}\n\nThe oil of pump {n} is changed in May.\n")
    (tmp_path / "docs" / "x.md").write_text(f"# Odd\n\nA {word} text.\n")
    (tmp_path / "docs" / "y.md").write_text(f"# Odd\n\nA {word} text.\n")
    outcome = ingest(tmp_path)
    assert (outcome.published, outcome.n_documents, outcome.n_quarantined) == (True, 6, 2)
    told = quarantine(tmp_path)
    assert {uri: (kind, content) for uri, (kind, _, content) in told.items()} == {
        "x.md": ("refused_by_model", None),
        "y.md": ("refused_by_model", None),
    }
    assert "from character 0 to" in told["x.md"][1]
    assert ("not for me" if word == "BAD" else "null, zero or not finite") in told["x.md"][1]
    here = Lake.existing(str(tmp_path / "lake"))
    assert not [name for name in here.store.names("texts") if name.startswith("refused")]
    before, first = len(endpoint.requests), outcome.release
    again = ingest(tmp_path)
    assert (again.release, again.published, again.reason) == (first, False, "nothing to do")
    assert len(endpoint.requests) == before
    assert not examine(here, every=True).issues
    rebuild(here)
    assert set(quarantine(tmp_path)) == {"x.md", "y.md"}
    (tmp_path / "docs" / "x.md").write_text("# Odd\n\nA plain text now.\n")
    mended = ingest(tmp_path)
    assert (mended.published, mended.n_documents, mended.n_quarantined) == (True, 7, 1)


def test_verify_tries_refused_documents_again(endpoint: FakeEndpoint, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Pump\n\nThe oil is changed in May.\n")
    (tmp_path / "docs" / "x.md").write_text("# Odd\n\nA BAD text.\n")
    assert ingest(tmp_path).n_quarantined == 1
    n_requests = len(endpoint.requests)
    assert ingest(tmp_path).reason == "nothing to do"
    assert len(endpoint.requests) == n_requests
    assert ingest(tmp_path, verify=True).n_quarantined == 1
    endpoint.lasting.clear()  # the provider changed its mind
    outcome = ingest(tmp_path, verify=True)
    assert (outcome.published, outcome.n_documents, outcome.n_quarantined, outcome.n_texts_embedded) == (True, 2, 0, 1)
    assert ingest(tmp_path, verify=True).reason == "nothing to do"
