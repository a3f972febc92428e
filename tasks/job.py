"""The job: what one run is asked to do."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field, replace

from lake.errors import UsageError
from lake.ingest.scan import RecipeOptions
from lake.sources.source import Source, parse_source


@dataclass(frozen=True, slots=True)
class Job:
    """What one run is asked to do; plain values, so that a deployment's parameters make one.

    ``batch_hours``: texts go to the provider's Batch API, and the run waits so long for their vectors; None: they are
    embedded at once. ``budget_usd``: what embedding may cost.
    ``only``: the documents (source, uri) that are wanted, where not all are; for experiments, not for a deployment.
    """

    sources: tuple[str, ...]
    lake: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    settings: RecipeOptions = field(default_factory=RecipeOptions)
    verify: bool = False
    change_recipe: bool = False
    allow_removals: int = 0
    publish: bool = True
    shard_documents: int = 2000
    shard_bytes: int = 16 << 20
    batch_hours: float | None = None
    budget_usd: float | None = None
    only: frozenset[tuple[str, str]] | None = None

    def open_sources(self) -> dict[str, Source]:
        """The sources by name. UsageError where one does not exist."""
        found: dict[str, Source] = {}
        for text in self.sources:
            source = self._chosen(without_lake(parse_source(text, self.include, self.exclude), self.lake))
            if found.setdefault(source.name, source) != source:
                raise UsageError(f"two sources are called {source.name!r}; give each a name of its own: NAME=SOURCE")
        return found

    def _chosen(self, source: Source) -> Source:
        if self.only is None:
            return source
        return replace(source, only=frozenset(uri for name, uri in self.only if name == source.name))


def without_lake(source: Source, lake: str) -> Source:
    """The source less the lake, where that lies inside it: an index must not index itself."""
    if not source.is_local or "://" in lake:
        return source
    inside = os.path.relpath(os.path.realpath(os.path.expanduser(lake)), os.path.realpath(source.root))
    if inside == ".":
        raise UsageError(f"the lake can't be the source itself ({source.root}); choose another --lake")
    if inside.startswith(".."):
        return source
    return replace(source, exclude=(*source.exclude, f"/{glob.escape(inside)}/"))
