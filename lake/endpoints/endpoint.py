"""Address, key, headers and limits of the endpoint of a role: the environment's, a lake's, or the provider's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lake.endpoints.providers import PROVIDERS, Provider
from lake.endpoints.secrets import of_file, secret
from lake.errors import UsageError
from lake.options.declaration import options
from lake.options.endpoints import EndpointOptions, ModelEndpoints, Role, is_secret, is_secret_header

#: Shorter values are in too many words to be left out of them.
_SHORTEST_SECRET = 6
_NONE = ModelEndpoints()
_settings: ContextVar[ModelEndpoints] = ContextVar("endpoints", default=_NONE)


@contextmanager
def using(settings: ModelEndpoints) -> Iterator[None]:
    """Models loaded inside are called as a lake's configuration states; the environment takes precedence."""
    token = _settings.set(settings)
    try:
        yield
    finally:
        _settings.reset(token)


def settings() -> ModelEndpoints:
    """The settings of the lake that is in use here."""
    return _settings.get()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``rpm`` and ``tpm`` of 0 mean unlimited; ``key_from`` and ``url_from`` are what messages advise to check."""

    base_url: str | None = None
    api_key: str = field(default="", repr=False)
    rpm: float = 0
    tpm: float = 0
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout: float | None = None
    concurrency: int | None = None
    api_version: str | None = None
    key_from: str = "OPENAI_API_KEY"
    url_from: str = "OPENAI_BASE_URL"

    def without_key(self, text: str) -> str:
        """A message of the endpoint without the key and other secrets that were sent, which it may repeat."""
        for value in (self.api_key, *(value for name, value in self.headers if is_secret_header(name))):
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, "...")
        return text

    @classmethod
    def of(cls, role: Role, provider_name: str, *, is_first: bool = True) -> Endpoint:
        """The endpoint of a role's model; raises UsageError if its address or key is missing, or a limit is invalid.

        What is set for the role is for its first model only. Further models of a chain are called as their provider's
        own variables state.
        """
        provider = PROVIDERS[provider_name]
        chosen, lake = _Chosen(provider, role), settings().of(role)
        if is_first:
            chosen.take(_environment(role), lambda name: variable(role, name))
            chosen.take(lake.given | _secrets(role, lake), lambda name: f"{_OF_LAKE}{role}.{name}")
        return chosen.endpoint()


#: How options of a lake's configuration begin.
_OF_LAKE = "endpoints."
#: Variables of earlier versions, which stay valid.
_FORMER = {("rerank", "key"): "RAGLAKE_RERANK_API_KEY"}


def variable(role: Role, name: str) -> str:
    """The variable that sets an option of a role's endpoint.

    >>> variable("chat", "url")
    'RAGLAKE_CHAT_URL'
    """
    return f"RAGLAKE_{role.upper()}_{name.upper()}"


def _environment(role: Role) -> dict[str, Any]:
    """The options of a role that variables set, checked; ``key`` and ``headers`` with the secrets themselves."""
    found: dict[str, Any] = {}
    for name, one in options(EndpointOptions).items():
        text = os.environ.get(variable(role, name), "").strip()
        if text and name not in ("key", "headers"):
            found[name] = _number(variable(role, name), text) if one.kind in (int, float) else text
    try:
        EndpointOptions(**found)
    except UsageError as error:
        raise UsageError(f"RAGLAKE_{role.upper()}_*: {error}") from error
    key, file = os.environ.get(variable(role, "key"), ""), os.environ.get(f"{variable(role, 'key')}_FILE", "")
    key = key or (of_file(Path(file), f"{variable(role, 'key')}_FILE") if file else "")
    key = key or os.environ.get(_FORMER.get((role, "key"), ""), "")
    if key.strip():
        found["key"] = key.strip()
    if headers := os.environ.get(variable(role, "headers"), "").strip():
        found["headers"] = _headers(variable(role, "headers"), headers)
    return found


def _number(name: str, text: str) -> float | int:
    if not text.replace(".", "", 1).isdigit() or not text.isascii():
        raise UsageError(f"{name}={text!r} must be a number")
    return float(text) if "." in text else int(text)


def _headers(name: str, text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UsageError(f'{name} must be a JSON object of texts, such as {{"x-team": "search"}}')
    return found


def _secrets(role: Role, lake: EndpointOptions) -> dict[str, Any]:
    """The key and the headers of a lake's settings, with the secrets that they name."""
    what, found = f"endpoints.{role}", dict[str, Any]()
    if lake.key and not os.environ.get(variable(role, "key")):
        found["key"] = secret(lake.key, f"{what}.key")
    if lake.headers:
        found["headers"] = {
            name: secret(value, f"{what}.headers.{name}") if is_secret(value) else value
            for name, value in lake.headers.items()
        }
    return found


@dataclass
class _Chosen:
    """Values by option, each with the name of where it comes from; the first that states one decides."""

    provider: Provider
    role: Role
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def take(self, values: Mapping[str, Any], origin: Callable[[str], str]) -> None:
        for name, value in values.items():
            if name == "headers":
                self.values[name] = {**value, **self.values.get(name, {})}
            elif name not in self.values:
                self.values[name], self.origins[name] = value, origin(name)

    def endpoint(self) -> Endpoint:
        (url_from, url), (key_from, key) = self._url(), self._key()
        _check_access(self.provider, self.role, url, key)
        return Endpoint(
            url,
            key,
            self.values.get("rpm") or _rate(self.provider, "RPM"),
            self.values.get("tpm") or _rate(self.provider, "TPM"),
            tuple(sorted(self.values.get("headers", {}).items())),
            self.values.get("timeout"),
            self.values.get("concurrency"),
            self.values.get("api_version") or _azure_version(self.provider),
            key_from,
            url_from,
        )

    def _url(self) -> tuple[str, str | None]:
        if "url" in self.values:
            return self.origins["url"], self.values["url"]
        name, found = _first(self.provider.url_variables) or (self.provider.url_variables[0], "")
        return name, _address(found) if found else None

    def _key(self) -> tuple[str, str]:
        if "key" in self.values:
            return self.origins["key"], self.values["key"]
        if not self._is_trusted():
            return variable(self.role, "key"), ""
        return _first(self.provider.key_variables) or (self.provider.key_variables[0], "")

    def _is_trusted(self) -> bool:
        """Whether the provider's own key may be sent to the address.

        It may to one that the provider's variables state or that is the provider's. Anybody can have a host under a
        domain of Azure, and so one that a lake's configuration names gets no key.
        """
        url = self.values.get("url")
        if url is None:
            return True
        if self.origins["url"].startswith(_OF_LAKE):
            return self.provider.is_at(url)
        return self.provider.owns(url) or _is_elsewhere(self.role, self.provider)


def _first(variables: tuple[str, ...]) -> tuple[str, str] | None:
    """The first variable that is set, with its value."""
    return next(((name, value) for name in variables if (value := os.environ.get(name, "").strip())), None)


def _address(text: str) -> str:
    """An address from a variable; Ollama's may lack the scheme and name every interface of the machine."""
    return (text if "://" in text else f"http://{text}").replace("//0.0.0.0", "//127.0.0.1")


def _is_elsewhere(role: Role, provider: Provider) -> bool:
    """Whether the provider has no such models. The name is then for servers of one's own, to which earlier versions
    send the provider's key as well.
    """
    return (role, provider.name) == ("rerank", "openai")


def _check_access(provider: Provider, role: Role, url: str | None, key: str) -> None:
    if url is None and (provider.url is None or _is_elsewhere(role, provider)):
        what = "the reranker" if role == "rerank" else provider.title
        raise UsageError(f"no address for {what}; set {variable(role, 'url')}, or {provider.url_variables[0]}")
    if not key and provider.owns(url):
        others = f"{provider.url_variables[0]} for another endpoint"
        raise UsageError(
            f"no key for {provider.title}; set {provider.key_variables[0]} or {variable(role, 'key')}, or {others}"
        )


def _rate(provider: Provider, unit: str) -> float:
    name = f"RAGLAKE_OPENAI_{unit}"
    if provider.name != "openai":
        return 0
    value = os.environ.get(name, "").strip() or "0"
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"{name}={value!r} must be a whole number per minute; 0 or unset means no limit")
    return float(value)


def _azure_version(provider: Provider) -> str | None:
    return os.environ.get("OPENAI_API_VERSION", "").strip() or None if provider.name == "azure" else None
