"""When each source was last listed in full or from its cursor: what every run over all of it leaves in the lake.

A night on which nothing changed leaves nothing else, so that a source which nobody lists any more can be told from one
that does not change.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import datetime

from lake.errors import LakeError
from lake.ids import derived_id
from lake.storage import clock
from lake.storage.protocol import Store

_log = logging.getLogger(__name__)

_FOLDER = "listings"


def note_listed(store: Store, sources: Iterable[str], began: datetime) -> None:
    """Remember that these sources were listed completely; ``began``: what changed later may not have been seen.

    A note does not name its source: it stays when the source is gone, whose name may be a person's.
    """
    for source in sources:
        value = {"began_at": began.isoformat()}
        try:
            store.write(_path(source), json.dumps(value).encode())
        except LakeError as error:  # the run has done its work, and the next one notes its own time
            _log.warning("when %s was listed can't be noted at the moment: %s", source, error)


def last_listed(store: Store, source: str) -> datetime | None:
    """When the source's last complete listing began; None if no run noted it yet."""
    try:
        value = json.loads(store.read(_path(source)))
        return datetime.fromisoformat(value["began_at"]).astimezone(clock.now().tzinfo)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _path(source: str) -> str:
    return f"{_FOLDER}/{derived_id('source', source)[:12]}.json"
