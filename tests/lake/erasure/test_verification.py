"""The proof of erasure finds whatever is still there, and holds where nothing is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import lake
import lake.tables.writer
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.erasure.patterns import Patterns
from lake.erasure.verification import Proof, Terms, find_traces, occurring, words_of
from lake.options import RecipeOptions
from lake.storage.store import open_store
from lake.tables.fst import keys
from lake.tables.words import WORD_COLUMNS

STRANGER = Terms(
    ids=frozenset({"0123456789abcdef" * 2}),
    texts=frozenset({"A text that nobody ever wrote.", "no.md"}),
    words=frozenset({"frobnicators"}),
    vectors=frozenset({np.linspace(-1, 1, 256, dtype=np.float32).tobytes()}),
)


def needles_of(url: str, uri: str, at: str = "live") -> Terms:
    """What the document alone has; every fixture gives its documents words of their own."""
    index, mine = lake.open_lake(url), ds.field("uri") == uri
    document = index.dataset("documents", at).to_table(filter=mine).to_pylist()[0]
    chunks = index.dataset("chunks", at).to_table(filter=mine)
    parents = index.dataset("parents", at).to_table(filter=f"doc_id = '{document['doc_id']}'").to_pylist()
    vectors = [np.asarray(vector, np.float32).tobytes() for vector in chunks.column("vector").to_pylist()]
    ids = {document[name] for name in ("doc_id", "digest", "content_id", "fingerprint")}
    ids |= {row["parent_id"] for row in parents}
    ids |= {row[name] for row in chunks.to_pylist() for name in ("chunk_id", "text_digest")}
    texts = {uri, document["title"], *(row["text"] for row in (*parents, *chunks.to_pylist()))}
    others = " ".join(index.dataset("chunks", at).to_table(columns=["text", "title"], filter=~mine)["text"].to_pylist())
    words = {word for text in texts for word in words_of(text)} - words_of(others)
    return Terms(frozenset(ids), frozenset(texts), frozenset(words), frozenset(vectors))


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Terms]]:
    """A lake of three releases with every kind of index, and terms: kept, changed, deleted, deleted alone."""
    root = tmp_path_factory.mktemp("harbour")
    source, url = root / "source", str(root / "a lake #1 with 100% odd, äöü name")
    source.mkdir()
    for number in range(260):
        (source / f"{number}.md").write_text(f"# Berth {number}\n\nBerth {number} takes boats of {number + 3} metres.")
    odd = {
        "kept-alone.md": "# Zanzibarium\n\nThe quokkaverses blink xylographically.",
        "changed.md": "# Mirabelle\n\nThe first brandywine barrels came.",
        "deleted.md": "# Tamarisk\n\nOnly thalassocrats anchored here.",
        "last-deleted.md": "# Oleander\n\nVexillologists meet upstairs.",
    }
    for name, text in odd.items():
        (source / name).write_text(text)

    def ingest() -> None:
        with PlainSteps() as steps:
            reindex(Job(sources=(str(source),), lake=url, settings=RecipeOptions(embedder="hash")), steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake.tables.table_indices, "VECTOR_INDEX_ROWS", 256)
        ingest()
        terms = {name: needles_of(url, name) for name in odd}
        (source / "changed.md").write_text("# Mirabelle\n\nNothing came.")
        (source / "deleted.md").unlink()
        ingest()
        (source / "last-deleted.md").unlink()
        ingest()
    return url, terms


def places(proof: Proof) -> dict[str, set[str]]:
    """Kinds of traces by part of the lake; tables by folder, indices by file."""
    found: dict[str, set[str]] = {}
    for trace in proof.traces:
        parts = trace.path.split("/")
        part = parts[0] if parts[0] != "tables" else parts[-1] if parts[3] == "_indices" else parts[3]
        found.setdefault(part, set()).add(trace.what)
    return found


def test_a_live_document_is_found_wherever_it_is(harbour: tuple[str, dict[str, Terms]]) -> None:
    url, terms = harbour
    proof = find_traces(open_store(url), terms["kept-alone.md"])
    assert (proof.holds, proof.undecoded) == (False, ())
    found = places(proof)
    assert {name: found[name] for name in ("contents", "commits", "vectors", "cache", "data")} == {
        "contents": {"id", "text", "word"},
        "commits": {"id", "text", "word"},
        "vectors": {"id", "vector"},
        "cache": {"id", "text", "word"},
        "data": {"id", "text", "word", "vector"},
    }
    assert found["page_data.lance"] == {"id"}
    assert found["part_0_tokens.lance"] == {"word"}
    tables = {trace.path.split("/")[2].split("__")[0] for trace in proof.traces if "/data/" in trace.path}
    assert tables == {"documents.lance", "parents.lance", "chunks"}
    assert "quokkavers" not in repr(proof)


@pytest.mark.parametrize("name", ["changed.md", "deleted.md", "last-deleted.md"])
def test_what_was_only_deleted_is_still_found(name: str, harbour: tuple[str, dict[str, Terms]]) -> None:
    url, terms = harbour
    found = places(find_traces(open_store(url), terms[name]))
    assert found["contents"] >= {"id", "text", "word"}
    assert found["data"] == {"id", "text", "word", "vector"}
    assert found["vectors"] == {"id", "vector"}
    assert found["_transactions"] == {"id"}, "a delete keeps its filter"


def test_cleanup_leaves_rows_behind_deletion_vectors(harbour: tuple[str, dict[str, Terms]], tmp_path: Path) -> None:
    import lance

    url, terms = harbour
    shutil.copytree(url, tmp_path / "lake")
    for path in (tmp_path / "lake").glob("tables/1/*.lance"):
        table = lance.dataset(str(path))
        for tag in table.tags.list():
            table.tags.delete(tag)
        table.cleanup_old_versions(timedelta(0), delete_unverified=True)
        assert len(table.versions()) == 1
    store = open_store(tmp_path / "lake")
    assert places(find_traces(store, terms["deleted.md"]))["data"] == {"id", "text", "word", "vector"}


def purge(path: Path, where: str = "false") -> Any:
    """Delete rows from a table and its data files for good, and leave its indices to themselves."""
    import lance

    table = lance.dataset(str(path))
    table.delete(where)
    table.optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
    for tag in table.tags.list():
        table.tags.delete(tag)
    table.cleanup_old_versions(timedelta(0), delete_unverified=True)
    return table


def test_entries_of_purged_rows_are_found_in_every_kind_of_index_until_it_is_made_anew(
    harbour: tuple[str, dict[str, Terms]], tmp_path: Path
) -> None:
    """Postings and quantised vectors name nothing, so their row ids must do."""
    shutil.copytree(harbour[0], tmp_path / "lake")
    store = open_store(tmp_path / "lake")
    (path,) = (tmp_path / "lake").glob("tables/1/chunks__*")
    table = purge(path, "uri = 'kept-alone.md'")
    found = {(t.path.split("/")[-1], t.where) for t in find_traces(store, STRANGER).traces if t.what == "entry"}
    assert found == {("page_data.lance", "ids"), ("auxiliary.idx", "_rowid"), ("part_0_docs.lance", "_rowid")}
    table.optimize.optimize_indices(num_indices_to_merge=50)
    table = purge(path)
    assert places(find_traces(store, STRANGER)) == {"part_0_docs.lance": {"entry"}}, (
        "merging segments leaves deleted rows out, and the full-text indices have but one"
    )
    for column in ("chunk_id", "doc_id"):
        table.create_scalar_index(column, "BTREE", replace=True)
    for column in WORD_COLUMNS:
        as_they_are = {"base_tokenizer": "whitespace", "lower_case": False, "stem": False, "remove_stop_words": False}
        table.create_scalar_index(column, "INVERTED", replace=True, **as_they_are)
    purge(path)
    assert find_traces(store, STRANGER).holds
    still = find_traces(store, harbour[1]["kept-alone.md"]).traces
    assert {trace.path.split("/")[2] for trace in still if trace.path.startswith("tables")} == {
        "documents.lance",
        "parents.lance",
    }


def test_what_never_was_there_gives_no_trace(harbour: tuple[str, dict[str, Terms]]) -> None:
    steps: list[tuple[str, int, int | None]] = []
    proof = find_traces(open_store(harbour[0]), STRANGER, lambda *step: steps.append(step))
    assert (proof.holds, proof.traces, proof.undecoded) == (True, (), ())
    assert min(proof.n_files, proof.n_bytes, proof.n_rows, proof.n_strings, proof.n_vectors) > 100
    assert steps[0] == ("files", 0, proof.n_files)
    assert len(steps) == 1 + proof.n_files
    assert any(Path(harbour[0]).glob("tables/1/chunks__*/_indices/*/auxiliary.idx"))


def test_a_token_that_a_kept_word_has_too_is_no_trace(harbour: tuple[str, dict[str, Terms]]) -> None:
    """``boat`` and ``boats`` are one token, which the kept documents own; ``quokkaversing`` is in none."""
    store = open_store(harbour[0])
    assert find_traces(store, Terms(words=frozenset({"boat"}))).holds
    kept = find_traces(store, Terms(words=frozenset({"quokkaverses"})))
    assert {"dictionary"} < {trace.where for trace in kept.traces}
    assert occurring(Terms(words=frozenset({"boat", "boats"})), ["Two BOATS."]).words == {"boats"}


PLANTED = {
    "cache/unknown.bin": b"\x00\x01\x02\xff" * 50,
    "contents/half.parquet": b"PAR1" + b"\x15\x04" * 30,
    "tables/1/documents.lance/data/half.lance": b"\x07" * 100 + b"LANC",
    "tables/1/documents.lance/_versions/1.manifest": b"\x07" * 100 + b"LANC",
    "tables/1/documents.lance/_transactions/.tmp_1": b"\x0a\xff\x01",
    "tables/1/documents.lance/_deletions/0-1-2.bin": b"\x3a\x30\x00\x00\x01\x00\x00\x00\x00",
    "log/0000000099.json": b'{"half": "a log ent',
    ".tmp-1-aa": b'{"half": "\\u00e4',
}


def test_what_can_not_be_decoded_is_said(harbour: tuple[str, dict[str, Terms]], tmp_path: Path) -> None:
    for path, data in PLANTED.items():
        open_store(tmp_path / "lake").write(path, data)
    proof = find_traces(open_store(tmp_path / "lake"), STRANGER)
    assert (proof.holds, proof.undecoded) == (False, tuple(sorted(PLANTED)))


def test_on_an_object_store(bucket: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    (source / "a.md").write_text("# Zanzibarium\n\nThe quokkaverses blink xylographically.")
    (source / "kept.md").write_text("# Quay\n\nThe tide is at noon.")
    ingest(lake=f"{bucket}/lake")
    terms = needles_of(f"{bucket}/lake", "a.md")
    (source / "a.md").unlink()
    ingest(lake=f"{bucket}/lake")
    store = open_store(f"{bucket}/lake")
    proof = find_traces(store, STRANGER)
    assert (proof.holds, proof.undecoded) == (True, ())
    assert proof.n_vectors > 3
    found = places(find_traces(store, terms))
    assert found["data"] == {"id", "text", "word", "vector"}
    assert found["part_0_tokens.lance"] == {"word"}
    store.write("cache/unknown.bin", b"\x00\xff")
    assert find_traces(store, STRANGER).undecoded == ("cache/unknown.bin",)


def test_texts_are_found_between_word_borders_only() -> None:
    terms = Terms(texts=frozenset({"Berth 12 is free", "a.md"}), ids=frozenset({"ab" * 16}))
    assert occurring(terms, ["Berth 12 is freed", "notes/a.md", "xBerth 12 is free"]) == Terms()
    assert occurring(terms, ["«Berth 12 is free»!", "a.md", "ff" + "ab" * 16]) == terms


def test_what_lies_across_two_blocks_of_a_big_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = STRANGER.ids
    for n_before in range(40, 90):
        open_store(tmp_path / "lake").write("notes.txt", b"x" * n_before + name.encode() + b"x" * 70)
        monkeypatch.setattr("lake.erasure.decode._BLOCK_BYTES", 64)
        traces = find_traces(open_store(tmp_path / "lake"), STRANGER).traces
        assert {trace.where for trace in traces} == {"raw bytes", "text"}


def test_every_pattern_is_found_at_every_offset_and_nothing_else() -> None:
    generator = np.random.default_rng(1)
    patterns = [generator.bytes(int(length)) for length in generator.integers(8, 300, 200)]
    patterns.append(bytes(40) + b"12345678")
    for shift in range(9):
        data = bytes(shift)
        placed = []
        for pattern in patterns:
            placed.append((len(data), pattern))
            data += pattern + bytes(int(generator.integers(0, 5)))
        assert sorted(Patterns(patterns).find(data)) == placed
    assert list(Patterns(patterns).find(generator.bytes(100_000))) == []
    assert list(Patterns([]).find(data)) == list(Patterns(patterns).find(b"")) == []


def test_a_dictionary_with_long_nodes_and_all_bytes_is_decoded(tmp_path: Path) -> None:
    """Keys that need a node with more than 32 transitions, shared endings, and letters beyond ASCII."""
    import lance
    from lance.file import LanceFileReader

    letters = [chr(code) for code in (*range(97, 123), *range(48, 58), *range(0xE0, 0xF7), *range(0x430, 0x450))]
    words = {a + b + ending for a in letters for b in letters[::3] for ending in ("", "ing", "ση")}
    rows = pa.table({"text": [" ".join(sorted(words))]})
    table = lance.write_dataset(rows, str(tmp_path / "words"))
    plain = {"stem": False, "remove_stop_words": False, "ascii_folding": False, "with_position": False}
    table.create_scalar_index("text", "INVERTED", **plain)
    (path,) = (tmp_path / "words").glob("_indices/*/*_tokens.lance")
    data = LanceFileReader(str(path)).read_all().to_table().column("_token_fst_bytes")[0].as_py()
    assert {key.decode() for key in keys(data)} == words
    with pytest.raises(ValueError, match="not an fst"):
        list(keys(data[:30]))
