"""Budgets of API keys: what each may spend on answers per day, over all processes that share a Redis."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lake.cache.redis_store import Unavailable
from lake.endpoints.usage import Usage
from lake.errors import LakeError, UsageError
from lake.options.search import is_by_chat
from lake.schemas.result import SearchResult
from lake.service.problems import Problem
from lake.storage import clock

if TYPE_CHECKING:
    from lake.answer import Answer, AnswerOptions, ChatModel
    from lake.cache.redis_store import RedisStore
    from lake.index import Index
    from lake.service.keys import Key

#: USD are counted in whole millionths, so that any number of processes adds up to the same sum.
_MICRO = 1_000_000
#: Seconds for which a day's sums stay in Redis.
_KEPT = 2 * 86_400
#: Days whose sums a process holds: around midnight, and after a clock was corrected, an earlier one comes again.
_DAYS = 7
USD, TOKENS = "usd", "tokens"


@dataclass(frozen=True, slots=True)
class DaySums:
    """What a key has spent on a day: millionths of USD, and tokens."""

    usd: int = 0
    tokens: int = 0


class Budgets(Collector):
    """Counts what the answers of each key cost, and refuses further ones once its budget of the day (UTC) is used up.

    Sums are those of all processes if ``store`` answers. Without it they go on from what this process knows of them.
    """

    def __init__(self, keys: Iterable[Key], store: RedisStore | None = None) -> None:
        self._limits = {key.name: _limits(key) for key in keys if _limits(key)}
        self._store = store
        self._days: dict[str, Counter[tuple[str, str]]] = {}
        self._refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    def check(self, key: Key) -> None:
        """Raises Problem 429 if the key's budget is used up. May wait 50 ms for Redis."""
        limits = self._limits.get(key.name)
        if not limits:
            return
        spent = self._added(key.name, DaySums())
        for unit, limit in limits.items():
            if (used := getattr(spent, unit)) >= limit:
                self._refused[key.name] += 1
                raise _used_up(key.name, unit, used, limit)

    def spend(self, key: Key, usage: Usage | None) -> None:
        """Count an answer. One whose cost is unknown uses up a budget in USD, so that it can't be exceeded unseen."""
        limits = self._limits.get(key.name)
        if not limits or usage is None:
            return
        usd = limits.get(USD, 0) if usage.cost_usd is None else round(usage.cost_usd * _MICRO)
        self._added(key.name, DaySums(usd, usage.n_input + usage.n_output))

    @contextmanager
    def searching(
        self, key: Key, index: Index, *options: Mapping[str, Any]
    ) -> Iterator[list[SearchResult | LakeError]]:
        """Counts what a chat model costs that reranks; the caller appends what was found to the list.

        ``options`` are those of each search.

        Raises Problem 429 if searches call one and the key's budget is used up.
        """
        if key.name in self._limits:
            usual = _configured_reranker(index)
            if any(is_by_chat(one.get("rerank") or usual) for one in options):
                self.check(key)
        found: list[SearchResult | LakeError] = []
        try:
            yield found
        finally:
            usages = [one.usage for one in found if isinstance(one, SearchResult) and one.usage]
            if usages:
                self.spend(key, sum(usages, Usage()))

    def metered(
        self, key: Key, items: Iterator[str | Answer], chat: ChatModel | None, options: AnswerOptions
    ) -> Iterator[str | Answer]:
        """The items of an answer, which is counted. One that a client gives up counts as the largest one possible."""
        self.check(key)
        usage: Usage | None = _most_of(chat, options) if key.name in self._limits else None
        try:
            for item in items:
                usage = usage if isinstance(item, str) else item.usage
                yield item
        except GeneratorExit:
            raise
        except Exception:
            usage = None
            raise
        finally:
            self.spend(key, usage)

    def _added(self, name: str, more: DaySums) -> DaySums:
        """The sums of today with ``more``."""
        day, amounts = _today(), {USD: more.usd, TOKENS: more.tokens}
        with self._lock:
            sums = self._days.setdefault(day, Counter())
            sums.update({(name, unit): amount for unit, amount in amounts.items()})
            while len(self._days) > _DAYS:
                del self._days[min(self._days.keys() - {day})]
        shared = self._shared(f"{day}:{name}", amounts)
        with self._lock:
            for unit in amounts:
                sums[name, unit] = max(sums[name, unit], shared.get(unit, 0))
            return DaySums(sums[name, USD], sums[name, TOKENS])

    def _shared(self, place: str, amounts: dict[str, int]) -> dict[str, int]:
        if self._store is None:
            return {}
        try:
            return self._store.add(place, amounts, _KEPT)
        except Unavailable:
            return {}

    def collect(self) -> Iterator[Metric]:
        labels = ["key", "unit"]
        limit = GaugeMetricFamily("raglake_budget_limit", "Budget of a key per day, in USD or tokens.", labels=labels)
        used = GaugeMetricFamily("raglake_budget_used", "What a key has spent today, in USD or tokens.", labels=labels)
        refused = CounterMetricFamily("raglake_budget_refused", "Answers refused by a budget.", labels=["key"])
        today = self._days.get(_today(), Counter[tuple[str, str]]())
        for name, limits in self._limits.items():
            for unit, most in limits.items():
                limit.add_metric([name, unit], _shown(unit, most))
                used.add_metric([name, unit], _shown(unit, today[name, unit]))
            refused.add_metric([name], self._refused[name])
        yield from (limit, used, refused)


def budgets_of(keys: Iterable[Key], index: Index, chats: Iterable[ChatModel | None]) -> Budgets:
    """The budgets of a service; raises UsageError for one in USD if the price of one of its models is unknown."""
    keys = tuple(keys)
    named = [key.name for key in keys if key.budget_usd_per_day is not None]
    for model in (one for chat in chats for one in _models_of(chat)) if named else ():
        if getattr(model, "price", 0) is None:
            raise UsageError(
                f"no price is known for {model.name!r}, so the budget of API key {named[0]!r} can't be kept; set "
                "RAGLAKE_CHAT_PRICE=INPUT/OUTPUT in USD per million tokens, or use tokens_per_day"
            )
    has_budget = any(_limits(key) for key in keys)
    return Budgets(keys, index.caches.spending() if has_budget and index.caches else None)


def _today() -> str:
    return f"{clock.now():%Y-%m-%d}"


def _configured_reranker(index: Index) -> str | None:
    try:
        return index.defaults().rerank
    except (LakeError, OSError):  # the search itself reports it
        return None


def _models_of(chat: ChatModel | None) -> Sequence[ChatModel]:
    """The models of a chain, or the model."""
    return getattr(chat, "models", None) or ([chat] if chat else [])


def _most_of(chat: ChatModel | None, options: AnswerOptions) -> Usage:
    prices = [getattr(model, "price", None) for model in _models_of(chat)]
    costs = [price.of(options.budget_tokens, options.max_tokens) for price in prices if price is not None]
    return Usage(1, options.budget_tokens, options.max_tokens, max(costs) if costs else None)


def _limits(key: Key) -> dict[str, int]:
    usd, tokens = key.budget_usd_per_day, key.tokens_per_day
    found = {USD: None if usd is None else round(usd * _MICRO), TOKENS: tokens}
    return {unit: limit for unit, limit in found.items() if limit is not None}


def _used_up(name: str, unit: str, used: int, limit: int) -> Problem:
    now = clock.now()
    ends = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    amounts = f"{used / _MICRO:.4f} of {limit / _MICRO:g} USD" if unit == USD else f"{used:,} of {limit:,} tokens"
    message = f"today's budget of API key {name!r} is used up ({amounts}); a new day begins at {ends:%Y-%m-%dT%H:%MZ}"
    seconds = int((ends - now).total_seconds()) + 1
    return Problem(429, "budget_used_up", message, {"Retry-After": str(seconds)})


def _shown(unit: str, amount: int) -> float:
    return amount / _MICRO if unit == USD else float(amount)
