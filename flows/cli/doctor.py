"""The command that checks a stored lake and fixes it."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import doctor as show_doctor
from flows.cli.show import terminal

_UNHEALTHY = 1
_PARTS = "Check one of N parts of the files and documents each day, so that N days check all."


def doctor(
    lake: LakeOption,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired from the lake itself.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Compare the rows of every release, not only of live.")] = False,
    parts: Annotated[int, typer.Option(help=_PARTS, min=1, max=1000, metavar="N")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Check the stored lake, and repair it with --repair.

    Reports what is wrong and what would repair it. Exits with 1 if anything is wrong.
    """
    from expectations.health import with_audit
    from lake.maintenance import doctor

    damaged = doctor.open_damaged(lake)
    with terminal.progress(quiet=as_json) as progress:
        if repair:
            found = doctor.repair(damaged, every=every, progress=progress)
        else:
            found = doctor.examine(damaged, every=every, parts=parts, progress=progress)
        diagnosis = with_audit(doctor.open_damaged(lake), found)
    show(diagnosis.to_json(), as_json, show_doctor.diagnosis)
    if not diagnosis.healthy:
        raise typer.Exit(_UNHEALTHY)


COMMANDS = (doctor,)
