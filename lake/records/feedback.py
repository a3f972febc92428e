"""People's judgements in the lake: of passages that a search found, and of whole answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.records.daily_files import DailyFiles
from lake.records.schemas import ANSWER_FEEDBACK, FEEDBACK

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.storage.denylist import Denylist


def _judges_denied(denylist: Denylist, row: dict[str, Any]) -> bool:
    return denylist.has_place(row["doc_id"]) or denylist.has_content(row["digest"])


#: Judgements of passages.
PASSAGES = DailyFiles("feedback", FEEDBACK, "given_at", _judges_denied)
#: Judgements of answers; they name no document, so an erasure goes by their words.
ANSWERS = DailyFiles("answer_feedback", ANSWER_FEEDBACK, "given_at", lambda denylist, row: False)


def keep(lake: Lake, files: DailyFiles, row: dict[str, Any]) -> str:
    """Store one judgement. Returns its id. Raises UsageError if the document was erased for good meanwhile."""
    try:
        refused = files.write(lake, [row])
    except UnicodeEncodeError as error:
        raise UsageError("the question holds half a character (a lone surrogate), which can't be stored") from error
    if refused:
        raise UsageError(f"no chunk {row['chunk_id']!r} any more: its document was erased")
    return str(row["feedback_id"])
