"""Commands in messages, made ready to paste: each names the lake that the running command works on."""

from __future__ import annotations

import re
import shlex
from contextvars import ContextVar

_COMMAND = re.compile(r"`(raglake (?!demo|deployments|automations|plugins|schema)[^`]+)`")
_lake: ContextVar[str | None] = ContextVar("lake", default=None)


def remember(lake: str | None) -> str | None:
    """Note the lake of the running command."""
    _lake.set(lake)
    return lake


def pasteable(text: str) -> str:
    """Add the lake to every command between backticks that names none.

    >>> _ = remember("my lake")
    >>> pasteable("run `raglake doctor --repair`, or `raglake demo`"), remember(None)
    ("run `raglake doctor --repair --lake 'my lake'`, or `raglake demo`", None)
    """
    lake = _lake.get()
    return _COMMAND.sub(lambda found: f"`{_with_lake(found[1], lake)}`", text) if lake else text


def _with_lake(command: str, lake: str) -> str:
    return command if "--lake" in command or "--help" in command else f"{command} --lake {shlex.quote(lake)}"
