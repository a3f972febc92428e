"""Kinds of sources and their options, a trial of one address, and the sources of a lake; JSON-like."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import MISSING, fields
from datetime import datetime
from itertools import groupby
from typing import Any

from lake import plugins
from lake.directory import Lake
from lake.errors import InputError, LakeError
from lake.ingest.plan import parser_and_suffix
from lake.records.last_listings import last_listed
from lake.sources.declared import declared_json
from lake.sources.listing import Changes
from lake.sources.protocol import SourceFile, is_sidecar
from lake.sources.source import Source, parse_source


def kinds() -> list[dict[str, Any]]:
    """One row per kind: its schemes, the package that it comes from, and its options if it declares them."""
    every = [plugin for plugin in (*plugins.ours(), *plugins.installed()) if plugin.kind == "sources"]
    rows = []
    for (package, target), each in groupby(every, key=lambda plugin: (plugin.package, plugin.target)):
        of_kind = list(each)
        try:
            options, problem = _options(of_kind[0].load()), None
        except LakeError as error:
            options, problem = [], str(error)
        schemes = [plugin.name for plugin in of_kind]
        rows.append({"schemes": schemes, "package": package, "target": target, "options": options, "problem": problem})
    return rows


def _options(kind: Any) -> list[dict[str, Any]]:
    declared = getattr(kind, "options", None)
    return [
        {
            "name": one.name,
            "default": None if one.default is MISSING or one.metadata["secret"] else one.default,
            "description": one.metadata["description"],
        }
        for one in (fields(declared) if isinstance(declared, type) else ())
    ]


def trial(address: str, include: Iterable[str] = (), exclude: Iterable[str] = (), n_shown: int = 5) -> dict[str, Any]:
    """List a source once, and again from its cursor if it has one; read one document. Raises the errors of a run."""
    source = parse_source(address, include, exclude)
    started = time.monotonic()
    items = Changes(source.changes(None)) if source.has_cursor else Changes(source.list())
    found = _Found(n_shown)
    for file in items.files():
        found.add(file)
    shown = {"name": source.name, **found.to_json(), "seconds": round(time.monotonic() - started, 3)}
    shown["problems"] = [*shown["problems"], *(gap.why for gap in items.gaps[:n_shown])]
    state = items.state("", "")
    shown["cursor"] = _continued(source, state.position) if state else None
    shown["version"] = state.version if state else ""
    shown["read"] = _read(source, found.shown[0].uri) if found.shown else None
    return shown


class _Found:
    """Counts of a listing, which may be long, and its first documents."""

    def __init__(self, n_shown: int) -> None:
        self._n_shown, self.shown = n_shown, list[SourceFile]()
        self._counts = dict.fromkeys(("n_documents", "n_sidecars", "n_bytes", "n_restricted", "n_hidden"), 0)
        self._problems: list[str] = []

    def add(self, file: SourceFile) -> None:
        counts = self._counts
        if is_sidecar(file.uri):
            counts["n_sidecars"] += 1
            return
        counts["n_documents"] += 1
        counts["n_bytes"] += file.size or 0
        stated = json.loads(declared_json(file.uri, file.metadata, file.acl) or "{}")
        counts["n_restricted"] += "acl" in stated
        counts["n_hidden"] += stated.get("acl") == []
        if len(self._problems) < self._n_shown:
            self._problems += stated.get("problems", ())
        if len(self.shown) < self._n_shown:
            self.shown.append(file)

    def to_json(self) -> dict[str, Any]:
        shown = [{"metadata": None, "acl": None, **file._asdict()} for file in self.shown]
        return {**self._counts, "problems": self._problems, "documents": shown}


def _continued(source: Source, position: str) -> dict[str, Any]:
    started = time.monotonic()
    changes = Changes(source.changes(position))
    n = sum(1 for _ in changes.files()) + len(changes.gone)
    return {"n_listed": n, "seconds": round(time.monotonic() - started, 3)}


def _read(source: Source, uri: str) -> dict[str, Any]:
    started = time.monotonic()
    try:
        data, problem = source.read(uri), None
    except InputError as error:
        data, problem = b"", str(error)
    seconds = round(time.monotonic() - started, 3)
    parser = parser_and_suffix(uri)[0] or None
    return {"uri": uri, "n_bytes": len(data), "parser": parser, "problem": problem, "seconds": seconds}


def listed_at(lake: Lake) -> dict[str, datetime | None]:
    """When the last complete listing of each source of live began; None if no run noted it yet."""
    return {row["source"]: row["listed_at"] for row in held(lake)}


def held(lake: Lake) -> list[dict[str, Any]]:
    """The sources of live: their documents, when the last complete listing began, and how the next one begins."""
    live = lake.log.read().live
    if live is None:
        return []
    counts: dict[str, int] = {}
    for name in ("documents", "quarantine"):
        rows = lake.tables(live.generation).at(name, live.versions[name]).scan(["source"])
        for row in rows.column("source").value_counts().to_pylist():
            counts[row["values"]] = counts.get(row["values"], 0) + row["counts"]
    versions = lake.log.read().source_versions(live.id)
    states = {name: lake.listing_state(name) for name in counts}
    return [
        {
            "source": name,
            "n_documents": n,
            "version": versions.get(name, ""),
            "listed_at": last_listed(lake.store, name),
            "has_cursor": states[name] is not None,
            "full_at": states[name].full_at if states[name] else None,  # type: ignore[union-attr]
        }
        for name, n in sorted(counts.items())
    ]
