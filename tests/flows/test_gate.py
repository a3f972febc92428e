"""What must not be published is not: the audit, and vectors that never come into the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import REFUSED
from flows.reindex import Outcome
from lake.embed import load_embedder
from lake.errors import ContractError


def write(source: Path, n: int, text: str = "The ferry number {} leaves at noon.") -> None:
    for number in range(n):
        (source / f"{number}.md").write_text(text.format(number))


def test_a_release_that_lost_most_documents_to_quarantine_is_kept_back(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    write(source, 20)
    first = ingest()
    write(source, 14, text="")
    second = ingest()
    assert (first.published, second.published, second.n_quarantined) == (True, False, 14)
    assert "14 of 20 documents can't be indexed, formats that are not supported aside, more than 50%" in second.reason
    index = lake.open_lake(lake_url)
    assert index.release().id == first.release
    assert index.releases()["status"].to_pylist() == ["live", "refused"]
    assert index.search("ferry number 19", 3, at=second.release or "").num_rows == 3
    assert _exit_status(["ingest", str(source), "--lake", lake_url]) == REFUSED
    assert "can't be indexed" in capsys.readouterr().out
    assert len(index.releases()) == 2
    write(source, 14)
    assert ingest().reason == "nothing to do"


class BrokenEmbedder:
    """The hash embedder with one thing wrong."""

    def __init__(self, spoil: Callable[[np.ndarray], np.ndarray]) -> None:
        self._inner = load_embedder("hash")
        self.identity, self.embed_query, self._spoil = self._inner.identity, self._inner.embed_query, spoil

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        for positions, vectors in self._inner.embed(texts):
            yield positions, self._spoil(vectors.copy())


def not_finite(vectors: np.ndarray) -> np.ndarray:
    vectors[0, 0] = np.nan
    return vectors


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda vectors: vectors * 2, "a vector of length 2.0000 instead of 1"),
        (lambda vectors: vectors * 0, "a vector of length 0.0000 instead of 1"),
        (not_finite, "a vector that is not finite"),
        (lambda vectors: vectors[:, :100], "a vector of 100 dimensions instead of 256"),
    ],
)
def test_a_bad_vector_never_comes_into_the_lake(
    source: Path,
    lake_url: str,
    ingest: Callable[..., Outcome],
    spoil: Callable[[np.ndarray], np.ndarray],
    message: str,
) -> None:
    write(source, 5)
    with pytest.raises(ContractError, match=message):
        ingest(embedder=BrokenEmbedder(spoil))
    assert not list(Path(lake_url, "vectors").rglob("*.parquet"))
    assert ingest().n_texts_embedded == 5


def test_many_copies_are_remarked_and_published_all_the_same(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    write(source, 5)
    for number in range(14):
        (source / f"copy-{number}.md").write_bytes((source / "0.md").read_bytes())
    assert ingest().published
    index = lake.open_lake(lake_url)
    assert index.releases()["audit"].to_pylist() == ["passed with 1 remark"]
    remark = index.describe()["findings"][0]
    assert (remark["severity"], remark["column"], remark["n_unexpected"]) == ("warning", "copies_share", 14)
    assert "14 of 19 documents hold just what another one holds" in remark["message"]
