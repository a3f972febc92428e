"""Principals with all groups that they are in, directly or through other groups; what is not known is not granted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lake.errors import LakeError
from lake.search.group_files import Graph, graph_of, read_graph
from lake.search.scim import SCHEME, ScimDirectory

if TYPE_CHECKING:
    from lake.options.groups import GroupOptions

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Seconds after a failure in which the directory is not called again, so that no question waits for it in vain.
_PAUSE = 5.0
#: The same if the directory states a longer time (Retry-After), at most.
_LONGEST_PAUSE = 300.0
#: Principals whose groups are held.
_MOST_HELD = 10_000


class Expanded(frozenset[str]):
    """Principals that are complete with their groups. ``is_degraded``: groups are missing, as they can't be read."""

    is_degraded = False


class Memberships:
    """The groups of principals, as a lake's configuration says where to find them; safe to use from several threads."""

    def __init__(self, options: GroupOptions) -> None:
        self.options = options
        self._graphs: _Aging[Graph] = _Aging(options)
        self._found: _Aging[frozenset[str]] = _Aging(options)
        url = options.url or ""
        self._directory = ScimDirectory(options) if url.startswith(SCHEME) else None

    def expanded(self, principals: Iterable[str]) -> Expanded:
        """The principals and all their groups; only themselves if the groups can't be read."""
        names = frozenset(principals)
        if isinstance(principals, Expanded) or not names or not self.options.is_on:
            return _expanded(names)
        groups = self._groups(names)
        return _expanded(names if groups is None else names | groups, is_degraded=groups is None)

    def _groups(self, names: frozenset[str]) -> frozenset[str] | None:
        """All groups of the names; None if those of any can't be read."""
        if self._directory is None:
            graph = self._graphs.get("", self._read)
            return None if graph is None else closure(graph, names)
        found = [self._found.get(name, _looking_up(self._directory, name)) for name in names]
        known = [groups for groups in found if groups is not None]
        return frozenset().union(*known) if len(known) == len(found) else None

    def _read(self) -> Graph:
        return graph_of(self.options.members) if self.options.url is None else read_graph(self.options)


def marked(found: T, request: Any) -> T:
    """The result, as degraded if groups of its request's principals are missing."""
    result: Any = found
    if getattr(request.principals, "is_degraded", False) and hasattr(result, "degraded"):
        result = replace(result, degraded=(*result.degraded, "groups"))
    marked_one: T = result
    return marked_one


def _looking_up(directory: ScimDirectory, name: str) -> Callable[[], frozenset[str]]:
    return lambda: directory.groups_of(name)


def _expanded(names: frozenset[str], *, is_degraded: bool = False) -> Expanded:
    made = Expanded(names)
    made.is_degraded = is_degraded
    return made


def closure(graph: Mapping[str, frozenset[str]], names: Iterable[str]) -> frozenset[str]:
    """All groups that the names are in; groups that contain each other end in a set, not in a circle.

    >>> graph = {"anna": frozenset({"group:a"}), "group:a": frozenset({"group:b"}), "group:b": frozenset({"group:a"})}
    >>> sorted(closure(graph, ["anna"])), closure(graph, ["otto"])
    (['group:a', 'group:b'], frozenset())
    """
    found, waiting = set[str](), list(names)
    while waiting:
        new = graph.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting += new
    return frozenset(found)


class _Aging(Generic[T]):
    """Values that are read again once they are too old, and count for a while longer if that fails.

    A value that still counts is never waited for while another thread reads.
    """

    def __init__(self, options: GroupOptions) -> None:
        self._max_age, self._longest = options.max_age, options.max_age + options.stale_for
        self._held: dict[str, tuple[T, float]] = {}
        self._reading: dict[str, Lock] = {}
        self._calm_at = 0.0
        self._lock = Lock()

    def get(self, key: str, read: Callable[[], T]) -> T | None:
        """The value; None if it can't be read and none is known, or only one that is too old."""
        if (fresh := self._known(key, self._max_age)) is not None:
            return fresh
        usable = self._known(key, self._longest)
        with self._lock:
            mine = self._reading.setdefault(key, Lock())
        if not mine.acquire(blocking=usable is None):
            return usable
        try:
            found = self._known(key, self._max_age)  # of whoever read while this one waited
            return self._read(key, read) if found is None else found
        finally:
            mine.release()
            with self._lock:
                self._reading.pop(key, None)

    def _known(self, key: str, age: float) -> T | None:
        held = self._held.get(key)
        return held[0] if held is not None and monotonic() - held[1] <= age else None

    def _read(self, key: str, read: Callable[[], T]) -> T | None:
        began = monotonic()
        if began >= self._calm_at:
            try:
                return self._keep(key, read(), began)
            except LakeError as error:
                stated = getattr(error, "wait", None) or 0.0
                self._calm_at = monotonic() + min(max(stated, _PAUSE), _LONGEST_PAUSE)
                _log.warning("memberships can't be read: %s", error)
        return self._known(key, self._longest)

    def _keep(self, key: str, value: T, read_at: float) -> T:
        with self._lock:
            self._held.pop(key, None)
            self._held[key] = value, read_at
            while len(self._held) > _MOST_HELD:
                self._held.pop(next(iter(self._held)))
        return value
