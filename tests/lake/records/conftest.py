"""Runs over the copy of a source that was ingested elsewhere."""

from tests.lake.patterns import ingest  # noqa: F401 - a fixture
