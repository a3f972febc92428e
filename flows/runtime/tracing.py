"""Traces of runs through OpenTelemetry, if its own variables name a collector and the extra ``otel`` is there.

Prefect makes spans of flow runs and task runs, with their states, and sends none by itself; a service makes those of
requests, searches and calls of chat models.
"""

from __future__ import annotations

import logging
import os
from functools import cache

from lake.endpoints.tracing import enable

_log = logging.getLogger(__name__)
_COLLECTORS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@cache
def start() -> bool:
    """Send spans from here on to the collector that is named; whether one is. What is left is sent at exit."""
    if not any(os.environ.get(name) for name in _COLLECTORS):
        return False
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _log.warning("no traces are sent: pip install 'raglake[otel]'")
        return False
    provider = TracerProvider(
        resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "raglake")})
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    enable()
    return True
