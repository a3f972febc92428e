"""What lies in a lake and belongs to no release; nothing may be left of it after a prune without grace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kill_harness.content import read_tables

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History


def leftovers(lake: str) -> list[str]:
    """Paths, versions and keys that no release needs."""
    from lake.directory import Lake

    opened = Lake.existing(lake)
    history = opened.log.read()
    return sorted([*_files(opened, history), *_versions(opened, history), *_keys(opened, history)])


def _files(lake: Lake, history: History) -> Iterator[str]:
    """Temporary files, requests to embed, and what bears the name of something that no release has."""
    releases = history.releases.values()
    needed = {f"commits/{release.commit.split('/')[1]}" for release in releases}
    needed |= {f"tables/{release.generation}" for release in releases}
    needed |= {f"audits/{release.id}.parquet" for release in releases}
    for stored in lake.store.walk():
        top, folder = stored.path.split("/")[0], "/".join(stored.path.split("/")[:2])
        is_unneeded = top in ("commits", "tables", "audits") and folder not in needed
        if is_unneeded or top == "texts" or "/.tmp" in f"/{stored.path}":
            yield stored.path


def _versions(lake: Lake, history: History) -> Iterator[str]:
    """Versions of tables besides those of releases and the head, tags, and data files of no version."""
    wanted: dict[tuple[str, str], dict[str, int]] = {}
    for release in history.releases.values():
        for table, version in release.versions.items():
            wanted.setdefault((release.generation, table), {})[release.id] = version
    for (generation, table), versions in wanted.items():
        head = lake.tables(generation).at(table, next(iter(versions.values()))).dataset()
        head = head.checkout_version(head.latest_version)
        present = {int(version["version"]) for version in head.versions()}
        for version in present - {*versions.values(), head.version}:
            yield f"version {version} of {generation}/{table}"
        if head.tags.list().keys() != versions.keys():
            yield f"tags {sorted(head.tags.list())} of {generation}/{table} instead of {sorted(versions)}"
        yield from _data_files(lake, f"tables/{generation}/{table}.lance/data", head, present)


def _data_files(lake: Lake, folder: str, head: Any, versions: set[int]) -> Iterator[str]:
    used = {
        file.path
        for version in versions
        for fragment in head.checkout_version(version).get_fragments()
        for file in fragment.data_files()
    }
    for stored in lake.store.walk(folder):
        name = stored.path.removeprefix(f"{folder}/")
        if name not in used:
            yield f"{stored.path} of no version"


def _keys(lake: Lake, history: History) -> Iterator[str]:
    """Files of contents or vectors of which releases name less than half; such as mostly serve are left in peace."""
    from lake.index import Index

    index, contents, vectors = Index(lake), set(), set()
    for name in history.releases:
        tables = read_tables(index, name)
        for table in ("documents", "quarantine"):
            contents |= set(tables[table].column("content_id").to_pylist())
        vectors |= set(tables["chunks"].column("text_digest").to_pylist())
    yield from _idle(lake, "contents", "content_id", contents)
    for name in lake.store.names("vectors"):
        yield from _idle(lake, f"vectors/{name}", "text_digest", vectors)


def _idle(lake: Lake, folder: str, key: str, wanted: set[str]) -> Iterator[str]:
    from lake.storage.store import open_parquet

    for name in lake.store.names(folder):
        keys = set(open_parquet(lake.store, f"{folder}/{name}").read(columns=[key])[key].to_pylist())
        if len(keys & wanted) < len(keys) / 2:
            yield f"{folder}/{name}, of which {len(keys & wanted)} of {len(keys)} rows are needed"
