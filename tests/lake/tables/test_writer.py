"""Tables over many commits: what releases share, and that answers do not depend on how the indices came to be."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lake import schemas
from lake.errors import ConflictError, ContractError, GoneError
from lake.recipe import TextIndex, VectorIndex
from lake.tables.reader import TableReader, Where
from lake.tables.text_query import Clause, TextQuery, boolean, plain
from lake.tables.writer import Tables

DIMENSIONS = 16
SCHEMA = pa.schema(
    [schemas.chunks(DIMENSIONS).field(name) for name in ("chunk_id", "doc_id", "text", "heading", "vector")]
)
TABLE = "chunks__test"
NIGHTS = 12


def digest(value: object) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:32]


class Documents:
    """Four chunks each; an edit makes one of them another and writes all four again."""

    def __init__(self) -> None:
        self._rng = random.Random(3)
        self.texts = {number: [self._text() for _ in range(4)] for number in range(120)}

    def _text(self) -> str:
        return " ".join(f"w{self._rng.randrange(500)}" for _ in range(12)) + f" u{self._rng.getrandbits(40):x}"

    def edit(self) -> tuple[list[int], list[int]]:
        """Documents written anew, and those that were there before and are written anew or gone."""
        edited = self._rng.sample(sorted(self.texts), 4)
        for number in edited[:3]:
            self.texts[number][self._rng.randrange(4)] = self._text()
        del self.texts[edited[3]]
        self.texts[added := max(self.texts) + 1] = [self._text() for _ in range(4)]
        return [*edited[:3], added], edited

    def rows(self, numbers: list[int]) -> Iterator[pa.RecordBatch]:
        found = [(digest((number, text)), digest(number), text) for number in numbers for text in self.texts[number]]
        vectors = np.stack([vector(text) for *_, text in found])
        columns = [[row[i] for row in found] for i in range(3)]
        arrays = [pa.array(column, pa.string()) for column in (*columns, [f"On {row[1]}" for row in found])]
        arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSIONS))
        yield pa.RecordBatch.from_arrays([a.cast(f.type) for a, f in zip(arrays, SCHEMA, strict=True)], schema=SCHEMA)


def vector(text: str) -> np.ndarray:
    values = np.random.default_rng(int(digest(text)[:8], 16)).standard_normal(DIMENSIONS).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values))


def segments(tables: Tables, version: int) -> dict[str, set[str]]:
    """Folders of each column's index at a version."""
    import lance

    described = lance.dataset(f"{tables.url}/{TABLE}.lance", version=version).describe_indices()
    return {index.field_names[0]: {segment.uuid for segment in index.segments} for index in described}


def n_keys(tables: Tables, version: int, column: str) -> int:
    """Entries of a BTree, those of deleted rows too."""
    from lance.file import LanceFileReader

    folders = [Path(tables.url, f"{TABLE}.lance", "_indices", uuid) for uuid in segments(tables, version)[column]]
    return sum(int(LanceFileReader(str(folder / "page_data.lance")).num_rows()) for folder in folders)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Documents, list[int], list[dict[int, list[str]]]]:
    """Tables after a dozen commits, vacuumed in between; the version and the documents of each night."""
    documents, tables = Documents(), Tables(str(tmp_path_factory.mktemp("tables")))
    versions: list[int] = []
    held: list[dict[int, list[str]]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lake.tables.table_indices.VECTOR_INDEX_ROWS", 256)
        for night in range(NIGHTS):
            written, deleted = documents.edit() if night else (list(documents.texts), [])
            commit(tables, documents, written, deleted)
            versions.append(tables.seal(TABLE, f"night-{night}"))
            held.append({number: list(texts) for number, texts in documents.texts.items()})
            if night == 4:
                tables.vacuum(TABLE, {f"night-{i}": version for i, version in enumerate(versions)})
    return tables, documents, versions, held


def commit(tables: Tables, documents: Documents, written: list[int], deleted: list[int]) -> None:
    if deleted == []:
        tables.reset(TABLE, SCHEMA, None)
    tables.apply(TABLE, documents.rows(written), SCHEMA, [digest(number) for number in deleted])
    tables.index(TABLE, TextIndex("simple", "English"))
    tables.index_vectors(TABLE, VectorIndex())
    tables.maintain(TABLE, text_index=TextIndex("simple", "English"))


Nights = tuple[Tables, Documents, list[int], list[dict[int, list[str]]]]


def test_releases_share_what_their_indices_are_made_of(nights: Nights) -> None:
    tables, _, versions, held = nights
    found = [segments(tables, version) for version in versions]
    merged = [night for night in range(1, NIGHTS) if not found[night - 1]["vector"] < found[night]["vector"]]
    assert merged == [9]  # the night that found nine segments
    for column in ("chunk_id", "doc_id", "vector"):
        assert [len(at[column]) for at in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]
        assert all(found[night - 1][column] < found[night][column] for night in range(1, NIGHTS) if night != 9)
    assert {len(at[column]) for at in found for column in ("text", "heading")} == {1}
    n_rows = 4 * len(held[9])
    assert n_keys(tables, versions[8], "chunk_id") > n_rows
    assert [n_keys(tables, versions[9], column) for column in ("chunk_id", "doc_id")] == [n_rows, n_rows]


@pytest.mark.parametrize("night", [0, 8, 11])
def test_every_row_is_found_once_whatever_the_indices_are_made_of(nights: Nights, night: int) -> None:
    tables, _, versions, held = nights
    reader, texts = tables.at(TABLE, versions[night]), held[night]
    wanted = {digest((number, text)) for number, chunks in texts.items() for text in chunks}
    assert sorted(reader.scan(["chunk_id"]).column(0).to_pylist()) == sorted(wanted)
    assert reader.unindexed() == dict.fromkeys(["chunk_id", "doc_id", "text", "heading", "vector"], 0)
    for number in sorted(texts)[:: len(texts) // 6] + sorted(texts)[-4:]:
        assert reader.count(f"doc_id = '{digest(number)}'") == 4
        for text in texts[number]:
            near, match = (
                reader.nearest(vector(text), 8, columns=["chunk_id"]),
                reader.matching(plain(text), 8, key="chunk_id"),
            )
            assert near.sort_by("_distance")["chunk_id"][0].as_py() == digest((number, text))
            assert match["chunk_id"][0].as_py() == digest((number, text))
            for hits in (near["chunk_id"].to_pylist(), match["chunk_id"].to_pylist()):
                assert len(set(hits)) == 8
                assert set(hits) <= wanted


def test_what_an_index_knows_of_distances_is_nearly_exact(nights: Nights) -> None:
    tables, _, versions, held = nights
    reader = tables.at(TABLE, versions[-1])
    for texts in list(held[-1].values())[::40]:
        near = {"column": "vector", "q": vector(texts[0]), "k": 8, "metric": "cosine", "use_index": False}
        exact = reader.dataset().to_table(columns=["_rowid", "_distance"], nearest=near)
        rough = reader.nearest_roughly(vector(texts[0]), 8)
        assert rough["_rowid"][0] == exact["_rowid"][0]
        assert rough["_distance"].to_numpy() == pytest.approx(exact["_distance"].to_numpy(), abs=0.01)
    assert reader._scales["vector"]
    apart = pa.table({"_rowid": [1, 2], "_distance": [0.1, 0.2]}), pa.table({"_rowid": [1, 2], "_distance": [0.3, 0.1]})
    assert reader._scale_of(*apart) == 0.0  # then the exact way is gone
    exact, rough = (pa.table({"_rowid": [1, 2, 3], "_distance": of}) for of in ([0.1, 0.2, 0.3], [0.2, 0.4, 0.64]))
    assert reader._scale_of(exact, rough) == 2.0  # one that is farther off does not decide


def test_words_score_as_one_query_over_text_and_heading_would(nights: Nights) -> None:
    tables, _, versions, _ = nights
    reader = tables.at(TABLE, versions[-1])
    for question in ("w3 w77", "w100 w200 w300", "w499"):
        found = reader.matching(plain(question), 500, key="chunk_id")
        words = TextQuery((*plain(question).clauses, Clause("nowhere")))  # several clauses are one query
        together = reader.matching(words, 500, key="chunk_id")
        scores = [dict(zip(*(rows.column(i).to_pylist() for i in (0, 1)), strict=True)) for rows in (found, together)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-5)


def test_scores_are_those_of_a_table_made_at_once(nights: Nights, tmp_path: Path) -> None:
    tables, documents, versions, _ = nights
    at_once = Tables(str(tmp_path / "at once"))
    commit(at_once, documents, list(documents.texts), [])
    readers = tables.at(TABLE, versions[-1]), at_once.at(TABLE, at_once.seal(TABLE, "all"))
    for question in ("w3 w77", "w100 w200 w300", "w499"):
        hits = [reader.matching(plain(question), 500, key="chunk_id").sort_by("chunk_id") for reader in readers]
        assert hits[0].num_rows > 4
        assert hits[0].equals(hits[1])


def test_full_text_of_a_large_table_grows_by_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there are four, or much of what they count is gone; then it is whole, and scores exact, again."""
    monkeypatch.setattr("lake.tables.upkeep._TEXT_WHOLE_ROWS", 256)
    documents, tables, whole = Documents(), Tables(str(tmp_path / "large")), Tables(str(tmp_path / "whole"))
    n_segments = []
    for night, stale_share in enumerate([0.5] * 6 + [0.01]):
        monkeypatch.setattr("lake.tables.upkeep._STALE_SHARE", stale_share)
        written, deleted = documents.edit() if night else (list(documents.texts), [])
        commit(tables, documents, written, deleted)
        reader = tables.at(TABLE, tables.seal(TABLE, f"night-{night}"))
        n_segments.append(len(segments(tables, reader.version)["text"]))
        newest = documents.texts[max(documents.texts)][0]
        assert reader.matching(plain(newest), 1, key="chunk_id")["chunk_id"][0].as_py() == digest(
            (max(documents.texts), newest)
        )
        commit(whole, documents, list(documents.texts), [])
        exact = whole.at(TABLE, whole.seal(TABLE, f"night-{night}"))
        hits = [r.matching(plain("w3 w77"), 500, key="chunk_id").sort_by("chunk_id") for r in (reader, exact)]
        assert hits[0]["chunk_id"] == hits[1]["chunk_id"]
        tolerance = 1e-6 if n_segments[-1] == 1 else 0.03
        assert hits[0]["_score"].to_pylist() == pytest.approx(hits[1]["_score"].to_pylist(), rel=tolerance)
    assert n_segments == [1, 2, 3, 4, 1, 2, 1]


WHERE = ["doc_id = 'nobody'", f"doc_id = '{digest(50)}'", "text LIKE 'w1%'", "text NOT LIKE 'w1%'", "text IS NOT NULL"]
SEARCHES: dict[str, Callable[[TableReader, Where], pa.Table]] = {
    "near": lambda reader, where: reader.nearest(vector("w7"), 8, where),
    "far": lambda reader, where: reader.nearest(vector("w7"), 1000, where),
    "words": lambda reader, where: reader.matching(plain("w1 w2 w3 w4 w5"), 8, where),
    "letters": lambda reader, where: reader.matching(plain("w12", fuzziness=1), 500, where),
    "must": lambda reader, where: reader.matching(boolean("w1 -w2 w3~1"), 500, where),
    "phrase": lambda reader, where: reader.matching(boolean('"w1"'), 500, where),
}


@pytest.mark.parametrize("night", [None, 0, 8, 11])
def test_rows_that_pass_are_searched_as_if_there_were_no_others(
    nights: Nights, tmp_path: Path, night: int | None
) -> None:
    """With one or several segments of an index, deleted rows in them, and without a vector index."""
    tables, _, versions, _ = nights
    if night is None:
        tables, documents = Tables(str(tmp_path)), Documents()
        commit(tables, documents, list(documents.texts), [])
    reader = tables.at(TABLE, versions[night] if night is not None else tables.seal(TABLE, "first"))
    for where in WHERE:
        passing, ids = reader.passing(where), sorted(reader.scan(["_rowid"], where).column(0).to_pylist())
        assert passing.row_ids.tolist() == ids
        for name, search in SEARCHES.items():
            listed, tried = search(reader, passing), search(reader, where)
            assert listed.sort_by("_rowid").equals(tried.sort_by("_rowid")), (where, name)
            assert set(listed["_rowid"].to_pylist()) <= set(ids)
        if night is not None:
            rough = reader.nearest_roughly(vector("w7"), 30, passing)
            assert (len(rough), set(rough["_rowid"].to_pylist()) <= set(ids)) == (min(30, len(ids)), True)


def test_a_table_of_an_older_release_gets_the_new_columns_even_after_a_run_died_midway(tmp_path: Path) -> None:
    tables, old, new = Tables(str(tmp_path)), schemas.older(schemas.DOCUMENTS), schemas.DOCUMENTS
    named = list(schemas.ACCOUNT.names)

    def write(schema: pa.Schema, doc_id: str, **account: int) -> None:
        row = {**dict.fromkeys(schema.names), "doc_id": doc_id, **account}
        tables.apply("documents", iter(pa.Table.from_pylist([row], schema=schema).to_batches()), schema, [])

    def accounts(version: int) -> dict[str, int | None]:
        reader = tables.at("documents", version)
        rows = reader.scan(["doc_id", *named])
        assert rows.to_pylist() == [row for batch in reader.batches(rows.column_names) for row in batch.to_pylist()]
        return {row["doc_id"]: row["n_words_kept"] for row in rows.to_pylist()}

    tables.reset("documents", old, None)
    write(old, "a")
    base = tables.seal("documents", "1")
    for words in (3, 7):  # the first run dies before its release is logged
        tables.reset("documents", new, base)
        write(new, "b", n_words_source=words, n_words_kept=words)
    head = tables.seal("documents", "2")
    assert (accounts(base), accounts(head)) == ({"a": None}, {"a": None, "b": 7})
    assert tables.at("documents", base).schema.names == old.names
    assert tables.at("documents", head).schema.names == new.names


@pytest.mark.parametrize("left", [b"", b'{"version"'])
def test_a_tag_that_a_loss_of_power_cut_short_protects_nothing_and_stops_nobody(tmp_path: Path, left: bytes) -> None:
    documents, tables = Documents(), Tables(str(tmp_path))
    commit(tables, documents, list(documents.texts), [])
    kept = tables.seal(TABLE, "kept")
    (tmp_path / f"{TABLE}.lance/_refs/tags/kept.json").write_bytes(left)
    (tmp_path / f"{TABLE}.lance/_refs/tags/of-a-dead-run.json").write_bytes(left)
    assert tables.tags(TABLE) == {}
    tables.vacuum(TABLE, {"kept": kept})
    assert tables.tags(TABLE) == {"kept": kept}
    (tmp_path / f"{TABLE}.lance/_refs/tags/kept.json").write_bytes(left)
    assert tables.seal(TABLE, "next") == kept
    assert tables.tags(TABLE) == {"next": kept}
    (tmp_path / f"{TABLE}.lance/_refs/tags/next.json").write_bytes(left)
    assert tables.seal(TABLE, "next") == kept  # by the run that takes over
    assert tables.tags(TABLE) == {"next": kept}


def test_a_vacuum_spares_what_is_younger_than_the_lease_and_stops_if_it_is_lost(tmp_path: Path) -> None:
    documents, tables = Documents(), Tables(str(tmp_path))
    commit(tables, documents, list(documents.texts), [])
    old = tables.seal(TABLE, "old")
    written, deleted = documents.edit()
    commit(tables, documents, written, deleted)
    new = tables.seal(TABLE, "new")

    def lost() -> None:
        raise ContractError("this run lost the writer lease")

    with pytest.raises(ContractError):
        tables.vacuum(TABLE, {"old": old}, check=lost)
    assert tables.tags(TABLE) == {"old": old, "new": new}
    tables.vacuum(TABLE, {"old": old}, spared=lambda: timedelta(hours=1))
    assert tables.at(TABLE, new).count() > 0
    tables.vacuum(TABLE, {"old": old})
    with pytest.raises(GoneError):
        tables.at(TABLE, new).count()


def test_what_another_run_wrote_meanwhile_is_noticed_before_the_version_is_sealed(tmp_path: Path) -> None:
    documents, sleeper, tables = Documents(), Tables(str(tmp_path)), Tables(str(tmp_path))
    commit(tables, documents, list(range(8)), [])
    base = tables.seal(TABLE, "base")
    words = TextIndex("simple", "English")

    def write(*, meanwhile: Callable[[], None], late: Callable[[], None], deleted: Sequence[int] = ()) -> int:
        tables.reset(TABLE, SCHEMA, base)
        meanwhile()
        tables.apply(TABLE, documents.rows([9]), SCHEMA, [digest(number) for number in deleted])
        late()
        tables.maintain(TABLE, text_index=words)
        return tables.seal(TABLE, "next")

    writes: list[Callable[[], None]] = [
        lambda: sleeper.apply(TABLE, documents.rows([10]), SCHEMA, []),
        lambda: sleeper.apply(TABLE, iter(()), SCHEMA, [digest(3)]),
        lambda: sleeper.reset(TABLE, SCHEMA, base),
    ]
    nothing, of_indices = lambda: None, lambda: sleeper.maintain(TABLE, text_index=words)
    write(meanwhile=nothing, late=nothing)  # leaves rows for the sleeper's reset to undo
    for one in writes:
        for when in ({"meanwhile": one, "late": nothing}, {"meanwhile": nothing, "late": one}):
            if one is writes[-1] and when["late"] is nothing:
                continue  # there is nothing to undo yet
            with pytest.raises(ConflictError, match=f"{TABLE} .* was changed by another run"):
                write(**when)
    head = write(meanwhile=nothing, late=of_indices, deleted=[2])
    assert set(tables.at(TABLE, head).scan(["doc_id"]).column(0).to_pylist()) == {
        digest(number) for number in (0, 1, 3, 4, 5, 6, 7, 9)
    }


def test_the_lease_is_checked_between_what_is_deleted_and_what_is_inserted(tmp_path: Path) -> None:
    documents, tables = Documents(), Tables(str(tmp_path))
    commit(tables, documents, list(range(8)), [])
    counted: list[int] = []

    def check() -> None:
        counted.append(tables.at(TABLE, Tables(str(tmp_path)).seal(TABLE, "seen")).count())
        if len(counted) == 2:
            raise ContractError("this run lost the writer lease")

    with pytest.raises(ContractError, match="lost"):
        tables.apply(TABLE, documents.rows([9]), SCHEMA, [digest(1)], check=check)
    assert counted == [32, 28]
