"""Secrets are named, resolved, and kept out of messages."""

from __future__ import annotations

import pytest

from lake.errors import UsageError
from lake.storage import secrets
from lake.storage.urls import without_credentials


def test_a_reference_is_resolved_and_its_value_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCS_PASSWORD", "s3cr3t-of-docs")
    assert secrets.resolved("$DOCS_PASSWORD") == "s3cr3t-of-docs"
    assert secrets.hidden("login s3cr3t-of-docs failed") == "login ... failed"
    assert secrets.resolved("plain") == "plain"


def test_a_block_is_loaded_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "block_loader", {"docs": "s3cr3t-of-block"}.__getitem__)
    assert secrets.resolved("block:docs") == "s3cr3t-of-block"


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(UsageError, match="NOWHERE_SET is not set"):
        secrets.resolved("$NOWHERE_SET")


@pytest.mark.parametrize(
    "url",
    [
        "imaps://me@host/INBOX?password=$MAIL",
        "docs=imaps://me@host/INBOX?password=block:mail&x=1",
        "postgresql://me@host/db?password=%24DB&table=a",
        "table:a.parquet?id=key&text=body",
    ],
)
def test_references_are_no_credentials(url: str) -> None:
    assert without_credentials(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:pw@host/db",
        "postgresql://me@host/db?password=pw",
        "x=imaps://me@host/INBOX?password=pw$MAIL",
        "imaps://me@host/INBOX?password=$MAIL!x",
        "table:a.parquet?token=abc",
        "reader:a.B?api_key=abc",
        "git+https://token@host/repo",
        "web+https://me:pw@host/",
        "web+https://host/?authorization=Bearer x",
    ],
)
def test_credentials_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="credentials") as raised:
        without_credentials(url)
    assert "pw" not in str(raised.value)
    assert "abc" not in str(raised.value)
