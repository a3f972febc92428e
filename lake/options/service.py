"""Options of the HTTP service: its processes, its limits, and which web pages may use it."""

from __future__ import annotations

from dataclasses import dataclass

from lake.options.declaration import check, option
from lake.options.search import STALE_FOR


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """What a service takes on. Limits hold for each of its processes."""

    processes: int = option(1, "Number of processes that serve requests.", least=1, most=256)
    threads: int = option(4, "Number of searches that run at the same time.", least=1)
    answering: int = option(32, "Number of answers that are written at the same time.", least=1)
    waiting: int = option(1000, "Maximum number of waiting requests; more are refused.", least=0)
    connections: int = option(2000, "Maximum number of open connections; more are refused.", least=1)
    seconds: float = option(20.0, "Seconds after which a search is abandoned.", above=0)
    stale_for: float = option(
        STALE_FOR,
        "Seconds for which searches go on from memory, marked as stale, while the lake can't be reached.",
        least=0,
        most=86_400,
    )
    rate: float = option(50.0, "Requests per second for each key, unless the key sets its own limit.", above=0)
    max_k: int = option(100, "Maximum number of passages in a response.", least=1)
    max_document_mb: float = option(50.0, "Maximum size of a document that is stored, in MB.", above=0, most=2000)
    cors: tuple[str, ...] = option(
        (), "Origin whose web pages may use the service from a browser, such as https://app.example.com."
    )

    def __post_init__(self) -> None:
        check(self)
