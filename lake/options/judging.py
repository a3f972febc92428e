"""Options of judging a sample of live traffic."""

from __future__ import annotations

from dataclasses import dataclass

from lake.options.declaration import check, option


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingOptions:
    """Which requests of the query log are judged, by which models, for how much."""

    judge: str | None = option(
        None, "Chat model that judges, such as openai:gpt-4.1.", title="Judge", unset="the model that answers"
    )
    model: str | None = option(
        None, "Chat model that answers from the passages.", title="Model", unset="RAGLAKE_CHAT_MODEL"
    )
    requests: int = option(50, "Number of requests to draw.", title="Requests", least=1, most=10_000)
    days: float = option(1, "Draw from the requests of the last N days.", title="Days", above=0, most=3660)
    max_usd: float | None = option(
        None,
        "Maximum cost in USD; no call that could exceed it is made. Needs a known price, or RAGLAKE_CHAT_PRICE.",
        title="Budget, USD",
        least=0,
        unset="no limit",
    )

    def __post_init__(self) -> None:
        check(self)
