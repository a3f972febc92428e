"""Collections whose names begin like those of our copies."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from lake.destinations.sync import sync
from tests.lake.destinations.conftest import Lakes


def test_collections_with_a_similar_name_stay(lakes: Lakes, tmp_path: Path) -> None:
    client = pytest.importorskip("qdrant_client")
    sync(lakes.early, f"qdrant:{tmp_path}/lamps--eu")
    with closing(client.QdrantClient(path=str(tmp_path))) as store:
        store.create_collection("lamps--old", vectors_config={})
        before = {one.name for one in store.get_collections().collections}
    sync(lakes.early, f"qdrant:{tmp_path}/lamps")
    with closing(client.QdrantClient(path=str(tmp_path))) as store:
        assert before < {one.name for one in store.get_collections().collections}
    assert sync(lakes.early, f"qdrant:{tmp_path}/lamps--eu").method == "none"
