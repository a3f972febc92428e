"""The commands about sources: what kinds there are, a trial of one, and those of a lake."""

from __future__ import annotations

from types import ModuleType
from typing import Annotated, Any

import typer

from flows.cli.declared import with_options
from flows.cli.help import group
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import sources as show_sources
from lake.directory import Lake
from lake.options import RunOptions
from lake.storage.urls import without_credentials

#: Taken as one group: ``raglake sources test`` and so on.
app = group("sources", "See what kinds of sources there are, and try one.")


def _inspect() -> ModuleType:
    from lake.inspect import sources

    return sources


_ADDRESS = "Folder, glob, file or address of a source; NAME=... names it."


@app.command("kinds")
def kinds(as_json: JsonOption = False) -> None:
    """List the kinds of sources and their options."""
    show(_inspect().kinds(), as_json, show_sources.kinds)


@app.command("test")
@with_options
def try_(
    address: Annotated[str, typer.Argument(metavar="SOURCE", help=_ADDRESS)],
    globs: Annotated[dict[str, Any], RunOptions, ("include", "exclude")],
    as_json: JsonOption = False,
) -> None:
    """List a source and read one document, without a lake.

    Shows what a listing costs, what it would cost the next time, and who may see what.
    """
    found = _inspect().trial(without_credentials(address), **globs)
    show(found, as_json, show_sources.tested)


@app.command("list")
def list_(lake: LakeOption, as_json: JsonOption = False) -> None:
    """List the sources of a lake, and whether their next listing starts from a cursor."""
    show(_inspect().held(Lake.existing(lake)), as_json, show_sources.held)
