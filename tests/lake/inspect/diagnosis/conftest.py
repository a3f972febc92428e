"""The rerank endpoint of the tests of searches."""

from tests.lake.search.conftest import endpoint  # noqa: F401 - a fixture
