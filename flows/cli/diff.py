"""The command that compares two releases."""

from __future__ import annotations

from typing import Annotated

import typer

import lake as library
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import diff as show_diff


def diff(
    a: Annotated[str, typer.Argument(help="live, a release, its name, or a date or time (UTC).")],
    b: Annotated[str, typer.Argument(help="The release to compare with A, given in the same way.")],
    lake: LakeOption,
    as_json: JsonOption = False,
) -> None:
    """Show the differences between releases A and B.

    Compares documents, chunks, quarantine and recipe.
    """
    show(library.open_lake(lake).diff(a, b).to_json(), as_json, show_diff.difference)


COMMANDS = (diff,)
