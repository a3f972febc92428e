"""Blocks of Prefect name a lake and hold the credentials of sources; what they hold is stored nowhere else."""

from __future__ import annotations

import json
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.client.orchestration import SyncPrefectClient

from flows.forms.ingest import IngestParameters, RecipeParameters
from flows.ingest import ingest
from lake.errors import UsageError
from lake.sources.address import options_of
from lake.sources.imap import ImapOptions
from lake.storage.urls import without_credentials
from raglake.blocks import ConnectorCredentials, DatabaseCredentials, GitCredentials, RaglakeLake
from tasks.blocks import CREDENTIALS
from tests.house import ROOT

pytestmark = pytest.mark.prefect


def test_prefect_finds_the_blocks_by_the_entry_point() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["prefect.collections"]
    found = vars(import_module(named["raglake"])).values()
    blocks = {one for one in found if isinstance(one, type) and issubclass(one, Block)}
    assert blocks == {RaglakeLake, *CREDENTIALS}
    assert all(one._description or one.__doc__ for one in blocks)


def save(block: Any, name: str) -> None:
    block.save(name, overwrite=True)


def test_sources_take_their_secrets_from_blocks(client: SyncPrefectClient) -> None:
    save(DatabaseCredentials(password="s3cr3t-word"), "support")
    save(GitCredentials(token="s3cr3t-token"), "forge")
    save(ConnectorCredentials(secrets={"client_cred": "s3cr3t-client"}), "site")

    def taken(reference: str) -> str:
        url = f"imaps://me@example.org/INBOX?password={reference}"
        assert without_credentials(url) == url
        return options_of(url, ImapOptions).password

    assert taken("block:raglake-database-credentials/support") == "s3cr3t-word"
    assert taken("block:raglake-git-credentials%2Fforge.token") == "s3cr3t-token"
    assert taken("block:raglake-connector-credentials/site.client_cred") == "s3cr3t-client"
    for wrong, told in {
        "block:raglake-database-credentials/nobody": "has no block raglake-database-credentials/nobody",
        "block:raglake-connector-credentials/site": "has no secret without a name; it has client_cred",
        "block:raglake-connector-credentials/site.token": "has no token; it has client_cred",
        "block:webhook/support": "no block of the type 'webhook'; it does from: raglake-database-credentials",
    }.items():
        with pytest.raises(UsageError, match=told) as refused:
            taken(wrong)
        assert "s3cr3t" not in str(refused.value)
    with pytest.raises(UsageError, match="holds credentials"):
        without_credentials("imaps://me@example.org/INBOX?password=block:a/b/c")


def test_a_deployment_names_its_lake_by_a_block(client: SyncPrefectClient, source: Path, lake_url: str) -> None:
    save(RaglakeLake(lake=lake_url, principals=["hr"]), "handbook")
    (source / "lamp.md").write_text("# Lamp\n\nIt burns.\n")
    (source / "pay.md").write_text("---\nacl: [hr]\n---\n# Pay\n\nSeven ducats.\n")
    words = {"sources": [str(source)], "recipe": RecipeParameters(embedder="hash").model_dump()}
    state: Any = ingest({"lake": "block:handbook", **words}, return_state=True)
    assert state.is_completed(), state.message
    run = client.read_flow_run(state.state_details.flow_run_id)
    assert "block:handbook" in json.dumps(run.parameters) or lake_url in json.dumps(run.parameters)
    block: Any = RaglakeLake.load("handbook")
    assert block.search("ducats", 1)["uri"].to_pylist() == ["pay.md"]
    with pytest.raises(UsageError, match="no block raglake-lake/nothing"):
        IngestParameters(lake="block:nothing", **words)
