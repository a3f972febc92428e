"""The difference between two releases, checked against what the tables of both hold."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake.directory import Lake
from lake.ingest.rebuild import rebuild
from lake.inspect.diff import Difference, DocumentChange
from lake.options import RecipeOptions

ONE_CHUNK_PER_PARAGRAPH = RecipeOptions(embedder="hash", child_tokens=48, overlap_tokens=0, heading_tokens=0)
WORDS = ["crane", "tide", "pilot", "quay", "buoy", "rope", "dredge", "signal", "beacon", "ballast", "winch", "barge"]


def paragraph(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=30)) + f" {rng.getrandbits(40):010x}."


def write(path: Path, rng: random.Random, n: int = 5) -> None:
    path.write_text("\n\n".join(paragraph(rng) for _ in range(n)))


def edit(path: Path, rng: random.Random) -> None:
    """Replace one paragraph."""
    parts = path.read_text().split("\n\n")
    parts[rng.randrange(len(parts))] = paragraph(rng)
    path.write_text("\n\n".join(parts))


def uris(rows: tuple[Any, ...]) -> list[str]:
    return [row.uri for row in rows]


@pytest.fixture
def night(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> Callable[..., str]:
    """Ingest what the source holds and name the release."""

    def run(**job: Any) -> str:
        outcome = ingest(**{"settings": ONE_CHUNK_PER_PARAGRAPH, "allow_removals": 1000, **job})
        assert outcome.published
        return outcome.release or ""

    return run


@pytest.fixture
def two(source: Path, night: Callable[..., str]) -> list[str]:
    """Two releases that differ in every way but the recipe."""
    rng = random.Random(3)
    for name in ("copied", "deleted", "edited", "moved", "spoilt", "untouched"):
        write(source / f"{name}.txt", rng)
    for name in ("mended", "still-empty"):
        (source / f"{name}.txt").touch()
    (source / "other.pdf").touch()
    first = night()
    write(source / "added.txt", rng, 3)
    shutil.copy(source / "copied.txt", source / "copy.txt")
    (source / "deleted.txt").unlink()
    edit(source / "edited.txt", rng)
    (source / "moved.txt").rename(source / "went.txt")
    (source / "spoilt.txt").write_text("")
    write(source / "mended.txt", rng, 2)
    (source / "other.pdf").write_bytes(b"%PDF-1.7 garbage")
    return [first, night()]


def test_every_kind_of_change_in_one_night(two: list[str], source: Path, lake_url: str) -> None:
    found = lake.open_lake(lake_url).diff(*two)
    name = str(source)
    assert found
    assert found.added == (
        DocumentChange(name, "added.txt", 3, 0, 0),
        DocumentChange(name, "copy.txt", 5, 0, 0),
        DocumentChange(name, "mended.txt", 2, 0, 0),
    )
    assert found.changed == (DocumentChange(name, "edited.txt", 1, 1, 4),)
    assert found.moved == (DocumentChange(name, "went.txt", 0, 0, 5, (name, "moved.txt")),)
    assert found.removed == (DocumentChange(name, "deleted.txt", 0, 5, 0), DocumentChange(name, "spoilt.txt", 0, 5, 0))
    assert (found.reindexed, found.recipe) == ((), {})
    assert [(row.uri, row.error_class) for row in found.entered] == [("spoilt.txt", "empty")]
    assert len(found.entered[0].reason) > 15
    assert (uris(found.altered), uris(found.left)) == (["other.pdf"], ["mended.txt"])
    assert found.chunks == {"added": 11, "removed": 11, "kept": 19}
    assert [total["n_documents"] for total in found.totals] == [6, 7]


def test_a_release_differs_in_nothing_from_itself(
    two: list[str], lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    index = lake.open_lake(lake_url)
    same = index.diff(two[1], "live")
    assert not same
    assert same.chunks == {"added": 0, "removed": 0, "kept": 30}
    assert _exit_status(["diff", two[1], "live", "--lake", lake_url]) == OK
    assert capsys.readouterr().out == f"no difference: both are {two[1]}\n"


def test_another_recipe_reindexes_and_says_which_fields(source: Path, lake_url: str, night: Callable[..., str]) -> None:
    rng = random.Random(5)
    write(source / "long.txt", rng, 6)
    write(source / "one.txt", rng, 1)
    write(source / "both.txt", rng, 6)
    first = night()
    edit(source / "both.txt", rng)
    second = night(
        settings=RecipeOptions(embedder="hash", child_tokens=96, text_tokenizer="icu"), change_recipe=True, publish=True
    )
    found = lake.open_lake(lake_url).diff(first, second)
    assert found.recipe == {"chunking.child_tokens": (48, 96), "text_tokenizer": ("words", "icu")}
    assert (uris(found.changed), uris(found.reindexed)) == (["both.txt"], ["long.txt", "one.txt"])
    longer, one = found.reindexed
    assert (one.n_chunks_added, one.n_chunks_removed, one.n_chunks_kept) == (0, 0, 1)
    assert longer.n_chunks_added < longer.n_chunks_removed == 6


def test_releases_of_two_embedders_and_of_a_rebuild_compare(
    source: Path, lake_url: str, night: Callable[..., str]
) -> None:
    rng = random.Random(5)
    write(source / "a.txt", rng, 4)
    write(source / "b.txt", rng, 4)
    first = night()
    (source / "b.txt").unlink()
    small = {"child_tokens": 128, "overlap_tokens": 0, "heading_tokens": 0}
    second = night(settings=RecipeOptions(embedder="minilm", **small), change_recipe=True)
    index = lake.open_lake(lake_url)
    before = index.diff(first, second)
    assert before.recipe["embedder.name"] == ("hash", "minilm")
    assert (uris(before.reindexed), uris(before.removed)) == (["a.txt"], ["b.txt"])
    check_against_tables(lake_url, before)
    rebuild(Lake.existing(lake_url))
    assert index.diff(first, second) == before


def random_night(source: Path, rng: random.Random, night: int) -> None:
    files = sorted(source.iterdir())
    rng.shuffle(files)
    for path, action in zip(files, ["edit", "edit", "rename", "copy", "delete", "break", "mend", "swap"], strict=False):
        if action == "edit" and path.read_text():
            edit(path, rng)
        elif action == "rename":
            path.rename(source / f"renamed-{night}.txt")
        elif action == "copy":
            shutil.copy(path, source / f"copy-{night}.txt")
        elif action == "delete":
            path.unlink()
        elif action == "break":
            path.write_text("")
        elif action == "mend" or not path.read_text():
            write(path, rng)
        else:  # two names of one content, of which one goes
            shutil.copy(path, source / f"{night}-a.txt")
            path.rename(source / f"{night}-b.txt")


def check_against_tables(lake_url: str, found: Difference) -> None:
    """The documents and chunks that the difference speaks of are those that the tables of both releases hold."""
    index = lake.open_lake(lake_url)

    def read(table: str, release: str, *columns: str) -> list[tuple[Any, ...]]:
        frame = index.dataset(table, release).to_table(columns=list(columns))
        return list(zip(*(frame[column].to_pylist() for column in columns), strict=True))

    def chunks_of(release: str) -> dict[tuple[str, str], Counter[str]]:
        counted: dict[tuple[str, str], Counter[str]] = {}
        for source, uri, digest in read("chunks", release, "source", "uri", "text_digest"):
            counted.setdefault((source, uri), Counter())[digest] += 1
        return counted

    for table, came, went in (
        ("documents", (*found.added, *found.moved), found.removed),
        ("quarantine", found.entered, found.left),
    ):
        before, after = (set(read(table, release, "source", "uri")) for release in (found.a, found.b))
        places = {(row.source, row.uri) for row in went} | {row.was for row in found.moved if table == "documents"}
        assert places <= before
        assert (before - places) | {(row.source, row.uri) for row in came} == after

    old, new = chunks_of(found.a), chunks_of(found.b)
    untouched = set(old)
    for row in (row for rows in found.documents.values() for row in rows):
        place = (row.source, row.uri)
        was, now = old.get(row.was or place, Counter()), new.get(place, Counter())
        kept = (was & now).total()
        figures = (row.n_chunks_added, row.n_chunks_removed, row.n_chunks_kept)
        assert figures == (now.total() - kept, was.total() - kept, kept), row
        untouched.discard(row.was or place)
    assert {place: old[place] for place in untouched} == {place: new[place] for place in untouched}
    assert found.totals[1]["n_chunks"] == found.chunks["kept"] + found.chunks["added"]


def test_a_difference_leads_from_any_release_to_any_other(
    source: Path, lake_url: str, night: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    for number in range(12):
        write(source / f"{number}.txt", rng)
    releases = [night()]
    for number in range(4):
        random_night(source, rng, number)
        releases.append(night())
    index = lake.open_lake(lake_url)
    by_name = {}
    for a, b in permutations(releases, 2):
        found, back = index.diff(a, b), index.diff(b, a)
        check_against_tables(lake_url, found)
        assert uris(found.added) == uris(back.removed)
        assert uris(found.changed) == uris(back.changed)
        assert {(row.was, row.uri) for row in found.moved} == {
            ((row.source, row.uri), (row.was or ("", ""))[1]) for row in back.moved
        }
        assert found.entered == back.left
        assert found.chunks["added"] == back.chunks["removed"]
        assert found.totals == back.totals[::-1]
        by_name[a, b] = found
    whole = by_name[releases[0], releases[-1]]
    assert all((whole.added, whole.changed, whole.moved, whole.removed, whole.entered))
    assert any(row.n_chunks_added and row.n_chunks_kept for found in by_name.values() for row in found.changed)
    monkeypatch.setattr("lake.inspect.diff._LOOKED_UP", 0)
    assert {(a, b): index.diff(a, b) for a, b in by_name} == by_name


def test_the_command_line_prints_sums_and_names(
    two: list[str], source: Path, lake_url: str, night: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(8)
    for number in range(25):
        write(source / f"new-{number:02}.txt", rng, 1)
    third = night()
    assert _exit_status(["diff", two[0], third, "--lake", lake_url]) == OK
    printed = capsys.readouterr().out
    assert f"from {two[0]} to {third}\n" in printed
    assert "28 added, 1 changed, 1 moved, 2 removed" in printed
    assert "\n  edited.txt  chunks: 1 added, 1 removed, 4 kept\n" in printed
    assert "\n  moved.txt -> went.txt\n" in printed
    assert "\n  ... and 8 more (--json lists all)\n" in printed
    assert "into quarantine (1)\n  spoilt.txt  empty: " in printed
    assert str(source) not in printed
    assert _exit_status(["diff", two[0], third, "--lake", lake_url, "--json"]) == OK
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads(json.dumps(lake.open_lake(lake_url).diff(two[0], third).to_json()))
    assert len(shown["documents"]["added"]) == 28
    assert shown["documents"]["moved"][0]["was"] == {"source": str(source), "uri": "moved.txt"}


def test_an_unknown_release_is_named(two: list[str], lake_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_status(["diff", "prod", "live", "--lake", lake_url]) == USAGE
    assert "no release 'prod'" in capsys.readouterr().err


def test_who_may_see_a_document_is_a_difference(
    source: Path, lake_url: str, night: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    def restrict(*acls: str | None) -> None:
        for name, acl in zip("abc", acls, strict=True):
            sidecar = source / f"{name}.txt.meta.json"
            sidecar.unlink(missing_ok=True) if acl is None else sidecar.write_text(json.dumps({"acl": [acl]}))

    for name in "abc":
        write(source / f"{name}.txt", random.Random(name), 1)
    restrict("hr", None, "hr")
    first = night()
    restrict(None, "hr", "board")
    (source / "a.txt").rename(source / "z.txt")
    second = night(allow_opening=1)
    assert _exit_status(["diff", first, second, "--lake", lake_url]) == OK
    shown = capsys.readouterr().out
    assert "\n  b.txt  chunks: 1 kept; restricted now\n  c.txt  chunks: 1 kept; others may see it now\n" in shown
    assert "\n  a.txt -> z.txt; everybody may see it now\n" in shown
