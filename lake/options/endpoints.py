"""Options of the endpoints that models are called at, one set for each role, and prices of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from lake.errors import UsageError
from lake.options.checks import check_names
from lake.options.declaration import check, option

Role = Literal["embed", "chat", "judge", "rerank"]
ROLES: tuple[Role, ...] = get_args(Role)

#: What names a secret. Names are limited to secrets that are meant for models, since whoever may write a lake's
#: configuration also decides which address they are sent to.
_SECRET = re.compile(
    r"(?:env:|\$)(?:RAGLAKE_[A-Z0-9_]+|(?!PREFECT_)[A-Z][A-Z0-9_]*_API_KEY)|file:(?!\.)[\w.-]+|block:raglake[a-z0-9-]*"
)
_SECRET_FORMS = (
    "env:VARIABLE (a name that begins with RAGLAKE_ or ends in _API_KEY), file:NAME (a file in the folder "
    "RAGLAKE_SECRETS) or block:NAME (a Secret block of Prefect whose name begins with raglake)"
)
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_SECRET_HEADER = re.compile(r"auth|cookie|key|secret|token", re.IGNORECASE)
_PRICE = re.compile(r"\d+(?:\.\d+)?(?:/\d+(?:\.\d+)?){0,2}")
#: Shows how a price is written, in messages.
PRICE_FORM = "INPUT/OUTPUT[/CACHED INPUT] in USD per million tokens; for example '0.15/0.60/0.075'"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Where the model of one role is called, with which key, and within which limits.

    Options that are not set fall back to the provider's own variables, such as OPENAI_BASE_URL and OPENAI_API_KEY. A
    provider's own key is never sent to another address that is set here.
    """

    url: str | None = option(None, "Address of the endpoint.", unset="the provider's own")
    key: str | None = option(None, f"Where the key is, never the key itself: {_SECRET_FORMS}.", unset="the provider's")
    headers: Mapping[str, str] = option(
        dict, "Further headers of each request, by name; a secret one names its secret, as key does."
    )
    rpm: float | None = option(None, "Maximum number of requests a minute.", least=0, unset="no limit")
    tpm: float | None = option(None, "Maximum number of tokens a minute.", least=0, unset="no limit")
    timeout: float | None = option(
        None, "Maximum seconds without an answer, or without the next piece of one.", above=0, most=3600
    )
    concurrency: int | None = option(None, "Maximum number of requests under way at once.", least=1, most=1000)
    api_version: str | None = option(
        None, "Version of Azure's interface, such as 2024-10-21.", unset="Azure's v1 interface"
    )

    def __post_init__(self) -> None:
        if self.key is not None and not is_secret(self.key):  # first, since other checks repeat a value
            raise UsageError(f"key must name where the key is, and never hold it: {_SECRET_FORMS}")
        check(self)
        if self.url is not None:
            check_url(self.url)
        _check_headers(self.headers)

    @property
    def given(self) -> dict[str, Any]:
        """The options that are set."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) not in (None, {})}


def is_secret(value: object) -> bool:
    """Whether a value names a secret.

    >>> is_secret("env:RAGLAKE_CHAT_KEY"), is_secret("env:AWS_SECRET_ACCESS_KEY"), is_secret("sk-12345")
    (True, False, False)
    """
    return isinstance(value, str) and _SECRET.fullmatch(value) is not None


def is_secret_header(name: str) -> bool:
    """Whether a header of this name holds a secret."""
    return _SECRET_HEADER.search(name) is not None


def check_url(url: str) -> None:
    """Raises UsageError, which does not repeat it, unless the address is an http(s) one without credentials."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", url):
        raise UsageError("url must begin with http:// or https://, and hold neither credentials nor blanks, ? and #")


def _check_headers(headers: Any) -> None:
    if not isinstance(headers, Mapping):
        raise UsageError('headers must be an object, such as {"x-team": "search"}')
    for name, value in headers.items():
        if not _HEADER.fullmatch(str(name)) or not isinstance(value, str) or re.search(r"[\r\n\0]", value):
            raise UsageError(f"headers: {name!r} must be a header's name, with a text of one line as its value")
        if is_secret_header(name) and not is_secret(value):
            raise UsageError(f"headers.{name} must name where its value is, and never hold it: {_SECRET_FORMS}")


@dataclass(frozen=True, slots=True)
class ModelEndpoints:
    """Endpoints by role, and prices that take precedence over list prices."""

    embed: EndpointOptions = option(EndpointOptions, "Embedding of documents and questions: url, key, headers, rpm ...")
    chat: EndpointOptions = option(EndpointOptions, "Chat models, except for judging: url, key, headers, rpm ...")
    judge: EndpointOptions = option(EndpointOptions, "Chat models that judge answers: url, key, headers, rpm ...")
    rerank: EndpointOptions = option(EndpointOptions, "Reranking: url, key, headers, rpm ...")
    prices: Mapping[str, str] = option(
        dict, f'Prices by model, such as {{"openai:gpt-4.1-mini": "0.30/1.20"}}: {PRICE_FORM}.'
    )

    def __post_init__(self) -> None:
        for role in ROLES:
            object.__setattr__(self, role, _of_role(role, getattr(self, role)))
        if not isinstance(self.prices, Mapping):
            raise UsageError(f'prices={self.prices!r} must be an object, such as {{"openai:MODEL": "0.30/1.20"}}')
        prices = {str(model): check_price(f"prices.{model}", price) for model, price in self.prices.items()}
        object.__setattr__(self, "prices", prices)

    def of(self, role: Role) -> EndpointOptions:
        found: EndpointOptions = getattr(self, role)
        return found


def _of_role(role: str, value: Any) -> EndpointOptions:
    if isinstance(value, EndpointOptions):
        return value
    if not isinstance(value, Mapping):
        raise UsageError(f'{role} must be an object, such as {{"url": "http://127.0.0.1:8080/v1"}}')
    check_names(role, "names", value, list(EndpointOptions.__dataclass_fields__))
    try:
        return EndpointOptions(**value)
    except UsageError as error:
        raise UsageError(f"{role}.{error}") from error


def check_price(key: str, value: object) -> str:
    """The price as text; raises UsageError unless it has the form of one."""
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _PRICE.fullmatch(text):
        raise UsageError(f"{key}={value!r} must be {PRICE_FORM}")
    return text
