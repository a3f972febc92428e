"""Credentials in URLs are refused before anything stores or repeats them."""

from __future__ import annotations

from pathlib import Path

import pytest

import raglake
from flows.cli.app import _exit_status
from flows.forms.ingest import IngestParameters
from flows.forms.operations import RollbackParameters
from lake.errors import UsageError
from lake.storage.urls import without_credentials
from tasks.job import Job

SECRET = "hunter2hunter2"
WITH_CREDENTIALS = [
    f"http://ann:{SECRET}@host/x.md",
    f"docs=https://ann:{SECRET}@host:8443/x.md",
    f"https://{SECRET}@host/x.md",
    f"s3://AKIA:{SECRET}@bucket/docs",
    f"sftp://ann:{SECRET}@host/docs/**/*.md",
    f"https://host/x.md?token={SECRET}",
    f"https://host/x.md?a=1&X-Amz-Signature={SECRET}",
    f"https://host/x.md?sv=1&sig={SECRET}",
    f"https://host/x.md?api_key={SECRET}",
    f"https://host/x.md?AWSAccessKey={SECRET}",
    f"https://host/x.md#access_token={SECRET}",
]
WITHOUT = [
    "s3://bucket/ann:b@c.md",
    "http://host:8080/a@b.md",
    "abfs://container@account.dfs.core.windows.net/docs",
    "sftp://ann@host/docs",
    "/srv/docs/token=x?key=1.md",
    "https://host/x.md?page=2&tokens=3",
    "handbook=/srv/a:b@c",
]


@pytest.mark.parametrize("url", WITH_CREDENTIALS)
def test_credentials_are_refused_everywhere_and_never_repeated(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "lake")
    acts = (
        lambda: raglake.ingest(url, place),
        lambda: raglake.plan([".", url], place),
        lambda: raglake.open_lake(url),
        lambda: Job((url,), place),
        lambda: IngestParameters(sources=[url], lake=place),
        lambda: IngestParameters(sources=["."], lake=url),
        lambda: RollbackParameters(lake=url, to="x", why="y"),
    )
    for act in acts:
        with pytest.raises(UsageError, match="credentials") as caught:
            act()
        assert SECRET not in str(caught.value)
    assert _exit_status(["ingest", url, "--lake", place]) == 2
    assert _exit_status(["query", "x", "--lake", url]) == 2
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    assert "credentials" in said.err
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("url", WITHOUT)
def test_other_urls_pass(url: str) -> None:
    assert without_credentials(url) == url
