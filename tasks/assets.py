"""Releases as assets of Prefect: each publication materializes the lake, out of its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect.assets import Asset, AssetProperties, add_asset_metadata
from prefect.context import AssetContext

from lake.directory import Lake
from lake.sources.places import namespaced, place_of, table_of

if TYPE_CHECKING:
    from prefect.tasks import MaterializingTask

    from lake.releases.values import Release
    from lake.sources.source import Source

P = ParamSpec("P")
R = TypeVar("R")

#: Characters that Prefect refuses in the key of an asset, and how long one may be.
_REFUSED = re.compile(r"[\s#?&%\"'<>\[\]{}|\\^`\x00]")
_LONGEST = 512


def materializing(task: MaterializingTask[P, R], lake: str, sources: Iterable[Source] = ()) -> MaterializingTask[P, R]:
    """The task, with the lake as the asset that it makes and the sources as those that it is made from."""
    made_from = {asset.key: asset for asset in map(source_asset, sources)}
    asset_deps: list[Asset | str] = [*made_from.values()]
    return task.with_options(assets=[lake_asset(lake)], asset_deps=asset_deps)


def lake_asset(lake: str) -> Asset:
    """A lake, by the place where it is."""
    return Asset(key=asset_key(*namespaced(Lake(lake).url)), properties=AssetProperties(name=lake))


def source_asset(source: Source) -> Asset:
    """A source: a folder, a file, a table or a query, by the place where it is."""
    namespace, name = place_of(source)
    table = table_of(source.root)
    return Asset(
        key=asset_key(namespace, f"{name}/{table}" if table else name), properties=AssetProperties(name=source.name)
    )


def asset_key(namespace: str, name: str) -> str:
    """
    >>> asset_key("file", "/srv/my docs"), asset_key("web+https://example.org", "a"), asset_key("s3://b", "c")
    ('file:///srv/my_docs', 'webhttps://example.org/a', 's3://b/c')
    """
    scheme, _, host = namespace.partition("://")
    place = f"{host}/{name}" if host else name
    return f"{re.sub('[^a-z0-9]', '', scheme.lower())}://{_REFUSED.sub('_', place)}"[:_LONGEST]


def describe(lake: str, release: str) -> None:
    """Attach what a release is to the asset that this task run materializes; outside of one, nothing."""
    context = AssetContext.get()
    if context is None or not context.downstream_assets:
        return
    history = Lake(lake).log.read()
    spent = history.spent(release)
    add_asset_metadata(lake_asset(lake), _metadata(history.releases[release]) | (_cost(spent) if spent else {}))


def _metadata(release: Release) -> dict[str, Any]:
    counts = {name.removeprefix("n_"): n for name, n in release.counts.items()}
    recipe = {"embedder": release.recipe.embedder.name, "recipe": release.recipe.digest}
    return {"release": release.id, "base": release.base, **counts, **recipe}


def _cost(spent: Any) -> dict[str, Any]:
    return {"tokens_embedded": spent.n_tokens_embedded, "cost_usd": spent.cost_usd, "seconds": spent.seconds}
