"""The command that brings destinations to a release."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import AtOption, JsonOption, LakeOption, show
from flows.cli.show import destinations as show_destinations
from flows.cli.show import terminal
from lake.errors import UsageError
from lake.options.sync import SyncOptions


@with_options
def sync(
    lake: LakeOption,
    options: Annotated[dict[str, Any], SyncOptions],
    destination: Annotated[
        str | None, typer.Argument(help="qdrant:URL/COLLECTION and so on; all that the lake knows if omitted.")
    ] = None,
    at: AtOption = "live",
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be written; write nothing.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show what each known destination holds.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Stop tracking DESTINATION; its contents stay.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a vector store to a release.

    Writes only what differs, removes what is gone, applies today's access rights, and verifies the result.
    """
    if list_:
        show(library.operate.destinations(lake), as_json, show_destinations.known)
    elif drop:
        if destination is None:
            raise UsageError("--drop needs the destination")
        library.operate.drop_destination(lake, destination)
        show({"dropped": destination}, as_json, show_destinations.dropped)
    else:
        _sync(lake, destination, at, plan, SyncOptions(**options), as_json)


def _sync(lake: str, destination: str | None, at: str, plan: bool, options: SyncOptions, as_json: bool) -> None:
    done = []
    with terminal.progress(quiet=as_json) as progress:
        for one in library.operate.sync(lake, destination, at=at, plan=plan, options=options, progress=progress):
            done.append(one.to_json())
    show(done, as_json, show_destinations.synced)


COMMANDS = (sync,)
