"""The command that checks a stored lake and fixes it."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import doctor as show_doctor
from flows.cli.show import terminal

_UNHEALTHY = 1


def doctor(
    lake: LakeOption,
    repair: Annotated[bool, typer.Option("--repair", help="Fix what the lake itself can fix.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Compare the rows of every kept release, not of live alone.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every invariant of the stored lake; say what is wrong and what would fix it."""
    from expectations.health import with_audit
    from lake.maintenance import doctor

    damaged = doctor.open_damaged(lake)
    with terminal.progress(quiet=as_json) as progress:
        examine = doctor.repair if repair else doctor.examine
        diagnosis = with_audit(doctor.open_damaged(lake), examine(damaged, every=every, progress=progress))
    show(diagnosis.to_json(), as_json, show_doctor.diagnosis)
    if not diagnosis.healthy:
        raise typer.Exit(_UNHEALTHY)


COMMANDS = (doctor,)
