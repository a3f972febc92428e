"""The job: what one run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from lake.scan import Settings
from lake.sources import Source, parse_source


@dataclass(frozen=True, slots=True)
class Job:
    """What one run is asked to do; plain values, so that a deployment's parameters make one."""

    sources: tuple[str, ...]
    lake: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    verify: bool = False
    change_recipe: bool = False
    allow_removals: int = 0
    publish: bool = True
    shard_documents: int = 2000
    shard_bytes: int = 16 << 20

    def open_sources(self) -> dict[str, Source]:
        """The sources by name. UsageError where one does not exist."""
        parsed = [parse_source(text, self.include, self.exclude) for text in self.sources]
        return {source.name: source for source in parsed}
