"""A lake's configuration: search, the gate, alarms, how complete documents must be, endpoints of models, the query log.

Stored in the lake as ``configuration.json``, which holds only values that somebody set, no defaults.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lake.endpoints.endpoint import using
from lake.errors import ContractError, UsageError
from lake.options import QueryLogOptions, SearchDefaults, option
from lake.options.checks import (
    check_floors,
    check_how,
    check_judged,
    check_measures,
    check_names,
    check_texts,
    split_measure,
)
from lake.options.completeness import Completeness
from lake.options.declaration import check
from lake.options.endpoints import ModelEndpoints
from lake.options.groups import GroupOptions
from lake.options.hooks import HookOptions
from lake.options.sync import SyncDefaults
from lake.options.tuning import TuningRecord

if TYPE_CHECKING:
    from lake.storage.protocol import Store

FILE = "configuration.json"

Mode = Literal["off", "warn", "block"]
Policy = Literal["warn", "block"]
Correction = Literal["holm", "bonferroni"]


@dataclass(frozen=True, slots=True)
class Gate:
    """How a candidate is evaluated by the lake's questions before it is published.

    A measure that does not apply to a set's evidence is left out, such as one of spans if whole documents are relevant.
    """

    mode: Mode = option("block", "What a finding does: block the candidate, warn, or (off) skip the evaluation.")
    sets: tuple[str, ...] = option((), "Question sets to evaluate by; all if empty.")
    floors: Mapping[str, float] = option(
        dict, 'Minimum mean by measure in each set, such as {"document nDCG@10": 0.6}.'
    )
    no_regression: tuple[str, ...] = option(
        ("document nDCG@10", "span recall@5"), "Measures in which a candidate must not be worse than live."
    )
    margin: float = option(0.01, "A loss of at least this counts as worse.", least=0, most=1)
    alpha: float = option(
        0.05, "Maximum chance of blocking a candidate that is no worse, over all measures.", least=1e-4, most=0.5
    )
    least: int = option(30, "Minimum number of questions for a verdict.", least=1, most=1_000_000)
    sample: int | None = option(
        50,
        "Questions of each set that a run over some documents measures at most; as many as `least` if none of these "
        "is answered worse. Those about the documents it changed come on top.",
        least=1,
        unset="all questions",
    )
    not_enough_evidence: Policy = option(
        "warn", "What follows if the questions are too few, or cannot show whether the candidate is worse."
    )
    correction: Correction = option("holm", "Correction for testing several measures.")
    how: Mapping[str, Any] = option(dict, "Search options of the evaluation, over those of the section search.")

    def __post_init__(self) -> None:
        check(self)
        check_texts("sets", self.sets)
        check_texts("no_regression", self.no_regression)
        check_measures("no_regression", self.no_regression)
        check_floors("floors", self.floors)
        check_how("how", self.how)

    @property
    def measures(self) -> tuple[tuple[str, str], ...]:
        """Level and name of every measure in use."""
        return tuple(map(split_measure, dict.fromkeys([*self.floors, *self.no_regression])))

    def asks(self, sets: Collection[str], *, has_live: bool) -> bool:
        """Whether the gate has anything to evaluate, in a lake with these sets of questions."""
        demands = bool(self.floors) or (bool(self.no_regression) and has_live)
        return self.mode != "off" and demands and bool(self.sets or sets)


@dataclass(frozen=True, slots=True)
class Alarms:
    """What fails a run of the flow ``evaluate``, all about ``live``; an alarm without a value is off."""

    scores: Mapping[str, float] = option(
        dict, 'Minimum mean of live by measure in each set, such as {"document nDCG@10": 0.6}.'
    )
    judged: Mapping[str, float] = option(
        dict, 'Minimum mean of requests that the flow `judge` judged, such as {"faithfulness": 0.9}.'
    )
    p95_seconds: float | None = option(
        None, "Maximum 95th percentile of search latency, in seconds.", least=0, most=1e6
    )
    quarantine_share: float | None = option(
        None, "Maximum share of listed documents that may be in quarantine.", least=0, most=1
    )
    age_hours: float | None = option(None, "Maximum hours since live was published.", least=0, most=1e6)
    lag_hours: float | None = option(
        None, "Maximum hours that the oldest change in live had waited when it was published.", least=0, most=1e6
    )
    listed_hours: float | None = option(
        None, "Maximum hours since a run last listed each source of live.", least=0, most=1e6
    )

    def __post_init__(self) -> None:
        check(self)
        check_floors("scores", self.scores)
        check_judged("judged", self.judged)


@dataclass(frozen=True, slots=True)
class Configuration:
    """One field per section; a new section needs only a new field here."""

    gate: Gate = field(default_factory=Gate)
    alarms: Alarms = field(default_factory=Alarms)
    search: SearchDefaults = field(default_factory=SearchDefaults)
    completeness: Completeness = field(default_factory=Completeness)
    sync: SyncDefaults = field(default_factory=SyncDefaults)
    endpoints: ModelEndpoints = field(default_factory=ModelEndpoints)
    query_log: QueryLogOptions = field(default_factory=QueryLogOptions)
    groups: GroupOptions = field(default_factory=GroupOptions)
    hooks: HookOptions = field(default_factory=HookOptions)
    tuning: TuningRecord = field(default_factory=TuningRecord)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Configuration:
        """Make it of ``settings`` (section, name, value). Raises UsageError for an unknown key or an invalid value."""
        sections = {section.name: section.default_factory for section in fields(cls)}
        check_names("configuration", "sections", settings, sections)
        return cls(**{name: _section(sections[name], name, values) for name, values in settings.items()})


def _section(kind: Any, name: str, values: Any) -> Any:
    if not isinstance(values, Mapping):
        raise UsageError(
            f"{name}={values!r} must be an object; `raglake config set {name}.NAME VALUE` sets one of its values"
        )
    check_names(name, "names", values, [found.name for found in fields(kind)])
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except UsageError as error:
        raise UsageError(f"{name}.{error}") from error


def read(store: Store) -> Configuration:
    """A lake's configuration. Raises ContractError if the file is damaged, UsageError if a setting is invalid."""
    try:
        return Configuration.of(said(store))
    except UsageError as error:
        raise UsageError(f"{FILE} of {store.url}: {error}") from error


class OfSearches(NamedTuple):
    """What a search needs of a configuration."""

    search: SearchDefaults
    endpoints: ModelEndpoints
    groups: GroupOptions


def of_searches(store: Store) -> OfSearches:
    """The lake's search defaults, where its models are called, and where its groups are; raises the errors of ``read``,
    but only for these sections.
    """
    kept = said(store)
    kinds = {"search": SearchDefaults, "endpoints": ModelEndpoints, "groups": GroupOptions}
    return OfSearches(*(_only(store, kept, kind, name) for name, kind in kinds.items()))


def in_use(store: Store) -> AbstractContextManager[None]:
    """Models that are loaded inside are called as the lake's configuration states."""
    return using(_only(store, said(store), ModelEndpoints, "endpoints"))


def _only(store: Store, kept: Mapping[str, Any], kind: Any, name: str) -> Any:
    try:
        return _section(kind, name, kept.get(name, {}))
    except UsageError as error:
        raise UsageError(f"{FILE} of {store.url}: {error}") from error


def said(store: Store) -> dict[str, Any]:
    """The values that somebody set, as section, name, value; without defaults."""
    try:
        found = json.loads(store.read(FILE))
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ContractError(
            f"{FILE} of {store.url} is damaged ({error}); restore it, or delete it to return to the defaults"
        ) from error
    return found


def with_value(store: Store, key: str, value: Any) -> Configuration:
    """The configuration if this value were set; ``key`` is like ``gate.mode`` or ``gate.floors.document nDCG@10``."""
    return Configuration.of(_put(said(store), key, value))


def put(store: Store, key: str, value: Any) -> Configuration:
    """Set one value, see ``with_value``. If two writers set something at once, the later one wins."""
    return _keep(store, _put(said(store), key, value))


def _put(kept: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    *path, last = _path(key)
    place = kept
    for part in path:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise UsageError(f"{key}: {part} holds {place!r}, in which nothing can be set")
    place[last] = value
    return kept


def obey(store: Store, sections: Mapping[str, Any]) -> bool:
    """Replace whole sections and keep the others. Returns whether anything changed; without a change nothing is
    written.
    """
    kept = said(store)
    wanted = json.loads(json.dumps({**kept, **sections}))  # as it is read back: lists for tuples
    if wanted == kept:
        return False
    _keep(store, wanted)
    return True


def drop(store: Store, key: str) -> Configuration:
    """Remove a setting, so that the default applies. Raises UsageError if it is not set."""
    kept = said(store)
    *path, last = _path(key)
    places = [kept]
    for part in path:
        found = places[-1].get(part)
        places.append(found if isinstance(found, dict) else {})
    if last not in places[-1]:
        _check_known([*path, last])
        raise UsageError(f"{key} is not set; what is set: {', '.join(sorted(_keys(kept))) or 'nothing'}")
    del places[-1][last]
    for place, part in reversed(list(zip(places, path, strict=False))):
        if not place[part]:
            del place[part]
    return _keep(store, kept)


def _keep(store: Store, kept: dict[str, Any]) -> Configuration:
    configuration = Configuration.of(kept)
    if kept:
        store.write(FILE, json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True).encode())
    else:
        store.delete(FILE)
    return configuration


def _path(key: str) -> list[str]:
    """Section, name and entry; an entry's own name may contain dots.

    >>> _path("gate.floors.document P(rel=2)@.5")
    ['gate', 'floors', 'document P(rel=2)@.5']
    """
    parts = key.split(".", 2)
    if not all(parts):
        raise UsageError(f"no key {key!r}; a valid key is, for instance, gate.mode")
    return parts


def _check_known(path: Sequence[str]) -> None:
    """Raises UsageError unless the configuration has such a section, and the section such a name."""
    sections = {section.name: getattr(Configuration(), section.name) for section in fields(Configuration)}
    check_names("configuration", "sections", path[:1], sections)
    check_names(path[0], "names", path[1:2], [found.name for found in fields(sections[path[0]])])


def _keys(kept: Mapping[str, Any]) -> list[str]:
    return [f"{section}.{name}" for section, values in kept.items() if isinstance(values, dict) for name in values]
