"""The endpoint that speaks OpenAI's chat, for what asks a model here."""

from tests.lake.answer.conftest import endpoint  # noqa: F401 - a fixture
