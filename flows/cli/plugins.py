"""The command that lists what is registered by name."""

from __future__ import annotations

from flows.cli.options import JsonOption, show
from flows.cli.show import plugins as show_plugins


def plugins(as_json: JsonOption = False) -> None:
    """List parsers, embedders, models, sources and destinations.

    Shows the package that each one comes from, and why one of them can't be used.
    """
    from lake.inspect.plugins import described

    show(described(), as_json, show_plugins.plugins)


COMMANDS = (plugins,)
