"""The commands for a lake's configuration: search, gate, alarms, completeness, query log."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand

from flows.cli.help import group
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import config as show_config
from flows.cli.show import terminal
from lake.directory import Lake, configuration
from lake.options import options
from lake.records import synonyms

if TYPE_CHECKING:
    from lake.directory.configuration import Configuration

#: Taken as one group: ``raglake config show`` and so on.
app = group("config", "Configure search, the gate, alarms, completeness and the query log of a lake.")

_KEY = "Such as search.alpha or gate.mode, or gate.floors.MEASURE for one of several."
_FORCE = "Set a floor although live does not meet it."


class KeysCommand(TyperCommand):
    """A command whose help lists the keys."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:

        for section in fields(configuration.Configuration):
            with formatter.section(f"Keys of {section.name}"):
                found = options(cast(type, section.default_factory)).values()
                formatter.write_dl([(f"{section.name}.{one.name}", one.description) for one in found])
        super().format_epilog(ctx, formatter)


Key = Annotated[str, typer.Argument(help=_KEY)]


@app.command("show")
def show_(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Show every value, and which of them were set."""
    store = Lake.existing(lake).store
    shown = {"configuration": asdict(configuration.read(store)), "set": configuration.said(store)}
    show(shown, as_json, show_config.configuration)


@app.command("set", cls=KeysCommand)
def set_(
    key: Key,
    value: Annotated[str, typer.Argument(help="A word, a number, or JSON for lists and objects.")],
    lake: LakeOption,
    force: Annotated[bool, typer.Option("--force", help=_FORCE)] = False,
    as_json: JsonOption = False,
) -> None:
    """Set one value; it holds from the next run on.

    A floor that live does not meet is refused without --force, since the gate would block every candidate like live.
    """
    from expectations.gating import check_configuration, refuse_floors

    place = Lake.existing(lake)
    before, wanted = configuration.read(place.store), configuration.with_value(place.store, key, _value(value))
    check_configuration(wanted)
    if wanted.search.synonyms is not None:
        synonyms.text_of(place, wanted.search.synonyms)
    if key.startswith("gate.") and wanted.gate.floors and not force:
        with terminal.progress(quiet=as_json) as progress:
            refuse_floors(place, wanted.gate, progress)
    _show_change(before, configuration.put(place.store, key, _value(value)), configuration.said(place.store), as_json)


@app.command(cls=KeysCommand)
def unset(key: Key, lake: LakeOption, as_json: JsonOption = False) -> None:
    """Return one value to its default."""
    store = Lake.existing(lake).store
    before = configuration.read(store)
    _show_change(before, configuration.drop(store, key), configuration.said(store), as_json)


def _value(text: str) -> Any:
    """JSON, or the words as they are."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _show_change(before: Configuration, after: Configuration, said: dict[str, Any], as_json: bool) -> None:
    shown = {"configuration": asdict(after), "set": said}
    show(shown, as_json, partial(show_config.changed, before=asdict(before)))
