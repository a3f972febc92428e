"""The command that copies a release to a destination."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

import lake as library
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import plugins as show_plugins


def export(
    destination: Annotated[str, typer.Argument(help="parquet:FOLDER, or NAME:PLACE of a plugin.")],
    lake: LakeOption,
    at: Annotated[str, typer.Option("--at", help="live, a release, its name, or a date or time (UTC).")] = "live",
    as_json: JsonOption = False,
) -> None:
    """Copy a release to a destination.

    Copies documents, parents and chunks with today's access rights; the destination then holds nothing else.
    """
    show(asdict(library.operate.export(lake, destination, at=at)), as_json, show_plugins.exported)


COMMANDS = (export,)
