"""The commands about what a lake is told once: how it is searched, how its gate judges, when it raises an alarm."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.help import group
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import config as show_config
from lake import configuration
from lake.directory import Lake

if TYPE_CHECKING:
    from lake.configuration import Configuration

#: Taken as one group: ``raglake config show`` and so on.
app = group("config", "Configure search, the gate and alarms of a lake.")

_KEY = "As search.alpha or gate.mode, or gate.floors.MEASURE for one of several."
Key = Annotated[str, typer.Argument(help=_KEY)]


@app.command("show")
def show_(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Show every value, and which of them were set."""
    store = Lake.existing(lake).store
    _show(configuration.read(store), configuration.said(store), as_json)


@app.command("set")
def set_(
    key: Key,
    value: Annotated[str, typer.Argument(help="A word, a number, or JSON for lists and objects.")],
    lake: LakeOption,
    as_json: JsonOption = False,
) -> None:
    """Set one value; it holds from the next run on."""
    from expectations.gating import check_configuration

    store = Lake.existing(lake).store
    check_configuration(configuration.with_value(store, key, _value(value)))
    _show(configuration.put(store, key, _value(value)), configuration.said(store), as_json)


@app.command()
def unset(key: Key, lake: LakeOption, as_json: JsonOption = False) -> None:
    """Return one value to its default."""
    store = Lake.existing(lake).store
    _show(configuration.drop(store, key), configuration.said(store), as_json)


def _value(text: str) -> Any:
    """JSON, or the words as they are."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _show(configuration: Configuration, said: dict[str, Any], as_json: bool) -> None:
    show({"configuration": asdict(configuration), "set": said}, as_json, show_config.configuration)
