"""The command that lists copies."""

from __future__ import annotations

from typing import Annotated

import typer

import lake as library
from flows.cli.options import AtOption, JsonOption, LakeOption, show
from flows.cli.show import duplicates as show_duplicates
from lake.errors import UsageError
from lake.inspect.duplicates import NEAR

Near = Annotated[bool, typer.Option("--near", help="List documents that resemble another one, too.")]
Likeness = Annotated[
    float | None,
    typer.Option(help=f"Least similarity of near-copies, from 0.5 to 1. [default: {NEAR}]", show_default=False),
]


def duplicates(
    lake: LakeOption,
    at: AtOption = "live",
    near: Near = False,
    likeness: Likeness = None,
    as_json: JsonOption = False,
) -> None:
    """List documents that are copies of one another, and which of them stands for the others in searches.

    Exact copies have the same text, whatever their names, formats and encodings. Deletes nothing. For operators: it
    lists restricted documents, too.
    """
    if likeness is not None and not near:
        raise UsageError("--likeness is of near-copies; add --near")
    index = library.open_lake(lake)
    release = index.release(at)
    found = index.duplicates(release.id, near=near, likeness=NEAR if likeness is None else likeness)
    groups: dict[str, list[dict[str, object]]] = {}
    for row in found.to_pylist():
        groups.setdefault(row.pop("copy_group"), []).append(row)
    shown = {
        "release": release.id,
        "groups": [{"copy_group": name, "documents": rows} for name, rows in groups.items()],
    }
    show(shown, as_json, show_duplicates.groups)


COMMANDS = (duplicates,)
