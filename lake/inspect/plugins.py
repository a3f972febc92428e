"""Everything that is registered by name, and whether it can be used; JSON-like."""

from __future__ import annotations

from dataclasses import asdict
from importlib import metadata
from typing import Any

from lake import plugins
from lake.embed.registry import plugin_family
from lake.errors import LakeError
from lake.parse.registry import parsers_by_suffix, plugin_parser


def described() -> list[dict[str, Any]]:
    """One row per entry point, ours first in each kind. ``problem`` is None if it can be used; plugins are imported."""
    rows = [asdict(plugin) | {"version": _version(), "problem": None} for plugin in plugins.ours()]
    rows += [asdict(plugin) | {"problem": _problem(plugin)} for plugin in plugins.installed()]
    return sorted(rows, key=lambda row: list(plugins.KINDS).index(row["kind"]))


def _problem(plugin: plugins.Plugin) -> str | None:
    if taken := plugins.problem(plugin):
        return taken
    try:
        if plugin.kind == "parsers":
            plugin_parser(plugin)
            parsers_by_suffix()
        elif plugin.kind == "embedders":
            plugin_family(plugin)
        elif not callable(plugin.load()):
            return str(plugin.broken("is not callable"))
    except LakeError as error:
        return str(error)
    return None


def _version() -> str:
    try:
        return metadata.version("raglake")
    except metadata.PackageNotFoundError:
        return "unknown"
