"""The command that shows and clears the cache that services share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli.declared import with_options
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import releases as show_releases
from lake.cache import shared
from lake.directory import Lake
from lake.errors import UsageError
from lake.options import CacheOptions

Clear = Annotated[bool, typer.Option("--clear", help="Delete everything that is cached of this lake.")]
_RETIRE = "Delete it, and let `raglake forget` work without that cache; it must be used no more."
Retire = Annotated[bool, typer.Option("--retire", help=_RETIRE)]


@with_options
def cache(
    lake: LakeOption,
    options: Annotated[dict[str, Any], CacheOptions, ("url",)],
    clear: Clear = False,
    retire: Retire = False,
    as_json: JsonOption = False,
) -> None:
    """Show or clear the Redis cache of a lake's services.

    Run it once where the lake can be written to, if its services only read it.
    """
    if clear and retire:
        raise UsageError("--clear keeps the cache in use and --retire does not; choose one")
    opened, url = Lake.existing(lake), options.get("url")
    if retire:
        show({"retired": True, "n_deleted": shared.retire(opened, url)}, as_json, show_releases.cache)
    elif clear:
        shared.figures(opened, url)
        show({"n_deleted": shared.clear(opened, url)}, as_json, show_releases.cache)
    else:
        show(shared.figures(opened, url), as_json, show_releases.cache)


COMMANDS = (cache,)
