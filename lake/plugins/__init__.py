"""Registry of named parts: ours, and those that installed packages add by entry points."""

from __future__ import annotations

from lake.plugins.ours import KINDS, OURS
from lake.plugins.registry import OFF, PACKAGE, SWITCH, Plugin, find, installed, is_added, load, names, ours, problem

__all__ = [
    "KINDS",
    "OFF",
    "OURS",
    "PACKAGE",
    "SWITCH",
    "Plugin",
    "find",
    "installed",
    "is_added",
    "load",
    "names",
    "ours",
    "problem",
]
