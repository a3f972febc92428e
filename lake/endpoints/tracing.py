"""Spans of searches and calls of chat models, by OpenTelemetry's conventions for generative AI.

Nothing is recorded until ``enable`` is called. Spans hold ids and figures; questions and messages only if
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is ``true``. The conventions are in development, and their names may
change; those here are of version 0.1 (``gen_ai.retrieval.top_k``, ``gen_ai.provider.name``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.endpoints.usage import Usage
    from lake.schemas.result import SearchResult

#: The standard's switch for questions, prompts and replies.
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
#: Maximum number of documents in one span.
_MOST_DOCUMENTS = 100
#: Names that the conventions give to providers, unless they are ours.
_PROVIDERS = {"azure": "azure.ai.openai", "gemini": "gcp.gemini", "mistral": "mistral_ai"}
_enabled = [False]


def enable() -> None:
    """Record spans from now on, with the tracer provider that is set globally."""
    _enabled[0] = True


def _with_content() -> bool:
    return os.environ.get(CONTENT, "").strip().lower() == "true"


class OpenSpan:
    """A span that is being recorded, or nothing."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def set(self, attributes: Mapping[str, Any]) -> None:
        """Add attributes; those that are None are left out."""
        if self._span is not None:
            self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def searched(self, found: Sequence[SearchResult | Exception]) -> None:
        """Add release, documents and scores of each result."""
        if self._span is None:
            return
        results = [one for one in found if not isinstance(one, Exception)]
        rows = [row for one in results for row in one.hits.select(["doc_id", "chunk_id", "score"]).to_pylist()]
        documents = [{"id": row["doc_id"], "score": row["score"], "chunk_id": row["chunk_id"]} for row in rows]
        failed = next((type(one).__name__ for one in found if isinstance(one, Exception)), None)
        self.set({"gen_ai.retrieval.documents": json.dumps(documents[:_MOST_DOCUMENTS]), "error.type": failed})
        for one in results[:1]:
            self.set({"raglake.release": one.release, "raglake.cached": one.cached})
            self.set({"raglake.degraded": list(one.degraded) or None})

    def replied(self, model: str, text: str, finish: str, usage: Usage) -> None:
        """Add what a chat model used, and its words if they are wanted."""
        if self._span is None:
            return
        self.set({"gen_ai.usage.input_tokens": usage.n_input, "gen_ai.usage.output_tokens": usage.n_output})
        self.set({"gen_ai.response.model": model, "gen_ai.response.finish_reasons": [finish]})
        self.set({"raglake.cost_usd": usage.cost_usd})
        if _with_content():
            self.set({"gen_ai.output.messages": _messages([("assistant", text)])})

    def responded(self, method: str, route: str, status: int) -> None:
        """Add the response to a request."""
        if self._span is not None:
            self._span.update_name(f"{method} {route}")
            self.set({"http.request.method": method, "http.route": route, "http.response.status_code": status})


@contextmanager
def span(name: str, kind: str = "INTERNAL", headers: Mapping[str, str] | None = None) -> Iterator[OpenSpan]:
    """Record a span around what runs inside, in the trace that the ``headers`` of a request continue, if any.

    An error ends the span with its type, without its message.
    """
    if not _enabled[0]:
        yield OpenSpan()
        return
    from opentelemetry import trace
    from opentelemetry.propagate import extract

    context = None if headers is None else extract(headers)
    recorded = trace.get_tracer("raglake").start_span(name, context, trace.SpanKind[kind])
    # A stream's pieces are read in several contexts, so that its span can't be the current one.
    current: AbstractContextManager[Any] = (
        nullcontext() if kind == "CLIENT" else trace.use_span(recorded, False, False, False)
    )
    try:
        with current:
            yield OpenSpan(recorded)
    except BaseException as error:
        recorded.set_attribute("error.type", type(error).__name__)
        recorded.set_status(trace.StatusCode.ERROR)
        raise
    finally:
        recorded.end()


@contextmanager
def retrieval_span(lake: str, texts: Sequence[str], k: Any) -> Iterator[OpenSpan]:
    """Record a search in the lake at a URL, for one or several texts."""
    with span("retrieval") as open_span:
        open_span.set({"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": lake})
        open_span.set({"gen_ai.retrieval.top_k": k if isinstance(k, int) else None})
        if _with_content():
            open_span.set({"gen_ai.retrieval.query.text": "\n".join(texts)})
        yield open_span


@contextmanager
def chat_span(provider: str, model: str, messages: Iterable[tuple[str, str]], max_tokens: int) -> Iterator[OpenSpan]:
    """Record a call of a chat model with ``messages`` of roles and texts."""
    with span(f"chat {model}", "CLIENT") as open_span:
        open_span.set({"gen_ai.operation.name": "chat", "gen_ai.provider.name": _PROVIDERS.get(provider, provider)})
        open_span.set({"gen_ai.request.model": model, "gen_ai.request.max_tokens": max_tokens})
        if _with_content():
            open_span.set({"gen_ai.input.messages": _messages(messages)})
        yield open_span


def _messages(told: Iterable[tuple[str, str]]) -> str:
    shown = [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in told]
    return json.dumps(shown, ensure_ascii=False)
