"""Checks of erasure: nothing that was erased for good is left, and no erasure was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from lake.ingest.scan import known_documents
from lake.maintenance.doctor.examination import RESTORE, failing
from lake.questions import questions
from lake.questions.denied import undenied
from lake.records import calls
from lake.records.feedback import PASSAGES
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES
from lake.sources.sidecars import is_denied_file
from lake.storage.denylist import ERASING, erasure_is_unfinished
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    from lake.maintenance.doctor.examination import Examination
    from lake.storage.denylist import Denylist

_FINISH = "`raglake prune` finishes the erasure"
_FIRST = 3


def check_denylist(exam: Examination) -> int:
    """Check that the denylist can be read, and that what it denies is in no release, cache, delta or content."""
    cut_short = erasure_is_unfinished(exam.lake.store)
    denylist = None
    with exam.noticing("denylist", f"{RESTORE}, or what was erased would come back"):
        denylist = exam.lake.denylist()
    if not denylist:
        if cut_short and denylist is not None:
            exam.report(ERASING, "an erasure was cut short", _FINISH, "finish")
        return 0
    in_releases = _in_releases(exam, denylist)
    if cut_short:
        # Without the mark nothing would show that releases must still be rewritten without the documents.
        what, first = "an erasure was cut short", "`raglake forget URI --why REASON`, then `raglake prune`"
        exam.report(ERASING, what, first if in_releases else _FINISH, "" if in_releases else "finish")
    elif not in_releases:
        for path, columns in _piles(exam):
            if _denied(exam, denylist, path, columns):
                exam.report(path, "holds something that was erased", _FINISH, "finish")
    _check_caches(exam, denylist)
    _check_questions(exam)
    _check_calls(exam)
    _check_feedback(exam)
    return len(denylist)


def _in_releases(exam: Examination, denylist: Denylist) -> bool:
    found = False
    for release in exam.releases:
        rows = []
        with failing(lambda reason: None):  # the check of tables reports it
            rows = known_documents(exam.lake, release).select(["doc_id", "digest", "uri"]).to_pylist()
        uris = [row["uri"] for row in rows if denylist.has_place(row["doc_id"]) or denylist.has_content(row["digest"])]
        if uris:
            named = f"{', '.join(map(repr, uris[:_FIRST]))}{' ...' if len(uris) > _FIRST else ''}"
            what = f"holds {len(uris)} documents that were erased: {named}"
            exam.report(release.id, what, "`raglake forget` each of them again, which finishes their erasure")
            found = True
    return found


def _check_caches(exam: Examination, denylist: Denylist) -> None:
    for name in exam.lake.store.names("cache"):
        rows = exam.lake.cached(f"cache/{name}")
        if rows is not None and any(is_denied_file(row, denylist) for row in rows.to_pylist()):
            exam.report(f"cache/{name}", "names a document that was erased", "leave it out", "redact")


def _check_questions(exam: Examination) -> None:
    with failing(lambda reason: None):  # the check of questions reports it
        kept = questions(exam.lake)
        if undenied(exam.lake, kept) != kept:
            exam.report("questions", "has evidence from a document that was erased", "leave it out", "redact")


def _check_calls(exam: Examination) -> None:
    for path in calls.denied(exam.lake):
        exam.report(path, "is about a document that was erased", "delete it", "drop")


def _check_feedback(exam: Examination) -> None:
    for files, what in ((PASSAGES, "judges a passage of"), (QUERIES, "names"), (JUDGED_TRAFFIC, "names")):
        for path in files.denied(exam.lake):
            exam.report(path, f"{what} a document that was erased", "leave it out", "redact")


def _piles(exam: Examination) -> Iterator[tuple[str, list[str]]]:
    for stored in exam.lake.store.walk("commits"):
        if stored.path.endswith(("/documents.parquet", "/quarantine.parquet")):
            yield stored.path, ["doc_id", "digest"]
    for name in exam.lake.store.names("contents"):
        yield f"contents/{name}", ["digest"]
    if exam.history.rights:
        yield exam.history.rights, ["doc_id"]


def _denied(exam: Examination, denylist: Denylist, path: str, columns: list[str]) -> bool:
    rows = pa.table({})
    with failing(lambda reason: None):  # found damaged by the check of that folder
        rows = open_parquet(exam.lake.store, path).read(columns=columns)
    places = rows.column("doc_id").to_pylist() if "doc_id" in rows.column_names else []
    digests = rows.column("digest").to_pylist() if "digest" in rows.column_names else []
    return any(map(denylist.has_place, places)) or any(map(denylist.has_content, digests))
