"""What ``--help`` prints: commands in panels, no summary cut short, an example at the end."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from flows.cli.examples import EXAMPLES

_NAME_WIDTH = 13
_WHOLE = 1000


class HelpGroup(TyperGroup):
    """A group of commands that prints its help when no command is given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None)
            rows = panels.setdefault(panel if isinstance(panel, str) else "Commands", [])
            rows.append((f"{name:<{_NAME_WIDTH}}", command.get_short_help_str(_WHOLE)))
        for heading, rows in panels.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def group(name: str, help: str) -> typer.Typer:
    """A group of commands, such as ``raglake config``."""
    return typer.Typer(name=name, help=help, cls=HelpGroup)


def with_examples(app: typer.Typer) -> Any:
    """The command that ``app`` declares; the help of each of its commands ends with an example."""
    command = get_command(app)
    _add_examples(command, "")
    return command


def _add_examples(command: Any, path: str) -> None:
    for name, member in getattr(command, "commands", {}).items():
        _add_examples(member, f"{path} {name}".strip())
    if path in EXAMPLES:
        command.epilog = f"\b\nExample:\n  {EXAMPLES[path]}"
