"""Limits of a service's load."""

from __future__ import annotations

from dataclasses import dataclass, fields

from lake.errors import UsageError
from lake.options import ServiceOptions

#: How many questions of the maximum size fit into a batch.
_LARGE_QUESTIONS = 16
#: Below this path are hooks, whose bodies are lists of events.
HOOKS = "/hooks/"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Threads that search, threads that wait for the chat model, and requests in line for either; time limits; sizes.

    A client has ``head_seconds`` to send a request's head, ``body_seconds`` for its body, and ``send_seconds`` to
    receive the response. An idle connection is kept for ``keep_alive_seconds``, longer than usual proxies keep it, so
    that they send no request into one that is closing. ``rate`` (requests per second) and ``burst`` (at once) hold for
    each key without its own. A batch holds up to ``max_queries`` questions, and each counts as a request.
    ``document_bytes`` and ``document_seconds`` hold for the body of a document that is stored; ``n_uploads`` are
    received at the same time. ``feedback_a_day``: maximum judgements that one process keeps per day, over all callers.
    """

    n_threads: int = 4
    n_waiting: int = 1000
    n_answering: int = 32
    seconds: float = 20.0
    answer_seconds: float = 120.0
    max_k: int = 100
    body_bytes: int = 1 << 18
    document_characters: int = 200_000
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    document_bytes: int = 50 << 20
    document_seconds: float = 60.0
    n_uploads: int = 4
    send_seconds: float = 20.0
    keep_alive_seconds: float = 75.0
    n_connections: int = 2000
    rate: float = 50.0
    burst: int = 100
    max_queries: int = 100
    feedback_a_day: int = 20_000
    hook_bytes: int = 1 << 20

    @property
    def line_seconds(self) -> float:
        """Maximum time in line of a search or an answer: half of what a search may take in all."""
        return self.seconds / 2

    @classmethod
    def of(cls, options: ServiceOptions) -> Capacity:
        """The limits that an operator chose."""
        return cls(
            n_threads=options.threads,
            n_waiting=options.waiting,
            n_answering=options.answering,
            n_connections=options.connections,
            seconds=options.seconds,
            rate=options.rate,
            burst=max(1, round(2 * options.rate)),
            max_k=options.max_k,
            document_bytes=round(options.max_document_mb * 1_000_000),
        )

    def most_bytes(self, path: str) -> int:
        """The maximum size of a body; that of a batch holds 16 of the largest questions."""
        if path.startswith(HOOKS):
            return self.hook_bytes
        return self.body_bytes * (_LARGE_QUESTIONS if path == "/query/batch" else 1)

    def __post_init__(self) -> None:
        for bound in fields(self):
            if getattr(self, bound.name) <= 0 and bound.name != "n_waiting":
                raise UsageError(f"{bound.name}={getattr(self, bound.name)!r} must be above 0")
