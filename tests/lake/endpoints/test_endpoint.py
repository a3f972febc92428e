"""Which endpoint, key and limits a role has; that no key is stored, shown, or sent elsewhere."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lake.directory.configuration import Configuration
from lake.endpoints.endpoint import Endpoint, using
from lake.errors import UsageError
from lake.options.endpoints import ModelEndpoints, Role
from tests.lake.endpoints.conftest import Server

SECRET = "sk-very-secret"
GATEWAY = "https://gateway.example.org/v1"


@pytest.fixture(autouse=True)
def _without_variables(server: Server) -> None:
    """Of the environment nothing is left."""


@pytest.mark.parametrize(
    "value",
    [
        {"chat": {"key": SECRET}},
        {"chat": {"key": [SECRET]}},
        {"chat": {"key": f"env:{SECRET}"}},
        {"chat": {"key": f"Bearer {SECRET}", "url": 5}},
        {"embed": {"url": f"https://user:{SECRET}@example.org"}},
        {"embed": {"url": f"https://example.org/?key={SECRET}"}},
        {"judge": {"headers": {"Authorization": f"Bearer {SECRET}"}}},
        {"judge": {"headers": {"X-Api-Key": SECRET}}},
        {"rerank": {"headers": {"x-team": f"a\n{SECRET}"}}},
    ],
)
def test_a_secret_in_a_configuration_is_refused_and_not_repeated(value: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        Configuration.of({"endpoints": value})
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"chat": {"key": "env:AWS_SECRET_ACCESS_KEY"}}, "endpoints.chat.key must name where the key is"),
        ({"chat": {"key": "env:PREFECT_API_KEY"}}, "endpoints.chat.key"),
        ({"chat": {"key": "file:../passwd"}}, "endpoints.chat.key"),
        ({"chat": {"key": "file:/etc/passwd"}}, "endpoints.chat.key"),
        ({"chat": {"key": "block:production"}}, "endpoints.chat.key"),
        ({"chat": {"url": "ftp://example.org"}}, "endpoints.chat.url must begin with http"),
        ({"chat": {"rpm": -1}}, "endpoints.chat.rpm=-1 must be a number, at least 0"),
        ({"chat": {"concurrency": 0}}, "endpoints.chat.concurrency=0"),
        ({"chat": {"timeout": 0}}, "endpoints.chat.timeout=0"),
        ({"chat": {"address": "x"}}, "endpoints.chat has no 'address'"),
        ({"chat": "http://127.0.0.1"}, "endpoints.chat must be an object"),
        ({"talk": {}}, "endpoints has no 'talk'"),
        ({"prices": {"openai:m": "cheap"}}, "endpoints.prices.openai:m='cheap' must be INPUT/OUTPUT"),
        ({"prices": {"openai:m": True}}, "endpoints.prices.openai:m"),
        ({"prices": 5}, "endpoints.prices=5 must be an object"),
    ],
)
def test_what_can_not_be_is_refused_by_its_key(value: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Configuration.of({"endpoints": value})


def test_the_environment_comes_before_the_lake_and_the_lake_before_the_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    monkeypatch.setenv("RAGLAKE_GATEWAY", "of-the-lake")
    of_lake = ModelEndpoints(chat={"url": GATEWAY, "key": "env:RAGLAKE_GATEWAY", "rpm": 5})
    assert Endpoint.of("chat", "openai").api_key == "of-openai"
    with using(of_lake):
        found = Endpoint.of("chat", "openai")
        assert (found.base_url, found.api_key, found.rpm) == (GATEWAY, "of-the-lake", 5)
        assert (found.url_from, found.key_from) == ("endpoints.chat.url", "endpoints.chat.key")
        assert Endpoint.of("embed", "openai").api_key == "of-openai"
        monkeypatch.setenv("RAGLAKE_CHAT_URL", "http://127.0.0.1:1/v1")
        monkeypatch.setenv("RAGLAKE_CHAT_RPM", "7")
        found = Endpoint.of("chat", "openai")
        assert (found.base_url, found.rpm, found.url_from) == ("http://127.0.0.1:1/v1", 7, "RAGLAKE_CHAT_URL")
    assert "of-" not in repr(found)


@pytest.mark.parametrize("role", ["embed", "chat", "judge"])
def test_a_provider_s_key_is_not_sent_to_another_address(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of-anthropic")
    for provider in ("openai", "anthropic"):
        with using(ModelEndpoints(**{role: {"url": GATEWAY}})):
            assert Endpoint.of(role, provider).api_key == ""
    with using(ModelEndpoints(**{role: {"url": "https://api.openai.com/v1"}})):
        assert Endpoint.of(role, "openai").api_key == "of-openai"
    for url in ("https://api.openai.com.example.org/v1", "https://example.org/api.openai.com", "http://api.openai.com"):
        with using(ModelEndpoints(**{role: {"url": url}})), suppress(UsageError):  # that there is no key for it
            assert Endpoint.of(role, "openai").api_key == ""


def test_a_lake_can_not_lead_a_key_to_a_host_that_anybody_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "of-azure")
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    url = "https://evil.openai.azure.com"
    with using(ModelEndpoints(chat={"url": url}, rerank={"url": GATEWAY})):
        with pytest.raises(UsageError, match="no key for Azure OpenAI"):
            Endpoint.of("chat", "azure")
        assert Endpoint.of("rerank", "openai").api_key == ""
    monkeypatch.setenv("RAGLAKE_CHAT_URL", url)
    assert Endpoint.of("chat", "azure").api_key == "of-azure"


def test_the_models_of_a_chain_after_the_first_are_their_providers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of-anthropic")
    monkeypatch.setenv("RAGLAKE_CHAT_URL", GATEWAY)
    second = Endpoint.of("chat", "anthropic", is_first=False)
    assert (second.base_url, second.api_key) == (None, "of-anthropic")


def test_keys_come_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chat").write_text("of-a-file\n")
    monkeypatch.setenv("RAGLAKE_CHAT_KEY_FILE", str(tmp_path / "chat"))
    assert Endpoint.of("chat", "openai").api_key == "of-a-file"
    monkeypatch.delenv("RAGLAKE_CHAT_KEY_FILE")
    monkeypatch.setenv("RAGLAKE_SECRETS", str(tmp_path))
    with using(ModelEndpoints(chat={"key": "file:chat"})):
        assert Endpoint.of("chat", "openai").api_key == "of-a-file"
    with (
        using(ModelEndpoints(chat={"key": "file:none"})),
        pytest.raises(UsageError, match=r"endpoints.chat.key: file:none: .* can't be read"),
    ):
        Endpoint.of("chat", "openai")


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("openai", "no key for OpenAI; set OPENAI_API_KEY or RAGLAKE_CHAT_KEY"),
        ("gemini", "no key for Gemini; set GEMINI_API_KEY or RAGLAKE_CHAT_KEY"),
        ("azure", "no address for Azure OpenAI; set RAGLAKE_CHAT_URL, or AZURE_OPENAI_ENDPOINT"),
    ],
)
def test_what_is_missing_is_named(provider: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Endpoint.of("chat", provider)


@pytest.mark.parametrize(
    ("host", "url"), [("0.0.0.0:11434", "http://127.0.0.1:11434"), ("https://gpu:1", "https://gpu:1")]
)
def test_ollama_s_own_variable_is_read_as_ollama_does(host: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Endpoint.of("chat", "ollama").base_url is None
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert Endpoint.of("chat", "ollama").base_url == url


@pytest.mark.parametrize("value", ["many", "-1", "1e3", "٣"])
def test_a_limit_that_is_no_number_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGLAKE_CHAT_RPM", value)
    with pytest.raises(UsageError, match="RAGLAKE_CHAT_RPM"):
        Endpoint.of("chat", "openai")
