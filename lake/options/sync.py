"""Options of a sync to a destination, and which destinations runs bring up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lake.errors import UsageError
from lake.options.checks import check_texts
from lake.options.declaration import check, option

_REFERENCE = re.compile(r"\$[A-Za-z_]\w*|block:[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """How one sync is done."""

    full: bool = option(False, "Write all rows anew, whatever the destination holds.", title="Full")
    checks: int = option(
        50, "Rows and questions to compare at the end; 0 only counts rows.", title="Checks", least=0, most=1000
    )
    secret: str | None = option(
        None,
        "Password or key of the store: $NAME of an environment variable, or block:NAME of a Prefect Secret block.",
        title="Secret",
        unset="the store's own environment variable",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.secret is not None and not _REFERENCE.fullmatch(self.secret):
            raise UsageError("secret must name an environment variable ($NAME) or a Secret block (block:NAME)")


@dataclass(frozen=True, slots=True)
class SyncDefaults:
    """What flows bring up to date after each change of live."""

    destinations: tuple[str, ...] = option(
        (), "Destinations that the flows ingest, publish, rollback and forget bring to live at their end."
    )

    def __post_init__(self) -> None:
        check(self)
        check_texts("destinations", self.destinations)
