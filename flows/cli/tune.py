"""The command that learns search options from questions."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli.declared import with_options
from flows.cli.options import JsonOption, LakeOption, SetOption, show
from flows.cli.show import terminal
from flows.cli.show import tune as show_tune
from lake.errors import UsageError
from lake.options.tuning import TuningOptions

Apply = Annotated[bool, typer.Option("--apply", help="Set what is better in the lake's configuration.")]
Undo = Annotated[bool, typer.Option("--undo", help="Return to the options from before the last --apply.")]


@with_options
def tune(
    lake: LakeOption,
    options: Annotated[dict[str, Any], TuningOptions],
    set_: SetOption = None,
    apply: Apply = False,
    undo: Undo = False,
    as_json: JsonOption = False,
) -> None:
    """Learn weights, boosts and reranking from reviewed questions; judge them by questions that did not choose.

    Without --apply, nothing is changed.
    """
    from flows import tune as tuning

    if undo:
        if apply or options or set_:
            raise UsageError("--undo takes no other option: it returns to the options from before the last --apply")
        show(tuning.undo(lake), as_json, show_tune.undone)
        return
    chosen = TuningOptions(**options)
    with terminal.progress(quiet=as_json) as progress:
        found = tuning.tune(lake, chosen, set_, progress)
    shown = {**found.to_json(), "applied": apply and tuning.apply(lake, found)}
    show(shown, as_json, show_tune.tuned)


COMMANDS = (tune,)
