"""The commands for a lake's synonyms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.help import group
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import synonyms as show_synonyms
from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.records import synonyms

#: Taken as one group: ``raglake synonyms show`` and so on.
app = group("synonyms", "Add synonyms, which full text then finds as well.")

_KEEP = "Store the list, but do not search with it yet."
_FILE = "Text file with a rule on each line: 'car, auto' or 'tv => television'; # begins a comment."


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(help=_FILE)],
    lake: LakeOption,
    only_store: Annotated[bool, typer.Option("--only-store", help=_KEEP)] = False,
    as_json: JsonOption = False,
) -> None:
    """Store a list of synonyms under a new number, and search with it from now on."""
    place = Lake.existing(lake)
    number = synonyms.add(place, _text(file))
    if not only_store:
        configuration.put(place.store, "search.synonyms", number)
    _show(place, number, as_json)


@app.command("show")
def show_(
    lake: LakeOption,
    number: Annotated[int | None, typer.Argument(help="Number of a list. [default: the one in use]")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rules of a list, and which lists there are."""
    place = Lake.existing(lake)
    _show(place, configuration.read(place.store).search.synonyms if number is None else number, as_json)


def _show(place: Lake, number: int | None, as_json: bool) -> None:
    used = configuration.read(place.store).search.synonyms
    rules = synonyms.read(place, number).rules if number else ()
    shown = {
        "number": number,
        "used": used,
        "numbers": synonyms.numbers(place),
        "rules": [{"terms": list(rule.terms), "find": list(rule.others)} for rule in rules],
    }
    show(shown, as_json, show_synonyms.shown)


def _text(file: str) -> str:
    try:
        return Path(file).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no readable text in UTF-8: {error}") from error
