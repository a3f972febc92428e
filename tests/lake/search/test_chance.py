"""What counts as chance depends on the texts of a release alone: not on where they lie, nor how often one comes."""

from __future__ import annotations

from pathlib import Path

import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.options import RecipeOptions
from lake.search import exact_index, fusion

RECIPE = RecipeOptions(embedder="hash", parent_tokens=24, child_tokens=12, overlap_tokens=0, heading_tokens=0)
NOTICE = "All rights are reserved by the harbour board."


def scores(folder: Path, texts: dict[str, str]) -> list[float]:
    for name, text in texts.items():
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "source" / name).write_text(text)
    url = str(folder / "lake")
    with PlainSteps() as steps:
        reindex(Job(sources=(str(folder / "source"),), lake=url, settings=RECIPE), steps)
    hits = lake.open_lake(url).search("oil for lamp 7", 5, expand="none", mode="hybrid").to_pylist()
    return [hit["score"] for hit in hits]


@pytest.mark.parametrize("most_bytes", [1 << 20, 0])
def test_the_same_texts_elsewhere_have_the_same_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    """In memory, and read from the table for a sample."""
    monkeypatch.setattr(fusion, "SAMPLE", 16)
    monkeypatch.setattr(exact_index, "_MOST", most_bytes)
    texts = [f"Lamp {n} burns {n * 7} jars of oil, says keeper {n % 9}." for n in range(80)]
    here = scores(tmp_path / "here", {f"{n}.txt": text for n, text in enumerate(texts)})
    assert len(here) == 5
    assert here == scores(tmp_path / "there", {f"deep/{n}.txt": text for n, text in enumerate(texts)})


def test_a_text_that_most_documents_repeat_is_one_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusion, "SAMPLE", 16)
    lamps = {f"{n}.md": f"# Lamp\n\nLamp {n} burns {n * 7} jars of oil.\n" for n in range(12)}
    more = {f"notice-{n}.md": f"{NOTICE}\n\n# {n}\n\nLamp {n} burns {n * 7} jars of oil.\n" for n in range(12, 80)}
    url = str(tmp_path / "lake")
    scores(tmp_path, lamps | more)
    index = lake.open_lake(url)
    chunks = index.dataset("chunks").to_table(columns=["text", "text_digest"]).to_pylist()
    space = index._reader.snapshot(index.release())._retrievers.spaces["vector"]
    n_texts, n_chunks = len({row["text_digest"] for row in chunks}), len(chunks)
    assert n_texts < n_chunks - 60
    assert 8 <= len(space._sample) <= n_texts
