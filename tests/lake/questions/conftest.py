"""The endpoint that speaks OpenAI's chat, for what asks a model here, and runs over the copy of a source."""

from tests.lake.answer.conftest import endpoint  # noqa: F401 - a fixture
from tests.lake.patterns import ingest  # noqa: F401 - a fixture
