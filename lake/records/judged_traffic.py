"""What a judge found of a sample of logged questions, as JUDGED_TRAFFIC rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.records.daily_files import DailyFiles
from lake.records.schemas import JUDGED_TRAFFIC as SCHEMA

if TYPE_CHECKING:
    from lake.storage.denylist import Denylist


def _names_denied(denylist: Denylist, row: dict[str, Any]) -> bool:
    return any(denylist.has_place(doc_id) for doc_id in row["doc_ids"])


JUDGED_TRAFFIC = DailyFiles("judged_traffic", SCHEMA, "judged_at", _names_denied)
