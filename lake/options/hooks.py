"""Options of hooks: which sources the service may be notified about, and how callers prove that they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lake.errors import UsageError
from lake.options.declaration import check, option
from lake.options.endpoints import is_secret


@dataclass(frozen=True, slots=True)
class HookOptions:
    """Sources that ``POST /hooks/SOURCE`` may name changed documents of."""

    secrets: Mapping[str, str] = option(
        dict,
        'Where the secret of each source is, such as {"docs": "env:RAGLAKE_DOCS_HOOK"}: env:RAGLAKE_NAME, file:NAME or '
        "block:raglake-NAME.",
    )

    def __post_init__(self) -> None:
        check(self)
        for source, value in self.secrets.items():
            if not source.strip() or not is_secret(value):
                raise UsageError(
                    f"secrets.{source} must name where the secret is, and never hold it: env:RAGLAKE_NAME, file:NAME "
                    "or block:raglake-NAME"
                )
