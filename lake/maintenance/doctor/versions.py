"""Checks of the tables as LanceDB stores them: versions, tags, files, indices, and the digests of releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lake.ingest.commit import CHANGING, table_schemas
from lake.ingest.plan import release_digest
from lake.ingest.scan import known_documents
from lake.maintenance.doctor.deltas import resolved
from lake.maintenance.doctor.examination import RESTORE, failing
from lake.schemas import older
from lake.tables.lance_files import files_of, lance_batches, load_indices
from lake.tables.table_indices import indexed_columns, type_of

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.maintenance.doctor.examination import Examination
    from lake.releases.values import Release

_COUNTED = {"documents": "n_documents", "quarantine": "n_quarantined", "parents": "n_parents", "chunks": "n_chunks"}


def check_tables(exam: Examination) -> int:
    """Check that every version in kept releases opens, has as many rows as the log states, and has a tag."""
    for release in exam.releases:
        for name, schema in table_schemas(release.recipe).items():
            where, what = _folder(release, name), f"{release.id} can't be read at version"
            with exam.noticing_tables(where, f"{what} {release.versions.get(name)}"):
                _check_version(exam, release, name, schema)
    for generation, name in sorted({(r.generation, name) for r in exam.releases for name in r.versions}):
        with exam.noticing_tables(f"tables/{generation}/{name}.lance", "its tags can't be read"):
            _check_tags(exam, generation, name)
    return sum(len(release.versions) for release in exam.releases)


def _check_version(exam: Examination, release: Release, name: str, schema: pa.Schema) -> None:
    reader = exam.lake.tables(release.generation).at(name, release.versions[name])
    n_rows, n_counted = reader.count(), release.counts[_COUNTED[name.split("__")[0]]]
    if n_rows != n_counted:
        what = f"{release.id} has {n_rows:,} rows here, but {n_counted:,} by the log"
        exam.unlike_tables(_folder(release, name), what)
    # Words that were made anew stand behind the other columns.
    columns = [{field.name: field.type for field in one} for one in (reader.schema, schema, older(schema))]
    if columns[0] not in columns[1:]:
        exam.unlike_tables(_folder(release, name), f"{release.id} has other columns than its recipe requires")


def _check_tags(exam: Examination, generation: str, name: str) -> None:
    tags = exam.lake.tables(generation).tags(name)
    where = f"tables/{generation}/{name}.lance"
    for release in exam.releases:
        if release.generation == generation and name in release.versions:
            version = release.versions[name]
            if tags.get(release.id) != version:
                what = f"no tag protects version {version}, which {release.id} names"
                exam.report(where, what, "tag it before anything is vacuumed", "tag")
    orphans = tags.keys() - exam.history.releases.keys()
    if orphans:
        exam.remarks.append(
            f"{where} has {len(orphans)} tags of releases that are not kept; `raglake prune` removes them"
        )


def check_digests(exam: Examination) -> int:
    """Check that each release holds exactly the documents that its digest identifies."""
    for release in exam.releases:
        with failing(lambda reason: None):  # the check of tables reports it
            known = pl.DataFrame(known_documents(exam.lake, release))
            if release_digest(known, release.recipe) != release.digest and not _changed_under_run(exam, release):
                _report_digest(exam, release)
    return len(exam.releases)


def _changed_under_run(exam: Examination, release: Release) -> bool:
    """Whether documents changed during the run: their planned state, though part of the digest, is stored nowhere."""
    reader = exam.lake.tables(release.generation).at("quarantine", release.versions["quarantine"])
    return bool(reader.count(f"error_class = '{CHANGING[1]}'"))


def _report_digest(exam: Examination, release: Release) -> None:
    what = "its tables hold other documents than its digest identifies"
    of_parquet = ""
    with failing(lambda reason: None):
        delta = resolved(exam.lake, exam.history, release)
        rows = [pl.DataFrame(part.select(["doc_id", "fingerprint"])) for part in (delta.documents, delta.quarantine)]
        of_parquet = release_digest(pl.concat(rows), release.recipe)
    if of_parquet == release.digest:
        exam.unlike_tables(release.id, what)
    else:
        exam.report(release.id, f"{what}, and so does Parquet", f"{release.commit}: {RESTORE}")


def check_files(exam: Examination) -> int:
    """Check that every file that a version of a kept release needs exists and decodes."""
    needed: dict[str, set[str]] = {}
    for release in exam.releases:
        for name, version in release.versions.items():
            with failing(lambda reason: None):  # the check of tables reports it
                folder = _folder(release, name)
                files, indices = files_of(f"{exam.lake.url}/{folder}", version)
                needed.setdefault(folder, set()).update(files, *(_in_index(exam, folder, i) for i in indices))
    paths = [f"{folder}/{file}" for folder, files in needed.items() for file in sorted(files)]
    due = list(filter(exam.is_due, paths))
    for path in due:
        with exam.noticing_tables(path, "can't be read"):
            _decode(exam, path)
    return len(due)


def _in_index(exam: Examination, folder: str, index: str) -> set[str]:
    names = exam.lake.store.names(f"{folder}/{index}")
    # An index without files is missing completely, so its folder represents its files.
    return {f"{index}/{name}" for name in names} or {index}


def _decode(exam: Examination, path: str) -> None:
    if "/_deletions/" in path:
        exam.lake.store.read(path)
        return
    for _ in lance_batches(f"{exam.lake.url}/{path}"):
        pass


def check_indices(exam: Examination) -> int:
    """Check that every index that live, or with ``every`` any kept release, should have exists and loads."""
    n_indices = 0
    for release in exam.compared:
        for name, version in release.versions.items():
            with exam.noticing_tables(_folder(release, name), "an index can't be read"):
                found = load_indices(f"{exam.lake.url}/{_folder(release, name)}", version)
                n_indices += len(found)
                reader = exam.lake.tables(release.generation).at(name, version)
                n_rows = reader.count()
                wanted = indexed_columns(name, n_rows, release.recipe) if n_rows else set()
                missing = wanted - set(found)
                if missing:
                    exam.unlike_tables(_folder(release, name), f"no index on {', '.join(sorted(missing))}")
                kind, wanted_kind = reader.vector_index_type(), type_of(release.recipe.vector_index)
                if "vector" in wanted and kind not in (None, wanted_kind):
                    exam.unlike_tables(_folder(release, name), f"an index {kind} of vectors instead of {wanted_kind}")
    return n_indices


def _folder(release: Release, name: str) -> str:
    return f"tables/{release.generation}/{name}.lance"
