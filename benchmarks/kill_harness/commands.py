"""What a forked process runs: the commands that are killed, and the looks at what they left."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from kill_harness.content import content_of, read_tables
from kill_harness.leftovers import leftovers

__all__ = [
    "ask",
    "expire_lease",
    "flip",
    "forget",
    "ingest",
    "leftovers",
    "look",
    "prune",
    "publish",
    "rebuild",
    "rollback",
]

#: Modules that do nothing but define things when they are imported.
_MODULES = (
    "great_expectations polars lance lancedb s3fs expectations.audit flows.reindex flows.steps tasks.steps "
    "lake.index lake.ingest.rebuild lake.embed.hashing lake.ingest.isolation lake.parse lake.chunk.chunker"
)


def import_everything() -> None:
    """Once, before the first fork."""
    from expectations.validation import load

    load()
    for name in _MODULES.split():
        import_module(name)


def ingest(lake: str, source: str, publish: bool = True) -> dict[str, Any]:
    from flows.reindex import Job, reindex
    from flows.steps import PlainSteps
    from lake.options import RecipeOptions

    settings = RecipeOptions(embedder="hash", child_tokens=64)
    # A rollback may leave so much to remove that the guard would object, which is not what is drilled here.
    job = Job((f"docs={source}",), lake, settings=settings, publish=publish, shard_documents=24, allow_removals=1000)
    with PlainSteps(n_workers=2) as steps:
        return reindex(job, steps).to_json()


def publish(lake: str, release: str) -> None:
    from lake.directory import Lake
    from lake.releases.publishing import publish as make_live

    log = Lake.existing(lake).log
    make_live(log, log.read().resolve(release))


def rollback(lake: str, release: str) -> None:
    from lake.directory import Lake
    from lake.releases.publishing import rollback as go_back

    log = Lake.existing(lake).log
    go_back(log, log.read().resolve(release), why="a drill")


def flip(lake: str, releases: list[str], times: int) -> None:
    """Roll back and forth between releases as fast as it goes, for readers to stumble over."""
    for number in range(times):
        rollback(lake, releases[number % len(releases)])


def rebuild(lake: str) -> None:
    from lake.directory import Lake
    from lake.ingest.rebuild import rebuild as make_again

    make_again(Lake.existing(lake))


def prune(lake: str) -> None:
    """Keep three releases and nothing of what no release needs, however young."""
    from lake.directory import Lake
    from lake.maintenance.prune import Retention
    from lake.maintenance.prune import prune as sweep

    sweep(Lake.existing(lake), Retention(keep_last=3, keep_daily=0, keep_monthly=0, grace_hours=0, keep_vectors_days=0))


def forget(lake: str, uri: str) -> None:
    from lake.directory import Lake
    from lake.erasure.forget import forget as erase

    erase(Lake.existing(lake), uri=uri, why="a drill")


def look(lake: str, known: list[str]) -> dict[str, Any]:
    """The log, and what each release holds whose tables are not among ``known``; live's always."""
    from lake.directory import Lake
    from lake.index import open_lake

    if not Lake(lake).exists():
        return {"head": 0, "live": None, "releases": {}, "entries": []}
    index = open_lake(lake)
    history = index.history()
    live = history.live.id if history.live else None
    found = {}
    for name, release in history.releases.items():
        key = f"{name} {release.generation} {sorted(release.versions.items())}"
        content = content_of(read_tables(index, name)) if name == live or key not in known else None
        was_live = history.published(name) is not None
        found[name] = {"key": key, "plan": release.digest, "was_live": was_live, "content": content}
    entries = [[entry.seq, entry.action, entry.release, entry.live, entry.at.timestamp()] for entry in history.entries]
    return {"head": history.head, "live": live, "releases": found, "entries": entries}


def ask(lake: str, token: str, uris: list[str], all_uris: list[str]) -> None:
    """Ask for a word that stands in ``uris`` alone, in all three modes; ValueError where the answer is wrong."""
    from lake.index import open_lake

    index = open_lake(lake)
    for mode in ("text", "vector", "hybrid"):
        text = f'"{token}"' if mode == "text" else token  # a phrase, since parts of a token are found, too
        hits = index.search(text, 10, mode=mode).to_pylist()  # type: ignore[arg-type]
        found = {uri for hit in hits for uri in (hit["uri"], *(hit["copies"] or ()))}  # one hit stands for its copies
        if not found or not found <= set(all_uris):
            raise ValueError(f"{mode} search answers {sorted(found - set(all_uris))}, which live does not hold")
        if mode == "text" and found != set(uris):
            raise ValueError(f"{token} stands in {uris}, text search answers {sorted(found)}")


def expire_lease(lake: str) -> None:
    """Let the 90 seconds pass after which another machine may take a dead run's lease."""
    import json
    from datetime import UTC, datetime

    from lake.storage.store import open_store

    store = open_store(lake)
    for name in store.names("lease")[-1:]:
        holder = json.loads(store.read(f"lease/{name}"))
        past = {**holder, "expires_at": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
        store.write(f"lease/{name}", json.dumps(past).encode())
