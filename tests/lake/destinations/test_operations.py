"""What an operator does with destinations of a small lake, and what the lake knows of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.reindex import Outcome
from lake import operate
from lake.destinations.opening import open_destination
from lake.errors import UsageError
from lake.options.sync import SyncOptions


@pytest.fixture
def built(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> str:
    pytest.importorskip("faiss")
    for number in range(3):
        (source / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns whale oil.")
    ingest()
    return lake_url


def test_a_copy_of_a_small_lake(
    built: str, source: Path, tmp_path: Path, ingest: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (planned,) = operate.sync(built, "faiss:copy", plan=True)
    assert (planned.method, planned.n_added, planned.planned) == ("full", 3, True)
    assert not (Path(built) / "destinations").exists()
    list(operate.sync(built, "faiss:copy"))
    monkeypatch.chdir("/")
    (source / "2.md").unlink()
    ingest()
    (known,) = operate.destinations(built)
    assert (known["destination"], known["live"]) == (f"faiss:{tmp_path}/copy", False)
    (done,) = operate.sync(built)
    assert (done.method, done.n_added, done.n_changed, done.n_removed) == ("releases", 0, 0, 1)
    forgotten = operate.forget(built, uri="1.md", why="a request")
    assert forgotten.destinations == (known["destination"],)
    assert operate.destinations(built)[0]["erasure_due"]
    (erased,) = operate.sync(built)
    assert erased.n_removed == 1
    assert not operate.destinations(built)[0]["erasure_due"]
    operate.drop_destination(built, known["destination"])
    with pytest.raises(UsageError, match="knows no destination"):
        list(operate.sync(built))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("qdrant:http://anna:s3cr3t@host/lamps", "must not hold a password"),
        ("pgvector:postgresql://host/db?table=x&password=s3cr3t", "must not hold a password"),
        ("nope:http://anna:s3cr3t@host/x", "no destination"),
        ("qdrant:http://host", "must be a URL or folder, a slash and a collection"),
        ("pgvector:postgresql://host/db?table=a%22b", "must be postgresql://HOST/DATABASE"),
    ],
)
def test_names_that_are_refused_show_no_secret(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        open_destination(name)
    assert "s3cr3t" not in str(refused.value)


def test_a_secret_is_named_and_never_given() -> None:
    with pytest.raises(UsageError, match="must name an environment variable"):
        SyncOptions(secret="s3cr3t")
    assert SyncOptions(secret="$QDRANT_API_KEY").secret == "$QDRANT_API_KEY"
