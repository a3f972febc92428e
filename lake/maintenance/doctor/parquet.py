"""Checks of the layer of record: every file decodes, every row matches its own digests, nothing is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lake.ids import text_digest, value_digest
from lake.ingest.delta import Delta, text_digests
from lake.ingest.scan import known_documents
from lake.ingest.signatures import signature
from lake.maintenance.doctor.deltas import made_from_tables, read_checked, resolved
from lake.maintenance.doctor.examination import RESTORE, failing
from lake.maintenance.doctor.vectors import in_tables, untrue_vectors
from lake.schemas import CONTENTS, older, tuples
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.maintenance.doctor.examination import Examination
    from lake.releases.values import Release

_FIRST = 3

#: Returns a mask of the invalid rows of a batch.
Judge = Callable[[pa.RecordBatch], np.ndarray]


def check_deltas(exam: Examination) -> int:
    """Check that the delta of each kept release can be read."""
    for release in exam.releases:
        problems: list[str] = []
        with failing(problems.append):
            exam.needed[release.id] = read_checked(exam.lake, release).content_ids().unique()
        if problems:
            _report_delta(exam, release, problems[0])
    return len(exam.releases)


def _report_delta(exam: Examination, release: Release, problem: str) -> None:
    """Report an unreadable delta, which can be reconstructed if the tables of two releases can be read."""
    made: list[Delta] = []
    with failing(lambda reason: None):
        made.append(made_from_tables(exam.lake, exam.history, release))
        exam.needed[release.id] = made[0].content_ids().unique()
    what = f"what {release.id} changes in its base can't be read: {problem}"
    exam.report(release.commit, what, "make it again from the tables" if made else RESTORE, "delta" if made else "")


def check_contents(exam: Examination) -> int:
    """Check that contents decode and match their digests, and that all that kept releases need exist."""
    n_rows = check_pile(exam, "contents", CONTENTS, untrue_contents)
    exam.sound.contents.refresh()
    live = _of_live(exam)
    absent: dict[str, list[str]] = {}
    for name, content_ids in exam.needed.items():
        for content_id in exam.sound.contents.missing(content_ids.to_pylist()):
            absent.setdefault(content_id, []).append(name)
    of_live = [content_id for content_id in absent if content_id in live]
    others = sorted({name for content_id, names in absent.items() if content_id not in live for name in names})
    if of_live:
        again = "`raglake ingest SOURCE --verify` parses them again; or restore contents/"
        exam.report("contents", f"{len(of_live)} contents that live needs are in no sound file{_names(exam, of_live)}",
                  again)  # fmt: skip
    if others:
        what = f"{len(absent) - len(of_live)} contents that {', '.join(others)} need are in no sound file"
        remedy = "restore contents/ from a copy of the lake, or let `raglake prune` drop these releases"
        exam.report("contents of other releases", what, remedy)
    return n_rows


def _of_live(exam: Examination) -> set[str]:
    """content_ids of live, from its tables or else from its delta and its bases', as far as they can be read."""
    found: set[str] = set()
    if exam.history.live:
        with failing(lambda reason: None):
            found |= set(resolved(exam.lake, exam.history, exam.history.live).content_ids().to_pylist())
        with failing(lambda reason: None):
            found |= set(known_documents(exam.lake, exam.history.live).column("content_id").to_pylist())
    return found


def _names(exam: Examination, content_ids: Sequence[str]) -> str:
    """Uris of the first documents that hold these contents, from the manifest of live."""
    names: list[str] = []
    with failing(lambda reason: None):
        rows = known_documents(exam.lake, exam.history.live).select(["content_id", "uri"]).to_pylist()
        names = [row["uri"] for row in rows if row["content_id"] in set(content_ids)]
    return f" ({', '.join(names[:_FIRST])}{' ...' if len(names) > _FIRST else ''})" if names else ""


def untrue_contents(batch: pa.RecordBatch) -> np.ndarray:
    """Mask of CONTENTS rows whose spans don't match their digests, or their text its digest and signature."""
    is_true = [_is_true(*row) for row in tuples(batch, "text", "parents", "chunks", "error_class", "reason")]
    signed = ("text", "canonical_digest", "signature")
    if not set(signed) <= set(batch.schema.names):  # of a release before 0.4
        return ~np.array(is_true, bool)
    stated = tuples(batch, *signed)
    return np.array([not (fits and _is_signed(*row)) for fits, row in zip(is_true, stated, strict=True)], bool)


def _is_signed(text: str | None, digest: str | None, signed: bytes | None) -> bool:
    """Whether digest and signature are those of the text; a signature made in another way is not checked."""
    if text is None or digest is None:
        return True
    mine = signature(text)
    is_other_way = signed is None or signed[:1] != mine[:1]
    return digest == text_digest(text) and (is_other_way or signed == mine)


def _is_true(text: str | None, parents: Any, chunks: Any, error_class: str | None, reason: str | None) -> bool:
    if error_class is not None:
        return bool(reason)
    if text is None or not parents or not chunks:
        return False
    return all(
        text_digest(span.get("context", "") + text[span["start"] : span["end"]]) == span["text_digest"]
        for span in (*parents, *chunks)
    )


def check_vectors(exam: Examination) -> int:
    """Check that vectors decode and have unit length, and that all that kept releases need exist."""
    each = [exam.lake.vector_folders(release.recipe) for release in exam.releases]
    recipes = {folder: one for folders in each for folder, one in folders.items()}
    folders = sorted({f"vectors/{name}" for name in exam.lake.store.names("vectors")} | recipes.keys())
    n_rows = 0
    for folder in folders:
        dimensions = recipes[folder].embedder.dimensions if folder in recipes else None
        n_rows += check_pile(exam, folder, None, partial(untrue_vectors, dimensions=dimensions))
        if folder in recipes:
            with exam.noticing(folder, what="can't be searched"):
                _check_missing(exam, folder)
    return n_rows


def _check_missing(exam: Examination, folder: str) -> None:
    missing = missing_vectors(exam.sound, exam.needed_by(folder), folder)
    if not missing:
        return
    there = stored_in_tables(exam, folder, missing)
    if there:
        what = f"{len(there)} vectors that releases need are in no sound file, but still in the tables"
        exam.report(folder, what, "take them back from the tables", "vectors")
    if len(missing) > len(there):
        what = f"{len(missing) - len(there)} vectors that releases need are nowhere"
        again = f"`raglake ingest SOURCE --verify` embeds them again; or restore {folder}"
        exam.report(folder, what, again)


def missing_vectors(sound: Lake, content_ids: Iterable[pa.Array], folder: str) -> list[str]:
    """Digests of texts in these contents without a vector in the folder."""
    files = sound.vectors_in(folder)
    files.refresh()
    sound.contents.refresh()
    wanted = pa.concat_arrays([pa.array([], pa.string()), *content_ids]).unique().to_pylist()
    absent = set(sound.contents.missing(wanted))
    stored = pa.array([content_id for content_id in wanted if content_id not in absent], pa.string())
    return files.missing(text_digests(sound, stored).to_pylist()) if len(stored) else []


def stored_in_tables(exam: Examination, folder: str, digests: Sequence[str]) -> set[str]:
    """Those of these texts whose vectors are still in a table of a kept release."""
    found: set[str] = set()
    with failing(lambda reason: None):
        for part in in_tables(exam.lake, exam.history, folder, digests):
            found |= set(part.column("text_digest").to_pylist())
    return found


def check_pile(exam: Examination, folder: str, schema: pa.Schema | None, judge: Judge) -> int:
    """Decode every file of a folder and record the damaged ones. Returns the number of rows."""
    n_rows = 0
    for name in filter(exam.is_due, exam.lake.store.names(folder)):
        path = f"{folder}/{name}"

        def report(reason: str, path: str = path) -> None:
            exam.damaged.add(path)
            exam.report(path, f"is damaged: {reason}", "keep what can be read of it and set it aside", "salvage")

        with failing(report):
            keys = _decoded(exam.lake, path, schema, judge)
            n_rows += len(keys)
            if name != f"{value_digest(sorted(keys))}.parquet":  # its rows are found nevertheless
                exam.report(path, "holds other rows than its name states", "store them under their name", "salvage")
    return n_rows


def _decoded(lake: Lake, path: str, schema: pa.Schema | None, judge: Judge) -> list[str]:
    """Keys of a file's rows. Raises ValueError if the rows are invalid."""
    file = open_parquet(lake.store, path)
    if schema is not None and not any(file.schema_arrow.equals(one) for one in (schema, older(schema))):
        raise ValueError("it has columns that raglake does not write")
    keys: list[str] = []
    n_untrue = 0
    for batch in file.iter_batches(batch_size=1024):
        keys += batch.column(0).to_pylist()
        n_untrue += int(judge(batch).sum())
    if n_untrue:
        raise ValueError(f"{n_untrue} of {len(keys)} rows don't match their digests")
    return keys
