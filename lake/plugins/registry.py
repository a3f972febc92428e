"""Finds and loads plugins: the entry points of installed packages in the groups ``raglake.KIND``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any

from lake.errors import ContractError, LakeError, UsageError
from lake.plugins.ours import KINDS, OURS

PACKAGE = "raglake"
#: The environment variable that turns plugins off, and its value.
SWITCH, OFF = "RAGLAKE_PLUGINS", "off"


#: Kinds whose entry points are called with a model, a URL or a place.
_CALLED = frozenset({"chat_models", "rerankers", "sources", "events", "destinations"})


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point. ``target`` is ``module:attribute``; ``version`` is that of the ``package`` that declares it."""

    kind: str
    name: str
    target: str
    package: str = PACKAGE
    version: str = ""

    def __str__(self) -> str:
        return f"the {KINDS[self.kind]} {self.name!r} of {self.package} {self.version}".rstrip()

    def load(self) -> Any:
        """Import the target. Raises ContractError if that fails, whatever the cause."""
        module, _, attribute = self.target.partition(":")
        try:
            imported = import_module(module.strip())
            found = attrgetter(attribute.strip())(imported) if attribute else imported
        except LakeError:
            raise
        except (Exception, SystemExit) as error:
            raise self.broken(f"can't be loaded: {type(error).__name__}: {error}") from error
        if self.kind in _CALLED and not callable(found):
            raise self.broken(f"must be callable, got {found!r:.100}")
        return found

    def broken(self, reason: str) -> ContractError:
        """The error for a plugin that can't be used."""
        return ContractError(f"{self} {reason}; repair, upgrade or uninstall {self.package}")


def load(kind: str, name: str) -> Any:
    """The object registered under ``name``, or None. Raises the errors of ``find`` and ``Plugin.load``."""
    plugin = find(kind, name)
    return None if plugin is None else plugin.load()


def find(kind: str, name: str) -> Plugin | None:
    """The plugin called ``name``; ours need no scan. Raises UsageError if several packages register the name."""
    if name in OURS[kind]:
        return Plugin(kind, name, OURS[kind][name])
    found = [plugin for plugin in installed() if (plugin.kind, plugin.name) == (kind, name)]
    if found and (reason := problem(found[0])):
        raise UsageError(reason)
    return found[0] if found else None


def problem(plugin: Plugin) -> str | None:
    """Why an installed plugin can't be used: its name is one of ours, or several packages register it."""
    if not is_added(plugin.kind, plugin.name):
        return f"{plugin} is not used: that name is one of raglake's own; rename it"
    rivals = [p for p in installed() if (p.kind, p.name) == (plugin.kind, plugin.name)]
    if len(rivals) < 2:
        return None
    packages = " and ".join(f"{p.package} {p.version}" for p in rivals)
    return f"{packages} each register a {KINDS[plugin.kind]} {plugin.name!r}; uninstall all but one"


def is_added(kind: str, name: str) -> bool:
    """Whether the name is not one of ours."""
    return name not in OURS[kind]


def names(kind: str) -> list[str]:
    """Names that installed packages add to ours; sorted."""
    return sorted({plugin.name for plugin in installed() if plugin.kind == kind and is_added(kind, plugin.name)})


def ours() -> list[Plugin]:
    """Every entry point of raglake itself."""
    return [Plugin(kind, name, target) for kind, targets in OURS.items() for name, target in targets.items()]


@cache
def installed() -> tuple[Plugin, ...]:
    """Every entry point that other packages declare in our groups; read once per process, in about 50 ms."""
    if os.environ.get(SWITCH) == OFF:
        return ()
    return tuple(sorted(_scan(), key=lambda plugin: (plugin.kind, plugin.name, plugin.package)))


def _scan() -> Iterator[Plugin]:
    from importlib import metadata

    seen = {PACKAGE}
    for distribution in metadata.distributions():
        # Most packages declare none of ours, and reading the other metadata of each would take several times as long.
        if f"[{PACKAGE}." not in (distribution.read_text("entry_points.txt") or ""):
            continue
        package = distribution.metadata["Name"] or "a package without a name"
        if package.lower() in seen:  # a copy further down sys.path is not what gets imported
            continue
        seen.add(package.lower())
        for point in distribution.entry_points:
            kind = point.group.removeprefix(f"{PACKAGE}.")
            if point.group != kind and kind in KINDS:
                yield Plugin(kind, point.name, point.value, package, distribution.version)
