"""Servers for the tests that want one, of Prefect and PostgreSQL; each is imported only by those."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.flows.runtime.server import Server, running
from tests.waiting import free_port

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, prefect_database: Path) -> Iterator[Server]:
    """Runs in this process report to it; without heartbeats, for whose thread each flow run would wait a second."""
    from prefect.context import refresh_global_settings_context
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_HOME,
        temporary_settings,
    )

    with running(Server(tmp_path_factory.mktemp("prefect"), prefect_database)) as server:
        words = {PREFECT_API_URL: server.url, PREFECT_HOME: server.home, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        with temporary_settings(words), pytest.MonkeyPatch.context() as patch:
            # For threads of Prefect's, which know nothing of the settings here and would start one more server.
            patch.setenv("PREFECT_API_URL", server.url)
            refresh_global_settings_context()
            yield server
        refresh_global_settings_context()


@pytest.fixture
def client(prefect_server: Server) -> Iterator[SyncPrefectClient]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield client


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server of the tests' own, with a database ``docs`` and a user whose password is ``s3cr3t``."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql://raglake@127.0.0.1:{self.port}/docs"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Skips if PostgreSQL is not installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not installed:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(free_port(), folder)
    (folder / "password").write_text("s3cr3t")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres", "postgres")
    bin_ = installed[-1].parent
    made = [str(bin_ / "initdb"), "-D", f"{folder}/data", "-U", "raglake", "-A", "scram-sha-256", "--no-sync"]
    made += [f"--pwfile={folder}/password", "-E", "UTF8", "--no-locale", "--no-instructions"]
    subprocess.run([*user, *made], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    options = ["-D", f"{folder}/data", "-p", str(server.port), "-h", "127.0.0.1", "-k", "", "-F"]
    process = subprocess.Popen(
        [*user, str(bin_ / "postgres"), *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _create_database(server)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _create_database(server: PostgresServer) -> None:
    import psycopg

    for attempt in range(1200):
        try:
            address = server.url.replace("/docs", "/postgres")
            with psycopg.connect(address, password="s3cr3t", autocommit=True) as connection:
                connection.execute("CREATE DATABASE docs")
            return
        except psycopg.OperationalError:
            if attempt == 1199:
                raise
            time.sleep(0.1)
