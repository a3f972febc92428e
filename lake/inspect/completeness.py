"""How much of a release's documents was read: words in sum, and the documents that an operator should look at.

Those are documents that kept too few of their words, have something that could not be read, or have a sidecar or front
matter that is not understood: that may hide them from everybody, and nobody who searches would notice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from lake.ingest.accounts import stored_account
from lake.ingest.completeness import INCOMPLETE, judged, omitted_words, remarks
from lake.ingest.plan import parser_and_suffix
from lake.schemas import ACCOUNT, tuples
from lake.sources.declared import PROBLEMS

if TYPE_CHECKING:
    from lake.options.completeness import Completeness
    from lake.tables.reader import TableReader

_SUMS = ("n_words_source", "n_words_kept", "n_words_omitted", "n_words_lost")


def sums(documents: TableReader, quarantine: TableReader, rules: Completeness) -> dict[str, int]:
    """Words of all documents in sum, and the numbers of documents remarked on and quarantined as incomplete."""
    return _sums(_judged(documents, rules), quarantine)


def completeness(documents: TableReader, quarantine: TableReader, rules: Completeness) -> dict[str, Any]:
    """``sums``, words left out by kind, and the documents remarked on, each with its remarks.

    ``n_without_account`` counts documents that a release before 0.4 indexed.
    """
    frame = _judged(documents, rules)
    return _sums(frame, quarantine) | {
        "n_without_account": frame["n_words_source"].null_count(),
        "omitted": omitted_words(frame),
        "remarked": [_remarked(row, rules) for row in _to_look_at(frame).sort("source", "uri").iter_rows(named=True)],
    }


def _judged(documents: TableReader, rules: Completeness) -> pl.DataFrame:
    frame = judged(documents.scan(["doc_id", "source", "uri", "media_type", *ACCOUNT.names]), rules)
    # Few documents have problems, if any, so their metadata alone is read.
    found = documents.scan(["doc_id", "metadata"], f"metadata LIKE '%\"{PROBLEMS}\"%'")
    problems = {doc_id: _problems(text) for doc_id, text in tuples(found, "doc_id", "metadata")}
    of_each = pl.DataFrame(list(problems.items()), {"doc_id": pl.String, "problems": pl.List(pl.String)}, orient="row")
    return frame.join(of_each, on="doc_id", how="left", maintain_order="left")


def _problems(metadata: str) -> list[str]:
    stated = json.loads(metadata).get(PROBLEMS)
    return [str(problem) for problem in stated] if isinstance(stated, list) else []


def _sums(frame: pl.DataFrame, quarantine: TableReader) -> dict[str, int]:
    words = {name: int(frame[name].sum()) for name in _SUMS}
    n_incomplete = quarantine.count(f"error_class = '{INCOMPLETE}'")
    return words | {"n_remarked": _to_look_at(frame).height, "n_incomplete": n_incomplete}


def _to_look_at(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("is_short") | pl.col("has_unread") | (pl.col("problems").list.len() > 0))


def _remarked(row: dict[str, Any], rules: Completeness) -> dict[str, Any]:
    account = stored_account(*(row[name] for name in ACCOUNT.names))
    least = rules.remark_of(parser_and_suffix(row["uri"])[0], row["media_type"])
    told = [*(remarks(account, least) if account else ()), *(row["problems"] or ())]
    return {"source": row["source"], "uri": row["uri"], "share_kept": row["share_kept"], "remarks": told}
