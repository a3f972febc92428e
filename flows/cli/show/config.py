"""What a person at a terminal sees of a lake's configuration."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table

from flows.cli.show.terminal import escape, terminal


def configuration(shown: dict[str, Any]) -> None:
    """Every value that holds; those that were set are bold."""
    table = Table("key", "value", "", box=None, pad_edge=False)
    for section, values in shown["configuration"].items():
        for name, value in values.items():
            is_set = name in shown["set"].get(section, {})
            told = json.dumps(_stated(value), ensure_ascii=False)
            table.add_row(f"{section}.{name}", escape(told), "set" if is_set else "", style="bold" if is_set else "")
    terminal().print(table)


def changed(shown: dict[str, Any], before: dict[str, Any]) -> None:
    """Each value that changed, as it was and as it is."""
    out, lines = terminal(), []
    for section, values in shown["configuration"].items():
        for name, value in values.items():
            if value != (was := before[section][name]):
                then, now = (json.dumps(_stated(one), ensure_ascii=False) for one in (was, value))
                lines.append(f"{section}.{name}: {then} -> {now}")
    out.print(escape("\n".join(lines), is_line=False) if lines else "nothing changed: the value was the same")


def _stated(value: Any) -> Any:
    """The value; of an object with options, such as an endpoint, only those that are set."""
    if not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if one not in (None, {})}
