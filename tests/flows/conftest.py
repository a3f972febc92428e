"""A Prefect server for the tests that want one; Prefect is imported only by those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One such as runs start for themselves; without heartbeats, for whose thread each flow run would wait a second."""
    from prefect.settings import (
        PREFECT_API_DATABASE_CONNECTION_URL,
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    from flows.server import some_server

    database = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('prefect')}/prefect.db"
    here = {PREFECT_API_DATABASE_CONNECTION_URL: database, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with temporary_settings(here, restore_defaults={PREFECT_API_URL}), some_server():
        yield


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield client
