"""Stored replies of chat models, so that none is paid for twice, and questions that a person rejected.

A reply may hold words of documents. So each records which documents were sent, and is removed if any of them is
erased. Losing a reply costs only money; rejected questions stay until their documents are erased.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from lake.answer.chat import Completion
from lake.endpoints.usage import Usage
from lake.errors import ContractError
from lake.ids import derived_id
from lake.records.schemas import CALLS
from lake.storage import clock
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.answer.chat import Completion
    from lake.directory import Lake
    from lake.storage.denylist import Denylist

FOLDER = "calls"
#: The kind of a person's decision, which no age makes obsolete.
REVIEW = "review"
#: The kind of sentences about chunks; the reply of a record is a JSON object of them, all of one document.
SITUATING = "situate"
#: The kind of summaries of documents and sections, kept in the same way.
SUMMARISING = "summarise"
#: Kinds of what a model wrote for the index. An erasure removes those about bytes that no release holds.
FOR_INDEX = (SITUATING, SUMMARISING)


class Calls:
    """A lake's stored replies, by request. Safe to use from several threads.

    With ``again`` none is returned, so that every request is sent anew and replaces the old reply.
    """

    def __init__(self, lake: Lake, *, again: bool = False) -> None:
        self._lake, self._again = lake, again

    def get(self, kind: str, call_id: str) -> Completion | None:
        """The stored reply; None if there is none, or if its file is damaged, which costs only a new request."""
        if self._again and kind != REVIEW:
            return None
        try:
            row = read_reply(self._lake, _path(kind, call_id)).to_pylist()[0]
        except (OSError, ValueError, IndexError, KeyError):
            return None
        usage = Usage(1, row["n_input"], row["n_output"], row["cost_usd"])
        return Completion(row["text"], usage, row["model"], row["finish"], row["seconds"])

    def put(self, kind: str, call_id: str, reply: Completion, about: Iterable[str]) -> None:
        """Store a reply about these documents (doc_ids, digests of bytes), unless one of them was erased for good."""
        usage, about = reply.usage, sorted(set(about))
        row = {
            "call_id": call_id,
            "kind": kind,
            "model": reply.model,
            "text": reply.text,
            "finish": reply.finish_reason,
            "n_input": usage.n_input,
            "n_output": usage.n_output,
            "cost_usd": usage.cost_usd,
            "seconds": reply.seconds,
            "about": about,
            "made_at": clock.now(),
        }
        data = parquet_bytes(pa.Table.from_pylist([row], schema=CALLS), 1)
        self._lake.store.write(_path(kind, call_id), data)
        # An erasure may have searched just before this was written; its denial came first.
        if _is_denied(self._lake.denylist(), about):
            self._lake.store.delete(_path(kind, call_id))

    def turn_down(self, name: str, text: str, about: Iterable[str]) -> None:
        """Record that a person rejected this question for the set."""
        self.put(REVIEW, derived_id(name, text), Completion("", Usage(), "person", "stop", 0.0), about)

    def is_turned_down(self, name: str, text: str) -> bool:
        return self.get(REVIEW, derived_id(name, text)) is not None


def _path(kind: str, call_id: str) -> str:
    return f"{FOLDER}/{kind}/{call_id}.parquet"


def read_reply(lake: Lake, path: str) -> pa.Table:
    try:
        return open_parquet(lake.store, path).read().cast(CALLS)
    except ContractError as error:
        raise ValueError(str(error)) from error


def _is_denied(denylist: Denylist, about: Iterable[str]) -> bool:
    return any(denylist.has_place(one) or denylist.has_content(one) for one in about)


def denied(lake: Lake) -> list[str]:
    """Paths of replies about documents that were erased for good."""
    denylist = lake.denylist()
    if not len(denylist):
        return []
    found = []
    for stored in lake.store.walk(FOLDER):
        try:
            about: Collection[str] = read_reply(lake, stored.path).column("about").to_pylist()[0]
        except (OSError, ValueError, IndexError):  # the check of calls reports it
            continue
        if _is_denied(denylist, about):
            found.append(stored.path)
    return found


def is_about_none(lake: Lake, path: str, held: Collection[str]) -> bool:
    """Whether a reply is about none of these bytes or doc_ids; false if it can't be read."""
    try:
        return not set(held).intersection(read_reply(lake, path).column("about").to_pylist()[0])
    except (OSError, ValueError, IndexError):
        return False


def is_obsolete(path: str, modified_at: datetime, before: datetime) -> bool:
    """Whether this is a reply from before a time; a person's decision never expires."""
    return path.startswith(f"{FOLDER}/") and not path.startswith(f"{FOLDER}/{REVIEW}/") and modified_at <= before
