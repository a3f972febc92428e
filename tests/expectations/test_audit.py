"""Real candidates, each with one planted defect, go through the whole audit."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from expectations.audit import audit
from expectations.audit_settings import AuditSettings
from lake import schemas
from lake.directory import Lake
from lake.ids import derived_id, document_id, text_digest
from lake.ingest import rows
from lake.recipe import EmbedderIdentity, Recipe
from lake.recipe.chunking import ChunkRecipe
from lake.releases.publishing import record_audit
from lake.releases.values import Release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expectations.verdict import Finding, Verdict

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DIMENSIONS = 8
EMBEDDER = EmbedderIdentity("tiny", "w", "numpy", "float32", DIMENSIONS, 64, "words")
RECIPE = Recipe(EMBEDDER, ChunkRecipe(parent_tokens=64, child_tokens=32, overlap_tokens=4, heading_tokens=8))
TEXT = RECIPE.text_index
SECTION = "Grüße aus der Lücke 🜚, one sentence. And here is another one, number {}-{}."


@dataclass
class Candidate:
    """The rows of a release before they are written; a test breaks some of them."""

    lake: Lake
    documents: pa.Table
    parents: pa.Table
    chunks: pa.Table
    quarantine: pa.Table = field(default_factory=schemas.QUARANTINE.empty_table)
    late_chunks: pa.Table | None = None
    counts: dict[str, int] = field(default_factory=dict)
    base: Release | None = None
    name: str = "2026-11-21.1"

    @property
    def doc_ids(self) -> list[str]:
        return self.documents.column("doc_id").to_pylist()

    def release(self) -> Release:
        tables, versions = self.lake.tables("1"), {}
        chunks_of = schemas.chunks(DIMENSIONS)
        for name, table, schema in (
            ("documents", self.documents, schemas.DOCUMENTS),
            ("quarantine", self.quarantine, schemas.QUARANTINE),
            ("parents", self.parents, schemas.PARENTS),
            (EMBEDDER.table, self.chunks, chunks_of),
        ):
            tables.reset(name, schema, None)
            tables.apply(name, iter(table.combine_chunks().to_batches()), schema, [])
            tables.index(name, TEXT)
            if name == EMBEDDER.table and self.late_chunks is not None:
                tables.apply(name, iter(self.late_chunks.to_batches()), schema, [])
            versions[name] = tables.seal(name, self.name)
        return self._logged(versions)

    def _logged(self, versions: dict[str, int]) -> Release:
        counted = {
            "n_documents": self.documents.num_rows,
            "n_quarantined": self.quarantine.num_rows,
            "n_parents": self.parents.num_rows,
            "n_chunks": self.chunks.num_rows,
        }
        added = self.documents.num_rows + self.quarantine.num_rows if self.base is None else 0
        planned = {"added": added, "changed": 0, "moved": 0, "removed": 0, "unchanged": 0}
        base = self.base.id if self.base else None
        release = Release(
            self.name, "d", base, RECIPE, "1", versions, {**counted, **planned, **self.counts}, NOW, "c", base
        )
        self.lake.log.append(self.lake.log.read(), "build", self.name, facts={"release": release.to_json()})
        return release

    def audited(self, **settings: Any) -> Verdict:
        return audit(self.lake, self.release(), AuditSettings(**settings))


def content(number: int, n_sections: int = 2) -> dict[str, Any]:
    """CONTENTS row: each section is a parent with two chunks."""
    text, parents, chunks = "", [], []
    for section in range(n_sections):
        start, words = len(text), SECTION.format(number, section)
        text += words + "\n\n"
        middle, end = start + words.index(". And") + 1, start + len(words)
        parents.append(span(text, start, end))
        halves = ((start, middle), (middle + 1, end))
        chunks += [span(text, a, b) | {"parent": section, "context": ""} for a, b in halves]
    return {"content_id": derived_id("c", str(number)), "digest": f"{number:064}", "parser": "text", "text": text,
            "parents": parents, "chunks": chunks, "metadata": "{}"}  # fmt: skip


def span(text: str, start: int, end: int) -> dict[str, Any]:
    return {"start": start, "end": end, "heading": "", "kind": "text", "n_tokens": 9,
            "text_digest": text_digest(text[start:end])}  # fmt: skip


def unit_vectors(digests: list[str]) -> pa.Array:
    values = np.random.default_rng(len(digests)).normal(size=(len(digests), DIMENSIONS)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), DIMENSIONS)


def candidate(path: Path, n_documents: int = 12) -> Candidate:
    lake = Lake(str(path))
    contents = pa.Table.from_pylist([content(n) for n in range(n_documents)], schema=schemas.CONTENTS)
    lake.contents.write(contents)
    listed = pa.table(
        {
            "doc_id": [document_id("s", f"{n}.md") for n in range(n_documents)],
            "source": ["s"] * n_documents,
            "uri": [f"{n}.md" for n in range(n_documents)],
            "digest": contents.column("digest"),
            "fingerprint": contents.column("content_id"),
            "content_id": contents.column("content_id"),
            "size": pa.array([9] * n_documents),
            "modified_at": pa.array([NOW] * n_documents, schemas.UTC),
            "media_type": ["text/markdown"] * n_documents,
            "stated": pa.nulls(n_documents, pa.string()),
        }
    )
    documents = rows.document_rows(listed, contents, pa.scalar(NOW, schemas.UTC))
    made = (
        documents,
        rows.parent_rows(listed, contents),
        rows.chunk_rows(
            pa.Table.from_batches([documents]), contents, {"vector": unit_vectors}, schemas.chunks(DIMENSIONS)
        ),
    )
    return Candidate(lake, *(pa.Table.from_batches([batch]) for batch in made))


def quarantined(n: int, error_class: str = "encrypted") -> pa.Table:
    row = {"source": "s", "reason": "it can't be read", "error_class": error_class, "first_seen_at": NOW}
    rows_of = [row | {"doc_id": derived_id("q", str(i)), "uri": f"q{i}.pdf"} for i in range(n)]
    return pa.Table.from_pylist(rows_of, schema=schemas.QUARANTINE)


def with_value(table: pa.Table, row: int, name: str, value: Any) -> pa.Table:
    column = table.column(name).combine_chunks()
    changed = pa.concat_arrays([column[:row], pa.array([value], column.type), column[row + 1 :]])
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), changed)


def failures(verdict: Verdict) -> dict[str, Finding]:
    return {finding.name: finding for finding in verdict.failures}


@pytest.fixture
def clean(tmp_path: Path) -> Candidate:
    return candidate(tmp_path / "lake")


def test_a_clean_release_passes_every_check(clean: Candidate) -> None:
    verdict = clean.audited()
    assert verdict.passed
    assert verdict.failures == ()
    assert {f.suite for f in verdict.findings} == {"documents", "parents", "chunks", "quarantine", "release_facts"}
    compared = next(f for f in verdict.findings if f.column == "n_offset_mismatches")
    assert compared.n_checked == 12 * (2 + 4)
    assert verdict.summary() == f"2026-11-21.1 passed all {len(verdict.findings)} checks."


def vector(*values: float) -> list[float]:
    return [*values, *[0.0] * (DIMENSIONS - len(values))]


def cell(table: str, name: str, value: Any, row: int = 5) -> Callable[[Candidate], list[str]]:
    """Plant one wrong value; the key of the row that must be named."""

    def plant(broken: Candidate) -> list[str]:
        before: pa.Table = getattr(broken, table)
        setattr(broken, table, with_value(before, row, name, value))
        return [before.column(0)[row].as_py()]

    return plant


def repeat_chunk(broken: Candidate) -> list[str]:
    broken.chunks = pa.concat_tables([broken.chunks, broken.chunks.slice(7, 1)])
    return [broken.chunks.column("chunk_id")[7].as_py()]


def other_text(broken: Candidate) -> list[str]:
    text = broken.chunks.column("text")[5].as_py()
    return cell("chunks", "text", text.swapcase())(broken)


def no_chunks(broken: Candidate) -> list[str]:
    last = broken.doc_ids[-1]
    broken.chunks = broken.chunks.filter(pc.not_equal(broken.chunks.column("doc_id"), last))
    return [last]


def no_document(broken: Candidate) -> list[str]:
    last = broken.doc_ids[-1]
    broken.documents = broken.documents.slice(0, 11)
    broken.counts = {"added": 11}
    return broken.chunks.filter(pc.equal(broken.chunks.column("doc_id"), last)).column("chunk_id").to_pylist()


def also_quarantined(broken: Candidate) -> list[str]:
    broken.quarantine = with_value(quarantined(1), 0, "doc_id", broken.doc_ids[3])
    return [broken.doc_ids[3]]


def no_reason(broken: Candidate) -> list[str]:
    broken.quarantine = with_value(quarantined(1, "unsupported"), 0, "reason", " ")
    return [broken.quarantine.column("doc_id")[0].as_py()]


DEFECTS = {
    "release_facts.n_duplicate_chunks": repeat_chunk,
    "release_facts.n_chunks_without_parent": cell("chunks", "parent_id", "f" * 32),
    "release_facts.n_chunks_without_document": no_document,
    "release_facts.n_documents_without_chunks": no_chunks,
    "release_facts.n_chunks_outside_parent": cell("chunks", "end", 10_000),
    "release_facts.n_overlong_chunks": cell("chunks", "n_tokens", 65),
    "release_facts.n_offset_mismatches": other_text,
    "release_facts.n_miscounted_documents": cell("documents", "n_chunks", 3),
    "release_facts.n_documents_in_quarantine": also_quarantined,
    "release_facts.n_documents_without_contents": cell("documents", "content_id", "e" * 32),
    "chunks.norm": cell("chunks", "vector", vector(2.0)),
    "chunks.has_text": cell("chunks", "text", " \n"),
    "chunks.length_ok": cell("chunks", "end", 10_000),
    "parents.length_ok": cell("parents", "text", "short"),
    "parents.start": cell("parents", "start", -1),
    "documents.has_digest": cell("documents", "digest", None),
    "documents.n_parents": cell("documents", "n_parents", 0),
    "quarantine.has_reason": no_reason,
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_by_name_with_its_rows(clean: Candidate, name: str) -> None:
    ids = DEFECTS[name](clean)
    verdict = clean.audited()
    finding = failures(verdict)[name]
    assert not verdict.passed
    assert (finding.severity, finding.errored) == ("critical", False)
    assert sorted(finding.sample_ids) == sorted(ids)
    assert finding.n_unexpected == len(ids)
    assert str(len(ids)) in finding.message


def test_a_zero_vector_is_named_with_its_length(clean: Candidate) -> None:
    (chunk_id,) = cell("chunks", "vector", vector())(clean)
    verdict = clean.audited()
    assert list(failures(verdict)) == ["chunks.norm"]
    assert "(0; 0 is found by no query)" in verdict.summary()
    assert chunk_id in verdict.summary()


def test_rows_that_no_index_covers_are_a_remark(clean: Candidate) -> None:
    clean.late_chunks = clean.chunks.slice(40).combine_chunks()
    clean.chunks = clean.chunks.slice(0, 40)
    verdict = clean.audited()
    assert verdict.passed
    assert list(failures(verdict)) == ["release_facts.n_unindexed_rows"]
    assert failures(verdict)["release_facts.n_unindexed_rows"].n_unexpected == 4 * 8  # two scalar, two full-text


def test_a_document_that_went_missing_is_counted(clean: Candidate) -> None:
    clean.counts = {"added": 13}
    finding = failures(clean.audited())["release_facts.n_missing_documents"]
    assert (finding.n_unexpected, finding.n_checked) == (1, 13)


def test_against_a_base_only_added_and_removed_count(clean: Candidate, tmp_path: Path) -> None:
    clean.base, clean.name = clean.release(), "2026-11-22.1"
    clean.quarantine = quarantined(1, "unsupported")
    clean.counts = {"added": 2, "moved": 4, "removed": 1, "changed": 3}
    assert clean.audited().failures == ()
    clean.counts["removed"], clean.name = 2, "2026-11-22.2"
    assert list(failures(clean.audited())) == ["release_facts.n_surplus_documents"]


def test_texts_and_vectors_that_passed_an_audit_are_not_read_again(clean: Candidate) -> None:
    """Keys are, since only all of them show what comes twice or belongs to nothing."""
    clean.chunks = with_value(with_value(clean.chunks, 0, "text", " "), 1, "parent_id", "nobody")
    clean.base = base = clean.release()
    tables, late = clean.lake.tables("1"), with_value(clean.chunks.slice(8, 1), 0, "text", " ")
    tables.apply(EMBEDDER.table, iter(late.combine_chunks().to_batches()), schemas.chunks(DIMENSIONS), [])
    clean.name = "2026-11-22.1"
    release = clean._logged({**base.versions, EMBEDDER.table: tables.seal(EMBEDDER.table, clean.name)})
    old, new = (table.column("chunk_id")[0].as_py() for table in (clean.chunks, late))

    def empty(*, whole: bool = False) -> tuple[set[str], int]:
        found = failures(audit(clean.lake, release, whole=whole))
        assert found["release_facts.n_chunks_without_parent"].n_unexpected == 1
        return set(found["chunks.has_text"].sample_ids), found["chunks.has_text"].n_checked

    n_chunks = clean.chunks.num_rows
    assert empty() == ({old, new}, n_chunks)  # the base was never audited
    record_audit(clean.lake.log, base, verdict={"passed": False}, why="")
    assert empty() == ({old, new}, n_chunks)
    record_audit(clean.lake.log, base, verdict={"passed": True}, why="")
    assert empty() == ({new}, 1)
    assert empty(whole=True) == ({old, new}, n_chunks)


def shrunken(path: Path, n_kept: int) -> Candidate:
    """A release over a base of 30 documents that keeps the first ``n_kept``."""
    full = candidate(path, 30)
    base = full.release()
    kept = pa.array(full.doc_ids[:n_kept], pa.string())
    parts = (t.filter(pc.is_in(t.column("doc_id"), kept)) for t in (full.documents, full.parents, full.chunks))
    return Candidate(full.lake, *parts, base=base, counts={"removed": 30 - n_kept}, name="2026-11-22.1")


@pytest.mark.parametrize(("n_kept", "severities"), [(25, []), (19, ["warning"]), (14, ["critical", "warning"])])
def test_a_release_may_not_shrink_much_at_once(tmp_path: Path, n_kept: int, severities: list[str]) -> None:
    verdict = shrunken(tmp_path / "lake", n_kept).audited()
    assert [f.severity for f in verdict.failures] == severities
    assert {f.column for f in verdict.failures} <= {"documents_removed_share"}
    assert verdict.passed == ("critical" not in severities)


def test_removals_that_were_allowed_by_name_pass(tmp_path: Path) -> None:
    assert shrunken(tmp_path / "lake", 14).audited(allow_removed=16).passed


def test_documents_that_lose_their_chunks_are_noticed(tmp_path: Path) -> None:
    clean = candidate(tmp_path / "lake", 60)
    clean.base, clean.name = clean.release(), "2026-11-22.1"
    first = pc.less(clean.chunks.column("ordinal"), 1)
    clean.chunks = clean.chunks.filter(first)
    clean.documents = clean.documents.set_column(
        clean.documents.schema.get_field_index("n_chunks"), "n_chunks", pa.array([1] * 60, pa.int32())
    )
    verdict = clean.audited()
    assert [(f.name, f.n_unexpected) for f in verdict.failures] == [("release_facts.chunks_lost_share", 180)] * 2


@pytest.mark.parametrize(
    ("n", "error_class", "severities"),
    [(3, "encrypted", ["warning"]), (13, "encrypted", ["critical", "warning"]), (40, "unsupported", [])],
)
def test_a_big_quarantine_is_refused(clean: Candidate, n: int, error_class: str, severities: list[str]) -> None:
    clean.quarantine = quarantined(n, error_class)
    verdict = clean.audited()
    assert [f.severity for f in verdict.failures] == severities
    assert {f.column for f in verdict.failures} <= {"failed_share"}


def test_an_empty_release_passes_with_a_remark(tmp_path: Path) -> None:
    clean = candidate(tmp_path / "lake", 1)
    empty = Candidate(clean.lake, *(t.slice(0, 0) for t in (clean.documents, clean.parents, clean.chunks)))
    verdict = empty.audited()
    assert verdict.passed
    assert [f.name for f in verdict.failures] == ["documents.rows"]


def test_the_release_is_judged_and_not_the_heads(clean: Candidate) -> None:
    release = clean.release()
    tables = clean.lake.tables("1")
    tables.apply("documents", iter(()), schemas.DOCUMENTS, clean.doc_ids[:4])
    assert tables.at("documents", tables.seal("documents", "later")).count() == 8
    assert audit(clean.lake, release).failures == ()


def test_a_check_that_breaks_is_no_finding_about_the_data(clean: Candidate, monkeypatch: pytest.MonkeyPatch) -> None:
    from expectations import quarantine

    absent = [replace(check, column="nowhere", severity="warning") for check in quarantine.build(AuditSettings())[:1]]
    monkeypatch.setattr(quarantine, "build", lambda settings: absent)
    verdict = clean.audited()
    (finding,) = verdict.failures
    assert (finding.errored, finding.severity, finding.n_unexpected, verdict.passed) == (True, "critical", 0, False)
    assert "the check itself broke" in finding.message
    assert "nowhere" in finding.message


def test_the_same_release_gives_the_same_findings(clean: Candidate) -> None:
    release = clean.release()
    first = audit(clean.lake, release)
    gc.collect()
    assert audit(clean.lake, release).findings == first.findings


def test_an_audit_says_and_leaves_nothing(
    clean: Candidate, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    release = clean.release()
    files = sorted(tmp_path.rglob("*"))
    capfd.readouterr()
    with caplog.at_level("INFO"):
        audit(clean.lake, release)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert sorted(tmp_path.rglob("*")) == files


def test_importing_the_suites_does_not_import_great_expectations() -> None:
    program = (
        "import sys; from expectations import audit, chunks, documents, column_metrics, parents, quarantine, "
        "cross_table, runner, verdict; "
        "sys.exit(any(m in sys.modules for m in ('great_expectations', 'pandas', 'prefect', 'lancedb')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
