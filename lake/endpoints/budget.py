"""Limits and counts spending on calls of chat models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from lake.endpoints.usage import Usage
from lake.errors import LakeError, UsageError


class BudgetError(LakeError):
    """The next call could cost more than is left."""


class Budget:
    """Counts calls, tokens and USD by kind of call, and enforces a limit in USD; safe to use from several threads."""

    def __init__(self, limit: float | None = None) -> None:
        if limit is not None and not limit >= 0:
            raise UsageError(f"budget must be 0 USD or more, got {limit}")
        self.limit = limit
        self.paid: defaultdict[str, Usage] = defaultdict(Usage)
        self.n_remembered = 0
        self._held = 0.0
        self._lock = Lock()

    @property
    def usage(self) -> Usage:
        """Everything that was paid for."""
        return sum(self.paid.values(), Usage())

    def remember(self) -> None:
        """Counts a reply that is free, since it was paid for before."""
        with self._lock:
            self.n_remembered += 1

    @contextmanager
    def paying(self, kind: str, most: float | None) -> Iterator[list[Usage]]:
        """Reserves the ``most`` that a call may cost; the caller appends the actual usage to the list.

        A failed call stays reserved, since the provider may charge for it. Raises BudgetError if too little is left,
        UsageError if there is a limit and no price.
        """
        with self._lock:
            self._check(kind, most)
            self._held += most or 0.0
        took: list[Usage] = []
        try:
            yield took
        finally:
            with self._lock:
                self.paid[kind] += took[0] if took else Usage(1)
                if took:
                    self._held -= most or 0.0

    def _check(self, kind: str, most: float | None) -> None:
        if self.limit is None:
            return
        if most is None:
            raise UsageError(
                "a budget needs a price, and none is known for this model; set RAGLAKE_CHAT_PRICE=INPUT/OUTPUT in USD "
                "per million tokens, or endpoints.prices in the lake's configuration"
            )
        spent = (self.usage.cost_usd or 0.0) + self._held
        if spent + most > self.limit:
            raise BudgetError(
                f"the next call ({kind}) may cost {most:.4f} USD, and {spent:.4f} of {self.limit:.4f} USD are spent or "
                "under way; raise the budget (--budget) and run it again: what was paid for is kept"
            )
