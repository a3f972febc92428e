"""Options of the caches: their size, the server that processes share, and how alike questions must be."""

from __future__ import annotations

from dataclasses import dataclass

from lake.errors import UsageError
from lake.options.declaration import check, option

#: The environment variable that names the shared cache.
VARIABLE = "RAGLAKE_CACHE_URL"


@dataclass(frozen=True, slots=True, repr=False)
class CacheOptions:
    """What is cached. The address may hold a password, so it is never shown."""

    megabytes: int = option(
        64, "Maximum size of what this process caches, in MB; 0 caches nothing in the process.", least=0, most=1 << 20
    )
    url: str | None = option(
        None, "Redis or Valkey that processes share: redis:// or rediss:// (TLS).", unset=f"${VARIABLE}"
    )
    similar: float | None = option(
        None,
        "Give a question the answer to one whose vector is at least this close, such as 0.97.",
        least=0.8,
        most=1,
        unset="equal questions only",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.similar is not None and not self.megabytes:
            raise UsageError(
                "similar needs megabytes above 0: questions are compared with those that the process keeps"
            )

    def __repr__(self) -> str:
        return f"CacheOptions(megabytes={self.megabytes}, url={'...' if self.url else None}, similar={self.similar})"
