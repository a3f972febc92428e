"""The plan as a pure value: properties over generated listings and manifests."""

from __future__ import annotations

import hashlib
import random

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.embed import identify
from lake.errors import RefusedError
from lake.ids import document_id
from lake.ingest.plan import KNOWN, Plan, diff, guard, parser_and_suffix, release_digest, settled, split_known
from lake.recipe import Recipe
from lake.recipe.chunking import ChunkRecipe
from lake.schemas import DIGESTED, DIGESTS
from lake.sources.listing import LISTED

RECIPE = Recipe(identify("hash"), parsers={"markdown": "1", "text": "1"})
OTHER = Recipe(identify("hash"), ChunkRecipe(child_tokens=100), parsers={"markdown": "1", "text": "1"})

# A folder as a mapping of names to contents.
folders = st.dictionaries(
    st.sampled_from([f"{stem}{suffix}" for stem in "abcdefgh" for suffix in (".md", ".txt", "/x.md")]),
    st.sampled_from(["", "one", "two", "three", "four"]),
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def listed(folder: dict[str, str], source: str = "s") -> pa.Table:
    names = list(folder)
    columns = {name: [None] * len(names) for name in DIGESTED.names}
    columns |= {"doc_id": [document_id(source, n) for n in names], "source": [source] * len(names), "uri": names}
    columns |= {"size": [len(folder[n]) for n in names], "digest": [digest(folder[n]) for n in names]}
    return pa.table(columns, schema=DIGESTED)


def known(folder: dict[str, str], recipe: Recipe = RECIPE, source: str = "s") -> pa.Table:
    identify = recipe.identifier()
    identities = [identify(digest(text), *parser_and_suffix(name)) for name, text in folder.items()]
    return pa.table(
        {
            "doc_id": [document_id(source, n) for n in folder],
            "source": [source] * len(folder),
            "uri": list(folder),
            "digest": [digest(text) for text in folder.values()],
            "fingerprint": [fingerprint for _, fingerprint in identities],
            "content_id": [content_id for content_id, _ in identities],
        },
        schema=KNOWN,
    )


def planned(new: dict[str, str], old: dict[str, str], recipe: Recipe = RECIPE) -> Plan:
    return diff(listed(new), known(old), recipe, sources=["s"], base="r", base_recipe=RECIPE)


@given(folders, folders)
def test_every_document_is_counted_once(new: dict[str, str], old: dict[str, str]) -> None:
    plan = planned(new, old)
    assert len(plan.added) + len(plan.changed) + len(plan.moved) + plan.n_unchanged == len(new)
    assert len(plan.removed) + len(plan.changed) + len(plan.moved) + plan.n_unchanged == len(old)
    assert set(plan.write["doc_id"]) == plan.added | plan.changed | set(plan.moved.values())


@given(folders)
def test_what_is_known_needs_nothing(folder: dict[str, str]) -> None:
    assert not planned(folder, folder)


@given(folders, folders)
def test_applying_the_plan_gives_what_is_listed(new: dict[str, str], old: dict[str, str]) -> None:
    plan = planned(new, old)
    held = {name: text for name, text in old.items() if document_id("s", name) not in plan.deleted}
    written = {name: new[name] for name in plan.write["uri"]}
    assert held | written == new


@given(folders, folders, st.randoms(use_true_random=False))
def test_order_of_the_listing_does_not_matter(new: dict[str, str], old: dict[str, str], rng: random.Random) -> None:
    names = list(new)
    rng.shuffle(names)
    shuffled = planned({name: new[name] for name in names}, dict(reversed(old.items())))
    plan = planned(new, old)
    assert shuffled.write.equals(plan.write)
    assert (shuffled.moved, shuffled.removed, shuffled.digest) == (plan.moved, plan.removed, plan.digest)


@given(folders, folders)
def test_the_digest_is_of_what_is_held_not_of_how_it_came(new: dict[str, str], old: dict[str, str]) -> None:
    assert planned(new, old).digest == planned(new, {}).digest


@given(folders)
def test_a_move_keeps_the_content(folder: dict[str, str]) -> None:
    moved = {f"moved/{name}": text for name, text in folder.items()}
    plan = planned(moved, folder)
    assert plan.counts == {"added": 0, "changed": 0, "moved": len(folder), "removed": 0, "unchanged": 0}
    assert set(plan.content_ids()) == set(known(folder)["content_id"].to_pylist())


@given(folders)
def test_another_recipe_plans_everything_anew(folder: dict[str, str]) -> None:
    plan = planned(folder, folder, OTHER)
    assert len(plan.changed) == len(folder)


def test_a_new_parser_version_touches_only_its_documents() -> None:
    newer = Recipe(RECIPE.embedder, parsers={"markdown": "2", "text": "1"})
    folder = {"a.md": "one", "b.txt": "two"}
    plan = diff(listed(folder), known(folder), newer, sources=["s"], base_recipe=RECIPE)
    assert plan.changed == {document_id("s", "a.md")}


def test_other_sources_stay_and_count_in_the_digest() -> None:
    others = known({"z.md": "three"}, source="other")
    alone = diff(listed({"a.md": "one"}), KNOWN.empty_table(), RECIPE, sources=["s"])
    beside = diff(listed({"a.md": "one"}), others, RECIPE, sources=["s"])
    assert (beside.added, beside.removed) == (alone.added, frozenset())
    assert beside.digest != alone.digest


def test_release_digest_ignores_order() -> None:
    rows = pl.DataFrame({"doc_id": ["a", "b"], "fingerprint": ["1", "2"]})
    assert release_digest(rows, RECIPE) == release_digest(rows.reverse(), RECIPE)


@given(folders, st.integers(1, 5))
def test_shards_hold_each_missing_content_once(folder: dict[str, str], n_documents: int) -> None:
    plan = planned(folder, {})
    shards = list(plan.shards(plan.content_ids(), n_documents))
    assert [row[0] for shard in shards for row in shard.contents] == plan.content_ids()
    assert all(len(shard.contents) <= n_documents for shard in shards)


def many(n: int) -> dict[str, str]:
    return {f"{i:03}.md": str(i) for i in range(n)}


@pytest.mark.parametrize(("n_before", "n_after"), [(200, 185), (20, 10), (100, 90)])
def test_the_guard_lets_a_usual_night_pass(n_before: int, n_after: int) -> None:
    plan = planned(many(n_after), many(n_before))
    guard(plan, known(many(n_before)), listed(many(n_after)))


@pytest.mark.parametrize(("n_before", "n_after"), [(100, 89), (30, 12), (3, 0), (200, 0)])
def test_the_guard_refuses_a_mass_deletion(n_before: int, n_after: int) -> None:
    plan = planned(many(n_after), many(n_before))
    with pytest.raises(RefusedError, match=f"--allow-removals {n_before - n_after}"):
        guard(plan, known(many(n_before)), listed(many(n_after)))
    guard(plan, known(many(n_before)), listed(many(n_after)), allow_removed=n_before - n_after)


def test_a_digest_is_trusted_only_with_an_equal_stamp() -> None:
    row = {"doc_id": "d", "source": "s", "uri": "a.md", "size": 3, "modified_at": 1_000_000, "etag": None}
    cache = pa.Table.from_pylist([{**row, "digest": "x"}], schema=DIGESTS)

    def trusted(**change: object) -> int:
        return int(split_known(pa.Table.from_pylist([{**row, **change}], schema=LISTED), cache)[0].num_rows)

    assert trusted() == 1
    assert [trusted(size=4), trusted(modified_at=1_000_001), trusted(etag="e"), trusted(modified_at=None)] == [0] * 4


def test_a_digest_of_a_local_file_is_kept_only_if_neither_of_its_stamps_is_fresh() -> None:
    row = {"doc_id": "d", "source": "s", "uri": "a.md", "size": 3, "modified_at": 1_000_000, "digest": "x"}

    def kept(etag: str | None, modified_us: int = 1_000_000) -> int:
        rows = pa.Table.from_pylist([{**row, "etag": etag, "modified_at": modified_us}], schema=DIGESTS)
        return int(settled(rows, 9_000_000).num_rows)

    assert [kept(None), kept("inode 7 1000000"), kept("e"), kept("e", 9_000_000)] == [1] * 4
    assert [kept(None, 9_000_000), kept("inode 7 8999999"), kept("inode 7 1", 9_000_000)] == [0] * 3
