"""Removes what was erased for good from the replies of chat models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from lake.erasure.verification import occurring
from lake.records.calls import FOLDER, read_reply

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.scope import ErasureScope


def erase(lake: Lake, erased: ErasureScope) -> None:
    """Remove every reply about erased documents, and every one in whose text the proof would find a trace."""

    def is_gone(rows: pa.Table) -> bool:
        row = rows.to_pylist()[0]
        found = occurring(erased.terms, [row["text"], row["kind"], row["model"], row["finish"], *row["about"]])
        return bool(found.ids or found.texts or found.words)

    documents = {*erased.choice.rows["doc_id"], *erased.choice.digests}
    for stored in lake.store.walk(FOLDER):
        try:
            rows = read_reply(lake, stored.path)
            gone = not documents.isdisjoint(rows.column("about").to_pylist()[0]) or is_gone(rows)
        except FileNotFoundError:
            continue
        except (ValueError, IndexError):  # the contents of a damaged one are unknown
            gone = True
        if gone:
            lake.store.delete(stored.path)
