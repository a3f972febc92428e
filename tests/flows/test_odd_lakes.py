"""What an adversary found once, and must not find again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import FAILED, OK
from flows.reindex import Outcome
from lake.errors import ContractError, UsageError
from lake.options import RecipeOptions


def test_names_that_look_escaped_keep_their_own_bytes(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    for name in ("aA.txt", r"a\x41.txt", r"b\x42.txt", r"\xff.txt"):
        (source / name).write_text(f"The text of {name}.")
    with open(os.fsencode(source) + b"/\xff.txt", "wb") as file:
        file.write(b"The text of a byte.")
    assert ingest().n_documents == 5
    found = pl.DataFrame(lake.open_lake(lake_url).dataset("documents").to_table())
    assert found["digest"].n_unique() == 5
    assert ingest().reason == "nothing to do"


def test_a_new_parser_reaches_sources_that_are_ingested_apart(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lake import parse
    from lake.ingest import choosing

    for name in ("one", "two"):
        (source / name).mkdir()
        (source / name / "a.txt").write_text(f"Text {name}.")
        ingest(sources=(f"{name}={source / name}",))
    monkeypatch.setattr(choosing, "parser_versions", lambda: {**parse.parser_versions(), "text": "newer"})
    for name in ("one", "two"):
        assert ingest(sources=(f"{name}={source / name}",)).changed == 1
        assert ingest(sources=(f"{name}={source / name}",)).reason == "nothing to do"


def test_the_same_bytes_are_read_as_each_suffix_says(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "a.js").write_text("def foo():\n    return 1\n")
    ingest()
    (source / "a.js").rename(source / "b.py")
    assert ingest().moved == 0
    chunks = pl.DataFrame(lake.open_lake(lake_url).dataset("chunks").to_table())
    assert chunks.select("uri", "heading").rows() == [("b.py", "foo")]


def test_a_lake_inside_its_source_does_not_index_itself(source: Path, ingest: Callable[..., Outcome]) -> None:
    (source / "a.md").write_text("# A\n\nText.")
    assert ingest(lake=str(source / "the [lake]")).n_documents == 1
    assert ingest(lake=str(source / "the [lake]")).reason == "nothing to do"


def test_sources_of_empty_documents_alone_make_a_lake(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    for name in ("a.md", "b.txt"):
        (source / name).write_text("")
    first = ingest()
    assert (first.published, first.n_quarantined, first.n_chunks) == (True, 2, 0)
    (source / "a.md").write_text("At last there is a lamp.")
    assert ingest().published
    assert len(lake.open_lake(lake_url).search("lamp", mode="text")) == 1


def test_a_link_to_itself_stops_nothing(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    (source / "a.md").write_text("# A\n\nText.")
    (source / "loop.md").symlink_to("loop.md")
    outcome = ingest()
    assert (outcome.n_documents, outcome.published) == (1, True)


def test_what_was_rolled_back_stays_so_from_any_base(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    releases = []
    for word in ("one", "two", "three"):
        (source / "a.md").write_text(f"# A\n\nText {word}.")
        releases.append(ingest().release or "")
    assert _exit_status(["rollback", releases[0], "--lake", lake_url, "--why", "bad"]) == OK
    outcome = ingest()
    assert (outcome.published, outcome.refused) == (False, True)
    assert lake.open_lake(lake_url).release().id == releases[0]


def test_the_first_recipe_counts_though_nothing_was_published(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "a.md").write_text("# A\n\nText.")
    ingest(publish=False)
    assert ingest(settings=RecipeOptions()).published
    assert lake.open_lake(lake_url).release().recipe.embedder.name == "hash"


def test_a_day_is_its_end_however_it_is_written(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    (source / "a.md").write_text("# A\n\nText.")
    release = ingest().release or ""
    day = release.split(".")[0]
    index = lake.open_lake(lake_url)
    assert {index.release(at).id for at in (day, day.replace("-", ""))} == {release}


def test_damage_is_named_and_a_cache_is_made_anew(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    (source / "a.md").write_text("# A\n\nText.")
    ingest()
    for cache in Path(lake_url, "cache").iterdir():
        cache.write_bytes(cache.read_bytes()[:100])
    assert ingest().reason == "nothing to do"
    (source / "b.md").write_text("# B\n\nText.")
    lease = next(Path(lake_url, "lease").iterdir())
    kept = lease.read_bytes()
    lease.write_text("{")
    with pytest.raises(ContractError, match=r"lease/0000000001.json in .* is damaged"):
        ingest()
    lease.write_bytes(kept)
    contents = next(Path(lake_url, "contents").iterdir())
    contents.write_bytes(contents.read_bytes()[:50])
    with pytest.raises(ContractError, match=r"contents/\w+.parquet in .* is not a readable Parquet file"):
        ingest()
    Path(lake_url, "log", "0000000001.json").write_text("{}")
    with pytest.raises(ContractError, match=r"log/0000000001.json in .* is damaged"):
        lake.open_lake(lake_url).release()


def test_a_table_that_a_dead_run_had_only_begun_is_made_anew(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "a.md").write_text("# A\n\nText.")
    outcome = ingest(publish=False)
    index = lake.open_lake(lake_url)
    for name in index.release(outcome.release or "").versions:
        folder = Path(lake_url, "tables", "1", f"{name}.lance")
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (folder / "data").mkdir()
    (source / "b.md").write_text("# B\n\nText.")
    assert ingest().n_documents == 2
    assert lake.open_lake(lake_url).search("text", 5).num_rows == 2


def test_a_name_that_is_no_utf8_on_the_command_line(source: Path) -> None:
    from lake.sources.source import parse_source

    with pytest.raises(UsageError, match="not valid UTF-8; name the folder above it"):
        parse_source(os.fsdecode(os.fsencode(source) + b"/\xff.txt"))


def test_ctrl_c_is_a_plain_failure_and_leaves_no_process(source: Path, lake_url: str) -> None:
    for number in range(3000):
        (source / f"{number}.md").write_text(f"# {number}\n\n" + f"Sentence {number} of a long text. " * 40)
    command = [sys.executable, "-m", "flows", "ingest", str(source), "--lake", lake_url, "--embedder", "hash"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not Path(lake_url, "lease").exists() and run.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == FAILED
    assert "interrupted; nothing of this run was published" in told
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)
