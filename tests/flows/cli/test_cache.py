"""``raglake cache``: what the shared cache holds, and how it is cleared and retired."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import lake
from flows.cli.app import main
from flows.reindex import Outcome
from lake.cache.shared import SECRET
from lake.options import CacheOptions
from tests.lake.cache.conftest import RedisServer, redis_server, settled  # noqa: F401 - a fixture


def test_it_shows_clears_and_retires_the_shared_cache(
    redis_server: RedisServer,  # noqa: F811
    source: Path,
    lake_url: str,
    ingest: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["cache", "--lake", lake_url, *words])
        shown = capsys.readouterr()
        return int(str(ended.value.code)), shown.out, shown.err

    (source / "a.md").write_text("# Lamp\n\nIt burns oil.")
    ingest()
    capsys.readouterr()
    monkeypatch.delenv("RAGLAKE_CACHE_URL", raising=False)
    status, _, told = run()
    assert (status, "RAGLAKE_CACHE_URL" in told) == (2, True)
    assert not (Path(lake_url) / SECRET).exists()
    address = f"redis://anna:geheim@127.0.0.1:{redis_server.port}/0"
    assert run("--cache", "geheim")[0] == 2
    monkeypatch.setenv("RAGLAKE_CACHE_URL", redis_server.url)
    assert run()[0] == 0
    assert (Path(lake_url) / SECRET).exists()
    settled(lake.open_lake(lake_url, cache=CacheOptions()))
    index = lake.open_lake(lake_url, cache=CacheOptions())
    index.search("lamp")
    settled(index)
    status, out, _ = run("--json")
    shown = json.loads(out)
    assert (status, shown["n_entries"], shown["cache"]) == (0, 2, redis_server.url)
    assert json.loads(run("--clear", "--json")[1]) == {"n_deleted": 2}
    assert run("--clear", "--retire")[0] == 2
    redis_server.kill()
    status, out, told = run("--cache", address)
    assert (status, "geheim" in out + told, "can't be reached" in told) == (1, False, True)
    assert json.loads(run("--retire", "--json")[1]) == {"retired": True, "n_deleted": None}
    assert not (Path(lake_url) / SECRET).exists()
