"""Commands of raglake in messages: each names its lake, so that it can be pasted, and stays code in Markdown."""

from __future__ import annotations

import re
import shlex

from lake.reporting.wording import markdown_cell

_COMMAND = re.compile(r"`(raglake [^`\n]+)`")
_WITHOUT_LAKE = re.compile("raglake (demo|deployments|automations|plugins|schema)|.*--(lake|help)")


def with_lake(text: str, lake: str | None) -> str:
    """Add the lake to every command between backticks that needs one and names none.

    >>> with_lake("run `raglake doctor --repair`, or `raglake demo`", "my lake")
    "run `raglake doctor --repair --lake 'my lake'`, or `raglake demo`"
    """
    return _COMMAND.sub(lambda found: f"`{_completed(found[1], lake)}`", text) if lake else text


def _completed(command: str, lake: str) -> str:
    return command if _WITHOUT_LAKE.match(command) else f"{command} --lake {shlex.quote(lake)}"


def markdown_message(text: str) -> str:
    """A message as one line of Markdown without markup but its commands, which are code.

    >>> print(markdown_message("*.md is gone; see `raglake status`."))
    \\*.md is gone; see `raglake status`.
    """
    prose = _COMMAND.split(" ".join(text.split()))  # a command is every second part
    return "".join(f"`{part}`" if n % 2 else _spaced(part) for n, part in enumerate(prose))


def _spaced(prose: str) -> str:
    """Prose without markup that keeps the space before and after it."""
    return f"{' ' * prose.startswith(' ')}{markdown_cell(prose)}{' ' * prose.endswith(' ')}" if prose.strip() else prose
