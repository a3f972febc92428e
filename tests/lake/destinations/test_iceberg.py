"""Snapshots of an Iceberg table: one release each, for time travel, until an erasure."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lake.destinations import registry
from lake.destinations.iceberg import IcebergTable
from lake.destinations.release_rows import ReleaseRows
from lake.destinations.sync import sync
from lake.errors import UsageError
from tests.lake.destinations.conftest import Lakes
from tests.late_imports import Late, needs

catalogs, pytestmark = Late("pyiceberg.catalog"), needs("pyiceberg")


def texts_on_disk(folder: Path) -> str:
    files = list(folder.rglob("*.parquet"))
    assert files
    return "\n".join(text for file in files for text in pq.read_table(file, columns=["text"])["text"].to_pylist())


def test_snapshots_name_releases_until_an_erasure(
    lakes: Lakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"iceberg:{tmp_path}/docs.lamps"
    for step in ("full", "deleted"):
        sync(lakes.early, name, at=lakes.releases[step], n_checks=5)
    uri, warehouse = f"sqlite:///{tmp_path}/catalog.db", tmp_path.as_uri()
    table = catalogs.load_catalog("raglake", type="sql", uri=uri, warehouse=warehouse).load_table("docs.lamps")
    by_release = {one.summary["raglake.release"]: one.snapshot_id for one in table.snapshots()}
    assert by_release.keys() == {lakes.releases["full"], lakes.releases["deleted"]}
    early = table.scan(snapshot_id=by_release[lakes.releases["full"]], selected_fields=("uri",)).to_arrow()
    assert "010.md" in early["uri"].to_pylist()
    assert "smuggler" in texts_on_disk(tmp_path)

    def killed(_: IcebergTable) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(IcebergTable, "_forget_earlier", killed)
        with pytest.raises(KeyboardInterrupt):
            sync(lakes.erased, name, at=lakes.releases["renamed"])
    assert next(one for one in registry.known_destinations(lakes.erased) if one.destination == name).complete is False
    sync(lakes.erased, name, at=lakes.releases["renamed"])
    assert len(table.refresh().snapshots()) == 1
    assert "smuggler" not in texts_on_disk(tmp_path)
    assert table.scan(selected_fields=("chunk_id",)).to_arrow().num_rows == n_rows(lakes)


def n_rows(lakes: Lakes) -> int:
    history = lakes.erased.log.read()
    release = history.resolve(lakes.releases["renamed"])
    return ReleaseRows(lakes.erased, release, history.rights).count()


@pytest.mark.parametrize("place", ["docs.lamps", "/tmp/lamps", "/tmp/docs.la-mps", "/tmp/docs.lamps'"])
def test_a_table_has_a_namespace_and_a_simple_name(place: str) -> None:
    with pytest.raises(UsageError, match=r"a slash and NAMESPACE\.TABLE"):
        IcebergTable(place)
